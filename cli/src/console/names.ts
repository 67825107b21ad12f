/** "numpy" or "modules/numpy" is "modules/numpy". */
export function resourceName(collection: "modules" | "pods", text: string): string {
  return text.startsWith(`${collection}/`) ? text : `${collection}/${text}`;
}

/** "modules/numpy" is "numpy". */
export function idOf(name: string): string {
  return name.slice(name.indexOf("/") + 1);
}
