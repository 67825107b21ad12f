import type { ModuleSpec } from "@podule/proto/podule/v1/modules.ts";
import { DEPLOYMENT_VARIABLE, type Deployment } from "../kubernetes/deployment.ts";
import { type Connection, connect } from "./client.ts";
import { moduleWhen, spec } from "./modules.ts";
import { onCluster } from "./on-cluster.ts";
import type { Stack } from "./stack.ts";

/** What the tests of a file run against, where that is the deployment in a cluster. */
export function deployment(): Deployment | undefined {
  const text = process.env[DEPLOYMENT_VARIABLE];
  if (text === undefined || !onCluster) return undefined;
  const value: Deployment = JSON.parse(text);
  return value;
}

/** Its processes are other machines' affair: what asks for them is of the local backend alone. */
export async function startDeployedStack(deployed: Deployment): Promise<Stack> {
  const connections = new Set<Connection>();
  const open = (): Connection => {
    const connection = connect(deployed.address, deployed);
    connections.add(connection);
    return connection;
  };
  const connection = open();
  return {
    address: deployed.address,
    folder: "",
    connection,
    connect: open,
    log: () => "",
    processes: () => localOnly("processes"),
    pids: () => localOnly("pids"),
    environment: () => localOnly("environment"),
    kill: () => localOnly("kill"),
    async stop() {
      await removeModules(connection);
      for (const one of connections) one.close();
    },
  };
}

/** The spec of `probe` in a cluster: a path would be another machine's. */
export function probeSpec({ probeUrl }: Deployment, fields: Partial<ModuleSpec>): ModuleSpec {
  // An image need not have time zones.
  const dependency = [`probe @ ${probeUrl}`, "tzdata", ...(fields.dependency ?? [])];
  return spec({
    ...fields,
    path: "",
    importName: "probe",
    dependency,
    libCpuReq: "100m",
    libMemSizeReq: "128Mi",
  });
}

/** The next file begins with none. */
async function removeModules(connection: Connection): Promise<void> {
  const { modules } = await connection.modules.listModules({ pageSize: 1000 });
  await Promise.all(
    modules.map(async ({ name }) => {
      await connection.modules.deleteModule({ name }).catch(() => undefined);
      await moduleWhen(connection, name, "DELETED");
    }),
  );
}

function localOnly(what: string): never {
  throw new Error(`${what}: only of the local backend`);
}
