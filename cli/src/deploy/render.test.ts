import { expect, test } from "vitest";
import { parseImage, render } from "./render.ts";

const DIGEST = `sha256:${"0a".repeat(32)}`;

test.each([
  ["podule:dev", { newName: "podule", newTag: "dev" }],
  ["podule", { newName: "podule", newTag: "latest" }],
  ["registry.example:5000/a/podule:1.2", { newName: "registry.example:5000/a/podule", newTag: "1.2" }],
  ["registry.example:5000/podule", { newName: "registry.example:5000/podule", newTag: "latest" }],
  [`podule@${DIGEST}`, { newName: "podule", digest: DIGEST }],
  [`podule:dev@${DIGEST}`, { newName: "podule", digest: DIGEST }],
])("image %s", (image, parts) => {
  expect(parseImage(image)).toEqual(parts);
});

test.each(["", "a b", "podule@sha256:1", ":dev"])("%j is no image", (image) => {
  expect(() => parseImage(image)).toThrow(/is no image/);
});

test("an overlay that is not there", async () => {
  const none = render({ overlay: "nowhere", namespace: "ns" }, async () => "");
  await expect(none).rejects.toThrow(/There is no overlay .*nowhere/);
});
