const SHAPE = /^([0-9]{1,15})(?:\.([0-9]{1,9}))?(m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei|[eE][+-]?[0-9]{1,2})?$/;

const FACTORS: Readonly<Record<string, number>> = {
  m: 1e-3,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
};

/** The number of a Kubernetes quantity ("500m" → 0.5, "512Mi" → 536870912); undefined where it is none, or negative. */
export function parseQuantity(text: string): number | undefined {
  const match = SHAPE.exec(text);
  if (match === null) return undefined;
  const [, whole = "", fraction = "", suffix = ""] = match;
  const number = Number(`${whole}.${fraction === "" ? "0" : fraction}`);
  const factor = FACTORS[suffix] ?? (suffix === "" ? 1 : Number(`1${suffix}`));
  return number * factor;
}
