import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { connect, runEnvoy, runUpstream } from "../testing/bed.ts";

const OK = 0;
const UNAVAILABLE = 14;

test("each call of one connection goes to the less loaded manager", async () => {
  const [a, b] = [await runUpstream(), await runUpstream()];
  const client = connect((await runEnvoy([a, b])).address);
  await Promise.all(Array.from({ length: 200 }, () => client.echo("x")));
  expect(a.calls + b.calls).toBe(200);
  expect(Math.min(a.calls, b.calls)).toBeGreaterThan(40);
});

test("a manager that dies takes no later call with it", async () => {
  const [a, b] = [await runUpstream(), await runUpstream()];
  const client = connect((await runEnvoy([a, b])).address);
  await Promise.all(Array.from({ length: 20 }, () => client.echo("x")));
  a.stop();
  await sleep(100);
  const before = b.calls;
  const codes = await Promise.all(Array.from({ length: 100 }, async () => (await client.echo("x")).code));
  expect(codes.filter((code) => code !== OK)).toEqual([]);
  expect(b.calls - before).toBe(100);
});

test("a manager that is NOT_SERVING gets no new calls, and gets them again once it serves", async () => {
  const [a, b] = [await runUpstream(), await runUpstream()];
  const client = connect((await runEnvoy([a, b])).address);
  a.setServing(false);
  await expect.poll(() => quiet(), { timeout: 15_000, interval: 200 }).toBe(true);
  a.setServing(true);
  await expect.poll(() => quiet(), { timeout: 15_000, interval: 200 }).toBe(false);

  async function quiet(): Promise<boolean> {
    const before = a.calls;
    await Promise.all(Array.from({ length: 20 }, () => client.echo("x")));
    return a.calls === before;
  }
});

test("the only manager's own errors never eject it", async () => {
  const upstream = await runUpstream();
  const client = connect((await runEnvoy([upstream])).address);
  const codes = [2, 4, 13, 14, 15];
  for (let i = 0; i < 10; i += 1) {
    for (const code of codes) expect(await client.fail(code)).toMatchObject({ code, text: "as asked: ä" });
  }
  expect((await client.echo("still here")).text).toBe("still here");
});

test("without a manager: UNAVAILABLE in words that help, and with the reason", async () => {
  const upstream = await runUpstream();
  const envoy = await runEnvoy([upstream]);
  const client = connect(envoy.address);
  upstream.stop();
  await sleep(50);
  const answer = await client.echo("x");
  expect(answer.code).toBe(UNAVAILABLE);
  expect(answer.text).toContain("safe to send it again");
  const [details] = answer.metadata.get("grpc-status-details-bin");
  expect(String(details)).toContain("POD_MANAGER_UNREACHABLE");
});

test("a manager that comes late is found", async () => {
  const upstream = await runUpstream();
  const { address } = upstream;
  upstream.stop();
  const client = connect((await runEnvoy([upstream])).address);
  expect((await client.echo("x")).code).toBe(UNAVAILABLE);
  await runUpstream({ address });
  await expect.poll(async () => (await client.echo("x")).code, { timeout: 10_000 }).toBe(OK);
});

test("a manager that breaks the connection in the middle of a call: the call is not sent again", async () => {
  const [a, b] = [await runUpstream(), await runUpstream()];
  const client = connect((await runEnvoy([a, b])).address);
  const answers = Promise.all(Array.from({ length: 10 }, () => client.echo("sleep:1500")));
  await expect.poll(() => a.calls + b.calls).toBe(10);
  const [onA, onB] = [a.calls, b.calls];
  a.stop();
  const codes = (await answers).map(({ code }) => code);
  expect(codes.filter((code) => code === UNAVAILABLE)).toHaveLength(onA);
  expect(codes.filter((code) => code === OK)).toHaveLength(onB);
  expect(b.calls).toBe(onB);
});
