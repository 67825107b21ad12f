import { HealthDefinition } from "@podule/proto/grpc/health/v1/health.ts";
import { CallsDefinition } from "@podule/proto/podule/v1/calls.ts";
import { ModulesDefinition } from "@podule/proto/podule/v1/modules.ts";
import { PodsDefinition } from "@podule/proto/podule/v1/pods.ts";
import { TracesDefinition } from "@podule/proto/podule/v1/traces.ts";
import { expect, test } from "vitest";
import { METHODS } from "./methods.ts";

test("are those of the API", () => {
  const definitions = [
    CallsDefinition,
    ModulesDefinition,
    PodsDefinition,
    TracesDefinition,
    HealthDefinition,
  ];
  const wanted = definitions.map(({ fullName, methods }) => ({
    name: fullName,
    method_names: Object.values(methods).map(({ name }) => name),
  }));
  expect(METHODS).toEqual(wanted);
});
