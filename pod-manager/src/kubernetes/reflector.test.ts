import { expect, test } from "vitest";
import { until } from "../testing/until.ts";
import { type KubernetesObject, readMeta } from "./objects.ts";
import { createReflector, type ReflectorOptions } from "./reflector.ts";
import {
  type Answer,
  event,
  list,
  type ScriptedApi,
  send,
  startScriptedApi,
  thing,
} from "./testing/scripted-api.ts";

function reflect({ client }: ScriptedApi, more: Partial<ReflectorOptions<KubernetesObject>> = {}) {
  const told: string[] = [];
  const reflector = createReflector<KubernetesObject>({
    client,
    path: "/things",
    read: (json) => {
      const metadata = readMeta(json);
      return metadata && { metadata };
    },
    onAdd: ({ metadata }) => told.push(`+${metadata.name}`),
    onUpdate: ({ metadata }) => told.push(`~${metadata.name}`),
    onDelete: ({ metadata }) => told.push(`-${metadata.name}`),
    ...more,
  });
  reflector.start();
  return { reflector, told };
}

/** Lists from the first script, watches from the second, the last of each again and again. */
function script(lists: readonly Answer[], watches: readonly Answer[]): Answer {
  let listed = 0;
  let watched = 0;
  return (request, response, url) => {
    const isWatch = url.searchParams.get("watch") === "true";
    const answers = isWatch ? watches : lists;
    const answer = answers[Math.min(isWatch ? watched++ : listed++, answers.length - 1)];
    answer?.(request, response, url);
  };
}

const open: Answer = (_, response) => {
  response.writeHead(200);
  response.flushHeaders();
};

test("a list in pages, then a watch from its version with bookmarks", async () => {
  await using api = await startScriptedApi(
    script(
      [
        (_, response) => send(response, 200, list(7, ["a"], "page-2")),
        (_, response) => send(response, 200, list(7, ["b"])),
      ],
      [
        (_, response) => {
          open(_, response, new URL("http://x"));
          response.write(event("MODIFIED", thing("a", 9)) + event("DELETED", thing("b", 10)));
          response.write(event("BOOKMARK", { metadata: { resourceVersion: "42" } }));
          response.end();
        },
        open,
      ],
    ),
  );
  const { reflector, told } = reflect(api);
  await reflector.synced;
  await until(() => api.asked.length >= 4);
  expect(told).toEqual(["+a", "+b", "~a", "-b"]);
  expect(api.asked[1]).toContain("continue=page-2");
  expect(api.asked[2]).toMatch(/watch=true.*allowWatchBookmarks=true.*resourceVersion=7/);
  expect(api.asked[3]).toContain("resourceVersion=42");
  await reflector.close();
});

test.each<[string, Answer]>([
  [
    "as an event",
    (_, response) => response.end(event("ERROR", { code: 410, reason: "Expired", message: "too old" })),
  ],
  ["as the answer", (_, response) => send(response, 410, { reason: "Expired", message: "too old" })],
])("410 %s: one new list, which tells what has gone meanwhile", async (_, gone) => {
  await using api = await startScriptedApi(
    script(
      [
        (__, response) => send(response, 200, list(1, ["a", "b"])),
        (__, response) => send(response, 200, list(5, ["b", "c"])),
      ],
      [gone, open],
    ),
  );
  const { reflector, told } = reflect(api);
  await until(() => told.includes("+c"));
  expect(told).toEqual(["+a", "+b", "-a", "+c"]);
  await until(() => api.asked.length >= 4);
  expect(reflector.health()).toMatchObject({ lists: 2, synced: true });
  await reflector.close();
});

test("a watch that says nothing at all, not even its end, is opened again from the last version", async () => {
  await using api = await startScriptedApi(
    script([(_, response) => send(response, 200, list(3, ["a"]))], [open]),
  );
  const { reflector, told } = reflect(api, { watchSeconds: 0.2, graceMs: 100 });
  await until(() => api.asked.length >= 3, 30_000);
  expect(api.asked[2]).toContain("resourceVersion=3");
  expect(told).toEqual(["+a"]);
  expect(reflector.health().lists).toBe(1);
  await reflector.close();
});

test("an expired token, an overloaded server and a broken connection are waited out, and what is known stays", async () => {
  await using api = await startScriptedApi(
    script(
      [
        (_, response) => send(response, 401, { reason: "Unauthorized", message: "token has expired" }),
        (_, response) => send(response, 429, { message: "too many" }, { "retry-after": "0" }),
        (_, response) => send(response, 200, list(3, ["a"])),
      ],
      [
        (_, response) => send(response, 401, { message: "token has expired" }),
        (request) => request.socket.destroy(),
        (_, response) => send(response, 500, { message: "etcd has no leader" }),
        (_, response) => {
          response.writeHead(200);
          response.write(event("ADDED", thing("b", 8)));
          response.write("{ half a line");
          setTimeout(() => response.destroy(), 10);
        },
        open,
      ],
    ),
  );
  const { reflector, told } = reflect(api);
  await reflector.synced;
  await until(() => api.asked.length >= 8, 30_000);
  expect(told).toEqual(["+a", "+b"]);
  expect(api.asked[7]).toContain("resourceVersion=8");
  await reflector.close();
});
