import { createPodLives } from "./pod-lives.ts";
import { readOrder } from "./warm/orders.ts";

const { PODULE_WARM: warm } = process.env;
const lives = createPodLives((bytes) => process.send?.({ type: "parked", bytes }, () => {}));

process.on("SIGTERM", () => lives.end());
process.on("SIGINT", () => process.emit("SIGTERM"));
process.on("uncaughtException", lives.die);
process.on("exit", () => lives.kill());
// The parent is gone, and nobody else would end this pod.
process.on("disconnect", () => process.exit(1));
process.on("message", (message) => {
  const order = readOrder(message);
  if (order?.type === "park") lives.park();
  if (order?.type !== "specialize") return;
  // As if it had been started with them: Python inherits them.
  Object.assign(process.env, order.variables);
  lives.begin(process.env).catch(lives.die);
});

if (warm === "true") {
  // Not inherited by Python: it is for this process alone.
  delete process.env["PODULE_WARM"];
  process.send?.({ type: "warm" }, () => {});
} else {
  lives.begin(process.env).catch(lives.die);
}
