import { CallRequest } from "@podule/proto/podule/v1/calls.ts";
import fc from "fast-check";
import { expect, test } from "vitest";
import { asFirst, functionOf, routedCall } from "./routed-call.ts";

const text = fc.string({ unit: "binary", maxLength: 20 });

test("what the hops route by is found in any request", () => {
  fc.assert(
    fc.property(text, text, fc.nat({ max: 3 }), fc.array(text), text, fc.boolean(), (...fields) => {
      const [module, session, resultMode, args, requestId, retry] = fields;
      const request = CallRequest.create({
        module,
        session,
        function: "sum",
        requestId,
        retry,
        args: args.map((value) => ({ kind: { $case: "str", value }, dtype: "" })),
      });
      const bytes = Buffer.concat([
        CallRequest.encode(request).finish(),
        resultMode === 0 ? Buffer.alloc(0) : Buffer.of(0x38, resultMode),
      ]);
      const routed = { module, session, resultMode, requestId };
      expect(routedCall(bytes)).toEqual({ ...routed, retry });
      expect(routedCall(asFirst(bytes))).toEqual({ ...routed, retry: false });
      expect(functionOf(bytes)).toBe("sum");
    }),
  );
});
