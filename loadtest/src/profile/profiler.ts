import childProcess from "node:child_process";
import { writeFileSync } from "node:fs";
import { Session } from "node:inspector";
import { syncBuiltinESMExports } from "node:module";

/**
 * Loaded into the manager by NODE_OPTIONS="--import=THIS?folder=FOLDER", and by it into the processes of Node that it starts: SIGUSR2 begins a CPU
 * profile, the next one ends it and writes it to FOLDER/PID.cpuprofile.
 */
const INTERVAL_MICROSECONDS = 500;
const folder = new URL(import.meta.url).searchParams.get("folder");

const { spawn } = childProcess;
Object.assign(childProcess, {
  spawn(command: string, args: readonly string[], options: object): unknown {
    const own = command === process.execPath ? [`--import=${import.meta.url}`, ...args] : args;
    return Reflect.apply(spawn, undefined, [command, own, options]);
  },
});
syncBuiltinESMExports();

const session = new Session();
let isRunning = false;
process.on("SIGUSR2", () => {
  if (isRunning) {
    session.post("Profiler.stop", (error, result) => {
      if (error === null)
        writeFileSync(`${folder}/${process.pid}.cpuprofile`, JSON.stringify(result.profile));
    });
    session.disconnect();
  } else {
    session.connect();
    session.post("Profiler.enable");
    session.post("Profiler.setSamplingInterval", { interval: INTERVAL_MICROSECONDS });
    session.post("Profiler.start");
  }
  isRunning = !isRunning;
});
