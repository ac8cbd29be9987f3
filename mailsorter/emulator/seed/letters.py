"""How each kind of mail of the synthetic firm is written. Each function gives the letters of one exchange."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import NamedTuple

from mailsorter.emulator.seed import words
from mailsorter.emulator.seed.world import FIRM_DOMAIN, FIRM_NAME, PROVIDER_DOMAIN, Contact, World, slug
from mailsorter.emulator.store import Address, NewAttachment, NewMessage

#: The firm's mail ends here, whenever it is made: the same seed gives the same mail.
END_S = int(datetime(2026, 11, 1, 8, 0, tzinfo=UTC).timestamp())
SPAN_S = 540 * 86_400


class Letter(NamedTuple):
    """One message and where it goes."""

    owner: int
    """The mailbox: a number in `World.staff`, the one after the last for the shared mailbox."""
    folder: str
    message: NewMessage
    client: str = ""
    note: str = ""
    kind: str = ""


def _moment(chance: random.Random) -> int:
    """A working hour in the firm's past year and a half."""
    day = END_S - chance.randrange(SPAN_S)
    return day - day % 86_400 + 7 * 3600 + chance.randrange(10 * 3600)


def _owner(world: World, number: int) -> Address:
    return (*world.staff, world.shared)[number]


def _id(chance: random.Random, domain: str) -> str:
    return f"<{chance.getrandbits(96):024x}@{domain}>"


def _pick(chance: random.Random, world: World) -> Contact:
    """Someone at a client; a few clients write most of the mail."""
    place = min(int(chance.paretovariate(0.9)) - 1, len(world.clients) - 1)
    place = (place * 7919 + chance.randrange(3)) % len(world.clients)
    return chance.choice(world.contacts[place])


def _text(chance: random.Random, language: str, writer: Address, reader: Address) -> str:
    sentences = words.EN_SENTENCES if language == "en" else words.NL_SENTENCES
    hello, bye = ("Dear", "Kind regards") if language == "en" else ("Beste", "Met vriendelijke groet")
    body = " ".join(chance.sample(sentences, chance.randint(2, 4)))
    first = reader.name.split(" ")[0] if reader.name else "all"
    return f"{hello} {first},\n\n{body}\n\n{bye},\n{writer.name}\n"


def _subject(chance: random.Random, language: str) -> str:
    return chance.choice(words.EN_SUBJECTS if language == "en" else words.NL_SUBJECTS)


def _read(chance: random.Random, when: int) -> bool:
    """Old mail is read; of the last weeks some is not."""
    return when < END_S - 21 * 86_400 or chance.random() < 0.5


def _received(chance: random.Random, owner: int, new: NewMessage, client: str = "", note: str = "") -> Letter:
    folder = "deleteditems" if chance.random() < 0.02 else "archive" if chance.random() < 0.02 else "inbox"
    new.is_read = _read(chance, new.received or 0)
    return Letter(owner, folder, new, client, note)


def _sent(owner: int, new: NewMessage, client: str = "", note: str = "") -> Letter:
    new.is_read = True
    return Letter(owner, "sentitems", new, client, note)


def _colleague(chance: random.Random, world: World, owner: int) -> int:
    return chance.choice([number for number in range(len(world.staff)) if number != owner])


def client_thread(chance: random.Random, world: World, owner: int) -> list[Letter]:
    """A client writes or is written to; answers follow over days to months, some from a private address."""
    contact, me = _pick(chance, world), _owner(world, owner)
    client, language = contact.client, contact.client.language
    subject = _subject(chance, language)
    if chance.random() < 0.2:
        subject = f"{subject} [{client.codes[0]}]"
    when, length = _moment(chance), chance.choices((1, 2, 3, 4, 6), (40, 25, 15, 12, 8))[0]
    incoming = chance.random() < 0.65
    seen: list[str] = []
    letters: list[Letter] = []
    for turn in range(length):
        theirs = contact.private if incoming and turn and chance.random() < 0.07 else contact.person
        writer, reader = (theirs, me) if incoming else (me, contact.person)
        number = _id(chance, writer.address.partition("@")[2])
        new = NewMessage(
            subject=subject if not turn else f"Re: {subject}",
            body=_text(chance, language, writer, reader),
            from_=writer,
            to=[reader],
            message_id=number,
            references=" ".join(seen),
            in_reply_to=seen[-1] if seen else "",
            received=when,
            sent=when - 4,
        )
        copied = _colleague(chance, world, owner) if chance.random() < 0.08 else None
        if copied is not None:
            new.cc = [world.staff[copied]]
        letters.append(_received(chance, owner, new, client.id) if incoming else _sent(owner, new, client.id))
        if copied is not None:
            letters.append(Letter(copied, "inbox", _copy(new), client.id))
        seen.append(number)
        when = min(when + chance.randrange(3600, 86_400 * (60 if chance.random() < 0.15 else 5)), END_S)
        incoming = not incoming
    return letters


def _copy(new: NewMessage) -> NewMessage:
    return replace(new, is_read=False)


def code_only(chance: random.Random, world: World, owner: int) -> list[Letter]:
    """A third party writes about a client's project; only the code tells whose it is."""
    contact, me = _pick(chance, world), _owner(world, owner)
    accountant = Address("Administratiekantoor Telraam", "kantoor@telraam-administratie.example")
    code = contact.client.codes[0]
    subject = chance.choice((f"Stukken {code}", f"Dossier {code.lower()}: aanvulling", f"RE: ({code}) cijfers"))
    when = _moment(chance)
    new = NewMessage(
        subject=subject,
        body=_text(chance, "nl", accountant, me),
        from_=accountant,
        to=[me],
        message_id=_id(chance, "telraam-administratie.example"),
        received=when,
        sent=when - 9,
    )
    return [_received(chance, owner, new, contact.client.id, "only the project code tells")]


def two_clients(chance: random.Random, world: World, owner: int) -> list[Letter]:
    """People of two clients on one message: nobody can say whose it is."""
    one, other = _pick(chance, world), _pick(chance, world)
    me, when = _owner(world, owner), _moment(chance)
    new = NewMessage(
        subject="Gezamenlijk overleg " + chance.choice(("najaar", "voorjaar", "aanbesteding", "subsidie")),
        body=_text(chance, "nl", one.person, me),
        from_=one.person,
        to=[me],
        cc=[other.person],
        message_id=_id(chance, "gezamenlijk.example"),
        received=when,
        sent=when - 6,
    )
    if one.client.id == other.client.id:
        return [_received(chance, owner, new, one.client.id)]
    return [_received(chance, owner, new, "", f"{one.client.id},{other.client.id}")]


def offer(chance: random.Random, world: World, owner: int) -> list[Letter]:
    """An offer goes out with a PDF; sometimes it is accepted."""
    contact, me, when = _pick(chance, world), _owner(world, owner), _moment(chance)
    client, number = contact.client, _id(chance, FIRM_DOMAIN)
    title = f"Offer {client.codes[0]}" if client.language == "en" else f"Offerte {client.codes[0]}"
    sent = NewMessage(
        subject=title,
        body=_text(chance, client.language, me, contact.person),
        from_=me,
        to=[contact.person],
        message_id=number,
        received=when,
        sent=when - 2,
        attachments=[_pdf(f"{title}.pdf")],
    )
    letters = [_sent(owner, sent, client.id)]
    if chance.random() < 0.6:
        when = min(when + chance.randrange(86_400, 20 * 86_400), END_S)
        answer = NewMessage(
            subject=f"RE: {title}",
            body="Akkoord.\n\nVerstuurd vanaf mijn telefoon" if client.language == "nl" else "Approved, thanks.\n",
            from_=contact.person,
            to=[me],
            message_id=_id(chance, contact.person.address.partition("@")[2]),
            references=number,
            in_reply_to=number,
            received=when,
            sent=when - 3,
        )
        letters.append(_received(chance, owner, answer, client.id))
    return letters


def _pdf(name: str) -> NewAttachment:
    return NewAttachment(name, "application/pdf", b"%PDF-1.4\n% a synthetic document\n%%EOF\n")


def invoice(chance: random.Random, world: World, owner: int) -> list[Letter]:
    """A client's bookkeeping writes about an invoice, or a supplier of nobody sends one."""
    me, when, number = _owner(world, owner), _moment(chance), chance.randrange(20_000, 99_999)
    if chance.random() < 0.3:
        supplier = Address("Kantoorcentrum", "facturen@kantoorcentrum-dienst.example")
        new = NewMessage(
            subject=f"Factuur {number}",
            body="Geachte relatie,\n\nBijgaand onze factuur.\n",
            from_=supplier,
            to=[me],
            message_id=_id(chance, "kantoorcentrum-dienst.example"),
            received=when,
            sent=when - 3,
            attachments=[_pdf(f"factuur-{number}.pdf")],
        )
        return [_received(chance, owner, new)]
    contact = _pick(chance, world)
    client = contact.client
    desk = Address("Crediteurenadministratie", f"crediteuren@{client.domains[-1]}")
    new = NewMessage(
        subject=f"Invoice {number}" if client.language == "en" else f"Vraag over factuur {number}",
        body=_text(chance, client.language, desk, me),
        from_=desk,
        to=[me],
        message_id=_id(chance, client.domains[-1]),
        received=when,
        sent=when - 3,
    )
    return [_received(chance, owner, new, client.id)]


def forward(chance: random.Random, world: World, owner: int) -> list[Letter]:
    """A colleague forwards a client's mail; only the header block in the body tells whose it is."""
    contact, me, when = _pick(chance, world), _owner(world, owner), _moment(chance)
    colleague = world.staff[_colleague(chance, world, owner)]
    client, subject = contact.client, _subject(chance, contact.client.language)
    if client.language == "en":
        labels, stamp = ("From", "Sent", "To", "Subject"), "Tuesday, 3 March 2026 10:12"
    else:
        labels, stamp = ("Van", "Verzonden", "Aan", "Onderwerp"), "dinsdag 3 maart 2026 10:12"
    block = (
        f"{labels[0]}: {contact.person.name} <{contact.person.address}>\n{labels[1]}: {stamp}\n"
        f"{labels[2]}: {colleague.name} <{colleague.address}>\n{labels[3]}: {subject}\n"
    )
    new = NewMessage(
        subject=f"FW: {subject}",
        body=f"Zie hieronder.\n\n{block}\n{_text(chance, client.language, contact.person, colleague)}",
        from_=colleague,
        to=[me],
        message_id=_id(chance, FIRM_DOMAIN),
        received=when,
        sent=when - 2,
    )
    return [_received(chance, owner, new, client.id, "only the forwarded header block tells")]


def contact_form(chance: random.Random, world: World, owner: int) -> list[Letter]:
    """The web site's form writes in the visitor's name; some forms set Reply-To, others only say it in the text."""
    contact, me, when = _pick(chance, world), _owner(world, owner), _moment(chance)
    visitor = contact.person
    new = NewMessage(
        subject="Contactformulier website",
        body=f"Naam: {visitor.name}\nE-mail: {visitor.address}\nBericht: {chance.choice(words.NL_SENTENCES)}\n",
        from_=Address(f"Website {FIRM_NAME}", f"website@{FIRM_DOMAIN}"),
        to=[me],
        reply_to=[visitor] if chance.random() < 0.5 else [],
        message_id=_id(chance, FIRM_DOMAIN),
        received=when,
        sent=when - 1,
    )
    return [_received(chance, owner, new, contact.client.id, "only Reply-To or the text tells")]


def bounce(chance: random.Random, world: World, owner: int) -> list[Letter]:
    """A message to a client comes back undelivered."""
    contact, me, when = _pick(chance, world), _owner(world, owner), _moment(chance)
    subject, original = _subject(chance, "nl"), _id(chance, FIRM_DOMAIN)
    to = contact.person.address
    status = f"Reporting-MTA: dns;relay.{FIRM_DOMAIN}\n\nFinal-Recipient: rfc822;{to}\nAction: failed\nStatus: 5.1.1\n"
    headers = f"From: {me.address}\nTo: {to}\nSubject: {subject}\nMessage-ID: {original}\n\n"
    new = NewMessage(
        subject=f"Onbestelbaar: {subject}",
        body=f"Kan het bericht niet bezorgen bij de volgende geadresseerden of groepen:\n\n{to}\n\n"
        "Het opgegeven e-mailadres kan niet worden gevonden.\n",
        from_=Address("Microsoft Outlook", f"postmaster@{FIRM_DOMAIN}"),
        to=[me],
        message_id=_id(chance, FIRM_DOMAIN),
        in_reply_to=original,
        received=when,
        sent=when,
        message_class="REPORT.IPM.Note.NDR",
        attachments=[
            NewAttachment("details.txt", "message/delivery-status", status.encode(), is_inline=True),
            NewAttachment(subject, "message/rfc822", headers.encode(), kind="item"),
        ],
    )
    return [_received(chance, owner, new, contact.client.id, "only the original recipient tells")]


def invitation(chance: random.Random, world: World, owner: int) -> list[Letter]:
    """A client invites to a meeting."""
    contact, me, when = _pick(chance, world), _owner(world, owner), _moment(chance)
    new = NewMessage(
        subject=_subject(chance, contact.client.language),
        body="________________\nMicrosoft Teams\nDeelnemen via uw computer of mobiele app\n",
        from_=contact.person,
        to=[me],
        message_id=_id(chance, contact.person.address.partition("@")[2]),
        received=when,
        sent=when - 2,
        message_class="IPM.Schedule.Meeting.Request",
    )
    return [_received(chance, owner, new, contact.client.id)]


def internal(chance: random.Random, world: World, owner: int) -> list[Letter]:
    """Colleagues among themselves."""
    me, when = _owner(world, owner), _moment(chance)
    colleague = world.staff[_colleague(chance, world, owner)]
    writer, reader = (colleague, me) if chance.random() < 0.6 else (me, colleague)
    new = NewMessage(
        subject=chance.choice(words.INTERNAL_SUBJECTS),
        body=_text(chance, "nl", writer, reader),
        from_=writer,
        to=[reader],
        message_id=_id(chance, FIRM_DOMAIN),
        received=when,
        sent=when - 1,
    )
    return [_sent(owner, new) if writer is me else _received(chance, owner, new)]


def _outsider(chance: random.Random, names: Sequence[str] = words.FIRST_NAMES) -> Address:
    name = f"{chance.choice(names)} {chance.choice(words.LAST_NAMES)}"
    return Address(name, f"{slug(name).replace('-', '.')}.{chance.randint(100, 999)}@{PROVIDER_DOMAIN}")


def private(chance: random.Random, world: World, owner: int) -> list[Letter]:
    """Friends and family."""
    return [_from_outside(chance, world, owner, _outsider(chance), chance.choice(words.PRIVATE_SUBJECTS))]


def applicant(chance: random.Random, world: World, owner: int) -> list[Letter]:
    """Someone applies for a job, with a CV."""
    letter = _from_outside(
        chance, world, owner, _outsider(chance), "Sollicitatie " + chance.choice(("adviseur", "stagiair"))
    )
    letter.message.attachments = [_pdf("cv.pdf")]
    return [letter]


def stranger(chance: random.Random, world: World, owner: int) -> list[Letter]:
    """A firm that is no client, its domain sometimes close to a client's."""
    domain = chance.choice(world.clients).domains[0]
    host = f"niet{domain}" if chance.random() < 0.4 else f"{slug(chance.choice(words.LAST_NAMES))}-handel.example"
    person = _outsider(chance)
    writer = Address(person.name, f"{slug(person.name).replace('-', '.')}@{host}")
    return [_from_outside(chance, world, owner, writer, _subject(chance, "nl"))]


def _from_outside(chance: random.Random, world: World, owner: int, writer: Address, subject: str) -> Letter:
    me, when = _owner(world, owner), _moment(chance)
    new = NewMessage(
        subject=subject,
        body=_text(chance, "nl", writer, me),
        from_=writer,
        to=[me],
        message_id=_id(chance, writer.address.partition("@")[2]),
        received=when,
        sent=when - 7,
    )
    return _received(chance, owner, new)


def newsletter(chance: random.Random, world: World, owner: int) -> list[Letter]:
    """A mailing, in HTML, with List-Id."""
    name, address, subject = chance.choice(words.NEWSLETTERS)
    me, when = _owner(world, owner), _moment(chance)
    issue = chance.randint(1, 60)
    new = NewMessage(
        subject=f"{subject} ({issue})",
        body=f"<html><body><h1>{subject}</h1><p>{chance.choice(words.NL_SENTENCES)}</p>"
        '<p><a href="https://uitschrijven.example/">Uitschrijven</a></p></body></html>',
        body_type="html",
        from_=Address(name, address),
        to=[me],
        message_id=_id(chance, address.partition("@")[2]),
        received=when,
        sent=when - 30,
        inference="other",
        headers=[("List-Id", f"<{slug(name)}.list.example>"), ("List-Unsubscribe", "<https://uitschrijven.example/>")],
    )
    return [_received(chance, owner, new)]
