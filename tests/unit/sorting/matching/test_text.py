"""What bodies name: header blocks, bounces, forms, invitations, as mail programs really write them."""

from __future__ import annotations

import pytest

from mailsorter.sorting.matching.text.bounce import bounce_mentions
from mailsorter.sorting.matching.text.calendar import calendar_mentions
from mailsorter.sorting.matching.text.form import form_mentions
from mailsorter.sorting.matching.text.forwarded import forwarded_mentions
from mailsorter.sorting.matching.text.lines import plain_lines

JAN, US, ELS = "jan@acme.example", "sanne@firma.example", "els@bolt.example"

FORWARDED = [
    ("Outlook, Dutch", """
Zie onder.

-----Oorspronkelijk bericht-----
Van: Jan Jansen <jan@acme.example>
Verzonden: maandag 2 maart 2026 09:12
Aan: Sanne de Wit <sanne@firma.example>
Onderwerp: Offerte
""", [(JAN, US)]),
    ("Outlook, English, without the dashed line", """
FYI
________________________________
From: Jan Jansen <jan@acme.example>
Sent: Monday, March 2, 2026 9:12 AM
To: Sanne de Wit <sanne@firma.example>
Cc: Els Bos <els@bolt.example>
Subject: Quote
""", [(JAN, US, ELS)]),
    ("HTML made plain: emphasis and link twins", """
*Van:* Jan Jansen <jan@acme.example<mailto:jan@acme.example>>
*Verzonden:* maandag 2 maart 2026 09:12
*Aan:* Sanne <sanne@firma.example<mailto:sanne@firma.example>>
*Onderwerp:* Offerte
""", [(JAN, US)]),
    ("old Outlook: only the link holds the address", """
Van: Jan Jansen [mailto:jan@acme.example]
Verzonden: maandag 2 maart 2026 09:12
Aan: Sanne
Onderwerp: Offerte
""", [(JAN,)]),
    ("Gmail, English", """
---------- Forwarded message ---------
From: Jan Jansen <jan@acme.example>
Date: Mon, Mar 2, 2026 at 9:12 AM
Subject: Quote
To: <sanne@firma.example>
""", [(JAN, US)]),
    ("Gmail, Dutch: words of both languages", """
---------- Doorgestuurd bericht ---------
Van: Jan Jansen <jan@acme.example>
Date: ma 2 mrt 2026 om 09:12
Subject: Offerte
To: Sanne <sanne@firma.example>
""", [(JAN, US)]),
    ("Thunderbird: subject first, tabs", """
-------- Doorgestuurd bericht --------
Onderwerp: \tOfferte
Datum: \tMon, 2 Mar 2026 09:12:00 +0100
Van: \tJan Jansen <jan@acme.example>
Aan: \tsanne@firma.example
""", [(JAN, US)]),
    ("Apple Mail", """
Begin doorgestuurd bericht:

Van: Jan Jansen <jan@acme.example>
Onderwerp: Offerte
Datum: 2 maart 2026 om 09:12:00 CET
Aan: Sanne <sanne@firma.example>
""", [(JAN, US)]),
    ("nested, quoted", """
Van: Bram <bram@firma.example>
Verzonden: dinsdag 3 maart 2026 10:00
Aan: Sanne <sanne@firma.example>
Onderwerp: FW: Offerte

> Van: Jan Jansen <jan@acme.example>
> Verzonden: maandag 2 maart 2026 09:12
> Aan: Bram <bram@firma.example>
> Onderwerp: Offerte
""", [("bram@firma.example", US), (JAN, "bram@firma.example")]),
    ("recipients over several lines", """
Van: Jan Jansen <jan@acme.example>
Verzonden: maandag 2 maart 2026 09:12
Aan: Sanne de Wit <sanne@firma.example>;
 Els Bos <els@bolt.example>
Onderwerp: Offerte
""", [(JAN, US, ELS)]),
    ("blank lines between the fields", """
From: Jan Jansen <jan@acme.example>

Sent: Monday

To: sanne@firma.example

Subject: Quote
""", [(JAN, US)]),
    ("Gmail's line above a quoted reply", """
Dank.

Op ma 2 mrt 2026 om 09:12 schreef Jan Jansen <jan@acme.example>:
> tekst
""", [(JAN,)]),
    ("the same, wrapped", """
On Mon, Mar 2, 2026 at 9:12 AM Jan Jansen <jan@acme.example>
wrote:
""", [(JAN,)]),
    ("the same, address on the next line", """
Op ma 2 mrt 2026 om 09:12 schreef Jan Jansen
<jan@acme.example>:
""", [(JAN,)]),
    ("two blocks one after the other", """
Van: Jan <jan@acme.example>
Verzonden: maandag
Onderwerp: a
Van: Els <els@bolt.example>
Verzonden: zondag
Onderwerp: b
""", [(JAN,), (ELS,)]),
    ("prose with words that look like fields", """
Van: de directie
Het wordt: later. Mail jan@acme.example als je wilt.
""", []),
    ("a signature is no header", """
Groet, Jan
E: jan@acme.example
""", []),
    ("a route description is no reply line", "Op 2 maart rijden we van Utrecht naar Assen; info: jan@acme.example", []),
]  # fmt: skip


@pytest.mark.parametrize(("case", "text", "expected"), FORWARDED, ids=[row[0] for row in FORWARDED])
def test_header_blocks(case: str, text: str, expected: list[tuple[str, ...]]) -> None:
    assert [mention.addresses for mention in forwarded_mentions(plain_lines(text))] == expected


def test_a_block_hands_on_its_subject() -> None:
    text = "Van: Jan <jan@acme.example>\nVerzonden: nu\nOnderwerp: Offerte ACM-24"
    assert forwarded_mentions(plain_lines(text))[0].subjects == ("Offerte ACM-24",)


BOUNCED = [
    ("RFC 3464",
     "Reporting-MTA: dns; mx.firma.example\n\nFinal-Recipient: rfc822; Jan@Acme.example\nAction: failed", (JAN,)),
    ("Exchange, English", """
Delivery has failed to these recipients or groups:

Jan Jansen (jan@acme.example)<mailto:jan@acme.example>
The email address you entered couldn't be found.

Diagnostic information for administrators:
Generating server: postmaster@elders.example
""", (JAN,)),
    ("Exchange, Dutch", """
Bezorging aan de volgende geadresseerden of groepen is mislukt:

jan@acme.example
Het e-mailadres is niet gevonden.
""", (JAN,)),
    ("Exchange Online's newer sentence", "Your message to jan@acme.example couldn't be delivered.", (JAN,)),
    ("the same in Dutch", "Uw bericht aan jan@acme.example kan niet worden bezorgd.", (JAN,)),
    ("Gmail", "Your message wasn't delivered to jan@acme.example because the address couldn't be found.", (JAN,)),
    ("Postfix",
     "<jan@acme.example>: host mx.acme.example[192.0.2.1] said: 550 5.1.1\n   contact postmaster@acme.example", (JAN,)),
    ("Exim", """
A message that you sent could not be delivered to one or more of its
recipients. This is a permanent error. The following address(es) failed:

  jan@acme.example
    host mx.acme.example: 550 unknown user
""", (JAN,)),
    ("Sendmail", "   ----- The following addresses had permanent fatal errors -----\n<jan@acme.example>\n", (JAN,)),
    ("two recipients",
     "Final-Recipient: rfc822; jan@acme.example\nFinal-Recipient: rfc822; els@bolt.example", (JAN, ELS)),
    ("only the returned headers", """
Something went wrong.
Original message headers:
Received: from x by postmaster.example
From: sanne@firma.example
To: jan@acme.example
""", (JAN,)),
    ("a gateway's automatic answer", "Uw bericht aan jan@acme.example is ontvangen.", (JAN,)),
    ("nobody named", "The message could not be delivered. Contact postmaster@elders.example.", ()),
]  # fmt: skip


@pytest.mark.parametrize(("case", "text", "expected"), BOUNCED, ids=[row[0] for row in BOUNCED])
def test_original_recipients_of_bounces(case: str, text: str, expected: tuple[str, ...]) -> None:
    assert tuple(a for mention in bounce_mentions(plain_lines(text)) for a in mention.addresses) == expected


FORMS = [
    ("a label and a colon", "Naam: Jan\nE-mail: jan@acme.example\nBericht: bel me", (JAN,)),
    ("the value on the next line", "E-mailadres\njan@acme.example\nBericht\nhallo", (JAN,)),
    ("a required mark and a tab", "E-mailadres *\tjan@acme.example", (JAN,)),
    ("English", "Name: Jan\nYour email: jan@acme.example\nMessage: call els@bolt.example", (JAN,)),
    ("WordPress", "From: Jan <jan@acme.example>\nSubject: Vraag\n\nMessage Body:\nhoi", (JAN,)),
    ("a link twin", "E-mail: jan@acme.example<mailto:jan@acme.example>", (JAN,)),
    ("an address in the message is not the visitor's", "Naam: Jan\nBericht: mail naar els@bolt.example", ()),
]  # fmt: skip


@pytest.mark.parametrize(("case", "text", "expected"), FORMS, ids=[row[0] for row in FORMS])
def test_visitors_of_contact_forms(case: str, text: str, expected: tuple[str, ...]) -> None:
    assert tuple(a for mention in form_mentions(plain_lines(text)) for a in mention.addresses) == expected


INVITATIONS = [
    ("iCalendar, folded", "BEGIN:VCALENDAR\r\nORGANIZER;CN=Jan:mailto:jan@acme.ex\r\n ample\r\n"
     "ATTENDEE;ROLE=REQ-PARTICIPANT;CN=Sanne:MAILTO:Sanne@firma.example\r\nEND:VCALENDAR", (JAN, US)),
    ("a block of lines",
     "Organisator: Jan <jan@acme.example>\nWanneer: morgen\nDeelnemers: sanne@firma.example", (JAN, US)),
    ("English", "When: tomorrow\nOrganizer: jan@acme.example\nRequired attendees: sanne@firma.example", (JAN, US)),
    ("nobody", "Wanneer: morgen\nWaar: Teams", ()),
]  # fmt: skip


@pytest.mark.parametrize(("case", "text", "expected"), INVITATIONS, ids=[row[0] for row in INVITATIONS])
def test_people_of_invitations(case: str, text: str, expected: tuple[str, ...]) -> None:
    assert tuple(a for mention in calendar_mentions(text, plain_lines(text)) for a in mention.addresses) == expected
