/** How many pods a module should have. An autoscaler's answer goes here. */
export function wantedPods(): number {
  return 1;
}
