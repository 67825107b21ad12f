import { StatusError } from "@podule/grpc";
import { CallRequest } from "@podule/proto/podule/v1/calls.ts";
import fc from "fast-check";
import { expect, test } from "vitest";
import { routedModule } from "./routed-module.ts";

test("the module of any request is found", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), fc.string({ unit: "binary" }), (module, name) => {
      const request = CallRequest.encode(CallRequest.fromPartial({ module, function: name }));
      expect(routedModule(Buffer.from(request.finish()))).toBe(module);
    }),
  );
});

test("it is found behind other fields", () => {
  const one = CallRequest.encode(CallRequest.fromPartial({ function: "sum" })).finish();
  const two = CallRequest.encode(CallRequest.fromPartial({ module: "numpy" })).finish();
  expect(routedModule(Buffer.concat([one, two]))).toBe("numpy");
});

test("bytes that are no message are refused with a typed error", () => {
  for (const hex of ["0aff", "0a02c328", "07", "ffffffffffffffffffffff"]) {
    expect(() => routedModule(Buffer.from(hex, "hex"))).toThrow(StatusError);
  }
});
