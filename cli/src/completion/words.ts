import type { Command } from "commander";

export interface Word {
  readonly text: string;
  readonly description: string;
}

/** What may come next behind some words of the command line. */
export interface Place {
  /** "modules list"; "" for `podule` itself. */
  readonly path: string;
  readonly words: readonly Word[];
  /** What may stand behind an option. */
  readonly choices: readonly { readonly flags: readonly string[]; readonly words: readonly Word[] }[];
}

/** All places of a command line, from the commands themselves. */
export function placesOf(command: Command, path = ""): Place[] {
  const help = command.createHelp();
  const children = help.visibleCommands(command);
  const options = help.visibleOptions(command);
  const place: Place = {
    path,
    words: [
      ...children.flatMap((child) =>
        [child.name(), ...child.aliases()].map((text) => ({ text, description: child.description() })),
      ),
      ...command.registeredArguments.flatMap(({ argChoices = [], description }) =>
        argChoices.map((text) => ({ text, description })),
      ),
      ...options.flatMap(({ long, description }) => (long ? [{ text: long, description }] : [])),
    ],
    choices: options
      .filter(({ argChoices }) => argChoices !== undefined)
      .map(({ short, long, argChoices = [] }) => ({
        flags: [short, long].filter((flag) => flag !== undefined),
        words: argChoices.map((text) => ({ text, description: "" })),
      })),
  };
  const below = command.commands.flatMap((child) =>
    [child.name(), ...child.aliases()].flatMap((name) => placesOf(child, `${path} ${name}`.trim())),
  );
  return [place, ...below];
}

export function textsOf(words: readonly Word[]): string {
  return words.map(({ text }) => text).join(" ");
}
