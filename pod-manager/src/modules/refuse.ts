import { statusError } from "@podule/grpc";
import { Status } from "nice-grpc";
import type { Violation } from "./module-spec.ts";

/** Throws INVALID_ARGUMENT that names every field. */
export function refuse(violations: readonly Violation[]): void {
  if (violations.length === 0) return;
  const message = violations.map(({ field, description }) => `${field}: ${description}`).join("; ");
  throw statusError(Status.INVALID_ARGUMENT, "INVALID_FIELD", message.slice(0, 2000), {
    violations: violations.slice(0, 100),
  });
}
