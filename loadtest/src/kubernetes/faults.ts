import { execFile } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { CallFailure } from "@podule/test/stack/call-failure.ts";
import { type Connection, connect } from "@podule/test/stack/client.ts";
import { spec } from "@podule/test/stack/modules.ts";
import { float } from "@podule/test/stack/values.ts";

const CALLERS = 8;
const BEFORE_MS = 3000;
const AFTER_MS = 12_000;
const MODULE = "time";

interface Target {
  readonly namespace: string;
  readonly address: string;
  readonly ca: string;
  readonly token: string;
}

interface Count {
  sent: number;
  answered: number;
  typed: number;
  untyped: number;
  readonly reasons: Map<string, number>;
}

const run = promisify(execFile);
const target: Target = JSON.parse(process.env["PODULE_TEST_DEPLOYMENT"] ?? "{}");
const kubectl = async (...args: string[]): Promise<string> =>
  (await run(process.env["PODULE_KUBECTL"] ?? "kubectl", ["-n", target.namespace, ...args])).stdout.trim();

/** kill -9 of the processes whose environment has that: the cluster's nodes are on this machine. */
function kill(variable: string): void {
  for (const pid of readdirSync("/proc").filter((entry) => /^\d+$/.test(entry))) {
    try {
      const mine = readFileSync(`/proc/${pid}/environ`, "latin1").split("\0").includes(variable);
      if (mine) process.kill(Number(pid), "SIGKILL");
    } catch {
      // It has ended meanwhile.
    }
  }
}

async function podOfModule(connection: Connection): Promise<string> {
  const { pods } = await connection.pods.listPods({
    filter: `module = "modules/${MODULE}" AND state = READY`,
  });
  return (pods[0]?.name ?? "").replace("pods/", "");
}

async function managers(): Promise<{ leader: string; follower: string }> {
  const holder = await kubectl("get", "lease", "podule-manager", "-o", "jsonpath={.spec.holderIdentity}");
  const leader = holder.split("/")[0] ?? "";
  const names = await kubectl(
    "get",
    "pods",
    "-l",
    "app.kubernetes.io/name=podule-manager",
    "-o",
    "jsonpath={.items[*].metadata.name}",
  );
  return { leader, follower: names.split(" ").find((name) => name !== leader) ?? "" };
}

const FAULTS: readonly (readonly [string, (connection: Connection) => Promise<unknown>])[] = [
  [
    "kill -9 of the module's pod",
    async (connection) => kill(`PODULE_POD_NAME=${await podOfModule(connection)}`),
  ],
  [
    "Pod deleted",
    async (connection) => kubectl("delete", "pod", await podOfModule(connection), "--wait=false"),
  ],
  ["kill -9 of the follower", async () => kill(`POD_NAME=${(await managers()).follower}`)],
  ["kill -9 of the leader", async () => kill(`POD_NAME=${(await managers()).leader}`)],
  ["rolling restart of the managers", async () => kubectl("rollout", "restart", "deployment/podule-manager")],
];

async function caller(connection: Connection, count: Count, until: () => boolean): Promise<void> {
  while (!until()) {
    count.sent++;
    try {
      await connection.call(MODULE, "sleep", [float(0.01)], { timeoutMs: 60_000 });
      count.answered++;
    } catch (error) {
      const reason = error instanceof CallFailure ? `${error.code} ${error.reason ?? ""}` : String(error);
      if (error instanceof CallFailure && error.domain === "podule.dev") count.typed++;
      else count.untyped++;
      count.reasons.set(reason, (count.reasons.get(reason) ?? 0) + 1);
      await sleep(100);
    }
  }
}

const connection = connect(target.address, target);
await connection.modules.createModule({
  moduleId: MODULE,
  module: { spec: spec({ libCpuReq: "50m", libMemSizeReq: "64Mi", workers: 2 }) },
});
await connection.call(MODULE, "time", [], { timeoutMs: 120_000 });
console.log(
  "| fault | calls sent | answered | typed errors | other errors | unaccounted | reasons |\n|---|---|---|---|---|---|---|",
);
for (const [name, inject] of FAULTS) {
  const count: Count = { sent: 0, answered: 0, typed: 0, untyped: 0, reasons: new Map() };
  await kubectl("rollout", "status", "deployment/podule-manager", "--timeout=180s");
  let over = false;
  const callers = Array.from({ length: CALLERS }, () => caller(connection, count, () => over));
  await sleep(BEFORE_MS);
  await inject(connection);
  await sleep(AFTER_MS);
  over = true;
  await Promise.all(callers);
  const { sent, answered, typed, untyped, reasons } = count;
  const why = [...reasons].map(([reason, times]) => `${reason} (${times})`).join(", ");
  console.log(
    `| ${name} | ${sent} | ${answered} | ${typed} | ${untyped} | ${sent - answered - typed - untyped} | ${why} |`,
  );
}
await connection.modules.deleteModule({ name: `modules/${MODULE}` });
connection.close();
