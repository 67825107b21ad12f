import type { Trace } from "./simulate.ts";

const MINUTE = 60;

/** Ten minutes each, of calls that take half a second. */
export const traces = {
  constant: { seconds: 600, rate: () => 10 },
  step: { seconds: 600, rate: (second) => (second < 120 ? 2 : 20) },
  ramp: { seconds: 600, rate: (second) => Math.min(40, second / 10) },
  burst: { seconds: 600, rate: (second) => (second >= 120 && second < 130 ? 60 : 2) },
  sawtooth: { seconds: 600, rate: (second) => ((second % (2 * MINUTE)) / (2 * MINUTE)) * 30 },
  flapping: { seconds: 600, rate: (second) => (Math.floor(second / 20) % 2 === 0 ? 20 : 0) },
  silence: { seconds: 600, rate: (second) => (second < 120 ? 20 : 0) },
  "lost reports": {
    seconds: 600,
    rate: () => 10,
    isDeaf: (second) => second >= 200 && second < 290,
  },
  "leader change": {
    seconds: 600,
    rate: (second) => (second < 120 ? 2 : 20),
    handOvers: new Set([122, 300, 302]),
  },
  "clock ahead": { seconds: 600, rate: () => 10, offset: (second) => (second < 300 ? 0 : 3_600_000) },
  "clock back": { seconds: 600, rate: () => 10, offset: (second) => (second < 300 ? 3_600_000 : 0) },
} satisfies Record<string, Trace>;

const HOUR = 3600;
const DAY = 24 * HOUR;

/** Seven days of calls by day: most at two in the afternoon, a quarter of them at the weekend, none in the dead of night, a burst at nine. */
export const week: Trace = {
  seconds: 7 * DAY,
  step: 0.5,
  rate(second) {
    const day = Math.floor(second / DAY);
    const hour = (second % DAY) / HOUR;
    const shape = Math.max(0, Math.cos(((hour - 14) / 24) * 2 * Math.PI) + 0.4) / 1.4;
    const burst = hour >= 9 && hour < 9.05 ? 2 : 1;
    return 30 * shape * burst * (day < 5 ? 1 : 0.25);
  },
};
