"""The day on which a forwarded message was sent, as its header block writes it. Plain scans; it never raises."""

from __future__ import annotations

from datetime import date

_MONTHS = (
    "januari jan january januar jänner janvier janv enero ene gennaio gen janeiro stycznia styczeń sty",
    "februari feb february februar février févr fév febrero febbraio fevereiro fev lutego luty lut",
    "maart mrt march märz mär mars marzo março marca marzec mar",
    "april apr avril avr abril abr aprile kwietnia kwiecień kwi",
    "mei may mai mayo maggio mag maio maja maj",
    "juni jun june juin junio giugno giu junho czerwca czerwiec cze",
    "juli jul july juillet juil julio luglio lug julho lipca lipiec lip",
    "augustus aug august août agosto ago sierpnia sierpień sie",
    "september sep sept septembre septiembre settembre set setembro wrzesień września wrz",
    "oktober okt october oct octobre octubre ottobre ott outubro out październik października paź",
    "november nov novembre noviembre novembro listopada listopad lis",
    "december dec dezember dez décembre déc diciembre dic dicembre dezembro grudnia grudzień gru",
)
_MONTH_OF = {word: number for number, words in enumerate(_MONTHS, start=1) for word in words.split()}
_OR_TUESDAY = "mar"  # mardi, martes, martedì as well as March: counts where no other month is named
_LONGEST = 200


def days_in(text: str) -> tuple[date, ...]:
    """The day that a text names: none where it names none, two where day and month can be taken for one another."""
    words = _words(text[:_LONGEST].casefold())
    numbers = [(place, word) for place, word in enumerate(words) if word.isdecimal()]
    months = [place for place, word in enumerate(words) if word in _MONTH_OF]
    months = [place for place in months if words[place] != _OR_TUESDAY] or months[-1:]
    if months:
        return _by_word(months[0], _MONTH_OF[words[months[0]]], numbers)
    return _by_numbers(text, [word for _, word in numbers])


def days_or_unknown(text: str) -> tuple[date | None, ...]:
    """The same; (None,) for what looks like a date and cannot be read."""
    return days_in(text) or ((None,) if any(c.isdecimal() for c in text[:_LONGEST]) else ())


def _words(text: str) -> list[str]:
    """Runs of letters and runs of digits, in order."""
    found: list[str] = []
    before = ""
    for char in text:
        kind = "d" if char.isdecimal() else "l" if char.isalpha() else ""
        if kind and kind == before:
            found[-1] += char
        elif kind:
            found.append(char)
        before = kind
    return found


def _by_word(place: int, month: int, numbers: list[tuple[int, str]]) -> tuple[date, ...]:
    years = [int(word) for _, word in numbers if len(word) == 4]
    near = sorted((abs(at - place), at > place, word) for at, word in numbers if len(word) <= 2)
    if not years or not near:
        return ()
    return _real((years[0], month, int(near[0][2])))


def _by_numbers(text: str, words: list[str]) -> tuple[date, ...]:
    if len(words) < 3:
        return ()
    if len(words[0]) == 4:
        return _real((int(words[0]), int(words[1]), int(words[2])))
    if len(words[2]) != 4 or len(words[0]) > 2 or len(words[1]) > 2:
        return ()
    first, second, year = int(words[0]), int(words[1]), int(words[2])
    day_first = (year, second, first)
    is_american_too = f"{words[0]}/{words[1]}/" in text
    return _real(day_first, (year, first, second)) if is_american_too else _real(day_first)


def _real(*candidates: tuple[int, int, int]) -> tuple[date, ...]:
    found: list[date] = []
    for candidate in candidates:
        try:
            found.append(date(*candidate))
        except ValueError:
            continue
    return tuple(dict.fromkeys(found))
