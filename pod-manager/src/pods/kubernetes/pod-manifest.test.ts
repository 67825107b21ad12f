import { gunzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { makeLock, parseLock } from "../../environments/lock.ts";
import type { PodTemplate } from "../pod-backend.ts";
import { type PodSettings, podManifest } from "./pod-manifest.ts";

const settings: PodSettings = {
  image: "podule:1",
  drainGraceMs: 30_000,
  sessionGraceMs: 20_000,
  maxMessageBytes: 5000,
  importTimeoutMs: 60_000,
  nodeLostSeconds: 30,
};
const template: PodTemplate = {
  moduleId: "numpy",
  generation: 3n,
  importName: "numpy",
  python: "/var/cache/podule/environments/ab/bin/python",
  workers: 2,
  moduleUid: "uid-1",
  cpu: 0.25,
  memory: 2 ** 28,
};
const python = {
  path: "/usr/bin/python3",
  version: "3.12.1",
  implementation: "cpython",
  platform: "linux",
  abi: "abi3",
  stdlib: [],
  file: "1",
};
const manifest = (changes: Partial<PodTemplate> = {}, more: Partial<PodSettings> = {}): string =>
  JSON.stringify(podManifest("numpy-3-7", { ...template, ...changes }, { ...settings, ...more }));
/** Plain JSON, to be looked into. */
const parsed = (text: string): Readonly<Record<string, unknown>> => JSON.parse(text);
const variable = (name: string, value: string) => JSON.stringify({ name, value });

test("a pod without an environment of its own is one container", () => {
  const pod = parsed(manifest());
  expect(pod).toMatchObject({
    metadata: {
      name: "numpy-3-7",
      labels: { "podule.dev/module": "numpy", "podule.dev/generation": "3" },
      ownerReferences: [{ kind: "Module", name: "numpy", uid: "uid-1", controller: true }],
    },
    spec: {
      restartPolicy: "Never",
      automountServiceAccountToken: false,
      terminationGracePeriodSeconds: 36,
      securityContext: { runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } },
      containers: [
        {
          name: "module",
          image: "podule:1",
          resources: { requests: { cpu: "250m", memory: "268435456" } },
          securityContext: {
            allowPrivilegeEscalation: false,
            readOnlyRootFilesystem: true,
            capabilities: { drop: ["ALL"] },
          },
        },
      ],
    },
  });
  expect(manifest()).not.toContain("environment-status");
  expect(manifest()).not.toContain("TLS");
});

test("the environment's container writes what the other one only reads", () => {
  const lock = makeLock(python, "numpy==2.3.4 --hash=sha256:00");
  const text = manifest(
    { lock },
    { environmentsClaim: "cache", uvVariables: { UV_DEFAULT_INDEX: "https://a/$b" } },
  );
  expect(parsed(text)).toMatchObject({
    spec: {
      containers: [
        {
          name: "module",
          volumeMounts: [
            { name: "tmp" },
            { name: "environments", readOnly: true },
            { name: "environment-status", readOnly: true },
          ],
        },
        { name: "environment", command: ["/bin/sh", "-c", expect.stringContaining("install-environment")] },
      ],
    },
  });
  expect(text).toContain('"persistentVolumeClaim":{"claimName":"cache"}');
  expect(text).toContain(variable("UV_DEFAULT_INDEX", "https://a/$$b"));
  const [, packed = ""] = /"PODULE_LOCK_0","value":"([^"]+)"/.exec(text) ?? [];
  expect(parseLock(gunzipSync(Buffer.from(packed, "base64")).toString())).toEqual(lock);
});

test("a lock that does not fit into a Pod is refused in words", () => {
  const lock = makeLock(python, randomText(1_500_000));
  expect(() => manifest({ lock })).toThrow(/bake it into an image/);
});

test("a module's variables and Secrets come before ours, so that ours win", () => {
  const text = manifest({
    env: [
      { name: "A", source: { $case: "value", value: "$(HOME) $1" } },
      { name: "B", source: { $case: "secretKeyRef", value: { name: "tokens", key: "b" } } },
    ],
  });
  expect(text).toContain(variable("A", "$$(HOME) $$1"));
  expect(text).toContain('{"name":"B","valueFrom":{"secretKeyRef":{"name":"tokens","key":"b"}}}');
  expect(text.indexOf('"name":"B"')).toBeLessThan(text.indexOf("MODULE_NAME"));
});

test("an image of one's own says itself where its Python is", () => {
  const text = manifest({ image: "mine:2" });
  expect(text).toContain('"image":"mine:2"');
  expect(text).not.toContain("PODULE_PYTHON");
});

test("TLS by a Secret; memory limits by the workers'", () => {
  const text = manifest({ workerMemoryLimit: 2 ** 30 }, { tlsSecret: "podule-module-tls" });
  expect(text).toContain('"secretName":"podule-module-tls"');
  expect(text).toContain(variable("PODULE_TLS_CLIENT_CA_FILE", "/var/run/podule/tls/ca.crt"));
  expect(text).toContain(`"limits":{"memory":"${2 * 2 ** 30 + 256 * 2 ** 20}"}`);
});

function randomText(length: number): string {
  let state = 1;
  let text = "";
  while (text.length < length) {
    state = (state * 48271) % 2147483647;
    text += state.toString(36);
  }
  return text;
}
