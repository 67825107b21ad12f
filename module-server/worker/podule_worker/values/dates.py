"""datetime, date, time and timedelta."""

from __future__ import annotations

import datetime
from typing import Any, Optional, Tuple

from ..wire import (
    BYTES,
    VARINT,
    Buffer,
    InvalidValue,
    delimited,
    expect,
    read_fields,
    read_text,
    tag,
    text,
    unsigned,
    unzigzag,
    zigzag,
)
from .decode import reads
from .encode import NotAValue, Walk, type_name, writes


def _read_parts(buffer: Buffer, at: int, end: int) -> Tuple[str, Any, int]:
    iso, zone, fold = "", "", 0
    for number, wire, a, b in read_fields(buffer, at, end):
        if number in (1, 2):
            expect(wire, BYTES, "iso" if number == 1 else "zone")
            if number == 1:
                iso = read_text(buffer, a, b)
            else:
                zone = read_text(buffer, a, b)
        elif number == 3:
            expect(wire, VARINT, "fold")
            fold = a
    if fold > 1:
        raise InvalidValue("fold is 0 or 1")
    # Python before 3.11 does not know the Z that others write.
    return (iso[:-1] + "+00:00" if iso.endswith("Z") else iso), _zone(zone) if zone else None, fold


def _zone(key: str) -> datetime.tzinfo:
    import zoneinfo

    try:
        return zoneinfo.ZoneInfo(key)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        raise InvalidValue(f"the module's environment has no time zone {key[:64]!r}").within(".zone") from None


@reads(21, "datetime")
def _datetime(buffer: Buffer, at: int, end: int, _depth: int) -> Any:
    iso, zone, fold = _read_parts(buffer, at, end)
    value = datetime.datetime.fromisoformat(iso)
    if zone is None:
        return value.replace(fold=fold)
    local = value.replace(tzinfo=zone, fold=fold)
    if value.tzinfo is None or value.utcoffset() == local.utcoffset():
        return local
    # The two ends know different rules for this zone: the instant is what counts.
    return value.astimezone(zone)


@reads(23, "time")
def _time(buffer: Buffer, at: int, end: int, _depth: int) -> Any:
    iso, zone, fold = _read_parts(buffer, at, end)
    value = datetime.time.fromisoformat(iso).replace(fold=fold)
    return value if zone is None else value.replace(tzinfo=zone)


@reads(22, "date")
def _date(buffer: Buffer, at: int, end: int, _depth: int) -> Any:
    return datetime.date.fromisoformat(read_text(buffer, at, end))


@reads(24, "timedelta")
def _timedelta(buffer: Buffer, at: int, end: int, _depth: int) -> Any:
    parts = [0, 0, 0]
    for number, wire, a, _ in read_fields(buffer, at, end):
        if 1 <= number <= 3:
            expect(wire, VARINT, ("days", "seconds", "microseconds")[number - 1])
            parts[number - 1] = unzigzag(a) if number == 1 else a
    days, seconds, microseconds = parts
    if seconds > 86_399 or microseconds > 999_999:
        raise InvalidValue("seconds go to 86,399 and microseconds to 999,999")
    return datetime.timedelta(days, seconds, microseconds)


def _zone_name(zone: Optional[datetime.tzinfo]) -> str:
    """The IANA name of zoneinfo's zones (`key`) and of pytz's (`zone`)."""
    for name in ("key", "zone"):
        key = getattr(zone, name, None)
        if isinstance(key, str):
            return key
    return ""


def _exact(value: Any) -> None:
    """pandas has subclasses that hold nanoseconds, or no time at all (NaT)."""
    if getattr(value, "nanosecond", 0) or getattr(value, "nanoseconds", 0) or value != value:
        name = type_name(type(value))
        raise NotAValue(f"this {name} has no exact form in Python's datetime", python_type=name)


def _date_time(number: int, value: Any, iso: str) -> bytes:
    zone = _zone_name(value.tzinfo)
    return delimited(number, text(1, iso) + text(2, zone) + unsigned(3, value.fold))


@writes("datetime", "datetime")
def _write_datetime(value: Any, _walk: Walk) -> bytes:
    _exact(value)
    return _date_time(21, value, datetime.datetime.isoformat(value))


@writes("datetime", "time")
def _write_time(value: Any, _walk: Walk) -> bytes:
    return _date_time(23, value, datetime.time.isoformat(value))


@writes("datetime", "date")
def _write_date(value: Any, _walk: Walk) -> bytes:
    return delimited(22, datetime.date.isoformat(value).encode())


@writes("datetime", "timedelta")
def _write_timedelta(value: Any, _walk: Walk) -> bytes:
    _exact(value)
    days = tag(1, VARINT) + zigzag(value.days) if value.days else b""
    return delimited(24, days + unsigned(2, value.seconds) + unsigned(3, value.microseconds))
