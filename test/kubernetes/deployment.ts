import { randomBytes } from "node:crypto";
import { kubectl, podule } from "./commands.ts";
import { startPackageIndex } from "./package-index.ts";

/** Where Podule runs in the test cluster, and how its users reach it. */
export interface Deployment {
  readonly namespace: string;
  /** Envoy's Service. */
  readonly address: string;
  /** PEM: who issued Envoy's certificate. */
  readonly ca: string;
  readonly token: string;
  readonly probeUrl: string;
}

/** How the tests' processes learn of it. */
export const DEPLOYMENT_VARIABLE = "PODULE_TEST_DEPLOYMENT";

/** Deploys into a fresh namespace, as a user does. `close` leaves nothing. */
export async function deploy(
  image: string,
): Promise<{ readonly deployment: Deployment; close(): Promise<void> }> {
  const namespace = `podule-e2e-${randomBytes(3).toString("hex")}`;
  const node = await kubectl([
    "get",
    "nodes",
    "-o",
    `jsonpath={.items[0].status.addresses[?(@.type=="InternalIP")].address}`,
  ]);
  const index = await startPackageIndex(node);
  const close = async (): Promise<void> => {
    index.close();
    await podule(["undeploy", "-n", namespace]);
  };
  try {
    const settings = [
      `UV_DEFAULT_INDEX=${index.url}`,
      `UV_INSECURE_HOST=${new URL(index.url).host}`,
      "PODULE_NODE_LOST_SECONDS=5",
    ];
    const flags = settings.flatMap((setting) => ["--set", setting]);
    await podule(["deploy", "-n", namespace, "--overlay", "test", "--image", image, ...flags]);
    const ip = await kubectl([
      "get",
      "service",
      "podule",
      "-n",
      namespace,
      "-o",
      "jsonpath={.spec.clusterIP}",
    ]);
    const deployment = {
      namespace,
      address: `${ip}:50051`,
      ca: await podule(["token", "--ca", "-n", namespace]),
      token: (await podule(["token", "-n", namespace, "--for", "6h"])).trim(),
      probeUrl: index.probeUrl,
    };
    return { deployment, close };
  } catch (error) {
    await close().catch(() => {});
    throw error;
  }
}
