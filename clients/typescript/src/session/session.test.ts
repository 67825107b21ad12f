import { CallbackResultFrame } from "@podule/proto/podule/v1/calls.ts";
import type { Value } from "@podule/proto/podule/v1/value.ts";
import { expect, test } from "vitest";
import podule, { NdArray, PoduleError, type RemoteModule, SessionLostError } from "../index.ts";
import { type PeerCall, type PeerScript, peerStatus } from "../testing/peer-session.ts";
import { ReferencePeer } from "../testing/reference-peer.ts";

interface Things {
  echo(value: unknown): unknown;
  size(value: unknown): number;
  later(value: unknown): unknown;
  make(value?: unknown): unknown;
  use(...values: unknown[]): string;
  fail(): number;
}

const value = (kind: Value["kind"]): Value => ({ kind, dtype: "" });

/** Answers like a server with objects. Calls of `later` wait until they are released. */
function script(over: Partial<PeerScript> = {}): PeerScript & { readonly later: (() => void)[] } {
  const later: (() => void)[] = [];
  const objects = new Map<number, Value>();
  const target = ({ request }: PeerCall): number =>
    request.target?.kind?.$case === "object" ? Number(request.target.kind.value.id) : 0;
  const run = (call: PeerCall): Value => {
    const [first] = call.request.args;
    if (call.request.operation === 1) return objects.get(target(call)) ?? value({ $case: "null", value: 0 });
    if (call.request.function === "use") return value({ $case: "str", value: "used" });
    if (call.request.function !== "size") return first ?? value({ $case: "null", value: 0 });
    const size = first?.kind?.$case === "ndarray" ? first.kind.value.data.length : 0;
    return value({ $case: "int", value: BigInt(size) });
  };
  const answer = (call: PeerCall): void => {
    const { id, request, session } = call;
    const result = run(call);
    if (request.resultMode !== 2) {
      session.result(id, result);
      return;
    }
    objects.set(id, result);
    const ref = { id: BigInt(id), type: "peer:Thing", value: undefined, callable: false };
    session.result(id, value({ $case: "object", value: ref }));
  };
  return {
    maxInFlight: 256,
    graceMs: 5_000,
    later,
    call(call) {
      if (call.frame.stream) return;
      if (call.request.function === "later") later.push(() => answer(call));
      else if (call.request.function === "fail") call.session.error(call.id, 3, "PYTHON_EXCEPTION", "no");
      else answer(call);
    },
    ...over,
  };
}

async function start(over: Partial<PeerScript> = {}) {
  const made = script(over);
  const peer = await new ReferencePeer(made).listen();
  const module: RemoteModule<Things> = await podule.import<Things>("things", { url: peer.address });
  const stop = async (): Promise<void> => {
    expect(peer.sessions.flatMap(({ violations }) => violations)).toEqual([]);
    await module.$close();
    await peer[Symbol.asyncDispose]();
  };
  return { peer, module, script: made, stop };
}

const until = async (what: () => boolean): Promise<void> => {
  for (let i = 0; i < 500 && !what(); i++) await new Promise((resolve) => setTimeout(resolve, 10));
  expect(what()).toBe(true);
};

test("calls of one turn are one message, in order", async () => {
  const { peer, module, stop } = await start();
  const results = await Promise.all([1, 2, 3].map((n) => module.echo(n)));
  expect(results).toEqual([1, 2, 3]);
  expect(peer.session.messages.filter((frames) => frames.length === 3)).toHaveLength(1);
  await stop();
});

test("a chain is one message, and one answer is a value", async () => {
  const { peer, module, stop } = await start();
  const made = module.make(1);
  expect(await module.echo(made)).toBeDefined();
  const [frames] = peer.session.messages;
  expect(frames).toHaveLength(2);
  expect(peer.session.calls.map(({ resultMode }) => resultMode)).toEqual([2, 0]);
  await stop();
});

test("a broken stream is opened again: every call is answered once", async () => {
  const { peer, module, script, stop } = await start();
  const answered: unknown[] = [];
  const calls = Array.from({ length: 50 }, async (_, i) => {
    answered.push(await module.later(i));
  });
  await until(() => script.later.length === 50);
  for (const answer of script.later.splice(0, 20)) answer();
  peer.break();
  // Some are answered while there is no stream, some calls are made meanwhile.
  for (const answer of script.later.splice(0, 20)) answer();
  const meanwhile = module.echo("meanwhile");
  for (const answer of script.later.splice(0)) answer();
  await Promise.all(calls);
  expect(answered.sort()).toEqual(Array.from({ length: 50 }, (_, i) => i).sort());
  expect(await meanwhile).toBe("meanwhile");
  expect(peer.sessions).toHaveLength(1);
  await stop();
});

test("streams that break again and again lose nothing and repeat nothing", async () => {
  const { peer, module, stop } = await start();
  const counts = new Map<number, number>();
  const timer = setInterval(() => peer.break(), 30);
  const worker = async (from: number): Promise<void> => {
    for (let i = from; i < from + 100; i++) {
      const got = Number(await module.echo(i));
      counts.set(got, (counts.get(got) ?? 0) + 1);
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  };
  await Promise.all([0, 100, 200, 300].map(worker));
  clearInterval(timer);
  expect(counts.size).toBe(400);
  expect([...counts.values()].every((count) => count === 1)).toBe(true);
  expect(peer.session.calls).toHaveLength(400);
  await stop();
});

test("a lost session is told to every call once, and to every object; new calls have a new session", async () => {
  const { peer, module, script, stop } = await start();
  const object = await module.make().$object();
  const errors: unknown[] = [];
  const calls = [1, 2, 3].map((n) =>
    Promise.resolve(module.later(n)).catch((error: unknown) => errors.push(error)),
  );
  await until(() => script.later.length === 3);
  peer.forget();
  peer.break();
  await Promise.all(calls);
  expect(errors).toHaveLength(3);
  for (const error of errors) expect(error).toBeInstanceOf(SessionLostError);
  expect(new Set(errors).size).toBe(3);
  await expect(Promise.resolve(object.$len())).rejects.toBeInstanceOf(SessionLostError);
  expect(await module.echo(7)).toBe(7);
  expect(peer.sessions).toHaveLength(1);
  await stop();
});

test("a session whose grace is over is lost", async () => {
  const { peer, module, script, stop } = await start({ graceMs: 200 });
  const call = Promise.resolve(module.later(1)).catch((error: unknown) => error);
  await until(() => script.later.length === 1);
  peer.refuse = true;
  peer.break();
  expect(await call).toBeInstanceOf(SessionLostError);
  peer.refuse = false;
  await stop();
});

test("no more calls are in flight than the server allows; the others wait, up to a limit", async () => {
  const made = script({ maxInFlight: 4 });
  await using peer = await new ReferencePeer(made).listen();
  const module = await podule.import<Things>("things", { url: peer.address, queueLimit: 10 });
  const calls = Array.from({ length: 20 }, (_, i) =>
    Promise.resolve(module.later(i)).catch((e: unknown) => e),
  );
  await until(() => made.later.length === 4);
  const released = setInterval(() => {
    for (const answer of made.later.splice(0)) answer();
  }, 5);
  const outcomes = await Promise.all(calls);
  clearInterval(released);
  expect(outcomes.slice(0, 14)).toEqual(Array.from({ length: 14 }, (_, i) => i));
  for (const outcome of outcomes.slice(14)) {
    expect(outcome).toMatchObject({ code: "RESOURCE_EXHAUSTED", reason: "CLIENT_QUEUE_FULL" });
  }
  expect(peer.session.violations).toEqual([]);
  await module.$close();
});

test("4 MiB stay unacknowledged at most, and go on when they are acknowledged", async () => {
  const { peer, module, stop } = await start();
  peer.session.silent = true;
  const calls = Array.from({ length: 100 }, () => module.echo("x".repeat(60_000)));
  const all = Promise.all(calls);
  await new Promise((resolve) => setTimeout(resolve, 300));
  expect(peer.session.calls.length * 60_000).toBeLessThanOrEqual(4 * 2 ** 20);
  expect(peer.session.calls.length).toBeGreaterThan(60);
  peer.session.acknowledge();
  expect(await all).toHaveLength(100);
  await stop();
});

test("large arguments and results travel in chunks, small calls pass them, what depends on them follows", async () => {
  const { peer, module, stop } = await start();
  const array = new Float64Array(2_000_000).map((_, i) => i);
  const order: string[] = [];
  const large = Promise.resolve(module.size(array)).then((size) => {
    order.push("large");
    return size;
  });
  const small = Promise.resolve(module.echo("small")).then(() => order.push("small"));
  const made = module.make(array);
  const dependent = Promise.resolve(module.use(made)).then(() => order.push("dependent"));
  expect(await large).toBe(16_000_000);
  await Promise.all([small, dependent]);
  expect(order).toEqual(["small", "large", "dependent"]);
  const back = await module.echo(array);
  if (!(back instanceof NdArray)) throw new Error("no array came back");
  expect(
    Buffer.compare(
      Buffer.from(back.data.buffer, back.data.byteOffset, back.data.byteLength),
      Buffer.from(array.buffer),
    ),
  ).toBe(0);
  expect(peer.session.messages.filter(([first]) => first?.frame?.$case === "chunk").length).toBeGreaterThan(
    30,
  );
  await stop();
});

test("a large argument survives streams that break", async () => {
  const { peer, module, stop } = await start();
  const array = new Uint8Array(30_000_000).map((_, i) => i % 251);
  const timer = setInterval(() => peer.break(), 60);
  const back = await module.echo(array);
  clearInterval(timer);
  expect(back instanceof Uint8Array && Buffer.compare(back, array)).toBe(0);
  await stop();
});

test("a deadline and a signal end a call here, and tell the server", async () => {
  const cancelled: number[] = [];
  const { peer, module, script, stop } = await start({
    other(frame) {
      if (frame.$case === "cancel") cancelled.push(Number(frame.value.id));
    },
  });
  const controller = new AbortController();
  const aborted = module.later.$opts({ signal: controller.signal })(1);
  const late = module.later.$opts({ timeout: 50 })(2);
  setTimeout(() => controller.abort(new Error("enough")), 20);
  const [first, second] = await Promise.allSettled([aborted, late]);
  expect(first).toMatchObject({ reason: { code: "CANCELLED", cause: new Error("enough") } });
  expect(second).toMatchObject({ reason: { code: "DEADLINE_EXCEEDED" } });
  await until(() => cancelled.length === 2);
  expect(peer.session.calls).toHaveLength(2);
  // The call still gets its final frame; nobody hears of it.
  for (const answer of script.later.splice(0)) answer();
  await stop();
});

test("functions are called from the other end; what they throw is raised there", async () => {
  const answers: CallbackResultFrame[] = [];
  const { peer, module, stop } = await start({
    other(frame) {
      if (frame.$case === "callbackResult") answers.push(frame.value);
    },
  });
  await module.use(
    async (a: number) => a + 1,
    () => {
      throw new RangeError("too far");
    },
  );
  const ids =
    peer.session.calls.at(-1)?.args.map(({ kind }) => (kind?.$case === "callback" ? kind.value.id : 0n)) ??
    [];
  ids.forEach((id, i) => {
    const request = {
      module: "",
      function: "",
      args: [value({ $case: "int", value: 41n })],
      kwargs: new Map(),
      requestId: "",
      retry: false,
    };
    const full = { ...request, operation: 0, resultMode: 0, session: "", target: undefined } as const;
    peer.session.send({ $case: "callback", value: { id: BigInt(i + 1), function: id, request: full } });
  });
  await until(() => answers.length === 2);
  const ok = answers.find(({ id }) => id === 1n);
  const thrown = answers.find(({ id }) => id === 2n);
  expect(CallbackResultFrame.toJSON(ok ?? CallbackResultFrame.fromPartial({}))).toMatchObject({
    response: { result: { int: "42" } },
  });
  expect(thrown?.error?.message).toBe("too far");
  expect(Buffer.from(thrown?.error?.details[0]?.value ?? []).toString()).toContain("ValueError");
  await stop();
});

test("a draining session without objects is left; with objects its holder is told", async () => {
  const made = script();
  await using peer = await new ReferencePeer(made).listen();
  const told: unknown[] = [];
  const module = await podule.import<Things>("things", {
    url: peer.address,
    onDraining: (what) => told.push(what),
  });
  const first = peer.session;
  first.tell({ $case: "draining", value: { graceMs: 1000 } });
  await until(() => first.messages.flat().some(({ frame }) => frame?.$case === "close"));
  expect(await module.echo(1)).toBe(1);
  expect(peer.sessions).toHaveLength(2);
  const object = await module.make().$object();
  peer.session.tell({ $case: "draining", value: { graceMs: 1000 } });
  await until(() => told.length === 1);
  expect(told).toEqual([{ module: "things", graceMs: 1000, objects: 1 }]);
  const second = peer.session;
  object.$release();
  await until(() => second.messages.flat().some(({ frame }) => frame?.$case === "close"));
  await module.$close();
});

test("a session that a draining pod refuses is opened elsewhere, with the calls that wait for it", async () => {
  await using peer = await new ReferencePeer(script()).listen();
  peer.draining = 2;
  const module = await podule.import<Things>("things", { url: peer.address });
  expect(await module.echo(1)).toBe(1);
  peer.draining = 1;
  peer.session.tell({ $case: "draining", value: { graceMs: 1000 } });
  const left = peer.session;
  await until(() => left.messages.flat().some(({ frame }) => frame?.$case === "close"));
  expect(await Promise.all([module.echo(2), module.echo(3)])).toEqual([2, 3]);
  expect([peer.draining, peer.sessions.length]).toEqual([0, 2]);
  await module.$close();
});

test("objects are released when they are disposed or garbage, in batches", async () => {
  const released: number[] = [];
  const { module, stop } = await start({
    other(frame) {
      if (frame.$case === "release") released.push(...frame.value.ids.map(Number));
    },
  });
  {
    await using object = await module.make().$object();
    expect(object.$type).toBe("peer:Thing");
  }
  await until(() => released.length === 1);
  for (let i = 0; i < 200; i++) await module.make().$object();
  const { setFlagsFromString } = await import("node:v8");
  setFlagsFromString("--expose-gc");
  const { runInNewContext } = await import("node:vm");
  const gc: unknown = runInNewContext("gc");
  await until(() => {
    if (typeof gc === "function") gc();
    return released.length >= 190;
  });
  expect(new Set(released).size).toBe(released.length);
  await stop();
});

test("an error that nobody awaits is an unhandled rejection; one whose dependents tell is not", async () => {
  const { module, stop } = await start();
  const unhandled: unknown[] = [];
  const listeners = process.listeners("unhandledRejection");
  process.removeAllListeners("unhandledRejection");
  process.on("unhandledRejection", (error) => unhandled.push(error));
  void module.fail();
  await until(() => unhandled.length === 1);
  await module.use(module.fail());
  await expect(Promise.resolve(module.fail())).rejects.toBeInstanceOf(PoduleError);
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(unhandled).toHaveLength(1);
  process.removeAllListeners("unhandledRejection");
  for (const listener of listeners) process.on("unhandledRejection", listener);
  await stop();
});

test("a server that answers nonsense costs the session, not the process", async () => {
  const { peer, module, script, stop } = await start();
  const call = Promise.resolve(module.later(1)).catch((error: unknown) => error);
  await until(() => script.later.length === 1);
  peer.session.send({
    $case: "error",
    value: { id: 0n, status: peerStatus(13, "SESSION_LOST", "the worker died") },
  });
  expect(await call).toBeInstanceOf(SessionLostError);
  expect(await module.echo(2)).toBe(2);
  await stop();
});
