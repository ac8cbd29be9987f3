"""The single values a config holds: addresses, times and the moments of filing; how each is written and checked."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import time, timedelta
from typing import Annotated, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import idna
from pydantic import BeforeValidator, PlainSerializer, PlainValidator, WithJsonSchema

from mailsorter.config.problem import show_value, wrong
from mailsorter.model.filing import QuietHours, Timing, When

LONGEST_FOLDER_NAME = 255  # graph-facts, section 3


def text_of(value: Any, expected: str) -> str:
    """The value as text without outer blanks. Raises `wrong` for anything but text."""
    if not isinstance(value, str):
        raise wrong(show_value(value), expected)
    return value.strip()


# addresses and domains -------------------------------------------------------------------------------------------


# Lenient on purpose: underscores and outer hyphens are against the rule of host names and yet stand in mail, and a
# book gathered from mail holds damaged names too. One that exists nowhere matches nothing.
_ASCII_DOMAIN = re.compile(r"(?:[A-Za-z0-9_-]{1,63}\.)+[A-Za-z0-9_-]{1,63}")


# the form that nearly every address has; everything else takes the slow road
_PLAIN_ADDRESS = re.compile(rf"[A-Za-z0-9._+-]+@{_ASCII_DOMAIN.pattern}")


def _is_domain(domain: str) -> bool:
    if domain.isascii():
        return len(domain) <= 253 and _ASCII_DOMAIN.fullmatch(domain) is not None
    try:
        idna.encode(domain, uts46=True)
    except idna.IDNAError:
        return False
    return "." in domain


def parse_domain(value: Any) -> str:
    """A domain name in lower case, without the final dot."""
    text = text_of(value, "a domain name such as acme.example")
    domain = text.lower().rstrip(".").removeprefix("@")
    if not _is_domain(domain):
        raise wrong(show_value(value), "a domain name with a dot, such as acme.example")
    return domain


def parse_address(value: Any) -> str:
    """A mail address, its domain in lower case.

    Only what no address can be is refused: `c..hall@voorbeeld.example` exists, whatever RFC 5321 says.
    """
    if isinstance(value, str) and _PLAIN_ADDRESS.fullmatch(value):
        local, _, domain = value.partition("@")
        return f"{local}@{domain.lower()}"
    expected = "a mail address such as name@acme.example"
    text = text_of(value, expected)
    local, at, domain = text.rpartition("@")
    good = at and local and not any(c in '<>,;"' or c.isspace() or not c.isprintable() for c in local)
    if not good or "@" in local or not _is_domain(domain.lower()):
        raise wrong(show_value(value), expected)
    return f"{local}@{domain.lower()}"


Address = Annotated[str, BeforeValidator(parse_address), WithJsonSchema({"type": "string", "format": "idn-email"})]
Domain = Annotated[str, BeforeValidator(parse_domain), WithJsonSchema({"type": "string", "format": "idn-hostname"})]


def parse_address_or_domain(value: Any) -> str:
    """A whole address, or `@domain` for everyone there."""
    text = text_of(value, "a mail address, or @domain for everyone there")
    return "@" + parse_domain(text[1:]) if text.startswith("@") else parse_address(text)


AddressOrDomain = Annotated[str, BeforeValidator(parse_address_or_domain), WithJsonSchema({"type": "string"})]


def one_or_many(value: Any) -> Any:
    """A single text stands for a list of one."""
    return [value] if isinstance(value, str) else value


# times -----------------------------------------------------------------------------------------------------------

_UNITS = {"second": 1, "minute": 60, "hour": 3600, "day": 86400, "week": 604800}
_DURATION = re.compile(r"(\d{1,6}) *(s|m|h|d|w|seconds?|minutes?|hours?|days?|weeks?)")
_EXPECTED_DURATION = 'a length of time in quotes, such as "30 seconds", "5 minutes", "1 hour" or "14 days"'


def parse_duration(value: Any) -> timedelta:
    """`30s`, `5 minutes`, `1 hour`, `14 days`."""
    if isinstance(value, timedelta):
        return value
    found = _DURATION.fullmatch(text_of(value, _EXPECTED_DURATION))
    if found is None:
        raise wrong(show_value(value), _EXPECTED_DURATION)
    unit = next(seconds for name, seconds in _UNITS.items() if name.startswith(found[2].rstrip("s") or "s"))
    return timedelta(seconds=int(found[1]) * unit)


def show_duration(value: timedelta) -> str:
    """The length in its largest whole unit."""
    seconds = int(value.total_seconds())
    name, size = next((n, s) for n, s in reversed(_UNITS.items()) if (seconds % s == 0 and seconds >= s) or s == 1)
    count = seconds // size
    return f"{count} {name}{'' if count == 1 else 's'}"


Duration = Annotated[
    timedelta,
    BeforeValidator(parse_duration),
    PlainSerializer(show_duration, return_type=str),
    WithJsonSchema({"type": "string", "pattern": f"^{_DURATION.pattern}$"}),
]


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of calendar time: whole years and days."""

    years: int = 0
    days: int = 0

    def __str__(self) -> str:
        count, name = (self.years, "year") if self.years else (self.days, "day")
        return f"{count} {name}{'' if count == 1 else 's'}"


def parse_span(value: Any, *, years: bool = True) -> Span:
    """`7 years` or `90 days`."""
    if isinstance(value, Span):
        return value
    expected = '"7 years" or "90 days"' if years else 'whole days, such as "90 days"'
    found = re.fullmatch(r"(\d{1,5}) *(years?|days?)", text_of(value, expected))
    if found is None or int(found[1]) == 0 or (found[2].startswith("year") and not years):
        raise wrong(show_value(value), expected)
    return Span(years=int(found[1])) if found[2].startswith("year") else Span(days=int(found[1]))


Term = Annotated[
    Span,
    PlainValidator(parse_span),
    PlainSerializer(str, return_type=str),
    WithJsonSchema({"type": "string", "pattern": r"^\d+ *(years?|days?)$"}),
]
Days = Annotated[
    int,
    BeforeValidator(lambda value: parse_span(value, years=False).days),
    PlainSerializer(lambda days: str(Span(days=days)), return_type=str),
    WithJsonSchema({"type": "string", "pattern": r"^\d+ *days?$"}),
]


def parse_time(value: Any) -> time:
    """A time of day, as TOML's own `02:30:00` or as text `02:30`."""
    if isinstance(value, time):
        return value
    text = text_of(value, 'a time of day such as "02:30"')
    if not re.fullmatch(r"\d\d:\d\d", text) or not (text < "24:00" and text[3:] < "60"):
        raise wrong(show_value(value), 'a time of day such as "02:30"')
    return time.fromisoformat(text)


TimeOfDay = Annotated[
    time,
    BeforeValidator(parse_time),
    PlainSerializer(lambda value: value.strftime("%H:%M"), return_type=str),
    WithJsonSchema({"type": "string", "pattern": r"^\d\d:\d\d$"}),
]


def parse_timezone(value: Any) -> str:
    """The name of a time zone that this machine knows."""
    expected = "a time zone such as Europe/Amsterdam"
    text = text_of(value, expected)
    try:
        ZoneInfo(text)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise wrong(show_value(value), expected) from None
    return text


TimeZone = Annotated[str, BeforeValidator(parse_timezone), WithJsonSchema({"type": "string"})]


# filing ----------------------------------------------------------------------------------------------------------


def show_quiet_hours(value: QuietHours) -> str:
    """As the config writes them."""
    return f"{value.start:%H:%M}-{value.end:%H:%M}"


def parse_quiet_hours(value: Any) -> QuietHours:
    """`08:00-18:00`."""
    if isinstance(value, QuietHours):
        return value
    expected = 'hours of the day such as "08:00-18:00"'
    start, dash, end = text_of(value, expected).partition("-")
    if not dash or start.strip() == end.strip():
        raise wrong(show_value(value), expected)
    return QuietHours(parse_time(start.strip()), parse_time(end.strip()))


Quiet = Annotated[
    QuietHours,
    PlainValidator(parse_quiet_hours),
    PlainSerializer(show_quiet_hours, return_type=str),
    WithJsonSchema({"type": "string", "pattern": r"^\d\d:\d\d *- *\d\d:\d\d$"}),
]


_EXPECTED_TIMING = '"arrival", "read" or "after N days"'


def parse_timing(value: Any) -> Timing:
    """`arrival`, `read` or `after 3 days`."""
    if isinstance(value, Timing):
        return value
    text = " ".join(text_of(value, _EXPECTED_TIMING).split())
    if text in ("arrival", "read"):
        return Timing(When(text))
    found = re.fullmatch(r"after (\d{1,5}) days?", text)
    if found is None:
        raise wrong(show_value(value), _EXPECTED_TIMING)
    return Timing(When.AFTER, int(found[1]))


def show_timing(value: Timing) -> str:
    """As the config writes it."""
    return f"after {value.days} day{'' if value.days == 1 else 's'}" if value.when is When.AFTER else value.when.value


FilingMoment = Annotated[
    Timing,
    PlainValidator(parse_timing),
    PlainSerializer(show_timing, return_type=str),
    WithJsonSchema({"type": "string", "pattern": r"^(arrival|read|after \d+ days?)$"}),
]
