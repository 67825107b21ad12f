import { expect, test } from "vitest";
import { progressOf } from "./rollout.ts";

const deployment = (status: object, generation = 2) => ({
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name: "d", generation },
  spec: { replicas: 2 },
  status,
});
const pod = (status: object) => ({ apiVersion: "v1", kind: "Pod", metadata: { name: "d-1" }, status });
const READY = { observedGeneration: 2, updatedReplicas: 2, replicas: 2, availableReplicas: 2 };

test("done: seen, all of the new spec, none of the old one, all available", () => {
  expect(progressOf(deployment(READY), []).state).toBe("done");
  expect(progressOf(deployment(READY, 3), []).state).toBe("waiting");
  expect(progressOf(deployment({ ...READY, replicas: 3 }), [])).toMatchObject({
    state: "waiting",
    words: "2 of 2 ready, 1 old to go",
  });
  expect(progressOf(deployment({ ...READY, availableReplicas: 1 }), [])).toMatchObject({
    words: "1 of 2 ready",
  });
  expect(progressOf(deployment({}), []).state).toBe("waiting");
});

test("why it does not come, in words", () => {
  const going = deployment({ ...READY, availableReplicas: 0 });
  const waiting = (reason: string, message: string) =>
    pod({ containerStatuses: [{ state: { waiting: { reason, message } } }] });
  expect(progressOf(going, [waiting("ContainerCreating", "")]).state).toBe("waiting");
  expect(progressOf(going, [waiting("ImagePullBackOff", "no such image")])).toEqual({
    state: "stuck",
    available: 0,
    words: "pod d-1: ImagePullBackOff: no such image",
  });
  const crashed = pod({
    containerStatuses: [
      {
        state: { waiting: { reason: "CrashLoopBackOff", message: "back-off 10s" } },
        lastState: { terminated: { message: "PODULE_LISTEN: required\n" } },
      },
    ],
  });
  expect(progressOf(going, [crashed]).words).toBe("pod d-1: CrashLoopBackOff: PODULE_LISTEN: required");
  const unschedulable = pod({
    conditions: [{ type: "PodScheduled", status: "False", reason: "Unschedulable", message: "0/1 nodes" }],
  });
  expect(progressOf(going, [unschedulable]).words).toBe("pod d-1: Unschedulable: 0/1 nodes");
});
