import type { ModuleDemand } from "@podule/proto/podule/internal/v1/managers.ts";
import fc from "fast-check";
import { expect, test } from "vitest";
import { demandReport } from "./demand-report.ts";

test("however changes and messages fall, what was told last is what is", async () => {
  const change = fc.record({ id: fc.constantFrom("a", "b", "c"), waiting: fc.nat(3), read: fc.boolean() });
  await fc.assert(
    fc.asyncProperty(fc.array(change, { maxLength: 30 }), async (changes) => {
      const now = new Map<string, number>();
      const told = new Map<string, number>();
      const ending = new AbortController();
      let listen = (_: string) => {};
      const report = demandReport({
        signal: ending.signal,
        pauseMs: 0,
        all: () => now.keys(),
        read: (module): ModuleDemand | undefined => {
          const waiting = now.get(module);
          return waiting === undefined ? undefined : { module, waiting, pods: [] };
        },
        watch(listener) {
          listen = listener;
          return () => {};
        },
      });
      const reading = (async () => {
        for await (const { modules } of report)
          for (const { module, waiting } of modules)
            if (waiting === 0) told.delete(module);
            else told.set(module, waiting);
      })();
      for (const { id, waiting, read } of changes) {
        now.set(id, waiting);
        listen(id);
        if (read) await new Promise((resolve) => setTimeout(resolve, 0));
      }
      for (let n = 0; n < 10; n++) await new Promise((resolve) => setTimeout(resolve, 1));
      ending.abort();
      await reading;
      expect(told).toEqual(new Map([...now].filter(([, waiting]) => waiting > 0)));
    }),
    { numRuns: 30 },
  );
});
