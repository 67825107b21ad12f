import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run } from "../tools/run.ts";
import { inRoot, show, type TestContext } from "./context.ts";
import { one, type Result } from "./outcome.ts";
import { vitestSuite } from "./vitest-suite.ts";

const CLUSTER = inRoot("test/cluster/cluster");
const BUILD = inRoot("k8s/image/build");
const IMAGE = "podule:dev";

/**
 * The tests on Kubernetes: on the cluster of KUBECONFIG, whose nodes have the image PODULE_TEST_IMAGE (default podule:dev), else on one that is made for
 * them and goes with them.
 */
export async function kubernetesSuite(context: TestContext): Promise<Result | { skippedWhy: string }> {
  const { env } = context;
  if (env["KUBECONFIG"]) return await vitestSuite("kubernetes", context);
  const missing = await missingForCluster();
  if (missing !== undefined) {
    return { skippedWhy: `neither KUBECONFIG nor what a cluster for the tests is made of: ${missing}` };
  }
  const folder = await mkdtemp(join(tmpdir(), "podule-cluster-"));
  // A network of its own: another cluster may be there.
  const subnet = String(60 + (process.pid % 60));
  const cluster = { ...env, CLUSTER_DIR: join(folder, "state"), CLUSTER_SUBNET: subnet };
  const step = async (program: string, ...args: string[]) => {
    if ((await show(program, args, { ...context, env: cluster })) !== 0) {
      throw new Error(`${program} ${args[0]} failed`);
    }
  };
  try {
    await step(CLUSTER, "build");
    const image = join(folder, "podule.oci.tar");
    await step(BUILD, "--debian-base", "--tag", IMAGE, "--output", image);
    await step(CLUSTER, "up");
    await step(CLUSTER, "load", image);
    const kubectl = (await run(CLUSTER, ["which-kubectl"])).output.trim().split("\n").at(-1) ?? "";
    const given = {
      ...cluster,
      KUBECONFIG: join(cluster.CLUSTER_DIR, "admin.kubeconfig"),
      PODULE_KUBECTL: kubectl,
      PODULE_TEST_IMAGE: IMAGE,
    };
    return await vitestSuite("kubernetes", { ...context, env: given });
  } catch (error) {
    if (context.signal.aborted) return one(false);
    throw error;
  } finally {
    await show(CLUSTER, ["down"], { env: cluster, signal: new AbortController().signal });
    await rm(folder, { recursive: true, force: true });
  }
}

/** What this machine lacks for a cluster of its own. */
async function missingForCluster(): Promise<string | undefined> {
  if (process.platform !== "linux") return "Linux";
  if (process.getuid?.() !== 0) return "root";
  if ((await readFile("/etc/debian_version", "utf8").catch(() => "")) === "") return "Debian's packages";
  if ((await run("go", ["version"])).code !== 0) return "Go";
  return undefined;
}
