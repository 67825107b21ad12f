import { type Command, Option } from "commander";
import { collect, timeSpan } from "../console/flags.ts";
import type { DeployFlags } from "../deploy/deploy.ts";
import type { TokenFlags } from "../deploy/token.ts";
import type { UndeployFlags } from "../deploy/undeploy.ts";

/** What works on a Kubernetes cluster, by kubectl and its configuration. */
export function addClusterCommands(program: Command): void {
  onCluster(program.command("deploy"))
    .description("Podule on the cluster of the kubeconfig; again: an upgrade")
    .option("--overlay <name|path>", "of k8s/overlays, or a kustomize folder of your own", "local")
    .option("--image <image>", "NAME:TAG or NAME@sha256:...; default: the overlay's")
    .option("--set <name=value>", "a setting of the managers, may be repeated", collect, [])
    .option("--host <name|ip>", "how users reach it, for its certificate, may be repeated", collect, [])
    .option("--rotate-certificates", "new ones now; by default when two thirds of their time is over", false)
    .option("--timeout <time>", "how long the pods may take to get ready", timeSpan, 300_000)
    .option("--dry-run", "print the objects, Secrets without their content; change nothing", false)
    .action(async (flags: DeployFlags) => {
      const { deploy } = await import("../deploy/deploy.ts");
      await deploy(flags, process.env);
    });

  onCluster(program.command("undeploy"))
    .description("remove it from the cluster, with all its modules")
    .action(async (flags: UndeployFlags) => {
      const { undeploy } = await import("../deploy/undeploy.ts");
      await undeploy(flags, process.env);
    });

  onCluster(program.command("token"))
    .description("print a bearer token for what is deployed")
    .option("--subject <name>", "whom it is for; default: the name of the user")
    .option("--for <time>", "how long it is good", timeSpan, 3_600_000)
    .option("--ca", "print the authority of its certificates instead, PEM", false)
    .action(async (flags: TokenFlags) => {
      const { token } = await import("../deploy/token.ts");
      await token(flags, process.env);
    });
}

function onCluster(command: Command): Command {
  return command
    .addOption(new Option("-n, --namespace <name>", "where").env("NAMESPACE").default("podule"))
    .option("--context <name>", "of the kubeconfig; default: its current one");
}
