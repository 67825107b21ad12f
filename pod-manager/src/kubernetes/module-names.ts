import { createHash } from "node:crypto";
import { moduleIdProblem } from "../modules/module-id.ts";

const SUBDOMAIN = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const MARK = "--";
const LABEL_LENGTH = 50;

/**
 * The name of a module's object. An id that may be one, and has no "--", is it; else: the id in lower case with what cannot stand there
 * replaced, "--", and in base 36 the set of places (bit 0 is the first) where something was. "_" becomes "-", or "0" at an edge; "-" at an edge "1".
 */
export function objectNameOf(id: string): string {
  if (SUBDOMAIN.test(id) && !id.includes(MARK)) return id;
  let places = 0n;
  let name = "";
  for (let at = 0; at < id.length; at++) {
    const char = id.charAt(at);
    const replaced = replacement(char, atEdge(id, at));
    if (replaced !== char) places |= 1n << BigInt(at);
    name += replaced;
  }
  return `${name}${MARK}${places.toString(36)}`;
}

/** The id of the module whose object has that name; undefined where no id has it. */
export function idOfObjectName(name: string): string | undefined {
  const mark = name.lastIndexOf(MARK);
  const id = mark < 0 ? name : restore(name.slice(0, mark), name.slice(mark + MARK.length));
  return id !== undefined && moduleIdProblem(id) === undefined && objectNameOf(id) === name ? id : undefined;
}

/** A DNS label for the module, unique but not reversible: names of Services, beginnings of Pods' names, values of labels. */
export function labelOf(id: string): string {
  const name = objectNameOf(id);
  if (name.length <= LABEL_LENGTH && !name.includes(".") && /^[a-z]/.test(name)) return name;
  const digest = createHash("sha256").update(id).digest("hex").slice(0, 10);
  const readable = name
    .replaceAll(/[.-]+/g, "-")
    .slice(0, LABEL_LENGTH - digest.length - 3)
    .replace(/-$/, "");
  return `${/^[a-z]/.test(readable) ? "" : "m-"}${readable}-${digest}`;
}

function replacement(char: string, edge: boolean): string {
  if (char === "_") return edge ? "0" : "-";
  if (char === "-") return edge ? "1" : "-";
  return char.toLowerCase();
}

/** Where a DNS subdomain has a letter or a digit: at its ends and beside a dot. */
function atEdge(id: string, at: number): boolean {
  const before = id.charAt(at - 1);
  const after = id.charAt(at + 1);
  return at === 0 || at === id.length - 1 || before === "." || after === ".";
}

function restore(text: string, code: string): string | undefined {
  if (!/^[0-9a-z]{1,13}$/.test(code)) return undefined;
  let places = 0n;
  for (const digit of code) places = places * 36n + BigInt(Number.parseInt(digit, 36));
  let id = "";
  for (let at = 0; at < text.length; at++) {
    const replaced = ((places >> BigInt(at)) & 1n) === 1n;
    const char = text.charAt(at);
    id += replaced ? (ORIGINAL[char] ?? char.toUpperCase()) : char;
  }
  return id;
}

const ORIGINAL: Readonly<Record<string, string>> = { "-": "_", "0": "_", "1": "-" };
