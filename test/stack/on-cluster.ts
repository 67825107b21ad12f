/** The tests run against the deployment in a cluster: pods share no files and no processes with them. */
export const onCluster: boolean = process.env["PODULE_TEST_BACKEND"] === "kubernetes";
