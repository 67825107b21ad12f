export interface Series {
  readonly name: string;
  /** Seconds, value. */
  readonly points: readonly (readonly [number, number])[];
}

export interface Chart {
  readonly title: string;
  readonly unit: string;
  readonly series: readonly Series[];
  /** Holds each value until the next one. */
  readonly steps?: boolean;
}

const [WIDTH, HEIGHT, LEFT, BOTTOM, TOP] = [720, 240, 56, 28, 28];
const COLORS = ["#2a6fb0", "#c4632a", "#3d8b4f", "#8050a0", "#777777", "#b03a5b"];
const TICKS = 4;

/** A line chart over time as SVG, without a library: axes from zero, a line for each series. */
export function svgChart({ title, unit, series, steps = false }: Chart): string {
  const points = series.flatMap((one) => one.points);
  const width = points.reduce((most, [x]) => Math.max(most, x), 1);
  const height = niceCeiling(points.reduce((most, [, y]) => Math.max(most, y), 0));
  const x = (value: number) => LEFT + (value / width) * (WIDTH - LEFT - 10);
  const y = (value: number) => HEIGHT - BOTTOM - (value / height) * (HEIGHT - BOTTOM - TOP);
  const parts = [`<text x="${LEFT}" y="16" font-weight="bold">${escapeXml(title)}</text>`];
  for (let tick = 0; tick <= TICKS; tick++) {
    const [at, time] = [(height * tick) / TICKS, (width * tick) / TICKS];
    parts.push(
      `<line x1="${LEFT}" x2="${WIDTH - 10}" y1="${n(y(at))}" y2="${n(y(at))}" stroke="#ddd"/>`,
      `<text x="${LEFT - 6}" y="${n(y(at) + 4)}" text-anchor="end">${short(at)}${tick === TICKS ? ` ${escapeXml(unit)}` : ""}</text>`,
      `<text x="${n(x(time))}" y="${HEIGHT - 8}" text-anchor="middle">${short(time)} s</text>`,
    );
  }
  for (const [index, { name, points: line }] of series.entries()) {
    const color = COLORS[index % COLORS.length];
    let before: number | undefined;
    const path = line.flatMap(([at, value]) => {
      const corner = steps && before !== undefined ? [`${n(x(at))},${n(y(before))}`] : [];
      before = value;
      return [...corner, `${n(x(at))},${n(y(value))}`];
    });
    parts.push(
      `<polyline fill="none" stroke="${color}" stroke-width="1.5" points="${path.join(" ")}"/>`,
      `<text x="${LEFT + 200 + 130 * index}" y="16" fill="${color}">${escapeXml(name)}</text>`,
    );
  }
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" font-family="sans-serif" font-size="11">${parts.join("")}</svg>`;
}

export function escapeXml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
}

function niceCeiling(value: number): number {
  if (value <= 0) return 1;
  const unit = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 4, 5, 10].map((factor) => factor * unit).find((step) => step >= value) ?? value;
}

function n(value: number): string {
  return value.toFixed(1);
}

function short(value: number): string {
  return value >= 100 || Number.isInteger(value) ? value.toFixed(0) : value.toPrecision(2);
}
