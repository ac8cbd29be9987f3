"""Public holidays of the Netherlands, computed; no table to forget to extend.

Source: Algemene termijnenwet, art. 3 (with Good Friday, which it puts on a par), the days the Netherlands name
under Regulation (EEC, Euratom) 1182/71.
"""

from __future__ import annotations

from datetime import date, timedelta
from functools import lru_cache


def easter_sunday(year: int) -> date:
    """Easter Sunday of a Gregorian year (the anonymous Gregorian computus, as in Meeus, Astronomical Algorithms)."""
    golden = year % 19
    century, year_of_century = divmod(year, 100)
    leap_centuries, century_rest = divmod(century, 4)
    moon_correction = (century - (century + 8) // 25 + 1) // 3
    epact = (19 * golden + century - leap_centuries - moon_correction + 15) % 30
    leap_years, leap_rest = divmod(year_of_century, 4)
    weekday = (32 + 2 * century_rest + 2 * leap_years - epact - leap_rest) % 7
    late = (golden + 11 * epact + 22 * weekday) // 451
    month, day = divmod(epact + weekday - 7 * late + 114, 31)
    return date(year, month, day + 1)


@lru_cache(maxsize=64)
def dutch_holidays(year: int) -> frozenset[date]:
    """Every day of the year that the Netherlands keep as a public holiday."""
    easter = easter_sunday(year)
    return frozenset(
        {
            date(year, 1, 1),
            easter - timedelta(days=2),  # Good Friday
            easter,
            easter + timedelta(days=1),
            _royal_birthday(year),
            date(year, 5, 5),  # Liberation Day
            easter + timedelta(days=39),  # Ascension
            easter + timedelta(days=49),  # Whit Sunday
            easter + timedelta(days=50),
            date(year, 12, 25),
            date(year, 12, 26),
        }
    )


def _royal_birthday(year: int) -> date:
    """King's Day since 2014, Queen's Day before; a day earlier when it falls on a Sunday (before 1980: a day later)."""
    day = date(year, 4, 27) if year >= 2014 else date(year, 4, 30)
    if day.weekday() != 6:
        return day
    return day - timedelta(days=1) if year >= 1980 else day + timedelta(days=1)


def is_working_day(day: date) -> bool:
    """Neither a Saturday, a Sunday nor a public holiday."""
    return day.weekday() < 5 and day not in dutch_holidays(day.year)


def next_working_day(day: date) -> date:
    """The day itself when it is a working day, else the first one after it."""
    while not is_working_day(day):
        day += timedelta(days=1)
    return day
