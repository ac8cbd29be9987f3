"""Which columns of a CRM's export hold what: the built-in maps, and a map of one's own as TOML."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import ValidationError

from mailsorter.config.document import Unreadable, read_toml
from mailsorter.config.lines_of import tell
from mailsorter.config.problem import from_pydantic
from mailsorter.config.table import OneOrMany, Table, key
from mailsorter.config.tables import known_keys
from mailsorter.errors import ConfigError, UserError

Status = Literal["prospect", "active", "dormant", "left"]


class CrmMap(Table):
    """Column names, compared without regard to case and blanks; the first that is there and not empty counts."""

    id: OneOrMany[str] = key((), about="The company's number in the CRM.", example=["Company ID"])
    name: OneOrMany[str] = key(about="The company's name.", example=["Company"], min_length=1)
    website: OneOrMany[str] = key((), about="Its web site, which gives its domain.", example=["Website"])
    domains: OneOrMany[str] = key((), about="Its mail domains.", example=["Mail domain"])
    addresses: OneOrMany[str] = key((), about="Addresses; all of these columns count.", example=["Email", "Email 2"])
    codes: OneOrMany[str] = key((), about="Project codes, parted by semicolons.", example=["Project"])
    language: OneOrMany[str] = key((), about="The company's language.", example=["Language"])
    status: OneOrMany[str] = key((), about="Where the relation stands.", example=["Status"])
    status_words: dict[str, Status] = key(
        {}, about="What the CRM's words for a status mean.", example={"Customer": "active", "Lost": "left"}
    )

    def status_of(self, word: str) -> Status | None:
        """What the CRM's word means, or None for one that the map does not know."""
        wanted = word.strip().casefold()
        return next((status for name, status in self.status_words.items() if name.casefold() == wanted), None)


_STATUS_WORDS: dict[str, Status] = {
    "active": "active", "actief": "active", "customer": "active", "client": "active", "klant": "active",
    "prospect": "prospect", "lead": "prospect", "suspect": "prospect",
    "dormant": "dormant", "inactive": "dormant", "inactief": "dormant", "slapend": "dormant",
    "former": "left", "former customer": "left", "ex-klant": "left", "left": "left", "lost": "left",
}  # fmt: skip

# Membrain's company and contact views name these fields; its exports are workbooks, saved as CSV.
_MEMBRAIN = CrmMap(
    id=("Company ID", "Company external ID", "External ID", "Company number"),
    name=("Company name", "Company", "Account name", "Account", "Name"),
    website=("Website", "Company website", "Web site", "Homepage"),
    addresses=(
        "Email", "E-mail", "Email address", "Email addresses", "Email(s)", "Email 1", "Email 2", "Email 3",
        "Work email", "Home email", "Other email", "Company email", "Contact email",
    ),
    language=("Language", "Company language"),
    status=("Company status", "Customer status", "Company type"),
    status_words=_STATUS_WORDS,
)  # fmt: skip
_GENERIC = CrmMap(
    id=(
        "client id", "client_id", "company id", "company_id", "account id", "customer number", "klantnummer",
        "debiteurnummer", "relatienummer", "klant id", "id",
    ),
    name=(
        "company name", "company_name", "company", "account name", "account", "organisation", "organization",
        "organisatie", "bedrijfsnaam", "bedrijf", "klantnaam", "klant", "client name", "client", "customer", "relatie",
        "name", "naam",
    ),
    website=("website", "web site", "web", "url", "homepage", "internet"),
    domains=("domains", "domain", "mail domain", "email domain", "domein", "domeinen", "maildomein"),
    addresses=(
        "email", "e-mail", "email address", "e-mail address", "emailadres", "e-mailadres", "mail", "email 1", "email 2",
        "email 3", "email2", "email3", "work email", "private email", "addresses", "adressen", "contact email",
    ),
    codes=("codes", "code", "project", "projects", "project code", "projectcode", "projectnummer"),
    language=("language", "taal"),
    status=("status", "relation", "relatiestatus"),
    status_words=_STATUS_WORDS,
)  # fmt: skip
BUILT_IN = {"membrain": _MEMBRAIN, "generic": _GENERIC}


def crm_map(name: str) -> CrmMap:
    """A built-in map by its name, or one of the firm's own from a TOML file with the keys of `CrmMap`.

    Raises:
        UserError: neither a built-in map nor a file.
        ConfigError: the file is no map; every problem with its line.
    """
    if name.lower() in BUILT_IN:
        return BUILT_IN[name.lower()]
    path = Path(name)
    if not path.is_file():
        raise UserError(
            f"There is no map {name}.",
            advice=f"Give --map {', --map '.join(BUILT_IN)} or --map FILE, a TOML file with keys such as "
            'name = ["Company"] and addresses = ["Email"]',
        )
    try:
        document = read_toml(path, name)
    except Unreadable as error:
        raise ConfigError([f"{name}:{error.line}: {error.text}"]) from None
    try:
        return CrmMap.model_validate(document.data)
    except ValidationError as error:
        keys = known_keys(CrmMap)
        document.problems = [from_pydantic(details, keys) for details in error.errors(include_url=False)]
        raise ConfigError(tell([document]), advice="Mend the map, then import again.") from None
