/** Dicts as plain objects, at every level; their keys become strings. A key "__proto__" is a key like any other. */
export function toObject(value: unknown): unknown {
  if (value instanceof Map) {
    const object: Record<string, unknown> = {};
    for (const [key, item] of value) {
      Object.defineProperty(object, String(key), {
        value: toObject(item),
        enumerable: true,
        configurable: true,
        writable: true,
      });
    }
    return object;
  }
  return Array.isArray(value) ? Array.from(value, toObject) : value;
}
