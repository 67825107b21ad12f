import { residentBytes } from "@podule/test/stack/processes.ts";
import type { Stack } from "@podule/test/stack/stack.ts";

const MIB = 2 ** 20;

/** Resident memory of Envoy and the manager, MiB. */
export function residentMiB(stack: Stack): number {
  const parts = ["envoy", "manager"] as const;
  return parts.flatMap((part) => stack.pids(part)).reduce((sum, pid) => sum + residentBytes(pid), 0) / MIB;
}

/** Least squares: by how much y grows for each x. */
export function slope(points: readonly (readonly [number, number])[]): number {
  const mean = (of: 0 | 1) => points.reduce((sum, point) => sum + point[of], 0) / points.length;
  const [x, y] = [mean(0), mean(1)];
  const over = points.reduce((sum, [a, b]) => sum + (a - x) * (b - y), 0);
  const under = points.reduce((sum, [a]) => sum + (a - x) ** 2, 0);
  return under === 0 ? 0 : over / under;
}
