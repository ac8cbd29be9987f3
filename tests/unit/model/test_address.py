"""Addresses as they really are, and the one form they come to."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailsorter.model.address import addresses_in, base_of, canonical, canonical_domain, find_addresses

RAW_TO_CANONICAL = [
    ("piet@klant.example", ("piet@klant.example",), "plain"),
    ("Piet.Bakker@KLANT.Example", ("piet.bakker@klant.example",), "upper case"),
    ("c..hall@voorbeeld.example", ("c..hall@voorbeeld.example",), "two dots, real in the wild"),
    (".c.hall@voorbeeld.example", (".c.hall@voorbeeld.example",), "a leading dot"),
    ("c.hall.@voorbeeld.example", ("c.hall.@voorbeeld.example",), "a trailing dot before the @"),
    ("o'neil@klant.example", ("o'neil@klant.example",), "an apostrophe"),
    ("'piet@klant.example'", ("piet@klant.example",), "Outlook's apostrophes around an address"),
    ('"Bakker, Piet" <piet@klant.example>', ("piet@klant.example",), "a display name with a comma"),
    ('"nep@bank.example" <piet@klant.example>', ("piet@klant.example",), "an address as display name is not read"),
    ("<piet@klant.example>", ("piet@klant.example",), "angle brackets"),
    ("SMTP:piet@klant.example", ("piet@klant.example",), "a proxyAddresses prefix"),
    ("mailto:piet@klant.example", ("piet@klant.example",), "a mailto link"),
    ("piet@klant.example.", ("piet@klant.example",), "a trailing dot"),
    (" piet@klant.example\r\n", ("piet@klant.example",), "white space around"),
    ("piet\u200b@klant.example", ("piet@klant.example",), "a zero-width space"),
    ("\u202epiet@klant.example", ("piet@klant.example",), "a direction mark"),
    ("piet@bücher.example", ("piet@xn--bcher-kva.example",), "an internationalised domain"),
    ("piet@XN--BCHER-KVA.example", ("piet@xn--bcher-kva.example",), "the same, encoded"),
    ("piet@BÜCHER。example", ("piet@xn--bcher-kva.example",), "the same, with an ideographic full stop"),
    ("jürgen@klant.example", ("jürgen@klant.example",), "SMTPUTF8"),
    ("ju\u0308rgen@klant.example", ("jürgen@klant.example",), "SMTPUTF8, decomposed"),
    ("用户@例子.example", ("用户@xn--fsqu00a.example",), "Chinese"),
    ('"john doe"@klant.example', ("john doe@klant.example",), "a quoted local part"),
    ('"c..hall"@klant.example', ("c..hall@klant.example",), "quotes that are not needed"),
    ("piet@klant.example (Piet Bakker)", ("piet@klant.example",), "a comment"),
    ("piet+offerte@klant.example", ("piet+offerte@klant.example",), "a plus-address stays itself"),
    ("Team: a@klant.example, B@klant.example;", ("a@klant.example", "b@klant.example"), "group syntax"),
    ("Team: Aad <a@klant.example>, <a@klant.example>;", ("a@klant.example",), "a group with a repeat"),
    ("undisclosed-recipients:;", (), "an empty group"),
    ("a@klant.example; b@klant.example", ("a@klant.example", "b@klant.example"), "Outlook's semicolons"),
    ("/O=FIRMA/OU=EXCHANGE/CN=RECIPIENTS/CN=PBAKKER", (), "X.500"),
    ("EX:/o=firma/ou=x/cn=recipients/cn=p@b", (), "X.500 with a prefix and an @"),
    ("IMCEAEX-_O=FIRMA_OU=X_CN=P@firma.example", (), "X.500 in SMTP's clothes"),
    ("piet", (), "a bare word"),
    ("@klant.example", (), "no local part"),
    ("piet@", (), "no domain"),
    ("", (), "nothing"),
    ("@", (), "only an @"),
    ("piet@[192.0.2.1]", (), "an IP literal is nobody's domain"),
    ("piet@klant.example@elders.example", ("piet@klant.example@elders.example",), "two @: the last one counts"),
    ("a b@klant.example", ("b@klant.example",), "a space before the address"),
    ("a@" + "a." * 200 + "example", (), "a domain longer than any can be"),
    ("a@b.example;" * 2000, (), "a list longer than any group"),
    ("＠", (), "a full-width @ alone"),
]  # fmt: skip


@pytest.mark.parametrize(("raw", "expected", "case"), RAW_TO_CANONICAL)
def test_a_raw_participant_gives_the_addresses_it_holds(raw: str, expected: tuple[str, ...], case: str) -> None:
    assert addresses_in(raw) == expected, case


@pytest.mark.parametrize(
    ("address", "base"),
    [
        ("piet+offerte@klant.example", "piet@klant.example"),
        ("piet+a+b@klant.example", "piet@klant.example"),
        ("+31612345678@klant.example", None),
        ("piet@klant.example", None),
        ("piet@k+lant.example", None),
    ],
)
def test_a_plus_address_has_a_base(address: str, base: str | None) -> None:
    assert base_of(address) == base


def test_a_domain_that_idna_refuses_is_compared_as_written() -> None:
    assert canonical_domain("a\u0300-.exämple..nl") == canonical_domain("A\u0300-.EXÄMPLE..NL")


def test_addresses_in_running_text_are_found_in_order_and_once() -> None:
    text = "Bel mij, of mail naar piet@klant.example. Anders (jan@klant.example) of <Piet@klant.example>!"
    assert find_addresses(text) == ("piet@klant.example", "jan@klant.example")


@settings(max_examples=200)
@given(st.text(max_size=60) | st.from_regex(r'[ "<>@,;:.()\[\]a-zé+/=\x00-]{0,40}', fullmatch=True))
def test_no_text_raises_and_what_comes_out_is_stable(raw: str) -> None:
    for address in addresses_in(raw):
        local, _, domain = address.rpartition("@")
        assert local
        assert domain == canonical_domain(domain)


@settings(max_examples=100)
@given(st.from_regex(r"[a-z0-9._+'-]{1,20}@[a-z0-9-]{1,10}\.example", fullmatch=True))
def test_an_address_in_canonical_form_is_its_own_canonical_form(address: str) -> None:
    once = canonical(address)
    assert once is None or canonical(once) == once
