"""Which links from a server may be followed with a token: those that lead back to the server they came from.

A link is judged by the same parser that would send it (`requests` over `urllib3`), never by another one: parsers
disagree about backslashes, user names, control characters and dot segments, and a link that one of them reads as ours
can lead the other to a stranger (CVE-2019-9636, CVE-2021-33503 and their relatives). What is odd is refused, although
some of it might be harmless: Graph's own links (`@odata.nextLink`, `@odata.deltaLink`, `Location`) are plain.
"""

from __future__ import annotations

from typing import NamedTuple
from urllib.parse import unquote, urljoin, urlsplit

import requests
import urllib3

LONGEST = 65_536  # characters; a delta token of Graph's has a few thousand
_DEFAULT_PORTS = {"https": 443, "http": 80}
# RFC 3986 section 2: unreserved, reserved and "%". A query may also hold what `requests` quotes before it sends.
_PLAIN = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~:/?[]@!$&'()*+,;=%")
_IN_QUERY = _PLAIN | frozenset('"{}|^`<>')
_IN_AUTHORITY = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~:[]")
_HEX = frozenset("0123456789abcdefABCDEF")
_DECODINGS = 4  # "%25252e" is a dot only for a server that decodes this often; none should


class OddLink(ValueError):
    """A link that is not followed; the text says why, without the link."""


class Origin(NamedTuple):
    """Scheme, host and port of a server, as the sending parser reads them."""

    scheme: str
    host: str
    port: int

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if self.port == _DEFAULT_PORTS[self.scheme] else f":{self.port}"
        return f"{self.scheme}://{host}{port}"

    @classmethod
    def of(cls, url: str) -> Origin:
        """The origin of a URL from the configuration. Raises `OddLink`."""
        return _read(url)[0]


def checked(link: str, origin: Origin, roots: tuple[str, ...] = ("/",)) -> str:
    """The link itself, when it may be followed.

    Args:
        link: an absolute URL, as the server gave it.
        origin: where it must lead.
        roots: beginnings of a path; the link's path must have one of them, also after dot segments are removed.

    Raises:
        OddLink: it leads elsewhere, or is written in a way that parsers disagree about.
    """
    _check_characters(link)
    scheme, _, rest = link.partition("?")[0].partition("://")
    authority, _, raw_path = rest.partition("/")
    if scheme.lower() not in _DEFAULT_PORTS:
        raise OddLink("is no https link")
    if "@" in authority:
        raise OddLink("has a user name or password in it")
    if not _IN_AUTHORITY.issuperset(authority):
        raise OddLink("hides characters in its host")
    found, path = _read(link)
    if found != origin:
        raise OddLink(f"leads away from {origin}")
    for written in (f"/{raw_path}", path):
        _check_path(written, roots)
    return link


def resolved(base: str, location: str) -> str:
    """The absolute form of a `Location` header (RFC 9110 section 10.2.2), still to be checked. Raises `OddLink`."""
    _check_characters(location)
    if ":" in location.partition("/")[0].partition("?")[0] and "://" not in location.partition("?")[0]:
        raise OddLink("is no https link")
    try:
        return urljoin(base, location)
    except ValueError:
        raise OddLink("cannot be read") from None


def _check_characters(link: str) -> None:
    if not link:
        raise OddLink("is empty")
    if len(link) > LONGEST:
        raise OddLink(f"has more than {LONGEST} characters")
    before, _, query = link.partition("?")
    if not (_PLAIN.issuperset(before) and _IN_QUERY.issuperset(query)):
        raise OddLink("holds characters that no link may hold")
    if any(len(rest) < 2 or not _HEX.issuperset(rest[:2]) for rest in link.split("%")[1:]):
        raise OddLink("holds a percent sign that begins no escape")


def _read(url: str) -> tuple[Origin, str]:
    """Origin and path after everything that `requests` and `urllib3` do to a URL."""
    try:
        prepared = requests.Request("GET", url).prepare().url or ""
        sent = urllib3.util.parse_url(prepared)
        other_host = urlsplit(prepared).hostname
    except (requests.RequestException, urllib3.exceptions.HTTPError, ValueError):  # UnicodeError is a ValueError
        raise OddLink("cannot be read") from None
    scheme, host = sent.scheme or "", (sent.host or "").strip("[]").lower()
    if scheme not in _DEFAULT_PORTS or not host:
        raise OddLink("is no https link")
    if host != (other_host or "").lower():
        raise OddLink("is read as two different hosts")
    if sent.auth is not None:
        raise OddLink("has a user name or password in it")
    return Origin(scheme, host, sent.port or _DEFAULT_PORTS[scheme]), sent.path or "/"


def _check_path(path: str, roots: tuple[str, ...]) -> None:
    """Refuse what another server in between could take for a way out of the API's root."""
    if not path.startswith(roots):
        raise OddLink("leads out of the API's root")
    for _ in range(_DECODINGS):
        if "\\" in path or not path.isprintable():
            raise OddLink("hides characters in its path")
        if any(segment.partition(";")[0] in (".", "..") for segment in path.split("/")):
            raise OddLink("climbs with dot segments")
        decoded = unquote(path)
        if decoded == path:
            return
        path = decoded
    raise OddLink("is percent-encoded many times over")
