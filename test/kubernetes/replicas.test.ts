import { readFile } from "node:fs/promises";
import { type Module, ModuleSpec, Module_State as State } from "@podule/proto/podule/v1/modules.ts";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { createKubernetesClient, type KubernetesClient } from "../../pod-manager/src/kubernetes/client.ts";
import { resourcePaths } from "../../pod-manager/src/kubernetes/paths.ts";
import { until } from "../../pod-manager/src/testing/until.ts";
import { type ApiProxy, startApiProxy } from "./api-proxy.ts";
import { type Replica, serverOf, startReplica } from "./replica.ts";

const kubeconfig = process.env["KUBECONFIG"] ?? "";
const namespace = `podule-replicas-${process.pid}`;
const paths = resourcePaths(namespace);
const LATE = 60_000;

describe.skipIf(kubeconfig === "")("replicas of the manager on a cluster", () => {
  let api: KubernetesClient;
  let proxy: ApiProxy;
  let replicas: Replica[] = [];

  const start = (name: string) => startReplica({ name, namespace, kubeconfig, apiPort: proxy.port });
  const holder = async (): Promise<string> => {
    const lease = await api.get(paths.leases("podule-manager")).catch(() => undefined);
    return String(Object(Object(lease).spec).holderIdentity ?? "").split("/")[0] ?? "";
  };
  const replica = (name: string): Replica => {
    const found = replicas.find((one) => one.name === name);
    if (found === undefined) throw new Error(`No replica ${name}`);
    return found;
  };
  const get = (one: Replica, id: string): Promise<Module | undefined> =>
    one.modules.getModule({ name: `modules/${id}` }).catch(() => undefined);
  const everywhere = (id: string, is: (module: Module | undefined) => boolean) =>
    until(async () => (await Promise.all(replicas.map((one) => get(one, id)))).every(is), LATE);
  const pods = async (): Promise<readonly string[]> => {
    const list = Object(await api.get(paths.pods()));
    return list.items.map((pod: { metadata: { uid: string } }) => pod.metadata.uid).sort();
  };

  beforeAll(async () => {
    api = await createKubernetesClient({ kubeconfig });
    const file = new URL("../../k8s/base/module-crd.yaml", import.meta.url);
    const crd = parse(await readFile(file, "utf8"));
    await api.patch(
      `/apis/apiextensions.k8s.io/v1/customresourcedefinitions/${crd.metadata.name}`,
      "apply",
      crd,
      {
        query: { fieldManager: "podule-test", force: true },
      },
    );
    await api.create("/api/v1/namespaces", { metadata: { name: namespace } });
    await until(
      () =>
        api.get(paths.modules()).then(
          () => true,
          () => false,
        ),
      LATE,
    );
    proxy = await startApiProxy(serverOf(await readFile(kubeconfig, "utf8")));
    replicas = await Promise.all([start("one"), start("two")]);
    await until(async () => (await holder()) !== "", LATE);
  });

  afterAll(async () => {
    proxy?.set("through");
    await Promise.all(replicas.map((one) => one[Symbol.asyncDispose]()));
    const { items } = Object(await api.get(paths.modules()));
    for (const { metadata } of items)
      await api
        .patch(paths.modules(metadata.name), "merge", { metadata: { finalizers: [] } })
        .catch(() => {});
    await api.delete(`/api/v1/namespaces/${namespace}`);
    await proxy?.[Symbol.asyncDispose]();
    api.close();
  });

  test("an applied Module and a created one are the same thing, in both directions", async () => {
    const spec = {
      importName: "math",
      dependency: ["podule-no-such-package"],
      scaling: { idleTimeout: "90s" },
    };
    await api.create(paths.modules(), {
      apiVersion: "podule.dev/v1alpha1",
      kind: "Module",
      metadata: { name: "applied" },
      spec,
    });
    await everywhere("applied", (module) => module?.spec?.scaling?.idleTimeout?.seconds === 90n);

    const [one, two] = replicas;
    if (one === undefined || two === undefined) throw new Error("no replicas");
    const made = await two.modules.createModule({
      moduleId: "My_Module",
      module: { spec: ModuleSpec.create({ importName: "math", dependency: ["podule-no-such-package"] }) },
    });
    const object = Object(await api.get(paths.modules("my-module--d")));
    expect(object.metadata.annotations["podule.dev/module-id"]).toBe("My_Module");
    expect(made.uid).toBe(object.metadata.uid);
    expect(object.spec.importName).toBe("math");

    const scaled = await one.modules.updateModule({
      module: { name: "modules/applied", spec: ModuleSpec.create({ scaling: { maxPods: 7 } }) },
      updateMask: ["spec.scaling.max_pods"],
    });
    expect(scaled.generation).toBe(1n);
    const after = Object(await api.get(paths.modules("applied")));
    expect(after.spec).toEqual({ ...spec, scaling: { ...spec.scaling, maxPods: 7 } });
    await api.patch(paths.modules("applied"), "merge", { spec: { workers: 3 } });
    await everywhere("applied", (module) => module?.spec?.workers === 3 && module.generation > 1n);
  });

  test("its status says why it is not ready, and only what can be is taken", async () => {
    await until(async () => {
      const { status } = Object(await api.get(paths.modules("applied")));
      return status?.state === "FAILED" && status.observedGeneration === 3;
    }, LATE);
    const { status } = Object(await api.get(paths.modules("applied")));
    const [ready] = status.conditions;
    expect(ready).toMatchObject({ type: "Ready", status: "False", observedGeneration: 3 });
    expect(ready.message).toMatch(/podule-no-such-package/);
    await everywhere("applied", (module) => module?.status?.state === State.FAILED);
    await expect(
      api.patch(paths.modules("applied"), "merge", { spec: { scaling: { minPods: 9 } } }),
    ).rejects.toThrow(/minPods must not exceed maxPods/);
    await expect(
      api.create(paths.modules(), {
        apiVersion: "podule.dev/v1alpha1",
        kind: "Module",
        metadata: { name: "not-importable" },
        spec: {},
      }),
    ).rejects.toThrow(/set spec.importName/);
  });

  test("a deleted Module goes, however it was deleted", async () => {
    await api.delete(paths.modules("applied"));
    await everywhere("applied", (module) => module === undefined);
    await replicas[1]?.modules.deleteModule({ name: "modules/My_Module" });
    await everywhere("My_Module", (module) => module === undefined);
    expect(Object(await api.get(paths.modules())).items).toEqual([]);
  });

  test("kill -9 of the leader: another one acts soon, and makes nothing twice", async () => {
    await api.create(paths.modules(), {
      apiVersion: "podule.dev/v1alpha1",
      kind: "Module",
      metadata: { name: "math" },
      spec: { scaling: { minPods: 1 } },
    });
    await until(async () => (await pods()).length === 1, LATE);
    const before = await pods();
    const leader = await holder();
    const killed = performance.now();
    replica(leader).kill("SIGKILL");
    await until(async () => (await holder()) !== leader, LATE);
    // 8 to 11 s where nothing else keeps the machine busy.
    expect(performance.now() - killed).toBeLessThan(15_000);
    replicas = replicas.filter((one) => one.name !== leader);
    replicas.push(await start("three"));
    // The next leader decides on what is there.
    await api.create(paths.modules(), {
      apiVersion: "podule.dev/v1alpha1",
      kind: "Module",
      metadata: { name: "next" },
      spec: { importName: "math", dependency: ["podule-no-such-package"] },
    });
    await everywhere("next", (module) => module?.status?.state === State.FAILED);
    expect(await pods()).toEqual(expect.arrayContaining([...before]));
  });

  test("a leader that was stopped and goes on finds itself replaced, and its writes refused", async () => {
    const leader = await holder();
    replica(leader).kill("SIGSTOP");
    await until(async () => (await holder()) !== leader, LATE);
    await api.create(paths.modules(), {
      apiVersion: "podule.dev/v1alpha1",
      kind: "Module",
      metadata: { name: "meanwhile" },
      spec: { importName: "math", dependency: ["podule-no-such-package"] },
    });
    const [other] = replicas.filter((one) => one.name !== leader);
    if (other === undefined) throw new Error("no other");
    await until(async () => (await get(other, "meanwhile"))?.status?.state === State.FAILED, LATE);
    replica(leader).kill("SIGCONT");
    await everywhere("meanwhile", (module) => module?.status?.state === State.FAILED);
    expect(await holder()).toBe(other.name);
    const { status } = Object(await api.get(paths.modules("meanwhile")));
    const states = status.transitions.map(({ state }: { state: string }) => state);
    expect(states.filter((state: string) => state === "RESOLVING").length).toBeLessThanOrEqual(1);
  });

  test("the API server away: what is known is served, nobody decides, and all goes on afterwards", async () => {
    const before = await pods();
    proxy.set("away");
    await until(() => {
      const leading = replicas.filter((one) => lastLeaderWord(one.log()) === "now");
      return leading.length === 0;
    }, LATE);
    for (const one of replicas) {
      expect((await get(one, "next"))?.status?.state).toBe(State.FAILED);
      const refusal = await one.modules
        .createModule({ moduleId: "away", module: { spec: ModuleSpec.create({ importName: "math" }) } })
        .then(
          () => undefined,
          (error: unknown) => String(error),
        );
      expect(refusal).toMatch(/UNAVAILABLE/);
    }
    proxy.set("through");
    await until(async () => {
      const name = await holder();
      return replicas.some((one) => one.name === name && lastLeaderWord(one.log()) === "now");
    }, LATE);
    await api.delete(paths.modules("next"));
    await everywhere("next", (module) => module === undefined);
    expect(await pods()).toEqual(expect.arrayContaining([...before]));
  });
});

/** "now" or "no longer". */
function lastLeaderWord(log: string): string | undefined {
  return [...log.matchAll(/is (now|no longer) the leader/g)].at(-1)?.[1];
}
