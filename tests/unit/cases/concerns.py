"""What concerns a person, as data: how each identifier is spelled, and how a message has it in each place.

Finder and witness are held to this table, each with its own code. What follows, `model.concern.CONCERNS` says.
"""

from __future__ import annotations

import io
import unicodedata
import zipfile
from collections.abc import Callable
from email.message import EmailMessage
from typing import NamedTuple

from mailsorter.model.case import Subject
from mailsorter.model.concern import Identifier, Where
from tests.unit.cases.hostile import tnef

X500 = "/O=FIRM/OU=EXCHANGE ADMINISTRATIVE GROUP (FYDIBOHF23SPDLT)/CN=RECIPIENTS/CN=RENEE.Z"
IMCEA = (
    "IMCEAEX-_O=FIRM_OU=EXCHANGE+20ADMINISTRATIVE+20GROUP+20+28FYDIBOHF23SPDLT+29_CN=RECIPIENTS_CN=RENEE+2EZ"
    "@firm.example"
)
SUBJECT = Subject(
    names=("Renée Anna van der Zande",),
    aliases=("Søren Łukaszewicz", "D'Hondt-Öztürk, Gül"),
    addresses=("renee@klant.example", "renée@bücher.example", X500),
    phones=("+31 6 98765432", "020-7654321", "+45 32 12 34 56"),
)


def _nfd(text: str) -> str:
    return unicodedata.normalize("NFD", text)


A, X, N, P = Identifier.ADDRESS, Identifier.DIRECTORY_NAME, Identifier.NAME, Identifier.PHONE

SPELLINGS: tuple[tuple[Identifier, str], ...] = (
    (A, "renee@klant.example"),
    (A, "RENEE@Klant.Example"),
    (A, "renee+nieuws@klant.example"),
    (A, "Renee+a+b@KLANT.example"),
    (A, "renée@bücher.example"),
    (A, "renée@xn--bcher-kva.example"),
    (A, "RENÉE@BÜCHER.EXAMPLE"),
    (A, _nfd("renée@bücher.example")),
    (X, X500),
    (X, X500.lower()),
    (X, IMCEA),
    (N, "Renée Anna van der Zande"),
    (N, "Renée van der Zande"),
    (N, "RENÉE VAN DER ZANDE"),
    (N, "van der Zande, Renée"),
    (N, "Zande, Renée van der"),
    (N, "Zande, Renée"),
    (N, "Zande, R.A. van der"),
    (N, "R.A. van der Zande"),
    (N, "R. van der Zande"),
    (N, "RA van der Zande"),
    (N, "van der Zande R"),
    (N, "Renée v.d. Zande"),
    (N, "R. vd Zande"),
    (N, _nfd("Renée van der Zande")),
    (N, "Renee van der Zande"),
    (N, "Renée van der Zande's"),
    (N, "Søren Łukaszewicz"),
    (N, "Soren Lukaszewicz"),
    (N, "Lukaszewicz, S."),
    (N, "Gül D’Hondt-Öztürk"),
    (N, "G. D'Hondt Ozturk"),
    (P, "+31 6 98765432"),
    (P, "06-98765432"),
    (P, "0031 6 98 76 54 32"),
    (P, "+31 (0)6-9876 5432"),
    (P, "06.98.76.54.32"),
    (P, "06/98765432"),
    (P, "06\u00a098\u201176\u201154\u201132"),
    (P, "(06) 98 76 54 32"),
    (P, "０６ ９８７６５４３２"),
    (P, "06-98765432 / 020-1112223"),
    (P, "020 765 43 21"),
    (P, "+31207654321"),
    (P, "0045 3212 3456"),
)

OTHERS: tuple[str, ...] = (
    "renee@klant.example.org",
    "xrenee@klant.example",
    "renee-x@klant.example",
    "renee.x@klant.example",
    "renee@sub.klant.example",
    "renee@klant-example.example",
    "renée@bucher.example",
    "renee@bücher.example.org",
    X500 + "X",
    X500 + "2",
    "Renée van der Zanden",
    "Renate van der Zande",
    "A. van der Zande",
    "mevrouw Van der Zande",
    "Renée",
    "Søren Kierkegaard",
    "06-98765433",
    "1069876543210",
    "98765432",
    "998765432",
    "3212345",
)
"""What is somebody else's, or says too little."""


class Placed(NamedTuple):
    """A message with a text in one place: its envelope as a listing gives it, and the whole of it."""

    raw: bytes
    sender: str = "kees@elders.example"
    sender_name: str = "Kees"
    to: str = "anna@firm.example"
    subject: str = "overleg"


class PlaceOf(NamedTuple):
    """One way to put a text into one place."""

    where: Where
    how: str
    put: Callable[[str], Placed]
    takes: frozenset[Identifier] = frozenset(Identifier)


COVERING = "Hierbij de stukken waar u vanmiddag op kantoor naar vroeg, tot morgen."


def _mail(body: str = "Tot straks.") -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "kees@elders.example", "anna@firm.example", "overleg"
    message.set_content(body)
    return message


def _html(html: str) -> Placed:
    message = _mail()
    message.set_content(html, subtype="html")
    return Placed(message.as_bytes())


def _split_by_tags(text: str) -> str:
    """A letter in bold here and there, as word processors leave it."""
    return "".join(f"<b>{_entities(c)}</b>" if n % 3 == 1 else _entities(c) for n, c in enumerate(text))


def _entities(text: str) -> str:
    return "".join(c if c.isascii() and (c.isalnum() or c == " ") else f"&#{ord(c)};" for c in text)


def _file(content: bytes, name: str, kind: str = "application/octet-stream") -> Placed:
    message = _mail(COVERING)
    main, _, sub = kind.partition("/")
    message.add_attachment(content, maintype=main, subtype=sub, filename=name)
    return Placed(message.as_bytes())


def _packed(**entries: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return file.getvalue()


def _word(text: str) -> bytes:
    escaped = text.replace("&", "&amp;").replace("<", "&lt;")
    half = len(escaped) // 2
    runs = "".join(f"<w:r><w:t>{part}</w:t></w:r>" for part in (escaped[:half], escaped[half:]))
    name = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
    return _packed(**{
        "[Content_Types].xml": b"<Types/>",
        "word/document.xml": f"<w:document {name}><w:body><w:p>{runs}</w:p></w:body></w:document>".encode(),
    })  # fmt: skip


def _rtf(text: str) -> bytes:
    written = "".join(c if c.isascii() and c not in "\\{}" else f"\\u{ord(c)}?" for c in text)
    return b"{\\rtf1\\ansi\\uc1 {\\fonttbl{\\f0 Arial;}}Geachte " + written.encode("ascii") + b",\\par}"


def _resent(field: str) -> Callable[[str], Placed]:
    return lambda text: Placed(f"{field}: {text}\r\n".encode() + _mail().as_bytes())


def _winmail(text: str) -> bytes:
    """A Word document in the attachment format of Outlook (MS-OXTNEF)."""
    return tnef((2, 0x9002, 6, bytes(14), None), (2, 0x800F, 6, _word(text), None))


def _calendar(line: str) -> Callable[[str], Placed]:
    def put(text: str) -> Placed:
        invitation = f"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\n{line.format(text)}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
        message = _mail()
        message.add_alternative(invitation, subtype="calendar")
        return Placed(message.as_bytes())

    return put


def _report(kind: str, field: str) -> Callable[[str], Placed]:
    def put(text: str) -> Placed:
        blocks = "Reporting-UA: mail.elders.example\n" + ("\n" if kind == "delivery-status" else "")
        return Placed(
            f"From: postmaster@elders.example\nContent-Type: multipart/report; report-type={kind}; boundary=b\n\n"
            f"--b\n\nZie het verslag.\n--b\nContent-Type: message/{kind}\n\n{blocks}{field}: rfc822; {text}\n\n"
            "--b--\n".encode()
        )

    return put


def _subject(text: str) -> Placed:
    return Placed(_mail().as_bytes(), subject=f"Dossier {text} compleet")


def _nested(text: str) -> Placed:
    inner = _mail(f"Groeten aan {text}, tot dan.")
    outer = _mail(COVERING)
    outer.add_attachment(inner)
    return Placed(outer.as_bytes())


def _nested_header(text: str) -> Placed:
    """The address of a message that is attached as a file, two levels down."""
    inner = b"From: <" + text.encode() + b">\r\nSubject: vraag\r\n\r\nHoi"
    middle = _mail()
    middle.add_attachment(inner, maintype="application", subtype="octet-stream", filename="vraag.eml")
    outer = _mail(COVERING)
    outer.add_attachment(middle)
    return Placed(outer.as_bytes())


_ADDRESSES = frozenset({A, X})
_WRITTEN = frozenset({A, N, P})  # what people write; an X.500 name stands in programs' texts alone

PLACES: tuple[PlaceOf, ...] = (
    PlaceOf(Where.PARTICIPANT, "from", lambda t: Placed(_mail().as_bytes(), sender=t), _ADDRESSES),
    PlaceOf(Where.PARTICIPANT, "to", lambda t: Placed(_mail().as_bytes(), to=t), _ADDRESSES),
    PlaceOf(Where.DISPLAY_NAME, "at another address", lambda t: Placed(_mail().as_bytes(), sender_name=t)),
    PlaceOf(Where.DISPLAY_NAME, "with a firm behind it", lambda t: Placed(_mail().as_bytes(), sender_name=f"{t} (X)")),
    PlaceOf(Where.RESENT, "Resent-To", _resent("Resent-To")),
    PlaceOf(Where.RESENT, "Resent-From", _resent("Resent-From")),
    PlaceOf(Where.RESENT, "Resent-Cc", _resent("Resent-Cc")),
    PlaceOf(Where.CALENDAR, "attendee", _calendar("ATTENDEE;RSVP=TRUE:mailto:{}"), _ADDRESSES),
    PlaceOf(Where.CALENDAR, "organiser by name", _calendar('ORGANIZER;CN="{}":mailto:x@elders.example'), _WRITTEN),
    PlaceOf(Where.REPORT, "Final-Recipient", _report("delivery-status", "Final-Recipient"), _ADDRESSES),
    PlaceOf(Where.REPORT, "Original-Recipient", _report("delivery-status", "Original-Recipient"), _ADDRESSES),
    PlaceOf(Where.REPORT, "receipt", _report("disposition-notification", "Original-Recipient"), _ADDRESSES),
    PlaceOf(Where.SUBJECT, "in the middle", _subject),
    PlaceOf(Where.BODY, "plain", lambda t: Placed(_mail(f"Beste,\n\nVraag het aan {t}. Dag").as_bytes())),
    PlaceOf(Where.BODY, "in quotation marks", lambda t: Placed(_mail(f"Vraag “{t}”—of “Kees”").as_bytes())),
    PlaceOf(
        Where.BODY, "quoted",
        lambda t: Placed(_mail("> zie\n> " + t.replace(" ", "\n> ")).as_bytes()), frozenset({A, N}),
    ),
    PlaceOf(Where.BODY, "HTML with entities", lambda t: _html(f"<p>Aan {_entities(t)} gevraagd</p>")),
    PlaceOf(Where.BODY, "HTML split by tags", lambda t: _html(f"<div>Aan {_split_by_tags(t)} gevraagd</div>")),
    PlaceOf(Where.BODY, "link", lambda t: _html(f"<a href='mailto:{t}?subject=x'>hem</a>"), frozenset({A})),
    PlaceOf(
        Where.BODY, "in a web address",
        lambda t: Placed(_mail(f"https://x.example/af?m={t.replace('@', '%40')}&n=1").as_bytes()), frozenset({A}),
    ),
    PlaceOf(Where.ATTACHMENT_NAME, "file", lambda t: _file(b"x", f"CV {t}.txt", "text/plain"), _WRITTEN),
    PlaceOf(
        Where.ATTACHMENT_NAME, "in an archive",
        lambda t: _file(_packed(**{f"CV {t}.txt": b"x"}), "a.zip"), _WRITTEN,
    ),
    PlaceOf(Where.ATTACHMENT, "CSV", lambda t: _file(f'naam;\r\n"{t}";1\r\n'.encode(), "l.csv", "text/csv")),
    PlaceOf(Where.ATTACHMENT, "Word", lambda t: _file(_word(t), "brief.docx")),
    PlaceOf(Where.ATTACHMENT, "RTF", lambda t: _file(_rtf(t), "brief.rtf")),
    PlaceOf(Where.ATTACHMENT, "in an archive", lambda t: _file(_packed(**{"a.docx": _word(t)}), "alles.zip")),
    PlaceOf(Where.ATTACHMENT, "winmail.dat", lambda t: _file(_winmail(t), "winmail.dat", "application/ms-tnef")),
    PlaceOf(Where.NESTED, "text", _nested),
    PlaceOf(Where.NESTED, "sender, two levels down", _nested_header, frozenset({A})),
    PlaceOf(
        Where.ITEM, "contact",
        lambda t: _file(f"BEGIN:VCARD\r\nFN:{t}\r\nTEL:{t}\r\nEND:VCARD\r\n".encode(), "c.vcf", "text/vcard"),
    ),
    PlaceOf(Where.ITEM, "note", lambda t: Placed(_mail(f"nog bellen: {t}").as_bytes())),
    PlaceOf(Where.ITEM, "task", lambda t: _html(f"<p>Stukken van {_entities(t)} nazien</p>")),
)  # fmt: skip
