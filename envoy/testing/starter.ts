import { startEnvoy } from "../src/start.ts";

/** A launcher to be killed: starts Envoy and tells its process id. */
const [binary = "", runDir = ""] = process.argv.slice(2);
const envoy = await startEnvoy({
  binary,
  runDir,
  params: { listen: "127.0.0.1:0", upstreams: { kind: "static", addresses: ["unix:/run/none.sock"] } },
});
process.once("disconnect", () => process.exit());
process.send?.(envoy.pid);
await envoy.exited;
