import { writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { createServer } from "@podule/grpc";
import { HealthCheckResponse_ServingStatus, HealthDefinition } from "@podule/proto/grpc/health/v1/health.ts";

/** A pod's process that does what its MODULE_NAME says: the ends and floods that a module server does not make. */
const { MODULE_NAME = "", PODULE_LISTEN = "", TERMINATION_MESSAGE_PATH = "" } = process.env;
process.on("disconnect", () => process.exit(9));

async function serve(): Promise<void> {
  const server = createServer();
  const status = HealthCheckResponse_ServingStatus.SERVING;
  server.add(HealthDefinition, {
    check: async () => ({ status }),
    list: async () => ({}),
    async *watch(_request, { signal }) {
      yield { status: HealthCheckResponse_ServingStatus.NOT_SERVING };
      await sleep(20);
      yield { status };
      await sleep(2 ** 31 - 1, undefined, { signal });
    },
  });
  await server.listen(PODULE_LISTEN);
}

const behaviours: Readonly<Record<string, () => Promise<void> | void>> = {
  async serve() {
    process.on("SIGTERM", () => process.exit(0));
    await serve();
  },
  async stubborn() {
    process.on("SIGTERM", () => console.log("no"));
    await serve();
  },
  never_ready() {
    console.error("still importing");
    setInterval(() => {}, 1000);
  },
  die() {
    console.log("out");
    console.error("Traceback (most recent call last):\nMemoryError: too much");
    process.exit(3);
  },
  explain() {
    writeFileSync(TERMINATION_MESSAGE_PATH, JSON.stringify({ code: 9, message: "No module named 'x'" }));
    process.exit(1);
  },
  async flood() {
    await serve();
    for (let n = 0; n < 300_000; n++) {
      const more = process.stdout.write(`${n} ${"x".repeat(200)}\n`);
      if (!more) await new Promise((resolve) => process.stdout.once("drain", resolve));
    }
    console.error("flooded");
  },
};

await behaviours[MODULE_NAME]?.();
