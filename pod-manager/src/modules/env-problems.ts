import type { EnvVar } from "@podule/proto/podule/v1/modules.ts";

const MAX_VARIABLES = 100;
const MAX_VALUE_BYTES = 32 * 1024;
const NAME = /^[A-Za-z_][A-Za-z0-9_]{0,254}$/;
const OWN = /^(PODULE_.*|MODULE_NAME|PORT|TERMINATION_MESSAGE_PATH|NODE_OPTIONS|NODE_CHANNEL_FD)$/;
const OBJECT_NAME = /^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/;
const KEY = /^[-._a-zA-Z0-9]{1,253}$/;

/** What is wrong with a module's variables, each with its field below the spec. */
export function envProblems(env: readonly EnvVar[]): readonly (readonly [string, string])[] {
  if (env.length > MAX_VARIABLES) return [["env", `has more than ${MAX_VARIABLES} variables`]];
  const seen = new Set<string>();
  return env.flatMap((variable, index) => {
    const at = `env[${index}]`;
    const problem = nameProblem(variable.name, seen);
    seen.add(variable.name);
    return [
      ...(problem === undefined ? [] : [[`${at}.name`, problem] as const]),
      ...sourceProblems(at, variable),
    ];
  });
}

function nameProblem(name: string, seen: ReadonlySet<string>): string | undefined {
  const shown = JSON.stringify(name.slice(0, 100));
  if (!NAME.test(name)) return `${shown} is not a variable's name; expected letters, digits and "_"`;
  if (OWN.test(name)) return `${shown} is Podule's own`;
  return seen.has(name) ? `${shown} is there twice` : undefined;
}

function sourceProblems(at: string, { source }: EnvVar): readonly (readonly [string, string])[] {
  if (source === undefined) return [];
  if (source.$case === "value") {
    if (Buffer.byteLength(source.value) > MAX_VALUE_BYTES)
      return [[`${at}.value`, `is longer than ${MAX_VALUE_BYTES} bytes`]];
    return source.value.includes("\0") ? [[`${at}.value`, "has a NUL"]] : [];
  }
  const { name, key } = source.value;
  const problems: (readonly [string, string])[] = [];
  if (!OBJECT_NAME.test(name))
    problems.push([
      `${at}.secret_key_ref.name`,
      `${JSON.stringify(name.slice(0, 100))} is not a Secret's name`,
    ]);
  if (!KEY.test(key))
    problems.push([
      `${at}.secret_key_ref.key`,
      `${JSON.stringify(key.slice(0, 100))} is not a key of a Secret`,
    ]);
  return problems;
}
