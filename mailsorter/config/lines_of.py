"""Problems of documents, told as lines: `PATH:LINE: found …, expected …`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

from mailsorter.config.problem import ELSEWHERE, Problem, Where


class Told(Protocol):
    """A document that knows its problems and on which line each place stands."""

    @property
    def shown(self) -> str:
        """Its path as the person wrote it."""
        ...

    @property
    def problems(self) -> list[Problem]:
        """What is wrong with it."""
        ...

    def lines(self, places: Iterable[Where]) -> dict[Where, int]:
        """The line of each place."""
        ...


def tell(documents: Sequence[Told]) -> list[str]:
    """All problems of the documents as lines, in the order of the files."""
    wanted: dict[str, set[Where]] = {document.shown: set() for document in documents}
    for document in documents:
        for problem in document.problems:
            wanted[document.shown].add(problem.where)
            if problem.elsewhere is not None:
                wanted[problem.elsewhere[0]].add(problem.elsewhere[1])
    lines = {document.shown: document.lines(places) for document in documents if (places := wanted[document.shown])}
    told: list[str] = []
    for document in documents:
        found = set()
        for problem in document.problems:
            text = problem.text
            if problem.elsewhere is not None:
                other, where = problem.elsewhere
                text = text.replace(ELSEWHERE, f"{other}:{lines[other][where]}")
            found.add((lines[document.shown][problem.where], text))
        told.extend(f"{document.shown}:{line}: {text}" for line, text in sorted(found))
    return told
