/** What is counted by method: the services of a pod manager. */
export const METHODS = [
  { name: "podule.v1.Calls", method_names: ["Call", "Stream", "Session"] },
  {
    name: "podule.v1.Modules",
    method_names: [
      "CreateModule",
      "GetModule",
      "ListModules",
      "UpdateModule",
      "DeleteModule",
      "WatchModules",
    ],
  },
  { name: "podule.v1.Pods", method_names: ["ListPods", "GetPod", "GetPodLogs", "DrainPod", "DeletePod"] },
  { name: "podule.v1.Traces", method_names: ["GetTrace"] },
  { name: "grpc.health.v1.Health", method_names: ["Check", "Watch", "List"] },
];
