import { describe, expect, it } from "vitest";
import { defaultDependencies } from "./default-dependency.ts";

const stdlib = new Set(["json", "os"]);

describe("defaultDependencies", () => {
  it.each([
    ["numpy", ["numpy"]],
    ["scipy.linalg", ["scipy"]],
    ["cv2", ["opencv-python-headless"]],
    ["sklearn.svm", ["scikit-learn"]],
    ["PIL.Image", ["pillow"]],
    ["google.cloud.storage.blob", ["google-cloud-storage"]],
    ["json.decoder", []],
    ["os", []],
  ])("%s needs %j", (importName, expected) => {
    expect(defaultDependencies(importName, stdlib)).toEqual(expected);
  });
});
