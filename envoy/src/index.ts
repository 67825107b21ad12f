export type { Address, EnvoyParams, Jwt, ListenerTls, Upstreams, UpstreamTls } from "./params.ts";
export { assertGuarded, renderEnvoy } from "./render.ts";
export { readUserSide, type UserSide, VARIABLES } from "./settings.ts";
export { describeExit, type Envoy, type Exit, type StartOptions, startEnvoy } from "./start.ts";
