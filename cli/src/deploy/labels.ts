/** On everything that `k8s/` makes. */
export const PART_OF = "app.kubernetes.io/part-of=podule";

/** On a namespace that `podule deploy` has made: `podule undeploy` removes it as a whole. */
export const CREATED = "podule.dev/created";
