"""The verdict of the receiving organisation in a message's transport headers. Pure, linear, bounded.

Read are `Authentication-Results` (RFC 8601) and `X-MS-Exchange-Organization-AuthAs`. A header block is written from
the bottom up: what stands below the `Received` by which the organisation took the message in was written outside, by
anybody. So only what stands above that line counts. Exchange Online writes `Authentication-Results` without the
server's name (authserv-id); one with a name counts only when a trusted gateway has that name.

Which `Received` is the first of the organisation:

- Inside Exchange Online a message passes from one of Microsoft's servers to the next; it came in at a server below
  `mail.protection.outlook.com` (or its sovereign relatives). [known from headers of delivered mail]
- Elsewhere it is the topmost `Received`. [assumed: what lies behind a relay has to be named as a trusted gateway]
- A line that says it took the message over from a trusted gateway leads on to that gateway's own headers, whose
  verdict is taken instead. The name in `from` is what the other side called itself (RFC 5321, 4.1.1.1), so Exchange
  must take mail from the gateway alone: docs/configuration.md.

`X-MS-Exchange-Organization-…` headers of outsiders are removed by Exchange (header firewall). [known]
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

from mailsorter.model.author_check import AuthorCheck

MAX_CHARS = 65_536  # of a header block; Exchange cuts longer ones, and what counts is at its top
_MAX_HEADERS = 400
_MAX_VALUE = 8_192
_RESULTS, _RECEIVED, _AUTH_AS = "authentication-results", "received", "x-ms-exchange-organization-authas"
_FAILED = frozenset({("dmarc", "fail"), ("compauth", "fail")})
_PASSED = frozenset({("dmarc", "pass"), ("compauth", "pass")})

# Where Exchange Online takes mail in, and the names of its servers on the way.
_EDGES = (
    ".mail.protection.outlook.com",
    ".mail.protection.office365.us",
    ".mail.protection.partner.outlook.cn",
)
_INSIDE = (
    ".prod.outlook.com",
    ".prod.exchangelabs.com",
    ".outlook.office365.com",
    ".outlook.office365.us",
    ".prod.protection.outlook.com",
    ".prod.protection.office365.us",
    ".partner.outlook.cn",
)

Header = tuple[str, str]


def headers_of(block: str) -> Iterator[Header]:
    """Names (in lower case) and unfolded values of a raw header block, from its top; never more than the first 400."""
    name, value, count = "", "", 0
    for line in block[:MAX_CHARS].splitlines():
        if line[:1] in (" ", "\t"):
            if len(value) < _MAX_VALUE:
                value += f" {line.strip()}"
            continue
        if name:
            yield name, value
            count += 1
        if count >= _MAX_HEADERS or not line:
            return
        name, colon, value = line.partition(":")
        name, value = (name.strip().lower(), value.strip()) if colon else ("", "")
    if name:
        yield name, value


def verdict_of(headers: Iterable[Header], trusted_gateways: Sequence[str] = ()) -> AuthorCheck:
    """What the organisation said of the author, by a message's headers from the top (names in lower case)."""
    own: AuthorCheck | None = None  # by the topmost header of Exchange's own
    gateway: AuthorCheck | None = None  # by the outermost trusted gateway, but a failure stays
    is_inside, is_behind_gateway = True, False
    auth_as: list[str] = []
    for name, value in headers:
        if name == _AUTH_AS:
            auth_as.append(value.strip().lower())
        elif not is_inside:
            continue
        elif name == _RESULTS:
            server, results = read_results(value)
            if server is None and own is None and not is_behind_gateway:
                own = _verdict(results)
            elif server is not None and _is_below(server, trusted_gateways):
                # a stranger can greet a gateway with its own name: no line further down takes a failure back
                gateway = gateway if gateway is AuthorCheck.FAILED else _verdict(results)
        elif name == _RECEIVED:
            handed_over, by = _hop(value)
            if _is_below(handed_over, trusted_gateways):
                is_behind_gateway = True
            else:
                is_inside = not is_behind_gateway and _is_inner(handed_over, by)
    found = gateway if gateway is not None else own or AuthorCheck.NONE
    if found is not AuthorCheck.FAILED and auth_as and all(value == "internal" for value in auth_as):
        return AuthorCheck.INTERNAL
    return found


def read_results(value: str) -> tuple[str | None, list[tuple[str, str]]]:
    """The server's name (None where it gives none) and the (method, result) pairs of one header, in lower case.

    RFC 8601, section 2.2. Comments and quoted strings say nothing. Where a bracket never closes, brackets are read as
    plain text: what follows one must not hide a failure.
    """
    value = value[:_MAX_VALUE]
    parts = _parts(value, with_comments=True) or _parts(value, with_comments=False) or []
    server: str | None = None
    results: list[tuple[str, str]] = []
    for position, part in enumerate(parts):
        words = part.replace(" =", "=").replace("= ", "=").split()
        if not words:
            continue
        method, equals, result = words[0].partition("=")
        if equals:
            results.append((method.partition("/")[0].lower(), result.lower()))
        elif position == 0:
            server = words[0].lower()
    return server, results


def _parts(value: str, *, with_comments: bool) -> list[str] | None:
    """What stands between semicolons, without comments and quoted text; None where a comment does not end."""
    parts: list[list[str]] = [[]]
    depth, is_quoted, is_escaped = 0, False, False
    for char in value:
        if is_escaped:
            is_escaped = False
        elif char == "\\" and (depth or is_quoted):
            is_escaped = True
        elif is_quoted:
            is_quoted = char != '"'
        elif with_comments and char == "(":
            depth += 1
        elif with_comments and char == ")" and depth:
            depth -= 1
        elif depth:
            continue
        elif char == '"':
            is_quoted = True
        elif char == ";":
            parts.append([])
        else:
            parts[-1].append(" " if char in "()" or char.isspace() else char)
    if depth or is_quoted:
        return None if with_comments else ["".join(part) for part in map(list, value.split(";"))]
    return [" ".join("".join(part).split()) for part in parts]


def _verdict(results: Sequence[tuple[str, str]]) -> AuthorCheck:
    if any(result in _FAILED for result in results):
        return AuthorCheck.FAILED
    return AuthorCheck.PASSED if any(result in _PASSED for result in results) else AuthorCheck.NONE


def _hop(received: str) -> tuple[str, str]:
    """From which server, by its own word, and by which server, in lower case; "" where a line does not say."""
    words = received[:_MAX_VALUE].split()
    named = {"from": "", "by": ""}
    for word, following in pairwise(words):
        if word.lower() in named and not named[word.lower()]:
            named[word.lower()] = following.strip("()[]<>;,").rstrip(".").lower()
        if word.lower() in ("with", "via", "id", "for"):
            break
    return named["from"], named["by"]


def _is_inner(handed_over: str, by: str) -> bool:
    """Did the message pass from one of Exchange Online's servers to another, or to none?"""
    if by.endswith(_EDGES):
        return False
    return by.endswith(_INSIDE) and (handed_over.endswith((*_INSIDE, *_EDGES)) or not handed_over)


def _is_below(host: str, domains: Sequence[str]) -> bool:
    return any(host == domain or host.endswith(f".{domain}") for domain in domains)
