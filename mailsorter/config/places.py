"""Where things lie, as a config says it: client folders, files, secrets, services, the ledger."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import BeforeValidator, PlainSerializer, ValidationInfo, WithJsonSchema

from mailsorter.config.problem import show_value, wrong
from mailsorter.config.secret import EXPECTED_REFERENCE, Scheme, SecretReference
from mailsorter.config.values import text_of
from mailsorter.model.folder import FolderPath

LONGEST_FOLDER_NAME = 255  # graph-facts, section 3

# folders ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class FolderTemplate:
    """The place of a client's folder: `/` parts folders in the template, never inside the client's own name."""

    text: str

    def path_for(self, *, id: str, name: str) -> FolderPath:
        """The path below the visible root for one client."""
        values = {"id": id, "name": name}
        return tuple(
            folder_name(re.sub(r"\{(\w+)\}", lambda found: values[found[1]], segment))
            for segment in self.text.split("/")
        )

    def __str__(self) -> str:
        return self.text


DEFAULT_TEMPLATE = FolderTemplate("Clients/{name}")


def folder_name(text: str) -> str:
    """A name that Exchange keeps as it is: composed letters, no control characters, single blanks, none at the ends."""
    if text.isascii() and text.isprintable():
        return " ".join(text.split())
    visible = "".join(" " if unicodedata.category(c) in ("Cc", "Zl", "Zp") else c for c in text)
    return " ".join(unicodedata.normalize("NFC", visible).split())


def parse_template(value: Any) -> FolderTemplate:
    """A folder path with the placeholders {name} and {id}.

    A date is no placeholder on purpose: a client has one folder, which is followed by its id when it is renamed.
    """
    if isinstance(value, FolderTemplate):
        return value
    expected = 'a folder such as "Clients/{name}" (placeholders: {name}, {id})'
    text = text_of(value, expected)
    unknown = sorted(set(re.findall(r"\{[^}]*\}?|\}", text)) - {"{name}", "{id}"})
    if unknown:
        raise wrong(f"the placeholder {show_value(unknown[0])}", "{name} or {id}")
    segments = [folder_name(segment) for segment in text.split("/")]
    if not all(segments):
        raise wrong(f"{show_value(value)}, which has an empty folder name", expected)
    if any(len(segment) > LONGEST_FOLDER_NAME for segment in segments):
        raise wrong(show_value(value), f"folder names of at most {LONGEST_FOLDER_NAME} characters")
    return FolderTemplate("/".join(segments))


ClientFolder = Annotated[
    FolderTemplate,
    BeforeValidator(parse_template),
    PlainSerializer(str, return_type=str),
    WithJsonSchema({"type": "string", "minLength": 1}),
]


def parse_plain_folder(value: Any) -> str:
    """A folder path without placeholders."""
    template = parse_template(value)
    if "{" in template.text:
        raise wrong(show_value(value), "a folder without placeholders")
    return template.text


PlainFolder = Annotated[str, BeforeValidator(parse_plain_folder), WithJsonSchema({"type": "string", "minLength": 1})]


# places outside the config ---------------------------------------------------------------------------------------


def folder_of(info: ValidationInfo) -> Path:
    """The folder of the file that is being read: what relative paths start from."""
    context: Mapping[str, Any] = info.context or {}
    return Path(context.get("folder", "."))


def parse_path(value: Any, info: ValidationInfo) -> Path:
    """A path; a relative one starts from the config file's folder."""
    if isinstance(value, Path):
        return folder_of(info) / value
    text = text_of(value, "a path in quotes")
    if not text or "\0" in text:
        raise wrong(show_value(value), "a path")
    return folder_of(info) / Path(text).expanduser()


FilePath = Annotated[
    Path,
    BeforeValidator(parse_path),
    PlainSerializer(str, return_type=str),
    WithJsonSchema({"type": "string", "minLength": 1}),
]


def parse_secret(value: Any, info: ValidationInfo) -> SecretReference:
    """A reference to a secret; what was found is never shown, since it may be the secret itself."""
    if isinstance(value, SecretReference):
        return value
    if not isinstance(value, str):
        raise wrong("something else than text", EXPECTED_REFERENCE)
    try:
        return SecretReference.parse(value.strip(), folder_of(info))
    except ValueError:
        raise wrong("a value that is no reference (not shown)", EXPECTED_REFERENCE) from None


def parse_secret_file(value: Any, info: ValidationInfo) -> SecretReference:
    """A reference to a secret that must be a file, because a library opens it."""
    reference = parse_secret(value, info)
    if reference.scheme not in (Scheme.FILE, Scheme.CREDENTIAL):
        raise wrong(f"the reference {show_value(str(reference))}", "file:PATH or credential:NAME (it must be a file)")
    return reference


SecretFile = Annotated[
    SecretReference,
    BeforeValidator(parse_secret_file),
    PlainSerializer(str, return_type=str),
    WithJsonSchema({"type": "string", "pattern": "^(file|credential):.+$"}),
]
SecretRef = Annotated[
    SecretReference,
    BeforeValidator(parse_secret),
    PlainSerializer(str, return_type=str),
    WithJsonSchema({"type": "string", "pattern": "^(env|file|keyring|credential):.+$"}),
]

_LOOPBACK = ("127.0.0.1", "localhost", "::1")


def parse_service_url(value: Any) -> str:
    """The root of a web service: https, or plain http to this machine only; no user, password, query or fragment."""
    text = text_of(value, "a URL that starts with https://").rstrip("/")
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise wrong(show_value(value), "a URL that starts with https://") from None
    if parts.username is not None or parts.password is not None:
        raise wrong("a URL with a user or password in it (not shown)", "a URL without")
    if not host or parts.query or parts.fragment or parts.scheme not in ("https", "http"):
        raise wrong(show_value(value), "a URL that starts with https://")
    if parts.scheme == "http" and host not in _LOOPBACK:
        raise wrong(show_value(value), "https:// (plain http only to this machine: 127.0.0.1, localhost)")
    return text


ServiceUrl = Annotated[str, BeforeValidator(parse_service_url), WithJsonSchema({"type": "string", "format": "uri"})]


def parse_ledger_url(value: Any, info: ValidationInfo) -> str:
    """A SQLAlchemy URL without a password; a relative SQLite path starts from the config file's folder."""
    expected = "sqlite:///FILE or postgresql://USER@HOST/DATABASE"
    text = text_of(value, expected)
    if text.startswith("sqlite:///"):
        name = text.removeprefix("sqlite:///")
        if name and name != ":memory:" and "?" not in name and "\0" not in name:
            return f"sqlite:///{(folder_of(info) / Path(name).expanduser()).absolute()}"
        raise wrong(show_value(value), "sqlite:///FILE")
    try:
        parts = urlsplit(text)
        password, _ = parts.password, parts.port
    except ValueError:
        raise wrong("a URL that cannot be read", expected) from None
    if password is not None or "password=" in parts.query.lower():
        raise wrong("a URL with a password in it (not shown)", "a URL without, and the password by reference: password")
    if parts.scheme not in ("postgresql", "postgresql+psycopg") or not parts.path.strip("/"):
        raise wrong(show_value(value), expected)
    return text


LedgerUrl = Annotated[str, BeforeValidator(parse_ledger_url), WithJsonSchema({"type": "string", "minLength": 1})]
