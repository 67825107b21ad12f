import { ErrorInfo } from "@podule/proto/google/rpc/error_details.ts";
import { Status } from "@podule/proto/google/rpc/status.ts";
import fc from "fast-check";
import { expect, test } from "vitest";
import { statusDetails } from "./status-details.ts";

test("is what the official codec reads", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 16 }),
      fc.string({ maxLength: 400 }),
      fc.string({ maxLength: 80 }),
      (code, message, reason) => {
        const status = Status.decode(Buffer.from(statusDetails(code, message, reason), "base64"));
        expect(status).toMatchObject({ code, message });
        const [any] = status.details;
        expect(any?.typeUrl).toBe("type.googleapis.com/google.rpc.ErrorInfo");
        expect(ErrorInfo.decode(any?.value ?? Buffer.alloc(0))).toMatchObject({
          reason,
          domain: "podule.dev",
        });
      },
    ),
  );
});
