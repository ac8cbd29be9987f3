"""The example files and the JSON Schema, made from the schema, so that they cannot drift from it."""

from __future__ import annotations

import json
import sys
import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from mailsorter import files
from mailsorter.config.book_schema import BookFile, ClientEntry
from mailsorter.config.places import FolderTemplate
from mailsorter.config.schema import Config
from mailsorter.config.show import toml_value
from mailsorter.config.tables import tables_in

KeyPath = tuple[str, ...]
_FOR_ALL = 0o644  # examples and schemas name nobody, and editors read them

CONFIG_HEAD = """\
mailsorter's config: every key, what it is for, and its default. Copy it to config/mailsorter.toml; keys behind a #
without a blank are at their default. Relative paths start from this file's folder. Secrets are never written here,
only where they lie: env:NAME, file:PATH (mode 0600), keyring:SERVICE/NAME, credential:NAME (systemd).
After each change: mailsorter config check"""

BOOK_HEAD = """\
A client book: one [[client]] for each client. Copy it to config/clients.toml, or write the same keys as columns of a
CSV file (addresses as `a@b.example from 2024-01-01 until 2025-12-31`, several in a cell parted by blanks).
After each change: mailsorter clients check"""

# what a config for Exchange Online starts with; everything else stands behind a #
_ACTIVE: frozenset[KeyPath] = frozenset(
    {
        ("clients",),
        ("firm", "name"),
        ("firm", "domains"),
        ("mailbox", "address"),
        ("archive", "folder"),
        ("filing", "when"),
        ("filing", "watch"),
        ("filing", "never_while_flagged"),
        ("graph", "tenant"),
        ("graph", "client_id"),
        ("graph", "certificate"),
        ("ledger", "url"),
    }
)


@dataclass
class Draft:
    """What a new config says apart from the examples."""

    values: Mapping[KeyPath, Any] = field(default_factory=dict)  # values for keys; such a key is active
    mailboxes: tuple[Mapping[str, Any], ...] = ()  # further [[mailbox]] tables


def config_example(draft: Draft | None = None, *, head: str = CONFIG_HEAD) -> str:
    """A commented config: each key with its explanation and an example, active where a config needs it."""
    draft = draft or Draft()
    lines = ["#:schema mailsorter.schema.json", *_prose(head), ""]
    for name, info in Config.model_fields.items():
        tables = list(tables_in(info.annotation))
        lines += _section(tables[0], (name,), _is_array(info), draft) if tables else _key((name,), name, info, draft)
    return "\n".join(lines).rstrip() + "\n"


def book_example() -> str:
    """A commented client book: one client with every key, one with the least."""
    lines = ["#:schema clients.schema.json", *_prose(BOOK_HEAD), "", "[[client]]"]
    for name, info in ClientEntry.model_fields.items():
        lines += _prose(_explanation(info))
        lines.append(f"{name} = {toml_value((info.examples or [None])[0])}")
    lines += ["", "# The least there is to say.", "[[client]]", 'id = "bakkerij"', 'name = "Bakkerij Voorbeeld"']
    lines += ['domains = ["bakkerij-voorbeeld.example"]']
    return "\n".join(lines) + "\n"


def json_schema(document: str) -> dict[str, Any]:
    """The JSON Schema (2020-12) of a `config` or of a client book, `clients`."""
    model: type[BaseModel] = Config if document == "config" else BookFile
    schema = model.model_json_schema(by_alias=True)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "title": f"mailsorter: {document}"}


def _section(table: type[BaseModel], path: KeyPath, is_array: bool, draft: Draft) -> Iterator[str]:
    is_active = any(known[: len(path)] == path for known in _ACTIVE | set(draft.values))
    header = f"[[{'.'.join(path)}]]" if is_array else f"[{'.'.join(path)}]"
    yield ""
    yield from _prose(" ".join((table.__doc__ or "").split()))
    yield header if is_active else f"#{header}"
    inner = []
    for name, info in table.model_fields.items():
        key = info.alias or name
        if (info.examples or [None])[0] == {}:
            inner.append((next(iter(tables_in(info.annotation))), (*path, key)))
        else:
            yield from _key((*path, key), key, info, draft)
    if path == ("mailbox",):
        for mailbox in draft.mailboxes:
            yield from ("", "[[mailbox]]", *(f"{key} = {toml_value(value)}" for key, value in mailbox.items()))
    for sub_table, sub_path in inner:
        yield from _section(sub_table, sub_path, False, draft)


def _key(path: KeyPath, key: str, info: FieldInfo, draft: Draft) -> Iterator[str]:
    yield from _prose(_explanation(info))
    value = draft.values.get(path, (info.examples or [None])[0])
    is_active = path in draft.values or (path in _ACTIVE and not _replaced(path, draft))
    yield f"{'' if is_active else '#'}{key} = {toml_value(value)}"


def _replaced(path: KeyPath, draft: Draft) -> bool:
    """The example names a certificate; a draft with another credential has none."""
    return path == ("graph", "certificate") and any(
        ("graph", name) in draft.values for name in ("client_secret", "federated_credential")
    )


def _explanation(info: FieldInfo) -> str:
    default = info.default
    shown = str(default) if isinstance(default, FolderTemplate) else default
    if info.is_required():
        return f"{info.description} Required."
    if shown is None or shown is PydanticUndefined or shown in ("", ()):
        return info.description or ""
    return f"{info.description} Default: {toml_value(shown)}."


def _prose(text: str) -> list[str]:
    paragraphs = text.splitlines()
    return [f"# {line}" for paragraph in paragraphs for line in textwrap.wrap(paragraph, 118, break_on_hyphens=False)]


def _is_array(info: FieldInfo) -> bool:
    return bool((info.examples or [None])[0] == [])


def write_schemas(folder: Path) -> list[Path]:
    """Write the JSON Schemas, to which the first line of config and book refers, into a folder; gives their paths."""
    paths = []
    for name, document in (("mailsorter.schema.json", "config"), ("clients.schema.json", "clients")):
        content = json.dumps(json_schema(document), indent=2, ensure_ascii=False) + "\n"
        files.replace(folder / name, content.encode(), mode=_FOR_ALL)
        paths.append(folder / name)
    return paths


def write_files(folder: Path) -> None:
    """Write the four files into a folder: `python -m mailsorter.config.example config` after a change of the schema."""
    files.replace(folder / "mailsorter.example.toml", config_example().encode(), mode=_FOR_ALL)
    files.replace(folder / "clients.example.toml", book_example().encode(), mode=_FOR_ALL)
    write_schemas(folder)


if __name__ == "__main__":
    write_files(Path(sys.argv[1]))
