"""The one voice of all commands: text for people or JSON for programs, tables, progress.

A command makes one `Voice` and tells it everything twice: as text, which it prints at once, and as data, which is the
whole answer with `--json`. Results go to standard output, everything else to standard error.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from mailsorter.cli.clean import clean, escape

Advance = Callable[[int], None]
"""Tells a progress bar that so many more are done."""


class Voice:
    """How a command speaks. Everything printed has been cleaned; nothing is read as markup."""

    def __init__(self, *, as_json: bool = False) -> None:
        self.as_json = as_json

    @property
    def is_terminal(self) -> bool:
        """Is there a person looking?"""
        return not self.as_json and sys.stdout.isatty()

    def say(self, *lines: str) -> None:
        """Print lines of text; with `--json` nothing, so that standard output is one JSON document."""
        if not self.as_json:
            for line in lines:
                print(clean(line))

    def note(self, line: str, *, beside: bool) -> None:
        """Print a line of the result; on standard error where standard output is a file of its own format."""
        if beside and not self.as_json:
            self.warn(line)
        else:
            self.say(line)

    def table(self, headings: Sequence[str], rows: Sequence[Sequence[object]], *, title: str = "") -> None:
        """Print a table: numbers to the right, cells cut to the terminal's width, never cut where there is none."""
        if self.as_json:
            return
        if title:
            print(clean(title))
        _print_table(headings, rows, width=_terminal_width() if self.is_terminal else None)

    def answer(self, data: Mapping[str, Any]) -> None:
        """With `--json`: print the command's whole answer. Dates and paths become text."""
        if self.as_json:
            print(escape(json.dumps(data, ensure_ascii=False, indent=2, default=str), sys.stdout.encoding or "utf-8"))

    def warn(self, text: str) -> None:
        """Tell of something that is not part of the result."""
        print(clean(text), file=sys.stderr)

    @contextmanager
    def progress(self, what: str, total: int | None = None) -> Iterator[Advance]:
        """A progress bar while the block runs, on a terminal only; gives the function that moves it on."""
        if not sys.stderr.isatty() or self.as_json:
            yield lambda count: None
            return
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        columns = (
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
        )
        with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
            task = bar.add_task(clean(what), total=total)
            yield lambda count: bar.advance(task, count)

    def confirm(self, question: str, *, assume_yes: bool) -> bool:
        """Ask a person; without a terminal the answer is no, unless `--yes` was given."""
        if assume_yes:
            return True
        if not sys.stdin.isatty() or self.as_json:
            return False
        print(f"{clean(question)} [y/N] ", end="", file=sys.stderr, flush=True)
        return sys.stdin.readline().strip().lower() in ("y", "yes", "j", "ja")

    @property
    def can_ask(self) -> bool:
        """Is there a person who reads the output and can type an answer?"""
        return self.is_terminal and sys.stdin.isatty()

    def ask(self, question: str) -> str:
        """Ask a person for a line of text; "" without a terminal."""
        if not self.can_ask:
            return ""
        print(f"{clean(question)} ", end="", file=sys.stderr, flush=True)
        return sys.stdin.readline().strip()


def _terminal_width() -> int:
    import shutil

    return shutil.get_terminal_size().columns


def _print_table(headings: Sequence[str], rows: Sequence[Sequence[object]], *, width: int | None) -> None:
    from rich.cells import cell_len, set_cell_size  # knows how wide Chinese letters are

    cells = [[clean(heading) for heading in headings], *([_cell(value) for value in row] for row in rows)]
    widths = [max(cell_len(row[column]) for row in cells) for column in range(len(headings))]
    if width is not None:
        _shrink(widths, width - 2 * (len(widths) - 1))
    numeric = [all(isinstance(row[column], int | float) for row in rows) for column in range(len(headings))]
    for row in cells:
        shown = []
        for text, size, is_number in zip(row, widths, numeric, strict=True):
            cut = text if cell_len(text) <= size else set_cell_size(text, max(size - 1, 0)) + "…"
            blanks = " " * (size - cell_len(cut))
            shown.append(blanks + cut if is_number else cut + blanks)
        print("  ".join(shown).rstrip())


def _cell(value: object) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case int():
            return f"{value:,}"
        case _:
            return clean(str(value))


def _shrink(widths: list[int], room: int) -> None:
    """Take width from the widest columns until the row fits; no column becomes narrower than 8."""
    while sum(widths) > room and max(widths) > 8:
        widths[widths.index(max(widths))] -= 1
