import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { useStack } from "../stack/use-stack.ts";
import { plain, str } from "../stack/values.ts";

const GRACE_MS = 1000;
const running = useStack({ probe: true, env: { PODULE_SESSION_GRACE_MS: `${GRACE_MS}` } });

test("one that says it was sent before, and that no pod knows, is run where none can have had it", async () => {
  const { calls } = running.stack.connection;
  const requestId = randomUUID();
  const call = { module: "probe", function: "tally", args: [str(requestId)] };
  await calls.call({ ...call, args: [str("awake")] });
  await sleep(GRACE_MS + 200);
  expect(plain((await calls.call({ ...call, requestId, retry: true })).result)).toBe(1);
  expect(plain((await calls.call(call)).result)).toBe(2);
});
