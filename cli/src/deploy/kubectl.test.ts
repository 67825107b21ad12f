import { expect, test } from "vitest";
import { UserError } from "../user-error.ts";
import { createKubectl, withoutLog } from "./kubectl.ts";

const LOG = 'E1125 03:11:13.006205    2068 memcache.go:265] "Unhandled Error" err="connection refused"';

test("of what kubectl prints, its libraries' log is left out", () => {
  expect(withoutLog(`${LOG}\n${LOG}\nThe connection was refused\n`)).toBe("The connection was refused");
  expect(withoutLog(LOG)).toBe("");
  expect(withoutLog("Error from server (Forbidden): no")).toBe("Error from server (Forbidden): no");
});

test("its failure is an error in its words; a kubectl that is not there is one, too", async () => {
  const kubectl = (binary: string) =>
    createKubectl(binary, { namespace: "n", context: undefined }, process.env);
  const error = await kubectl("sh")
    .run(["no-such-script"])
    .catch((error: unknown) => error);
  expect(error).toBeInstanceOf(UserError);
  expect(String(error)).toContain("no-such-script");
  await expect(kubectl("/nowhere/kubectl").run(["get"])).rejects.toThrow(/could not be started/);
});
