import type { Scenario } from "./scenario.ts";
import { idleSessions, wakeModules } from "./scenarios/crowds.ts";
import { churn, soak } from "./scenarios/endurance.ts";
import { fromZero } from "./scenarios/from-zero.ts";
import { cancels, gzipBomb, manyStreams, slowReaders } from "./scenarios/hostile.ts";
import { peers } from "./scenarios/peers.ts";
import { scalings } from "./scenarios/scaling.ts";
import { manyModules, payload, session } from "./scenarios/session.ts";
import { openLoop, serverStream, unary } from "./scenarios/unary.ts";

const SOAK_MINUTES = 2;
const WOKEN = 500;

/** All of them, in the order of the report. */
export const scenarios: readonly Scenario[] = [
  unary,
  openLoop,
  serverStream,
  session,
  payload,
  manyModules,
  fromZero,
  ...scalings,
  churn,
  cancels,
  slowReaders,
  gzipBomb,
  manyStreams,
  idleSessions,
  wakeModules(WOKEN),
  peers,
  soak(SOAK_MINUTES),
];

/** `quick`, `all`, `soak` with its minutes, `modules woken` with their number, or scenarios by the beginnings of their names. Undefined: there is none of that name. */
export function select(name: string, amount: number | undefined): readonly Scenario[] | undefined {
  if (name === "quick") return scenarios.filter(({ isQuick }) => isQuick === true);
  if (name === "all") return scenarios;
  if (name === "soak" && amount !== undefined) return [soak(amount)];
  if (name === "modules woken" && amount !== undefined) return [wakeModules(amount)];
  const named = scenarios.filter((scenario) => scenario.name.startsWith(name));
  return named.length === 0 ? undefined : named;
}
