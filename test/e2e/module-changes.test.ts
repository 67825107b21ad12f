import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import podule, {
  type Draining,
  PoduleError,
  type RemoteModule,
  SessionLostError,
} from "../../clients/typescript/src/index.ts";
import { spec } from "../stack/modules.ts";
import { useStack } from "../stack/use-stack.ts";

const DRAIN_GRACE_MS = 6000;
const running = useStack({ env: { PODULE_DRAIN_GRACE_MS: `${DRAIN_GRACE_MS}` } });
const path = join(import.meta.dirname, "../modules/probe.py");

interface Probe {
  tally(key: string): number;
  pid(): number;
  collections: { Counter(items: string): Counter };
}
interface Counter {
  total(): number;
}

/** The module in a pod of its own, a client with an object in it, and one under load that has none. */
async function setUp(id: string) {
  const { stack } = running;
  await stack.connection.modules.createModule({
    moduleId: id,
    module: { spec: spec({ path, importName: "probe" }) },
  });
  const told: Draining[] = [];
  const holder = await podule.import<Probe>(id, {
    url: stack.address,
    onDraining: (what) => told.push(what),
  });
  const counter = await holder.collections.Counter("aab").$object();
  const loaded = await podule.import<Probe>(id, { url: stack.address });
  return { holder, counter, told, loaded, load: startLoad(loaded) };
}

/** Each key is called once: an answer of 2 is a call that ran twice. */
function startLoad(module: RemoteModule<Probe>) {
  let going = true;
  const answers: unknown[] = [];
  const lane = async (lane: number): Promise<void> => {
    for (let n = 0; going; n++) {
      answers.push(await Promise.resolve(module.tally(`${lane} ${n}`)).catch((error: unknown) => error));
      await sleep(1);
    }
  };
  const lanes = Promise.all([0, 1, 2, 3].map(lane));
  return {
    answers,
    async stop(): Promise<unknown[]> {
      going = false;
      await lanes;
      return answers;
    },
  };
}

async function until<T>(look: () => T | undefined | Promise<T | undefined>, what: string): Promise<T> {
  for (const end = Date.now() + 60_000; Date.now() < end; await sleep(50)) {
    const found = await look();
    if (found !== undefined) return found;
  }
  throw new Error(`It did not come: ${what}`);
}

const lost = (counter: { total(): PromiseLike<unknown> }) =>
  until(
    () =>
      Promise.resolve(counter.total()).then(
        () => undefined,
        (error: unknown) => error,
      ),
    "the end of the session",
  );

test("an update under load: objects stay where they are until the pod's grace, new calls go to the new pod, none is lost", async () => {
  const { holder, counter, told, loaded, load } = await setUp("renewed");
  const before = await loaded.pid();
  await running.stack.connection.modules.updateModule({
    module: { name: "modules/renewed", spec: spec({ path, importName: "probe", workers: 2 }) },
    updateMask: ["spec.workers"],
  });
  await until(() => told[0], "the holder's being told");
  expect(told[0]).toMatchObject({ module: "renewed", objects: 1 });
  expect(await counter.total()).toBe(3);
  const after = await until(async () => {
    const pid = await loaded.pid();
    return pid === before ? undefined : pid;
  }, "the new pod");
  expect(await holder.pid()).not.toBe(before);
  const seen = load.answers.length;
  await until(() => (load.answers.length > seen + 20 ? true : undefined), "answers of the new pod");
  const answers = await load.stop();
  expect(answers.filter((answer) => answer !== 1)).toEqual([]);
  expect(after).not.toBe(before);
  expect(await lost(counter)).toBeInstanceOf(SessionLostError);
  expect(await holder.collections.Counter("xy").total()).toBe(2);
  await Promise.all([holder.$close(), loaded.$close()]);
});

test("a deletion under load: sessions are told, then lost; calls fail with a typed error, and none runs twice", async () => {
  const { holder, counter, told, loaded, load } = await setUp("deleted");
  await running.stack.connection.modules.deleteModule({ name: "modules/deleted" });
  await until(() => told[0], "the holder's being told");
  expect(await lost(counter)).toBeInstanceOf(SessionLostError);
  const failed = (answer: unknown): boolean => answer instanceof PoduleError && answer.reason !== "";
  await until(() => load.answers.find(failed), "a call that fails");
  const answers = await load.stop();
  expect(answers.filter((answer) => answer !== 1 && !failed(answer))).toEqual([]);
  await Promise.all([holder.$close(), loaded.$close()]);
});
