import { createHash } from "node:crypto";
import { isRecord, parseJson } from "../environments/json.ts";
import { badField } from "./module-id.ts";

const DEFAULT_SIZE = 50;
const MAX_SIZE = 1000;

export interface PageRequest {
  readonly pageSize: number;
  readonly pageToken: string;
  readonly filter: string;
}

/**
 * One page of what `matches`, in the order of names. A token names the last item given: what is added or removed
 * meanwhile neither repeats nor hides another item. Throws INVALID_ARGUMENT for a token of another list.
 */
export function pageOf<T extends { readonly name: string }>(
  items: Iterable<T>,
  request: PageRequest,
  matches: (item: T) => boolean,
): { readonly items: readonly T[]; readonly nextPageToken: string } {
  if (request.pageSize < 0) throw badField("page_size", "must not be negative");
  const size = Math.min(request.pageSize || DEFAULT_SIZE, MAX_SIZE);
  const after = lastOf(request);
  const rest = [...items]
    .filter((item) => (after === undefined || item.name > after) && matches(item))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  const page = rest.slice(0, size);
  const last = page.at(-1);
  const more = rest.length > page.length && last !== undefined;
  return { items: page, nextPageToken: more ? tokenFor(last.name, request.filter) : "" };
}

function tokenFor(last: string, filter: string): string {
  return Buffer.from(JSON.stringify({ last, filter: fingerprint(filter) })).toString("base64url");
}

function lastOf({ pageToken, filter }: PageRequest): string | undefined {
  if (pageToken === "") return undefined;
  const token = parseJson(Buffer.from(pageToken, "base64url").toString("utf8"));
  const { last, filter: of } = isRecord(token) ? token : {};
  if (typeof last !== "string" || typeof of !== "string")
    throw badField("page_token", "is not a token that a list has given");
  if (of !== fingerprint(filter)) throw badField("page_token", "belongs to a list with another filter");
  return last;
}

function fingerprint(filter: string): string {
  return createHash("sha256").update(filter).digest("base64url").slice(0, 12);
}
