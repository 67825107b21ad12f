import type { Command } from "commander";
import { fishScript } from "./fish.ts";
import { bashScript, zshScript } from "./posix.ts";
import { placesOf } from "./words.ts";

/** A script that completes the command line in a shell; it does not run `podule`. */
export function completionScript(program: Command, shell: string): string {
  const places = placesOf(program);
  if (shell === "fish") return fishScript(places);
  return shell === "zsh" ? zshScript(places) : bashScript(places);
}
