import { isRecord } from "../environments/json.ts";
import type { KubernetesClient, RequestOptions } from "./client.ts";

const PAGE = 500;

export interface Listing<T> {
  readonly items: readonly T[];
  readonly resourceVersion: string;
}

/** A whole list, page by page, all of it as of one version. What `read` does not take is left out and told. */
export async function listPages<T>(
  client: Pick<KubernetesClient, "get">,
  path: string,
  options: RequestOptions & {
    readonly read: (json: unknown) => T | undefined;
    readonly onUnread?: (json: unknown) => void;
    readonly pageSize?: number;
  },
): Promise<Listing<T>> {
  const { read, onUnread, pageSize = PAGE, query, ...request } = options;
  const items: T[] = [];
  let next = "";
  let resourceVersion = "";
  do {
    const page = await client.get(path, {
      ...request,
      query: { ...query, limit: pageSize, ...(next === "" ? {} : { continue: next }) },
    });
    const { metadata, items: raw } = isRecord(page) ? page : {};
    if (!isRecord(metadata) || !Array.isArray(raw)) throw new Error(`${path}: the answer is no list`);
    for (const one of raw) {
      const item = read(one);
      if (item === undefined) onUnread?.(one);
      else items.push(item);
    }
    const { continue: token, resourceVersion: version } = metadata;
    next = typeof token === "string" ? token : "";
    resourceVersion = typeof version === "string" ? version : "";
  } while (next !== "");
  return { items, resourceVersion };
}
