"""The witness's own look at a link before its token goes there; it shares nothing with the finder's.

The finder compares what the parser made of a link. This asks for the very text: a link must begin, letter for letter,
with the address that the witness was given, and what follows may hold plain characters only. What `requests` would
send is then read back, and must begin the same.
"""

from __future__ import annotations

import string

import requests
from urllib3.exceptions import HTTPError
from urllib3.util import parse_url

_PLAIN = set(string.ascii_letters + string.digits + "-._~/?@!$&'()*+,;=:%[]")
_HEX = set(string.hexdigits)
_LONGEST = 50_000
_WAYS_OUT = ("/./", "/../", "/.;", "/..;", "\\")


def leads_home(link: object, home: str) -> bool:
    """May the link be followed? `home` is scheme, host and API version, with a slash at the end."""
    if not isinstance(link, str) or not link.startswith(home) or len(link) > _LONGEST:
        return False
    rest = link[len(home) :]
    if not set(rest) <= _PLAIN or not _path_is_plain(rest.partition("?")[0]):
        return False
    return _as_sent(link).startswith(_as_sent(home))


def _path_is_plain(path: str) -> bool:
    """No way out of `home`, however often the percent signs are taken for escapes."""
    for _ in range(5):
        if any(way in f"/{path}/" for way in _WAYS_OUT) or any(letter <= " " for letter in path):
            return False
        if "%" not in path:
            return True
        path = _unescaped(path)
    return False


def _unescaped(path: str) -> str:
    """Each escape as the character of its number; a percent sign that begins none becomes a control character."""
    first, *pieces = path.split("%")
    return first + "".join(
        (chr(int(piece[:2], 16)) if len(piece) > 1 and set(piece[:2]) <= _HEX else "\0") + piece[2:] for piece in pieces
    )


def _as_sent(link: str) -> str:
    prepared = requests.PreparedRequest()
    try:
        prepared.prepare_url(link, None)
        return parse_url(prepared.url or "").url
    except (requests.RequestException, HTTPError, ValueError):
        return "unreadable"
