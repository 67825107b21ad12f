import fc from "fast-check";
import { expect, test } from "vitest";
import { varintSize, WireReader, writeVarint } from "./wire.ts";

test("a varint comes back, with the size that was foretold", () => {
  fc.assert(
    fc.property(fc.oneof(fc.maxSafeNat(), fc.nat(), fc.nat(300)), (value) => {
      const out = Buffer.alloc(10);
      const end = writeVarint(out, 0, value);
      expect(end).toBe(varintSize(value));
      expect(new WireReader(out.subarray(0, end)).uint53()).toBe(value);
      expect(new WireReader(out.subarray(0, end)).uint32()).toBe(Number(BigInt.asUintN(32, BigInt(value))));
    }),
    {
      examples: [
        [0],
        [127],
        [128],
        [2 ** 31 - 1],
        [2 ** 31],
        [2 ** 35 - 1],
        [2 ** 35],
        [Number.MAX_SAFE_INTEGER],
      ],
    },
  );
});
