import { writeFileSync } from "node:fs";
import { Session } from "node:inspector";

/**
 * Loaded into a Node process by NODE_OPTIONS=--import: SIGUSR2 begins a CPU profile, the next one ends it and writes it to
 * PODULE_PROFILE_DIR/<pid>.cpuprofile.
 */
const INTERVAL_MICROSECONDS = 500;
const folder = process.env["PODULE_PROFILE_DIR"];

if (folder !== undefined) {
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
}
