"""Letters as people read them: golden files, templates of the firm's own, and what must never become code."""

from __future__ import annotations

import dataclasses
import io
import os
import re
from datetime import timedelta
from pathlib import Path

import pytest
from pypdf import PdfReader

from mailsorter.cases.find import find
from mailsorter.cases.intake import extend, open_case, reject
from mailsorter.cases.letter import as_pdf, write_letter
from mailsorter.cases.office import ClientEntry
from mailsorter.cases.perform import perform
from mailsorter.cases.plan import make_plan
from mailsorter.cases.prove import prove
from mailsorter.cases.verify import attest, give_code
from mailsorter.cases.written import LetterKind, letters_of
from mailsorter.errors import LifecycleError, UserError
from mailsorter.model.case import CaseKind, Subject, Verdict
from mailsorter.model.folder import WellKnown
from mailsorter.model.ground import Policy
from mailsorter.model.lifecycle import CaseState
from tests.cases.office import BERT, NOW, PIET, SUBJECT, World, mail, replaced
from tests.cases.signing import approve_seen

GOLDEN = Path(__file__).with_name("golden")
REASONS = {
    "nl": ("uw verzoek betreft zeer veel berichten.", "wij konden niet vaststellen dat het verzoek van u komt"),
    "en": ("your request concerns very many messages.", "we could not establish that the request comes from you"),
}
OUTSIDE = ("accountant@elders.example", "derde@elders.example")


def assert_golden(name: str, text: str) -> None:
    """Compare with the file of that name; MAILSORTER_UPDATE_GOLDEN=1 writes it anew, to be read in review."""
    path = GOLDEN / name
    text = re.sub(r"(?<=\[MS-\d{4}-\d{4}-)[a-z2-9]{4}(?=\])", "k7qd", text)  # the tag's part at random
    if os.environ.get("MAILSORTER_UPDATE_GOLDEN"):
        path.write_text(text, "utf-8")
    assert text == path.read_text("utf-8")


def a_proven_case(world: World, *, keeps: bool, language: str) -> str:
    from mailsorter.model.message import Participant

    world.change(firm=dataclasses.replace(world.office.firm, contact="privacy@firm.example"))
    mail(world.anna, from_=PIET)
    mail(world.anna, WellKnown.SENT, from_=BERT, to=(Participant(OUTSIDE[0]),), text="CV van Piet de Vries")
    if keeps:
        mail(world.anna, from_=PIET, subject="Factuur 12")
        mail(world.anna, from_=PIET, subject="Factuur 13")
        held = mail(world.bert, WellKnown.RECOVERABLE_PURGES, from_=PIET)
        world.bert.hold([held[1]])
    subject = Subject(names=("Piet de Vries",), addresses=(PIET.address,), language=language)
    number = world.approved(subject)
    perform(world.office, number)
    verdict = prove(world.office, number).verdict
    assert verdict is not None
    assert (verdict.is_proven, verdict.may_answer) == (not keeps, True)  # a hold is a remainder that the letter names
    return number


@pytest.mark.parametrize("language", ["nl", "en"])
@pytest.mark.parametrize("keeps", [False, True])
def test_the_answer(world: World, language: str, keeps: bool) -> None:
    """Done, or what stays with article and day; the case is then answered and the firm's own term met."""
    number = a_proven_case(world, keeps=keeps, language=language)
    letter = write_letter(world.office, number)
    assert letter.kind is (LetterKind.PARTLY if keeps else LetterKind.DONE)
    assert_golden(f"{language}-{letter.kind}.txt", letter.text)
    row = world.office.get(number)
    assert (row.state, row.told_on) == (CaseState.ANSWERED, None)  # written is not sent
    assert letters_of(world.office.open_file(number)) == [letter]


@pytest.mark.parametrize("language", ["nl", "en"])
@pytest.mark.parametrize("kind", [LetterKind.EXTENSION, LetterKind.IDENTIFY, LetterKind.REFUSAL])
def test_other_letters(world: World, language: str, kind: LetterKind) -> None:
    """Extension, identification and refusal, each with its reason and remedies."""
    subject = Subject(names=("Piet de Vries",), addresses=(PIET.address,), language=language)
    number = open_case(world.office, CaseKind.ERASURE, subject).number
    if kind is LetterKind.EXTENSION:
        extend(world.office, number, reason=REASONS[language][0])
    if kind is LetterKind.REFUSAL:
        reject(world.office, number, reason=REASONS[language][1])
    code = ""
    if kind is LetterKind.IDENTIFY:
        mail(world.anna, from_=PIET, received_at=NOW - timedelta(days=9))
        code = give_code(world.office, number, PIET.address)
    letter = write_letter(world.office, number, kind, code=code)
    assert_golden(f"{language}-{kind}.txt", letter.text.replace(code, "ABCD-EFGH") if code else letter.text)


@pytest.mark.parametrize("kind", [CaseKind.ERASURE, CaseKind.CLIENT_LEAVES])
def test_only_a_person_s_letter_cites_the_right_to_erasure(world: World, kind: CaseKind) -> None:
    """The kind of the case decides; a client can be a company."""
    entry = ClientEntry(id="klant", name="Klant", folder=("Klant",), domains=("klant.example",))
    world.change(clients={"klant": entry})
    mail(world.anna, from_=PIET)
    number = world.approved(SUBJECT if kind is CaseKind.ERASURE else Subject(client_id="klant"), kind)
    perform(world.office, number)
    prove(world.office, number)
    text = write_letter(world.office, number).text
    assert ("artikel 17 AVG" in text) == (kind is CaseKind.ERASURE)
    assert ("dat u als klant bij ons vertrekt" in text) == (kind is CaseKind.CLIENT_LEAVES)


def test_an_answer_waits_for_its_proof(world: World) -> None:
    """No letter says that something is gone before the witness has looked."""
    with pytest.raises(LifecycleError):
        write_letter(world.office, world.opened(), LetterKind.DONE)


def test_an_extension_letter_needs_its_reason(world: World) -> None:
    with pytest.raises(UserError, match="mailsorter case extend"):
        write_letter(world.office, world.opened(), LetterKind.EXTENSION)


def test_the_firm_s_own_template_goes_first(world: World, tmp_path: Path) -> None:
    """A template of the same name in the firm's folder is used; a broken one names itself."""
    (tmp_path / "own" / "nl").mkdir(parents=True)
    template = tmp_path / "own" / "nl" / "identify.txt.j2"
    world.change(firm=dataclasses.replace(world.firm, letter_templates=tmp_path / "own"))
    number = world.opened()
    template.write_text("Betreft: zaak {{ case }}\n\nBeste {{ salutation }}\n")
    assert write_letter(world.office, number, LetterKind.IDENTIFY).text.endswith("Beste Piet de Vries\n")
    for broken in ("{{ nothing_of_that_name }}", "{% if %}", "{{ ''.__class__.__mro__ }}"):
        template.write_text(broken)
        with pytest.raises(UserError, match=r"identify\.txt\.j2"):
            write_letter(world.office, number, LetterKind.IDENTIFY)


def test_the_pdf_shows_text_and_runs_none(world: World) -> None:
    """Names with typst's own signs and with right-to-left marks make a PDF, and only that."""
    for name in ('#read("/etc/passwd") $x$ *b* @ref <l>', "\u202eevil"):
        number = world.opened(Subject(names=(name,), addresses=(PIET.address,)))
        pdf = as_pdf(world.office, write_letter(world.office, number, LetterKind.IDENTIFY))
        assert pdf.startswith(b"%PDF-")
    letter = replaced(write_letter(world.office, number, LetterKind.IDENTIFY), text="Betreft: x\n\n- een\n\n    CODE\n")
    assert as_pdf(world.office, letter).startswith(b"%PDF-")


def test_an_unknown_language_is_refused(world: World) -> None:
    with pytest.raises(UserError, match="nl, en"):
        write_letter(world.office, world.opened(), LetterKind.IDENTIFY, language="fr")


def test_an_unknown_language_is_refused_at_open(world: World) -> None:
    """Not only a month later, when the answer is due."""
    with pytest.raises(UserError, match=r"no letters in fr.*nl.*en"):
        open_case(world.office, CaseKind.ERASURE, replaced(SUBJECT, language="fr"))


def test_mail_that_only_mentions_the_person_is_no_legal_duty(world: World) -> None:
    """`mentioned = "keep"` keeps it for a purpose, which the letter names; after an objection a person weighs it."""
    world.change(firm=dataclasses.replace(world.firm, policy=Policy(mentioned=Verdict.KEEP)))
    mail(world.anna, text=f"over {PIET.address}")
    number = world.planned()
    approve_seen(world.office, number, "bert")
    perform(world.office, number)
    prove(world.office, number)
    text = write_letter(world.office, number).text
    assert "onze zakelijke administratie" in text
    assert "(artikel 17, eerste lid, onder a, AVG)" in text
    assert "wet ons verplicht" not in text
    number = open_case(world.office, CaseKind.ERASURE, replaced(SUBJECT, objects=True)).number
    attest(world.office, number, "known")
    find(world.office, number)
    assert [i.reason for i in make_plan(world.office, number, by="anna").items] == ["balance-after-objection"]


def test_who_received_the_data_is_told_only_when_asked(world: World) -> None:
    """The category otherwise (art. 19)."""
    number = a_proven_case(world, keeps=False, language="nl")
    assert OUTSIDE[0] not in write_letter(world.office, number).text
    assert OUTSIDE[0] in write_letter(world.office, number, names_recipients=True).text


def test_a_name_that_no_font_can_print_makes_no_pdf(world: World) -> None:
    """Empty boxes in a letter to a person are wrong: it is refused, and the text stays whole."""
    name = "\U000f1234\U000f1235"  # private use: no font has them
    number = world.opened(Subject(names=(name,), addresses=(PIET.address,)))
    letter = write_letter(world.office, number, LetterKind.IDENTIFY)
    assert name in letter.text
    with pytest.raises(UserError, match=f"print {name}:"):
        as_pdf(world.office, letter)


@pytest.mark.parametrize("name", ["李小龍", "محمد علي", "שרה"])
def test_a_name_in_another_script_is_printed_or_refused_by_its_letters(world: World, name: str) -> None:
    """As the fonts of this machine allow; never in boxes."""
    number = world.opened(Subject(names=(name,), addresses=(PIET.address,)))
    letter = write_letter(world.office, number, LetterKind.IDENTIFY)
    refused, shown = "", ""
    try:
        shown = "".join(page.extract_text() for page in PdfReader(io.BytesIO(as_pdf(world.office, letter))).pages)
    except UserError as error:
        refused = error.what.split("print ")[1].split(":")[0]
    assert bool(refused) is not bool(shown)
    assert set(refused) <= set(name)
    assert "\0" not in shown


@pytest.mark.parametrize("name", ["Zoë Őrsi-Łukasz", "Γιώργος Ψ", "Ольга Щукина", "Jan–Ĳsbrand ‘t “Hoen” ﬁ"])
def test_names_that_the_carried_fonts_have_are_printed(world: World, name: str) -> None:
    number = world.opened(Subject(names=(name,), addresses=(PIET.address,)))
    assert as_pdf(world.office, write_letter(world.office, number, LetterKind.IDENTIFY))


def test_the_signature_is_never_alone_on_a_page(world: World) -> None:
    """The remedies stay with it, however long the letter is; several pages are numbered."""
    letter = write_letter(world.office, world.opened(), LetterKind.IDENTIFY)
    pages = []
    for lines in range(30, 42):
        text = "Betreft: x\n\n" + "Een regel.\n\n" * lines + "Bezwaar en beroep.\n\nMet vriendelijke groet,\n\nFirma\n"
        pages = PdfReader(io.BytesIO(as_pdf(world.office, replaced(letter, text=text)))).pages
        last = pages[-1].extract_text()
        assert "Bezwaar en beroep." in last, lines
        assert "vriendelijke groet" in last
        assert (f"{len(pages)} / {len(pages)}" in last) is (len(pages) > 1)
    assert len(pages) > 1
