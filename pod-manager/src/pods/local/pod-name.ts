import { randomInt } from "node:crypto";

/** Without vowels and look-alikes. */
const LETTERS = "bcdfghjklmnpqrstvwxz2456789";
const LENGTH = 5;

/** "x7k2p": what tells the pods of a module apart. */
export function podSuffix(isTaken: (suffix: string) => boolean): string {
  for (;;) {
    const suffix = Array.from({ length: LENGTH }, () => LETTERS[randomInt(LETTERS.length)]).join("");
    if (!isTaken(suffix)) return suffix;
  }
}
