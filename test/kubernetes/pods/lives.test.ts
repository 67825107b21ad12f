import { Module_State } from "@podule/proto/podule/v1/modules.ts";
import { Pod_State } from "@podule/proto/podule/v1/pods.ts";
import { expect, test } from "vitest";
import { failure } from "../../stack/call-failure.ts";
import { deployment } from "../../stack/deployed-stack.ts";
import { moduleWhen, spec } from "../../stack/modules.ts";
import { useStack } from "../../stack/use-stack.ts";
import { float, int, plain, str } from "../../stack/values.ts";
import { kubectl } from "../commands.ts";
import { eventually } from "../eventually.ts";

const running = useStack({ probe: true, probeWorkers: 2 });
const inNamespace = () => ["-n", deployment()?.namespace ?? ""];
const call = (...args: Parameters<typeof running.stack.connection.call>) =>
  running.stack.connection.call(...args);

/** The replica that is asked may see it later than the one that has called it. */
async function readyPod(module = "probe", but = ""): Promise<string> {
  const filter = `module = "modules/${module}" AND state = READY`;
  const ready = await eventually(
    async () => (await running.stack.connection.pods.listPods({ filter })).pods.map(({ name }) => name),
    (names) => names.some((name) => name !== but),
  );
  return ready.find((name) => name !== but) ?? "";
}

const objectName = (name: string) => name.slice("pods/".length);
/** A call that runs for so long, and that it runs. */
async function slow(seconds: number): Promise<{ readonly answer: Promise<string> }> {
  const answer = call("time", "sleep", [float(seconds)]).then(() => "slept", String);
  await new Promise((resolve) => setTimeout(resolve, 500));
  return { answer };
}

test("Pod Security restricted, no token of a service account, a Service of its own", async () => {
  await call("probe", "pid", [], { timeoutMs: 60_000 });
  const name = objectName(await readyPod());
  const { namespace = "" } = deployment() ?? {};
  const pod: unknown = JSON.parse(await kubectl(["get", "pod", name, "-n", namespace, "-o", "json"]));
  expect(pod).toMatchObject({
    metadata: { ownerReferences: [{ kind: "Module", name: "probe", controller: true }] },
    spec: { automountServiceAccountToken: false, securityContext: { runAsNonRoot: true } },
  });
  const level = "pod-security.kubernetes.io/enforce=restricted";
  const check = await kubectl(["label", "--dry-run=server", "--overwrite", "ns", namespace, level]);
  expect(check).toContain(namespace);
  // The kubelet's probe looks every two seconds.
  const addresses = "jsonpath={.subsets[*].addresses[*].targetRef.name}";
  await eventually(
    () => kubectl(["get", "endpoints", "probe", ...inNamespace(), "-o", addresses]),
    (names) => names.includes(name),
  );
  expect(plain(await call("probe", "echo", [int(1)]))).toBe(1);
});

test("logs are followed through the API server until the pod ends", async () => {
  const name = await readyPod();
  const texts: string[] = [];
  let seen = () => {};
  const said = new Promise<void>((resolve) => {
    seen = resolve;
  });
  const following = (async () => {
    for await (const { text } of running.stack.connection.pods.getPodLogs({ name, follow: true })) {
      texts.push(text);
      if (text === "last") seen();
    }
  })();
  await call("probe", "say", [str("first"), str("x".repeat(20_000))]);
  await call("probe", "say", [str("last"), str("")]);
  await said;
  expect(texts).toContain("first");
  expect(Math.max(...texts.map((text) => text.length))).toBeLessThanOrEqual(16 << 10);
  await running.stack.connection.pods.deletePod({ name });
  await following;
});

test("a Pod that is deleted drains: its call ends, new ones go to another", async () => {
  await running.stack.connection.modules.createModule({
    moduleId: "time",
    module: { spec: spec({ libCpuReq: "50m", libMemSizeReq: "64Mi", workers: 2 }) },
  });
  await call("time", "time", [], { timeoutMs: 60_000 });
  const { answer } = await slow(4);
  const old = await readyPod("time");
  await kubectl(["delete", "pod", objectName(old), ...inNamespace(), "--wait=false"]);
  expect(plain(await call("time", "time", [], { timeoutMs: 60_000 }))).toBeGreaterThan(0);
  expect(await answer).toBe("slept");
  const state = (await running.stack.connection.pods.getPod({ name: old }).catch(() => undefined))?.state;
  expect([undefined, Pod_State.DRAINING, Pod_State.SUCCEEDED]).toContain(state);
});

test("a changed spec: the new pod is there before the old one goes; its running call ends", async () => {
  const { connection } = running.stack;
  const { answer } = await slow(4);
  const updated = await connection.modules.updateModule({
    module: { name: "modules/time", spec: spec({ workers: 3 }) },
    updateMask: ["spec.workers"],
  });
  for (let calls = 0; calls < 20; calls++) await call("time", "time", [], { timeoutMs: 60_000 });
  await moduleWhen(
    connection,
    "modules/time",
    ({ status }) => status?.state === Module_State.READY && status.observedGeneration === updated.generation,
  );
  expect(await answer).toBe("slept");
});

test("the end of a pod's process: ABORTED or UNAVAILABLE for its calls, another pod for the next", async () => {
  const name = await readyPod();
  const lost = failure(call("probe", "hold", [str("/tmp/started"), str("/tmp/never")]));
  await new Promise((resolve) => setTimeout(resolve, 3000));
  await kubectl(["delete", "pod", objectName(name), ...inNamespace(), "--grace-period=0", "--force"]);
  const error = await lost;
  expect(["ABORTED", "UNAVAILABLE"]).toContain(error.code);
  expect(error.domain).toBe("podule.dev");
  expect(await readyPod("probe", name)).not.toBe(name);
});
