import { inspect } from "node:util";
import { expect, test } from "vitest";
import podule, { kw, op, type RemoteModule, slice, tuple } from "../index.ts";
import { integer, nothing, objectPeer, valueFor } from "../testing/object-peer.ts";
import type { PeerCall } from "../testing/peer-session.ts";
import { ReferencePeer } from "../testing/reference-peer.ts";

interface Thing {
  S: { sum(): number };
  name: string;
  append(item: unknown): void;
}

interface Things {
  array(value: unknown, kwargs?: unknown): Thing;
  sum(value: unknown, other?: unknown): number;
  linalg: { svd(value: unknown): Thing };
  pi: number;
  float64: Thing;
}

async function start(
  answer: (call: PeerCall, short: string) => ReturnType<typeof integer> | undefined = () => integer(1),
) {
  const script = objectPeer(answer);
  const peer = await new ReferencePeer(script).listen();
  const np: RemoteModule<Things> = await podule.import<Things>("np", { url: peer.address });
  const stop = async (): Promise<void> => {
    expect(peer.sessions.flatMap(({ violations }) => violations)).toEqual([]);
    await np.$close();
    await peer[Symbol.asyncDispose]();
  };
  return { np, peer, log: script.log, stop };
}

test("a chain of calls is one message; only its end comes back as a value", async () => {
  const { np, peer, log, stop } = await start();
  expect(await np.linalg.svd(np.array([1, 2])).S.sum()).toBe(1);
  expect(log).toEqual(["array([1, 2]) as object", "linalg.svd(#1) as object", "#2.S.sum()"]);
  expect(peer.session.messages).toHaveLength(1);
  await stop();
});

test("attributes are read when they are awaited, each time", async () => {
  const { np, log, stop } = await start();
  const { pi } = np;
  expect(log).toEqual([]);
  expect([await pi, await np.pi]).toEqual([1, 1]);
  expect(log).toEqual(["get pi()", "get pi()"]);
  await stop();
});

test("attributes as arguments are read first, in the same message", async () => {
  const { np, peer, log, stop } = await start();
  await np.array([1], kw({ dtype: np.float64, again: np.float64, more: [np.pi] })).S.sum();
  expect(log).toEqual([
    "get float64() as object",
    "get pi() as object",
    "array([1], dtype=#1, again=#1, more=[#2]) as object",
    "#3.S.sum()",
  ]);
  expect(peer.session.messages).toHaveLength(1);
  await stop();
});

test("a result that is awaited and used is both", async () => {
  const { np, log, stop } = await start();
  const a = np.array([1]);
  const [value, sum] = await Promise.all([a, np.sum(a)]);
  expect([value, sum]).toEqual([1, 1]);
  expect(log).toEqual(["array([1]) as object", "sum(#1)", "get #1.()"]);
  // Awaited again, and gone on with later.
  expect(await a).toBe(1);
  await a.append(5);
  expect(log.slice(3)).toEqual(["#1.append(5)"]);
  log.length = 0;
  // Awaited first, then used, in one turn.
  const b = np.array([2]);
  const first = b.then((got) => got);
  expect(await Promise.all([first, np.sum(b)])).toEqual([1, 1]);
  expect(log).toEqual(["array([2]) as object", "get #5.()", "sum(#5)"]);
  await stop();
});

test("what came as a value is passed as that, and cannot be gone on with", async () => {
  const { np, log, stop } = await start();
  const a = np.array([1]);
  await a;
  await np.sum(a);
  expect(log).toEqual(["array([1])", "sum(1)"]);
  await expect(Promise.resolve(a.append(1))).rejects.toMatchObject({ reason: "RESULT_WAS_A_VALUE" });
  await stop();
});

test("modules and objects are no promises; results and attributes are", async () => {
  const { np, stop } = await start();
  expect(Reflect.get(np, "then")).toBeUndefined();
  const object = await np.array([1]).$object();
  expect(Reflect.get(object, "then")).toBeUndefined();
  expect(typeof object.name.then).toBe("function");
  const returned = await (async () => object)();
  expect(returned).toBe(object);
  expect(JSON.stringify({ object })).toBe("{}");
  expect(inspect(object)).toBe("[peer:Thing #1 in np]");
  expect(`${inspect(np)} ${String(np.array)}`).toBe("[module np] [module np].array");
  await stop();
});

test("items, slices, attributes and operators", async () => {
  const { np, log, stop } = await start();
  const object = await np.array([1]).$object();
  log.length = 0;
  await object.$item(tuple(slice(1, null), 0));
  await object.$setItem("k", 2);
  await object.$delItem(slice(null, null, -1));
  await object.$setAttr("name", "x");
  await object.$delAttr("name");
  await object.$attr("then");
  await op.add(1, object);
  await op.pow(object, 2);
  await op.len(object);
  await object.$len();
  await object.$call([1, 2], { axis: 0 });
  Reflect.set(object, "name", "y");
  await object.name;
  expect(log).toEqual([
    "op getitem(#1, (1::, 0))",
    "op setitem(#1, k, 2)",
    "op delitem(#1, ::-1)",
    "set #1.name(x)",
    "delete #1.name()",
    "get #1.then()",
    "op add(1, #1)",
    "op pow(#1, 2)",
    "op len(#1)",
    "op len(#1)",
    "#1.(1, 2, axis=0)",
    "set #1.name(y) as object",
    "get #1.name()",
  ]);
  expect(() => op.add(1, 2)).toThrow(TypeError);
  await stop();
});

test("iteration asks for more when half of what it allowed is used, and cancels on break", async () => {
  const credits: number[] = [];
  const cancelled: bigint[] = [];
  const script = objectPeer((call) => {
    if (call.frame.stream) feed(call, call.frame.credit);
    return undefined;
  });
  let sent = 0;
  const feed = ({ id, session }: PeerCall, items: number): void => {
    for (let i = 0; i < items; i++) {
      session.send({ $case: "item", value: { id: BigInt(id), response: { item: integer(sent++) } } });
    }
  };
  let running: PeerCall | undefined;
  await using peer = await new ReferencePeer({
    ...script,
    call(call) {
      running = call;
      script.call(call);
    },
    other(frame) {
      if (frame.$case === "cancel") cancelled.push(frame.value.id);
      if (frame.$case !== "credit" || running === undefined) return;
      credits.push(frame.value.items);
      feed(running, frame.value.items);
    },
  }).listen();
  const np = await podule.import<Things>("np", { url: peer.address });
  const seen: unknown[] = [];
  for await (const item of np.float64.$iter({ prefetch: 8 })) {
    seen.push(item);
    if (seen.length === 100) break;
  }
  expect(seen).toEqual(Array.from({ length: 100 }, (_, i) => i));
  expect(new Set(credits)).toEqual(new Set([4]));
  for (let i = 0; i < 100 && cancelled.length === 0; i++)
    await new Promise((resolve) => setTimeout(resolve, 10));
  expect(cancelled).toHaveLength(1);
  expect(sent).toBeLessThanOrEqual(100 + 8);
  running?.session.send({ $case: "end", value: { id: BigInt(running.id) } });
  await np.$close();
});

test("a context manager is entered and left, with the error where there is one", async () => {
  const { np, log, stop } = await start((_, short) =>
    short.startsWith("op exit") ? valueFor({ $case: "bool", value: false }) : nothing,
  );
  {
    await using context = await np.array("file").$enter();
    expect(context.value).toBeNull();
  }
  const context = await np.array("file").$enter();
  expect(await context.exit(new RangeError("no"))).toBe(false);
  expect(log).toEqual([
    "array(file) as object",
    "op enter(#1)",
    "op exit(#1)",
    "array(file) as object",
    "op enter(#4)",
    "op exit(#4, ValueError, no)",
  ]);
  await stop();
});

test("objects of another module travel by value", async () => {
  const script = objectPeer(() => integer(7));
  await using peer = await new ReferencePeer(script).listen();
  await using connection = podule.connect({ url: peer.address });
  const one = await connection.import<Things>("one");
  const two = await connection.import<Things>("two");
  const object = await one.array([1]).$object();
  await two.sum(object, one.array([2]));
  expect(script.log).toEqual([
    "array([1]) as object",
    "array([2]) as object",
    "get #1.() as value",
    "get #2.() as value",
    "sum(7, 7)",
  ]);
  expect(peer.sessions).toHaveLength(2);
});

test("a released object is refused where it is used", async () => {
  const { np, stop } = await start();
  const object = await np.array([1]).$object();
  object.$release();
  object.$release();
  await expect(Promise.resolve(np.sum(object))).rejects.toMatchObject({ reason: "OBJECT_RELEASED" });
  await stop();
});

test("an argument that cannot travel fails its call alone", async () => {
  const { np, stop } = await start();
  const bad = Promise.resolve(np.sum(new WeakMap())).catch((error: unknown) => error);
  const good = np.sum(1);
  expect(await bad).toMatchObject({ code: "INVALID_ARGUMENT", reason: "VALUE_NOT_SUPPORTED" });
  expect(await good).toBe(1);
  await stop();
});
