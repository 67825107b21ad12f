import { Temporal } from "temporal-polyfill";
import { expect, test } from "vitest";
import { fromTemporal } from "./temporal.ts";
import { PyDate, PyDateTime, PyTime, TimeDelta } from "./times.ts";

test.each([
  [Temporal.PlainDate.from("2026-11-25"), new PyDate("2026-11-25")],
  [Temporal.PlainTime.from("01:02:03"), new PyTime("01:02:03")],
  [Temporal.PlainTime.from("01:02:03.004005006"), new PyTime("01:02:03.004005")],
  [Temporal.PlainDateTime.from("2026-11-25T01:02:03.5"), new PyDateTime("2026-11-25T01:02:03.500000")],
  [Temporal.Instant.from("2026-11-25T01:02:03Z"), new PyDateTime("2026-11-25T01:02:03+00:00")],
  [
    Temporal.ZonedDateTime.from("2026-11-25T01:02:03+01:00[Europe/Paris]"),
    new PyDateTime("2026-11-25T01:02:03+01:00", "Europe/Paris"),
  ],
  [Temporal.ZonedDateTime.from("2026-11-25T01:02:03[+05:30]"), new PyDateTime("2026-11-25T01:02:03+05:30")],
  [Temporal.Duration.from({ weeks: 1, days: 2, hours: 3, milliseconds: 4 }), new TimeDelta(9, 10_800, 4000)],
  [Temporal.Duration.from({ minutes: -1, microseconds: -7 }), new TimeDelta(0, -60, -7)],
])("%s", (value, expected) => {
  expect(fromTemporal(value)).toEqual(expected);
});

test("what Python has no class for, and what is no Temporal object, is none", () => {
  expect(fromTemporal(Temporal.Duration.from({ months: 1 }))).toBeUndefined();
  expect(fromTemporal(Temporal.PlainYearMonth.from("2026-11"))).toBeUndefined();
  expect(fromTemporal(new Map())).toBeUndefined();
});
