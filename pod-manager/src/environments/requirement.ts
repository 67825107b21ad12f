const SHAPE = /^[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?\s*(?:\[[A-Za-z0-9._,\s-]*\]\s*)?(?:$|[@<>=!~(;])/;
const MAX_LENGTH = 1000;

/**
 * What is wrong with the shape of a PEP 508 requirement; undefined when uv may judge the rest. Nothing passes that a
 * requirements file would take for an option, a continued line, a comment or a variable.
 */
export function requirementProblem(requirement: string): string | undefined {
  if (requirement.trim() === "") return "is empty";
  if (requirement.length > MAX_LENGTH) return `is longer than ${MAX_LENGTH} characters`;
  if (hasControlCharacters(requirement)) return "has a line break or another control character";
  if (requirement.trimStart().startsWith("-")) return "begins with '-': options are not requirements";
  if (/\s-/.test(requirement)) return "has an option (' -'): options are not requirements";
  if (requirement.includes("\\")) return "has a backslash";
  if (requirement.includes("${")) return "has a variable ('${')";
  if (/(^|\s)#/.test(requirement)) return "has a comment (' #')";
  if (!SHAPE.test(requirement.trim()))
    return 'is not a requirement; expected a distribution and perhaps a version, like "numpy" or "numpy==2.3.*"';
  return undefined;
}

/** What is wrong with a Python request; uv judges the rest. */
export function pythonProblem(request: string): string | undefined {
  if (request.length > 200) return "is longer than 200 characters";
  if (hasControlCharacters(request)) return "has a line break or another control character";
  if (request.startsWith("-")) return "begins with '-'";
  if (request !== request.trim()) return "begins or ends with a space";
  return undefined;
}

function hasControlCharacters(text: string): boolean {
  return /[\p{Cc}\u2028\u2029\p{Cs}]/u.test(text);
}
