import type { Stack, StackOptions } from "@podule/test/stack/stack.ts";
import type { Peer } from "../grpcio-peer.ts";
import type { Result } from "./result.ts";

/** What a scenario may use. What it starts here ends with it. */
export interface Bench {
  readonly ghz: string;
  readonly cacheFolder: string;
  readonly uv: string;
  /** A temporary folder, the module `load` in it. */
  readonly folder: string;
  /** The long run of everything; else the one of two minutes. */
  readonly isLong: boolean;
  /** Podule as a user starts it. */
  startStack(options?: StackOptions): Promise<Stack>;
  /** The control: a hand-written grpcio server. */
  startControl(): Promise<Peer>;
  log(line: string): void;
}

export interface Scenario {
  readonly name: string;
  /** What is done, for readers of the report. */
  readonly about: string;
  /** Part of the run of two minutes. */
  readonly isQuick?: boolean;
  run(bench: Bench): Promise<Result>;
}
