import { Module_State } from "@podule/proto/podule/v1/modules.ts";
import { expect, test } from "vitest";
import { failure } from "../../stack/call-failure.ts";
import { deployment } from "../../stack/deployed-stack.ts";
import { moduleWhen, spec } from "../../stack/modules.ts";
import { useStack } from "../../stack/use-stack.ts";
import { plain, str } from "../../stack/values.ts";
import { kubectl } from "../commands.ts";
import { eventually } from "../eventually.ts";

const running = useStack();
type Fields = NonNullable<Parameters<typeof spec>[0]>;
const small = { libCpuReq: "50m", libMemSizeReq: "64Mi" };

const secret = { $case: "secretKeyRef", value: { name: "none", key: "token" } } as const;
const CASES: readonly (readonly [string, string, Fields, string, RegExp])[] = [
  ["no node has so much", "huge", { libMemSizeReq: "1000Gi" }, "POD_UNSCHEDULABLE", /Insufficient memory/],
  [
    "no such image",
    "imageless",
    { ...small, image: "127.0.0.1:1/none:1" },
    "POD_IMAGE_FAILED",
    /127\.0\.0\.1:1/,
  ],
  [
    "a Secret is missing",
    "secretless",
    { ...small, env: [{ name: "TOKEN", source: secret }] },
    "POD_CONFIG_INVALID",
    /secret "none" not found/,
  ],
  [
    "nothing of that name to import",
    "nothing_here",
    { ...small, dependency: ["idna"] },
    "",
    /No module named/,
  ],
];

test.each(CASES)("%s: the waiting caller and the status say so", async (_what, id, fields, reason, words) => {
  const { connection } = running.stack;
  await connection.modules.createModule({
    moduleId: id,
    module: { spec: spec({ importName: id === "nothing_here" ? id : "math", ...fields }) },
  });
  const error = await failure(connection.call(id, "sqrt", [], { timeoutMs: 60_000 }));
  expect(error.details).toMatch(words);
  if (reason !== "") expect(error.reason).toBe(reason);
  const failed = await moduleWhen(connection, `modules/${id}`, Module_State.FAILED);
  expect(failed.status?.error?.message).toMatch(words);
});

test("what was missing comes: the same module starts", async () => {
  const namespace = deployment()?.namespace ?? "";
  const { connection } = running.stack;
  const source = { $case: "secretKeyRef", value: { name: "late", key: "token" } } as const;
  const env = [
    { name: "TOKEN", source },
    { name: "GREETING", source: { $case: "value", value: "$(TOKEN) hello" } as const },
  ];
  await connection.modules.createModule({
    moduleId: "late",
    module: { spec: spec({ ...small, importName: "os", env }) },
  });
  expect((await failure(connection.call("late", "getenv", [str("TOKEN")]))).details).toContain("late");
  await kubectl(["create", "secret", "generic", "late", "-n", namespace, "--from-literal=token=s3cret"]);
  await eventually(
    async () => (await connection.modules.getModule({ name: "modules/late" })).status?.state,
    (state) => state === Module_State.READY,
  );
  expect(plain(await connection.call("late", "getenv", [str("TOKEN")]))).toBe("s3cret");
  expect(plain(await connection.call("late", "getenv", [str("GREETING")]))).toBe("$(TOKEN) hello");
  await kubectl(["delete", "secret", "late", "-n", namespace]);
});
