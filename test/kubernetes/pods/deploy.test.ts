import { randomBytes, type X509Certificate } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { connect as connectTls } from "node:tls";
import { CallsDefinition } from "@podule/proto/podule/v1/calls.ts";
import { ChannelCredentials, createChannel, createClient } from "nice-grpc";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Connection, connect } from "../../stack/client.ts";
import { moduleWhen, spec } from "../../stack/modules.ts";
import { requestsOf } from "../audit.ts";
import { kubectl, podule } from "../commands.ts";

const NAMESPACE = `podule-deploy-${randomBytes(3).toString("hex")}`;
const IMAGE = process.env["PODULE_TEST_IMAGE"] ?? "podule:dev";
const SPEC = spec({ libCpuReq: "50m", libMemSizeReq: "96Mi" });
const PART_OF = "app.kubernetes.io/part-of=podule";
const where = ["-n", NAMESPACE];

let address: string;
let access: { ca: string; token: string };
let connection: Connection;

const sqrt = (client = connection) => client.call("math", "sqrt", [float(4)], { timeoutMs: 60_000 });
const float = (value: number) => ({ kind: { $case: "float", value }, dtype: "" }) as const;
const get = (...args: string[]) => kubectl(["get", ...where, ...args]);
const secret = async (name: string, key: string) =>
  Buffer.from(await get("secret", name, "-o", `jsonpath={.data.${key.replace(".", "\\.")}}`), "base64");
const podIp = async (app: string) =>
  await get("pods", "-l", `app.kubernetes.io/name=${app}`, "-o", "jsonpath={.items[0].status.podIP}");

beforeAll(async () => {
  await podule(["deploy", ...where, "--overlay", "test", "--image", IMAGE]);
  address = `${await get("service", "podule", "-o", "jsonpath={.spec.clusterIP}")}:50051`;
  access = {
    ca: await podule(["token", "--ca", ...where]),
    token: (await podule(["token", ...where])).trim(),
  };
  connection = connect(address, access);
  await connection.modules.createModule({ moduleId: "math", module: { spec: SPEC } });
}, 300_000);
afterAll(async () => {
  connection?.close();
  await podule(["undeploy", ...where]);
}, 300_000);

test("a call with a token, through Envoy, a manager and a pod", async () => {
  expect(await sqrt()).toMatchObject({ kind: { value: 2 } });
});

describe("whoever should not call", () => {
  const call = async (credentials: ChannelCredentials, to = address, name = "podule") => {
    const options = credentials._isSecure() ? { "grpc.ssl_target_name_override": name } : {};
    const channel = createChannel(to, credentials, options);
    try {
      const request = { module: "math", function: "sqrt", args: [float(4)] };
      const { result } = await createClient(CallsDefinition, channel).call(request);
      return result;
    } finally {
      channel.close();
    }
  };

  test("without a token, or with another's", async () => {
    const tls = ChannelCredentials.createSsl(Buffer.from(access.ca));
    await expect(call(tls)).rejects.toThrow(/UNAUTHENTICATED/);
    const [header, claims] = access.token.split(".");
    const forged = connect(address, { ...access, token: `${header}.${claims}.${"A".repeat(86)}` });
    await expect(sqrt(forged)).rejects.toThrow(/UNAUTHENTICATED/);
    forged.close();
  });

  test("without TLS, or with trust in another authority", async () => {
    await expect(call(ChannelCredentials.createInsecure())).rejects.toThrow(/UNAVAILABLE/);
    await expect(call(ChannelCredentials.createSsl())).rejects.toThrow(/UNAVAILABLE/);
  });

  test("past Envoy: only with a certificate for clients, which a module's pod does not have", async () => {
    const manager = `${await podIp("podule-manager")}:50051`;
    const ca = Buffer.from(access.ca);
    const by = async (name: string) =>
      call(
        ChannelCredentials.createSsl(ca, await secret(name, "tls.key"), await secret(name, "tls.crt")),
        manager,
        "podule-manager",
      );
    expect(await by("podule-envoy-client-tls")).toMatchObject({ kind: { value: 2 } });
    await expect(by("podule-module-tls")).rejects.toThrow(/UNAVAILABLE/);
    await expect(call(ChannelCredentials.createSsl(ca), manager, "podule-manager")).rejects.toThrow(
      /UNAVAILABLE/,
    );
  });
});

test("an upgrade under load, and new certificates, without a failed call", async () => {
  const before = await get("pods", "-o", "name");
  const load = startLoad(4);
  await load.atLeast(50);
  // Another name of the same image: new pods of everything.
  const other = IMAGE.startsWith("docker.io/")
    ? IMAGE.replace("docker.io/library/", "")
    : `docker.io/library/${IMAGE}`;
  await podule(["deploy", ...where, "--overlay", "test", "--image", other]);
  // Those that were replaced have calls until they end.
  const kept = async () =>
    (await get("pods", "-l", PART_OF, "-o", "name")).split("\n").filter((pod) => before.includes(pod));
  await expect.poll(async () => (await kept()).filter((pod) => pod !== ""), { timeout: 120_000 }).toEqual([]);

  const old = await certificateOf(address);
  await podule(["deploy", ...where, "--overlay", "test", "--image", other, "--rotate-certificates"]);
  const pods = await get("pods", "-o", "name");
  // Until the kubelet has told the pods, which may take it more than a minute.
  await expect
    .poll(async () => (await certificateOf(address)).serialNumber, { timeout: 240_000, interval: 1000 })
    .not.toBe(old.serialNumber);
  expect(await get("pods", "-o", "name")).toBe(pods);
  await load.atLeast(50);
  const { answered, failures } = await load.stop();
  console.log(`${answered} calls answered, ${failures.length} failed`);
  expect(failures).toEqual([]);
}, 600_000);

test("managers ask the API server for what their role allows, and for no less", async ({ skip }) => {
  await connection.modules.createModule({ moduleId: "cmath", module: { spec: SPEC } });
  await moduleWhen(connection, "modules/cmath", ({ status }) => (status?.pods.length ?? 0) > 0);
  await connection.call("cmath", "sqrt", [float(4)], { timeoutMs: 60_000 });
  const { pods } = await connection.pods.listPods({ filter: `module = "modules/cmath"` });
  for await (const _line of connection.pods.getPodLogs({ name: pods[0]?.name ?? "" })) break;
  await connection.modules.deleteModule({ name: "modules/cmath" });
  await moduleWhen(connection, "modules/cmath", "DELETED");
  await sleep(1000);
  const requests = await requestsOf(`${NAMESPACE}:podule-manager`);
  if (requests === undefined) return skip("the audit log is on the cluster's own machine");
  expect(requests.filter(({ allowed }) => !allowed)).toEqual([]);
  const used = new Set(requests.map(({ verb, resource }) => `${verb} ${resource}`));
  const role: { rules: { resources: string[]; verbs: string[] }[] } = JSON.parse(
    await get("role", "podule-manager", "-o", "json"),
  );
  const allowed = role.rules.flatMap(({ resources, verbs }) =>
    resources.flatMap((resource) => verbs.map((verb) => `${verb} ${resource}`)),
  );
  // What a repeated or a conflicting write asks for, which does not happen here.
  const seldom = ["get modules", "get pods", "get services"];
  expect([...new Set([...used, ...seldom])].sort()).toEqual(allowed.sort());
});

test("a namespace that was there before stays, without anything of Podule", async () => {
  const own = `${NAMESPACE}-own`;
  await kubectl(["create", "namespace", own]);
  try {
    await podule(["deploy", "-n", own, "--overlay", "test", "--image", IMAGE]);
    await podule(["undeploy", "-n", own]);
    const kinds =
      "all,secrets,roles,rolebindings,networkpolicies,poddisruptionbudgets,persistentvolumeclaims,modules";
    expect(await kubectl(["get", kinds, "-n", own, "-o", "name"])).toBe("");
    expect(
      (await kubectl(["get", "serviceaccounts,configmaps", "-n", own, "-o", "name"])).trim().split("\n"),
    ).toEqual(["serviceaccount/default", "configmap/kube-root-ca.crt"]);
  } finally {
    await kubectl(["delete", "namespace", own]);
  }
}, 300_000);

/** Calls one after the other on each of some connections. */
function startLoad(connections: number) {
  const failures: string[] = [];
  let answered = 0;
  let stopped = false;
  const running = Array.from({ length: connections }, async () => {
    const client = connect(address, access);
    while (!stopped) {
      await sqrt(client).then(
        () => {
          answered += 1;
        },
        (error: unknown) => failures.push(String(error)),
      );
      await sleep(5);
    }
    client.close();
  });
  return {
    async atLeast(more: number) {
      const goal = answered + more;
      await expect.poll(() => answered, { timeout: 60_000 }).toBeGreaterThan(goal);
    },
    async stop() {
      stopped = true;
      await Promise.all(running);
      return { answered, failures };
    },
  };
}

function certificateOf(to: string): Promise<X509Certificate> {
  const [host = "", port = ""] = to.split(":");
  return new Promise((resolve, reject) => {
    const socket = connectTls({ host, port: Number(port), ca: access.ca, servername: "podule" }, () => {
      const certificate = socket.getPeerX509Certificate();
      socket.destroy();
      if (certificate === undefined) reject(new Error("no certificate"));
      else resolve(certificate);
    });
    socket.once("error", reject);
  });
}
