# ruff: noqa: E501 - header lines as servers write them
"""The receiving server's verdict on an author: what counts of a header block, and what anybody may have written."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailsorter.mailbox.authentication import headers_of, read_results, verdict_of
from mailsorter.model.author_check import AuthorCheck

EDGE = "Received: from mail.sender.example (192.0.2.7) by DB5EUR01FT001.mail.protection.outlook.com (10.0.0.1)\r\n with Microsoft SMTP Server id 15.20 via Frontend Transport; Mon, 2 Mar 2026 09:00:00 +0000\r\n"
INNER = (
    "Received: from AM7PR01MB1.eurprd01.prod.exchangelabs.com (2603::1) by VI1PR01MB2.eurprd01.prod.exchangelabs.com\r\n with HTTPS; Mon, 2 Mar 2026 09:00:02 +0000\r\n"
    "Received: from DB5EUR01FT001.eop-EUR01.prod.protection.outlook.com (2603::2) by DB6P1.outlook.office365.com\r\n (2603::3) with Microsoft SMTP Server; Mon, 2 Mar 2026 09:00:01 +0000\r\n"
)
PASS = "Authentication-Results: spf=pass (sender IP is 192.0.2.7)\r\n smtp.mailfrom=sender.example; dkim=pass (signature was verified) header.d=sender.example;dmarc=pass action=none header.from=sender.example;compauth=pass reason=100\r\n"
FAIL = "Authentication-Results: spf=fail (sender IP is 192.0.2.7)\r\n smtp.mailfrom=sender.example; dkim=none (message not signed) header.d=none;dmarc=fail action=oreject header.from=sender.example;compauth=fail reason=000\r\n"
NONE = "Authentication-Results: spf=none; dkim=none; dmarc=none action=none header.from=x.example;compauth=softpass\r\n"
IMPLICIT = "Authentication-Results: spf=none; dmarc=none action=none header.from=x.example;compauth=fail reason=001\r\n"
OTHERS = PASS.replace("Results: spf", "Results: mx.sender.example; spf")
FORGED_EDGE = EDGE.replace("DB5EUR01FT001", "DB5EUR01FT999")
REST = "From: a@sender.example\r\nTo: b@firm.example\r\n"
ANON, INTERN = "X-MS-Exchange-Organization-AuthAs: Anonymous\r\n", "X-MS-Exchange-Organization-AuthAs: Internal\r\n"
AT_GATE = FAIL.replace("Results: spf", "Results: mx.gate.example; spf")
TO_GATE = "Received: from evil.example by mx1.gate.example with ESMTPS; Mon, 2 Mar 2026 08:59:00 +0000\r\n"
FROM_GATE = EDGE.replace("mail.sender.example", "mx1.gate.example")
ON_PREMISES = "Received: from mail.sender.example by mail.firm.example with Microsoft SMTP Server; Mon, 2 Mar\r\n"

BLOCKS = [
    ("passed", INNER + PASS + EDGE + REST, (), AuthorCheck.PASSED),
    ("failed", INNER + FAIL + EDGE + REST, (), AuthorCheck.FAILED),
    ("without inner hops", FAIL + EDGE + REST, (), AuthorCheck.FAILED),
    ("no result that says anything", INNER + NONE + EDGE + REST, (), AuthorCheck.NONE),
    ("no policy, but implicitly failed", INNER + IMPLICIT + EDGE + REST, (), AuthorCheck.FAILED),
    ("no such header", INNER + EDGE + REST, (), AuthorCheck.NONE),
    ("nothing at all", "", (), AuthorCheck.NONE),
    ("a stranger's own, below", INNER + EDGE + PASS + REST, (), AuthorCheck.NONE),
    ("a stranger's own, below a failure", INNER + FAIL + EDGE + PASS + REST, (), AuthorCheck.FAILED),
    ("a stranger's own, above a forged edge", INNER + EDGE + PASS + FORGED_EDGE + REST, (), AuthorCheck.NONE),
    ("a stranger's own, with forged inner hops", INNER + EDGE + INNER + PASS + FORGED_EDGE, (), AuthorCheck.NONE),
    ("another server's, above", OTHERS + INNER + EDGE, (), AuthorCheck.NONE),
    ("passed in another tenant and sent on from there",
     INNER + FAIL + EDGE.replace("mail.sender.example", "mail-db8.outbound.protection.outlook.com") + INNER + PASS, (),
     AuthorCheck.FAILED),
    ("on premises, above the first Received", FAIL + ON_PREMISES + REST, (), AuthorCheck.FAILED),
    ("on premises, a stranger's own", ON_PREMISES + PASS + REST, (), AuthorCheck.NONE),
    ("submitted inside", INNER + INTERN + REST, (), AuthorCheck.INTERNAL),
    ("anonymous", INNER + PASS + EDGE + ANON + REST, (), AuthorCheck.PASSED),
    ("inside, and yet failed", INNER + FAIL + EDGE + INTERN + REST, (), AuthorCheck.FAILED),
    ("inside and anonymous at once", INNER + EDGE + INTERN + ANON + REST, (), AuthorCheck.NONE),
    ("a gateway's verdict instead of Exchange's", INNER + PASS + FROM_GATE + AT_GATE + TO_GATE, ("gate.example",),
     AuthorCheck.FAILED),
    ("the other way round", INNER + FAIL + FROM_GATE + PASS.replace("Results: spf", "Results: mx.gate.example; spf")
     + TO_GATE, ("gate.example",), AuthorCheck.PASSED),
    ("the same gateway, not named", INNER + PASS + FROM_GATE + AT_GATE + TO_GATE, (), AuthorCheck.PASSED),
    ("below the gateway's own Received", INNER + FAIL + FROM_GATE + TO_GATE + PASS.replace("Results: spf",
     "Results: mx.gate.example; spf"), ("gate.example",), AuthorCheck.FAILED),
    ("a gateway that says nothing", INNER + FAIL + FROM_GATE + TO_GATE + REST, ("gate.example",), AuthorCheck.FAILED),
    ("a stranger greets the gateway with its own name",
     INNER + PASS + FROM_GATE + AT_GATE + TO_GATE.replace("evil.example", "mx9.gate.example")
     + PASS.replace("Results: spf", "Results: mx.gate.example; spf") + REST, ("gate.example",), AuthorCheck.FAILED),
    ("on premises behind a gateway", ON_PREMISES.replace("mail.sender.example", "mx1.gate.example") + AT_GATE + TO_GATE,
     ("gate.example",), AuthorCheck.FAILED),
]  # fmt: skip


@pytest.mark.parametrize(("case", "block", "gateways", "verdict"), BLOCKS, ids=[row[0] for row in BLOCKS])
def test_only_what_the_organisation_wrote_counts(
    case: str, block: str, gateways: tuple[str, ...], verdict: AuthorCheck
) -> None:
    assert verdict_of(headers_of(block), gateways) is verdict


VALUES = [
    ("mx.example; dmarc=pass", "mx.example", [("dmarc", "pass")]),
    ("mx.example 1; dmarc = fail (p=none)", "mx.example", [("dmarc", "fail")]),
    ("mx.example; none", "mx.example", []),
    ("spf=pass smtp.mailfrom=a.example;dmarc/1=fail", None, [("spf", "pass"), ("dmarc", "fail")]),
    ("spf=fail (x; dmarc=pass) smtp.mailfrom=a;compauth=fail", None, [("spf", "fail"), ("compauth", "fail")]),
    ('spf=pass smtp.mailfrom="x;dmarc=pass"@e.example;dmarc=fail', None, [("spf", "pass"), ("dmarc", "fail")]),
    ("spf=none (never closed; dmarc=fail", None, [("spf", "none"), ("dmarc", "fail")]),
    ("SPF=Pass; DMARC=Fail", None, [("spf", "pass"), ("dmarc", "fail")]),
    ("(a comment) mx.example; dmarc=pass", "mx.example", [("dmarc", "pass")]),
    ("", None, []),
]


@pytest.mark.parametrize(("value", "server", "results"), VALUES)
def test_results_are_read_as_rfc_8601_writes_them(
    value: str, server: str | None, results: list[tuple[str, str]]
) -> None:
    assert read_results(value) == (server, results)


def test_a_comment_that_never_ends_hides_no_failure() -> None:
    assert verdict_of([("authentication-results", "spf=pass (x; dmarc=fail header.from=a"), ("received", "x")]) is (
        AuthorCheck.FAILED
    )


@given(st.text(alphabet=st.sampled_from('();"\\= \tdmarcfilps:.@\r\n'), max_size=400))
def test_whatever_is_written_it_is_read(text: str) -> None:
    read_results(text)
    verdict_of(headers_of(f"Authentication-Results: {text}\r\nReceived: {text}"), ("gate.example",))


def test_a_block_is_read_to_its_cap_and_no_further() -> None:
    many = "X-A: b\r\n" * 5_000 + FAIL
    assert len(list(headers_of(many))) == 400
    assert len(next(headers_of("X-A: b\r\n" + " c\r\n" * 50_000))[1]) < 70_000
