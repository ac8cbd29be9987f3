"""Bringing a CRM's export into the client book: compare first, write when a person agrees."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from pydantic import ValidationError

from mailsorter.config.across import check_rules_against_book
from mailsorter.config.book import BookReader
from mailsorter.config.book_diff import BookDiff, compare
from mailsorter.config.book_schema import ClientEntry
from mailsorter.config.book_write import imported_book, with_book, write_whole
from mailsorter.config.crm import CrmExport, read_export
from mailsorter.config.crm_map import CrmMap
from mailsorter.config.document import Unreadable, read_toml
from mailsorter.config.load import Loaded
from mailsorter.config.problem import show_value
from mailsorter.errors import ConfigError, UserError


@dataclass(frozen=True, slots=True)
class Import:
    """An import that is computed and not yet written."""

    export: CrmExport
    diff: BookDiff
    book: Path  # the file that holds imported clients, all of it written by imports
    config: Path
    is_listed: bool  # does the config name the book already?


def prepare(loaded: Loaded, export_file: Path, crm_map: CrmMap, book: Path) -> Import:
    """Read the export and compare it with the last import.

    Raises:
        ConfigError: the export cannot be read.
        UserError: the book was not written by an import.
    """
    try:
        export = read_export(export_file, crm_map, loaded.config.firm.domains)
    except Unreadable as error:
        raise ConfigError([f"{export_file}:{error.line}: {error.text}"], advice="Mend it, then import again.") from None
    before = _imported_before(book)
    by_hand = {client.id.casefold() for client in loaded.book} - {entry.id.casefold() for entry in before}
    is_listed = book.absolute() in {path.absolute() for path in loaded.config.clients}
    return Import(export, compare(before, export.entries, by_hand), book, loaded.path, is_listed)


def require_right(loaded: Loaded, prepared: Import) -> None:
    """Compare the book as it would be written with the other books and the rules of the config.

    Raises:
        ConfigError: with this book the config would be refused, and with it every command, this one too.
    """
    reader = BookReader(loaded.config.archive.folder)
    for path in loaded.config.clients:
        if path.absolute() != prepared.book.absolute():
            reader.read(path, str(path))
    with TemporaryDirectory() as folder:
        draft = Path(folder, "book.toml")
        draft.write_text(imported_book(prepared.diff.result), encoding="utf-8")
        document = reader.read(draft, str(prepared.book))
    entries = document.data.get("client", [])
    problems = [f"client {show_value(entries[p.where[1]]['id'])}: {p.text}" for p in document.problems]
    problems += [f"{loaded.path}: {p.text}" for p in check_rules_against_book(loaded.config, reader.ids)]
    if problems:
        raise ConfigError(
            problems,
            advice="Nothing was written. Mend it in the CRM, or give such a client an entry in a book of your own "
            "(with a name or folder of its own); then import again.",
        )


def write(prepared: Import) -> bool:
    """Write the book, and name it in the config; False when the config must be extended by hand.

    The book comes first: a config that names a missing book would stop everything.
    """
    write_whole(prepared.book, imported_book(prepared.diff.result))
    if prepared.is_listed:
        return True
    config = read_toml(prepared.config, str(prepared.config))
    written = config.data.get("clients", ["clients.toml"])  # as the person wrote them, not as they resolve
    names = [written] if isinstance(written, str) else written
    text = with_book(config.text, names, _shown(prepared.book, prepared.config.parent))
    if text is None:
        return False
    write_whole(prepared.config, text)
    return True


def _shown(path: Path, folder: Path) -> str:
    absolute = path.absolute()
    return str(absolute.relative_to(folder)) if absolute.is_relative_to(folder) else str(absolute)


def _imported_before(book: Path) -> list[ClientEntry]:
    if not book.exists():
        return []
    try:
        document = read_toml(book, str(book))
        entries = [ClientEntry.model_validate(raw) for raw in document.data.get("client", [])]
    except (Unreadable, ValidationError):
        raise UserError(
            f"{book} is no client book that an import wrote.", advice="Name another with --book, or move it away."
        ) from None
    if entries and "clients import" not in document.text.partition("\n")[0]:
        raise UserError(
            f"{book} was written by hand; an import would replace it.",
            advice="Import into a book of its own: --book FILE (the default is crm.toml beside the config).",
        )
    return entries
