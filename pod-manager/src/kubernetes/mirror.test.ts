import fc from "fast-check";
import { expect, test } from "vitest";
import { createMirror } from "./mirror.ts";
import type { KubernetesObject } from "./objects.ts";

function object(name: string, uid: string, version: number): KubernetesObject {
  const metadata = { name, uid, resourceVersion: String(version), labels: {}, annotations: {} };
  return { metadata: { ...metadata, finalizers: [], ownerReferences: [] } };
}

function listen() {
  const told: string[] = [];
  const text = ({ metadata }: KubernetesObject) => `${metadata.uid}@${metadata.resourceVersion}`;
  const mirror = createMirror<KubernetesObject>({
    onAdd: (one) => told.push(`+${text(one)}`),
    onUpdate: (one) => told.push(`~${text(one)}`),
    onDelete: (one) => told.push(`-${text(one)}`),
  });
  return { mirror, told };
}

test("what is older changes nothing, what was made anew is another one", () => {
  const { mirror, told } = listen();
  mirror.replace([object("a", "1", 5)], "10");
  mirror.changed(object("a", "1", 12));
  mirror.changed(object("a", "1", 11));
  mirror.written(object("a", "1", 13));
  mirror.changed(object("a", "1", 13));
  mirror.changed(object("a", "2", 20));
  expect(told).toEqual(["+1@5", "~1@12", "~1@13", "-1@13", "+2@20"]);
});

test("an answer that comes after the news of its deletion brings nothing back", () => {
  const { mirror, told } = listen();
  mirror.replace([], "10");
  mirror.written(object("a", "1", 11));
  mirror.deleted(object("a", "1", 15));
  mirror.written(object("a", "1", 14));
  expect(told).toEqual(["+1@11", "-1@11"]);
});

test("a new list takes away what it does not have, but not what was written since", () => {
  const { mirror, told } = listen();
  mirror.replace([object("a", "1", 1), object("b", "2", 2)], "3");
  mirror.written(object("c", "3", 9));
  mirror.replace([object("b", "2", 6)], "8");
  expect(told).toEqual(["+1@1", "+2@2", "+3@9", "-1@1", "~2@6"]);
  expect([...mirror.all()]).toHaveLength(2);
});

test("whatever comes twice or late, it ends as the server is", () => {
  const change = fc.record({ name: fc.constantFrom("a", "b", "c"), kind: fc.constantFrom("put", "delete") });
  fc.assert(
    fc.property(fc.array(change, { maxLength: 40 }), fc.infiniteStream(fc.nat(3)), (changes, repeats) => {
      const { mirror } = listen();
      mirror.replace([], "0");
      const server = new Map<string, KubernetesObject>();
      const history: (() => void)[] = [];
      let version = 0;
      for (const { name, kind } of changes) {
        version++;
        const there = server.get(name);
        if (kind === "put") {
          const now = object(name, there?.metadata.uid ?? `u${version}`, version);
          server.set(name, now);
          mirror.changed(now);
          history.push(() => mirror.written(now));
        } else if (there !== undefined) {
          server.delete(name);
          mirror.deleted(object(name, there.metadata.uid, version));
        }
        // Answers to writes arrive when they like.
        const late = history[history.length - 1 - (repeats.next().value ?? 0)];
        late?.();
        expect(new Map([...mirror.all()].map((one) => [one.metadata.name, one]))).toEqual(server);
      }
    }),
  );
});
