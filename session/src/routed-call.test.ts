import { CallRequest } from "@podule/proto/podule/v1/calls.ts";
import fc from "fast-check";
import { expect, test } from "vitest";
import { routedCall } from "./routed-call.ts";

const text = fc.string({ unit: "binary", maxLength: 20 });

test("what the hops route by is found in any request", () => {
  fc.assert(
    fc.property(text, text, fc.nat({ max: 3 }), fc.array(text), (module, session, resultMode, args) => {
      const request = CallRequest.create({
        module,
        session,
        function: "sum",
        args: args.map((value) => ({ kind: { $case: "str", value }, dtype: "" })),
      });
      const bytes = Buffer.concat([
        CallRequest.encode(request).finish(),
        resultMode === 0 ? Buffer.alloc(0) : Buffer.of(0x38, resultMode),
      ]);
      expect(routedCall(bytes)).toEqual({ module, session, resultMode });
    }),
  );
});
