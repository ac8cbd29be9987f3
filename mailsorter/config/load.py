"""Reading config and client books: every problem at once, each with its file and line."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from mailsorter.config.across import check_cases, check_config, check_rules_against_book
from mailsorter.config.book import BookDocument, BookReader, ClientBook, Origin
from mailsorter.config.document import Document, Unreadable, read_toml
from mailsorter.config.lines_of import tell
from mailsorter.config.permissions import model_warnings, read_warnings, write_problems
from mailsorter.config.places import FolderTemplate
from mailsorter.config.problem import Problem, Where, from_pydantic
from mailsorter.config.prune import Pruned
from mailsorter.config.schema import Archive, Config
from mailsorter.config.tables import known_keys
from mailsorter.errors import ConfigError

DEFAULT_PATH = Path("config/mailsorter.toml")


@dataclass(frozen=True)
class Loaded:
    """A config that is right, with the clients of its books."""

    path: Path
    config: Config
    book: ClientBook
    origins: Mapping[str, Origin] = field(default_factory=dict)  # where each client stands; only when asked for
    case_problems: tuple[str, ...] = ()  # lines as in a ConfigError: they stop cases, not filing
    unsafe: tuple[str, ...] = ()  # those of them that are about places which others may write
    warnings: tuple[str, ...] = ()  # they stop nothing

    @property
    def folder(self) -> Path:
        """What relative paths in the config start from."""
        return self.path.parent


def config_path(given: Path | None = None) -> Path:
    """The config file to use: the one given, else $MAILSORTER_CONFIG, else config/mailsorter.toml."""
    return given or Path(os.environ.get("MAILSORTER_CONFIG") or DEFAULT_PATH)


def load_config(path: Path) -> Config:
    """Read the config alone; its client books are read and checked too. Raises as `load`."""
    return load(path).config


def load(path: Path, *, with_origins: bool = False) -> Loaded:
    """Read the config and all client books it names.

    `with_origins` keeps the files' text, to tell on which line a client stands.

    Raises:
        ConfigError: all problems, each as `PATH:LINE: found …, expected …`, in the order of the files.
    """
    if not path.exists():
        raise ConfigError(
            [f"{path}:1: found no such file, expected the config"],
            advice="Write one with: mailsorter init   or name another with: mailsorter --config FILE",
        )
    try:
        document = read_toml(path, str(path))
    except Unreadable as error:
        raise ConfigError([f"{path}:{error.line}: {error.text}"]) from None
    folder = path.absolute().parent
    pruned = Pruned(document.data)
    config, wrong = _validate(document, pruned, folder)
    books = _read_books(config, document, folder)
    if config is not None:
        found = [*check_config(config), *check_rules_against_book(config, books.reader.ids)]
        moved = [replace(problem, where=pruned.written_at(problem.where)) for problem in found]
        document.problems.extend(problem for problem in moved if not _is_spoilt(problem.where, wrong))
    lines = [*tell([document, *books.documents]), *books.unreadable]
    for_cases = [replace(p, where=pruned.written_at(p.where)) for p in check_cases(config)] if config else []
    document.problems.extend(problem for problem in for_cases if not _is_spoilt(problem.where, wrong))
    if lines or config is None:
        raise ConfigError([*tell([document, *books.documents]), *books.unreadable])
    book = ClientBook(tuple(books.reader.clients), config.archive.folder, config.clients)
    origins = books.reader.origins if with_origins else {}
    unsafe = tuple(write_problems(path, config))
    problems = (*tell([document]), *unsafe)
    warnings = (*read_warnings(config.clients), *model_warnings(config))
    return Loaded(path.absolute(), config, book, origins, problems, unsafe, warnings)


def load_book(path: Path, template: FolderTemplate) -> ClientBook:
    """Read one client book by itself, such as an older one.

    Raises:
        ConfigError: all its problems, each with its line.
    """
    reader = BookReader(template)
    try:
        document = reader.read(path, str(path))
    except Unreadable as error:
        raise ConfigError([f"{path}:{error.line}: {error.text}"]) from None
    if lines := tell([document]):
        raise ConfigError(lines)
    return ClientBook(tuple(reader.clients), template, (path,))


def _validate(document: Document, pruned: Pruned, folder: Path) -> tuple[Config | None, list[Problem]]:
    """The config, and its problems by themselves.

    What is wrong is noted and taken out, so that the rest can still be compared; None when too little is left.
    """
    structural: list[Problem] = []
    for _ in range(3):  # taking out may uncover what was hidden; more rounds have nothing left to find
        try:
            return Config.model_validate(pruned.data, context={"folder": folder}), structural
        except ValidationError as error:
            problems = [from_pydantic(details, KEYS) for details in _causes(error.errors(include_url=False))]
            if not structural:
                document.problems.extend(problems)
            structural.extend(problems)
            pruned.take_out(problem.where for problem in problems)
    return None, structural


def _causes(errors: list[ErrorDetails]) -> list[ErrorDetails]:
    """Without those that only follow from another: a list is too short when its one element is wrong."""
    places = [error["loc"] for error in errors]
    return [
        error
        for error in errors
        if error["type"] != "too_short"
        or not any(place != error["loc"] and place[: len(error["loc"])] == error["loc"] for place in places)
    ]


def _is_spoilt(where: Where, structural: Iterable[Problem]) -> bool:
    """Does the comparison rest on a table from which something wrong was taken out?"""
    return any(problem.where[: len(where)] == where for problem in structural)


@dataclass
class _Books:
    reader: BookReader
    documents: list[BookDocument]
    unreadable: list[str]


def _read_books(config: Config | None, document: Document, folder: Path) -> _Books:
    template = config.archive.folder if config is not None else Archive().folder
    books = _Books(BookReader(template), [], [])
    paths = config.clients if config is not None else _raw_books(document.data, folder)
    written = document.data.get("clients", [])
    for index, path in enumerate(paths):
        shown = str(Path(document.shown).parent / _written(written, index, path))
        try:
            if not _is_there(path):
                document.problems.append(
                    Problem(
                        ("clients", index), f"found the client book {path.name}, which does not exist, expected a file"
                    )
                )
                continue
            books.documents.append(books.reader.read(path, shown))
        except Unreadable as error:
            books.unreadable.append(f"{shown}:{error.line}: {error.text}")
    return books


def _raw_books(data: Mapping[str, Any], folder: Path) -> tuple[Path, ...]:
    named = data.get("clients")
    return tuple(folder / name for name in named if isinstance(name, str)) if isinstance(named, list) else ()


def _is_there(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:  # a name that is longer than the system takes
        return False


def _written(named: Any, index: int, path: Path) -> str:
    """The book's path as the config has it."""
    if isinstance(named, list) and index < len(named) and isinstance(named[index], str):
        return str(named[index])
    return path.name


KEYS = known_keys(Config)
