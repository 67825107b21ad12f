import { type RpcStatus, toStatus } from "@podule/grpc";
import { awaitEnvironment } from "./await-environment.ts";
import { readConfig } from "./config.ts";
import { createModuleServer } from "./module-server.ts";
import { writeTerminationMessage } from "./termination-message.ts";

/** Answers that are under way get so long before the process ends. */
const LAST_WORDS_MS = 200;

const config = readConfig(process.env);
const { TERMINATION_MESSAGE_PATH: termination } = process.env;
if ("code" in config) {
  fail(config, termination);
} else {
  const server = createModuleServer(config, (status) => {
    setTimeout(() => {
      server.kill();
      fail(status, config.terminationMessagePath);
    }, LAST_WORDS_MS);
  });
  let draining = false;
  process.on("SIGTERM", () => {
    if (draining) return;
    draining = true;
    server.drain(config.drainGraceMs).then(() => process.exit(0), die);
  });
  const die = (error: unknown) => {
    server.kill();
    fail(toStatus(error), config.terminationMessagePath);
  };
  process.on("SIGINT", () => process.emit("SIGTERM"));
  process.on("uncaughtException", die);
  process.on("exit", () => server.kill());
  // The parent is gone, and nobody else would end this pod.
  process.on("disconnect", () => process.exit(1));
  const { environmentStatus, python } = config;
  const unavailable =
    environmentStatus === undefined ? undefined : await awaitEnvironment(python, environmentStatus);
  if (unavailable !== undefined) fail(unavailable, config.terminationMessagePath);
  server.start().catch(die);
}

function fail(status: RpcStatus, path: string | undefined): void {
  writeTerminationMessage(status, path);
  process.stderr.write(`podule: ${status.message}\n`);
  process.exit(1);
}
