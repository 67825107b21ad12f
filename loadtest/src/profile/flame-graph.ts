import type { Folded } from "./folded.ts";

interface Frame {
  readonly name: string;
  time: number;
  readonly children: Map<string, Frame>;
}

const WIDTH = 1200;
const ROW = 15;
const TITLE = 24;
/** What is narrower is not drawn: the file stays small, and nobody could read it. */
const MIN_SHARE = 0.004;
const CHARACTER = 6.2;

/** A flame graph as SVG: width is time, what calls is below what it calls. Names and shares are also tooltips. */
export function flameGraph(title: string, folded: Folded): string {
  const root: Frame = { name: "all", time: 0, children: new Map() };
  for (const [stack, time] of folded) {
    root.time += time;
    let frame = root;
    for (const name of stack.split(";")) {
      const next: Frame = frame.children.get(name) ?? { name, time: 0, children: new Map() };
      frame.children.set(name, next);
      next.time += time;
      frame = next;
    }
  }
  const rows = depth(root, root.time * MIN_SHARE);
  const height = TITLE + rows * ROW + 4;
  const boxes: string[] = [];
  draw(root, 0, 0);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" font-family="monospace" font-size="10">`,
    `<rect width="${WIDTH}" height="${height}" fill="#fff"/>`,
    `<text x="4" y="16" font-size="13">${escaped(title)}</text>`,
    ...boxes,
    "</svg>\n",
  ].join("\n");

  function draw(frame: Frame, left: number, row: number): void {
    const width = (frame.time / root.time) * WIDTH;
    const y = height - (row + 1) * ROW - 2;
    const words = `${frame.name} ${((100 * frame.time) / root.time).toFixed(1)} %`;
    const label = frame.name.slice(0, Math.floor((width - 4) / CHARACTER));
    boxes.push(
      `<g><title>${escaped(words)}</title><rect x="${left.toFixed(1)}" y="${y}" width="${Math.max(width - 0.5, 0.5).toFixed(1)}" height="${ROW - 1}" fill="${color(frame.name)}"/>` +
        (label.length > 2
          ? `<text x="${(left + 2).toFixed(1)}" y="${y + 10.5}">${escaped(label)}</text>`
          : "") +
        "</g>",
    );
    let at = left;
    for (const child of [...frame.children.values()].sort((a, b) => b.time - a.time)) {
      if (child.time >= root.time * MIN_SHARE) draw(child, at, row + 1);
      at += (child.time / root.time) * WIDTH;
    }
  }
}

function depth(frame: Frame, least: number): number {
  let deepest = 0;
  for (const child of frame.children.values())
    if (child.time >= least) deepest = Math.max(deepest, depth(child, least));
  return deepest + 1;
}

/** The same for the same name, in every graph. */
function color(name: string): string {
  let hash = 7;
  for (const character of name) hash = (hash * 31 + (character.codePointAt(0) ?? 0)) % 9973;
  return `hsl(${20 + (hash % 40)} 85% ${62 + (hash % 17)}%)`;
}

function escaped(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}
