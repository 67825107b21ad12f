import { describe, expect, it } from "vitest";
import {
  type EnvironmentRequest,
  formatLock,
  hasAllHashes,
  makeLock,
  parseLock,
  requestKey,
  unlocked,
} from "./lock.ts";
import type { PythonFacts } from "./python-facts.ts";

const python: PythonFacts = {
  path: "/usr/bin/python3",
  version: "3.12.1",
  implementation: "cpython",
  platform: "linux-x86_64-glibc-2.36",
  abi: "cpython-312-x86_64-linux-gnu",
  stdlib: ["json"],
  file: "1-2-3",
};
const request: EnvironmentRequest = { importName: "a", dependencies: ["x", "y"], python: "", ownCode: false };

describe("a lock", () => {
  it("comes back as it was written, and not when it was changed", () => {
    const lock = makeLock(python, "six==1 \\\n    --hash=sha256:00\n");
    const text = formatLock(lock);
    expect(parseLock(text)).toEqual(lock);
    expect(parseLock(text.replace("six==1", "six==2"))).toBeUndefined();
    expect(parseLock(text.slice(0, -1))).toBeUndefined();
    expect(parseLock("[]")).toBeUndefined();
  });

  it("has the digest of its packages, Python and platform, not of where the interpreter is", () => {
    const { digest } = makeLock(python, "a");
    expect(makeLock({ ...python, path: "/opt/python" }, "a").digest).toBe(digest);
    expect(makeLock({ ...python, version: "3.12.2" }, "a").digest).not.toBe(digest);
    expect(makeLock({ ...python, abi: "cpython-312t" }, "a").digest).not.toBe(digest);
    expect(makeLock({ ...python, platform: "linux-aarch64" }, "a").digest).not.toBe(digest);
    expect(makeLock(python, "b").digest).not.toBe(digest);
  });

  it("is shared by requests that mean the same", () => {
    expect(requestKey({ ...request, dependencies: ["y", " x", "x"] })).toBe(requestKey(request));
    expect(requestKey({ ...request, importName: "b" })).toBe(requestKey(request));
    expect(requestKey({ ...request, python: "3.12" })).not.toBe(requestKey(request));
    const bare = { ...request, dependencies: [] };
    expect(requestKey({ ...bare, importName: "b" })).not.toBe(requestKey(bare));
  });

  it("knows what has no hash", () => {
    const commit = "d184d87b985aa2c27b2e25ba83a068e744196ac0";
    const text = `six==1 \\\n    --hash=sha256:00\ngit @ git+file:///r@${commit}\nloose @ file:///folder\n`;
    expect(unlocked(text)).toEqual(["loose"]);
    expect(hasAllHashes(text)).toBe(false);
    expect(hasAllHashes("six==1 \\\n    --hash=sha256:00\n")).toBe(true);
  });
});
