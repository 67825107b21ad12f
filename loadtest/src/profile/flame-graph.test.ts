import { expect, test } from "vitest";
import { flameGraph } from "./flame-graph.ts";
import { foldProfile, hottest, parseFolded } from "./folded.ts";

const frame = (functionName: string, url = "") => ({
  functionName,
  url,
  scriptId: "0",
  lineNumber: 0,
  columnNumber: 0,
});

test("a V8 profile as stacks: without idle time, the file's name behind the function's", () => {
  const folded = foldProfile({
    nodes: [
      { id: 1, callFrame: frame("(root)"), children: [2, 3, 5] },
      { id: 2, callFrame: frame("main", "file:///a/b/main.ts"), children: [4] },
      { id: 3, callFrame: frame("(idle)") },
      { id: 4, callFrame: frame("") },
      { id: 5, callFrame: frame("post", "node:inspector") },
    ],
    samples: [4, 2, 3, 4, 5],
    timeDeltas: [10, 20, 1000, 30, 500],
    startTime: 0,
    endTime: 1560,
  });
  expect([...folded]).toEqual([
    ["main main.ts;(anonymous)", 40],
    ["main main.ts", 20],
  ]);
  expect(hottest(folded, 1)).toEqual([{ name: "(anonymous)", share: 40 / 60 }]);
});

test("a graph names what takes time, and leaves out what takes next to none", () => {
  const svg = flameGraph("<title>", parseFolded("a (x.py:1);b 600\na (x.py:1) 399\nc 1\n\nno number x\n"));
  expect(svg).toContain("<title>a (x.py:1) 99.9 %</title>");
  expect(svg).toContain("<title>b 60.0 %</title>");
  expect(svg).toContain("&lt;title&gt;");
  expect(svg).not.toContain("<title>c ");
});
