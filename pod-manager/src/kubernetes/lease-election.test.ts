import { expect, test } from "vitest";
import { until } from "../testing/until.ts";
import { KubernetesApiError } from "./api-error.ts";
import { createLeaseElection, type LeaseElection } from "./lease-election.ts";

/** A Lease as the API server keeps it: one writer of each version. Requests are slow, lost, or done without an answer as `trouble` says. */
function leaseServer(trouble: (who: string) => "fine" | "slow" | "lost" | "unanswered") {
  let lease: { readonly spec: unknown; readonly version: number } | undefined;
  const answer = () => ({
    metadata: { name: "lease", uid: "1", resourceVersion: String(lease?.version) },
    spec: lease?.spec,
  });
  const versionIn = (body: unknown) => JSON.stringify(body).match(/"resourceVersion":"([0-9]+)"/)?.[1] ?? "";
  return (who: string) => {
    async function meet<T>(work: () => T): Promise<T> {
      const now = trouble(who);
      if (now === "slow") await new Promise((resolve) => setTimeout(resolve, Math.random() * 150));
      if (now === "lost") throw new Error("lost");
      const result = work();
      if (now === "unanswered") throw new Error("no answer");
      return result;
    }
    const specOf = (body: unknown) => JSON.parse(JSON.stringify(body)).spec;
    return {
      get: () =>
        meet(() => {
          if (lease === undefined) throw new KubernetesApiError(404, "NotFound", "none");
          return answer();
        }),
      create: (_: string, body: unknown) =>
        meet(() => {
          if (lease !== undefined) throw new KubernetesApiError(409, "AlreadyExists", "there");
          lease = { spec: specOf(body), version: 1 };
          return answer();
        }),
      replace: (_: string, body: unknown) =>
        meet(() => {
          if (versionIn(body) !== String(lease?.version))
            throw new KubernetesApiError(409, "Conflict", "changed");
          lease = { spec: specOf(body), version: (lease?.version ?? 0) + 1 };
          return answer();
        }),
    };
  };
}

function elect(server: ReturnType<typeof leaseServer>, who: string): LeaseElection {
  const election = createLeaseElection({
    client: server(who),
    namespace: "n",
    name: "lease",
    identity: () => who,
    durationSeconds: 1,
    holdMs: 500,
    retryMs: 60,
  });
  election.start();
  return election;
}

test("there is never a second leader, whatever is slow, lost or unanswered, and always a next one", async () => {
  let cut = "";
  let wild = true;
  const server = leaseServer((who) => {
    if (who === cut) return "lost";
    const dice = wild ? Math.random() : 1;
    return dice < 0.1 ? "lost" : dice < 0.2 ? "unanswered" : dice < 0.5 ? "slow" : "fine";
  });
  const elections = ["a", "b", "c"].map((who) => elect(server, who));
  const leaders = () => elections.filter((one) => one.isLeader());
  const led = new Set<string>();
  try {
    for (let round = 0; round < 4; round++) {
      await until(() => leaders().length === 1, 20_000);
      // The one that leads is cut off: it lets go by its own clock, and another takes over.
      cut = leaders()[0]?.leader() ?? "";
      led.add(cut);
      await until(() => {
        expect(leaders().length).toBeLessThanOrEqual(1);
        return leaders().length === 1 && leaders()[0]?.leader() !== cut;
      }, 20_000);
      cut = "";
    }
    wild = false;
    await until(() => elections.every((one) => one.leader() === leaders()[0]?.leader()), 20_000);
    expect(led.size).toBeGreaterThan(1);
  } finally {
    await Promise.all(elections.map((one) => one.close()));
  }
});

test("a leader that ends gives the lease back, and the next one need not wait", async () => {
  const server = leaseServer(() => "fine");
  const first = elect(server, "a");
  await until(() => first.isLeader(), 10_000);
  const second = elect(server, "b");
  await until(() => second.leader() === "a", 10_000);
  let told = 0;
  second.watch(() => told++);
  await first.close();
  expect(first.isLeader()).toBe(false);
  await until(() => second.isLeader(), 10_000);
  expect(told).toBeGreaterThan(0);
  await second.close();
});
