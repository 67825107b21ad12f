import { toStatus } from "@podule/grpc";
import { createBackend } from "./backends/backend.ts";
import { ConfigError, readConfig } from "./config.ts";
import { createManager } from "./manager.ts";

/** Whatever hangs: the pods end by the loss of their IPC channels. */
const END_MS = 10_000;
const CONFIG_EXIT_CODE = 2;

try {
  await run();
} catch (error) {
  complain(error);
  process.exit(error instanceof ConfigError ? CONFIG_EXIT_CODE : 1);
}

async function run(): Promise<void> {
  const config = readConfig(process.env);
  const manager = createManager(config, process.env, await createBackend(config));
  let ending = false;

  function endWith(code: number, end: () => Promise<void>): void {
    ending = true;
    end().then(
      () => process.exit(code),
      (error: unknown) => {
        complain(error);
        process.exit(1);
      },
    );
  }
  function endNow(code: number): void {
    setTimeout(() => process.exit(code), END_MS).unref();
    endWith(code, () => manager.end());
  }
  /** The first one drains, the next one ends at once. */
  function onSignal(): void {
    if (ending) endNow(1);
    else endWith(0, () => manager.drain(config.drainGraceMs));
  }

  process.on("SIGTERM", onSignal);
  process.on("SIGINT", onSignal);
  process.on("disconnect", () => endNow(1));
  process.on("uncaughtException", (error) => {
    complain(error);
    endNow(1);
  });
  manager.start().then(
    (address) => process.send?.({ type: "listening", address }),
    (error: unknown) => {
      complain(error);
      endNow(1);
    },
  );
}

function complain(error: unknown): void {
  const words = error instanceof ConfigError ? error.message : toStatus(error).message;
  for (const line of words.split("\n")) process.stderr.write(`podule-manager: ${line}\n`);
}
