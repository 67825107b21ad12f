import { DEPLOYMENT_VARIABLE, deploy } from "./deployment.ts";

/**
 * One deployment for all files: `PODULE_TEST_IMAGE` is the image that the nodes have, `KUBECONFIG` says where. One that is given by
 * `PODULE_TEST_DEPLOYMENT` is used, and stays.
 */
export default async function setup(): Promise<() => Promise<void>> {
  if (process.env[DEPLOYMENT_VARIABLE] !== undefined) return async () => {};
  const { deployment, close } = await deploy(process.env["PODULE_TEST_IMAGE"] ?? "podule:dev");
  process.env[DEPLOYMENT_VARIABLE] = JSON.stringify(deployment);
  return close;
}
