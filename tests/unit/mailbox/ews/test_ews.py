"""The EWS connector's own parts: settings, refusals, translation, busy servers, ids that change."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests
from exchangelib.util import to_xml
from lxml import etree

from mailsorter.clock import VirtualClock
from mailsorter.emulator import Emulator, NewMessage, running_emulator
from mailsorter.emulator.faults import FaultPlan
from mailsorter.emulator.store.apps import App
from mailsorter.errors import (
    ConfigError,
    CursorLost,
    Held,
    MailboxGone,
    MailboxMoving,
    NameTaken,
    NotFound,
    NotPermitted,
    PoisonItem,
    Refused,
    SignInFailed,
    Throttled,
    Unreachable,
)
from mailsorter.mailbox.base import Detail, Done, Mailbox, Move
from mailsorter.mailbox.ews import EwsSettings, HybridSignIn, Password, open_mailbox, translate
from mailsorter.mailbox.ews.elements import find
from mailsorter.mailbox.ews.refusals import translate as refuse
from mailsorter.mailbox.graph.login_http import LoginHttp
from mailsorter.mailbox.graph.settings import GraphSettings
from mailsorter.model.folder import WellKnown
from mailsorter.model.message import Participant
from tests.unit.mailbox.ews.ntlm_front import PASSWORD as NTLM_PASSWORD
from tests.unit.mailbox.ews.ntlm_front import USER, ntlm_front

ADDRESS = "anna@firm.example"
PASSWORD = Password("basic", "emulator", "emulator")
NTLM_USER = (USER, NTLM_PASSWORD)


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    with running_emulator() as running:
        running.store.mailboxes.create(ADDRESS, "Anna", state="on-premises")
        yield running


@pytest.fixture
def clock(emulator: Emulator) -> VirtualClock:
    return VirtualClock(emulator.clock.now())


Open = Callable[..., Mailbox]


@pytest.fixture
def opened(emulator: Emulator, clock: VirtualClock) -> Open:
    def make(
        sign_in: Password | HybridSignIn = PASSWORD, *, address: str = ADDRESS, impersonate: bool = True
    ) -> Mailbox:
        settings = EwsSettings(f"{emulator.url}/ews/exchange.asmx", sign_in, impersonate=impersonate)
        return open_mailbox(settings, address, clock=clock)

    return make


def deliver(emulator: Emulator, count: int = 1) -> None:
    box = emulator.store.mailboxes.by_any_name(ADDRESS)
    assert box is not None
    inbox = emulator.store.folders.well_known(box, "inbox")
    for n in range(count):
        emulator.store.messages.create(box, inbox, NewMessage(subject=f"message {n}"))


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("https://outlook.office365.com/EWS/Exchange.asmx", "Exchange Online"),
        ("https://Outlook.Office365.com/ews/exchange.asmx", "2027-04-01"),
        ("http://mail.firm.example/EWS/Exchange.asmx", "https"),
    ],
)
def test_urls_that_cannot_be(url: str, words: str) -> None:
    """Exchange Online is named as what it is, with what to do; plain http leads only to this machine."""
    with pytest.raises(ConfigError, match=words) as caught:
        EwsSettings(url, PASSWORD)
    if "office" in url.lower():
        assert 'connector = "graph"' in str(caught.value)


def test_no_secret_in_any_repr() -> None:
    """Passwords and secrets never print."""
    sign_ins = (Password("ntlm", "u", "canary"), HybridSignIn("t", "c", "canary"))
    for sign_in in sign_ins:
        assert "canary" not in repr(EwsSettings("https://mail.firm.example/EWS/Exchange.asmx", sign_in))


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("ErrorItemNotFound", NotFound),
        ("ErrorFolderNotFound", NotFound),
        ("ErrorInvalidSyncStateData", CursorLost),
        ("ErrorServerBusy", Throttled),
        ("ErrorMailboxMoveInProgress", MailboxMoving),
        ("ErrorTimeoutExpired", Unreachable),
        ("ErrorInternalServerError", Unreachable),
        ("MalformedResponseError", Unreachable),
        ("ErrorCorruptData", PoisonItem),
        ("ErrorFolderExists", NameTaken),
        ("ErrorAccessDenied", NotPermitted),
        ("ErrorImpersonateUserDenied", NotPermitted),
        ("ErrorNonExistentMailbox", MailboxGone),
        ("ErrorRecoverableItemsAccessDenied", Held),
        ("UnauthorizedError", SignInFailed),
        ("ErrorSomethingNew", Refused),
    ],
)
def test_refusals(code: str, expected: type[Exception]) -> None:
    """Each response code ends as one of ours."""
    assert type(refuse(code, ADDRESS, "read messages")) is expected


@pytest.mark.parametrize(("hint", "least"), [(7.0, 7.0), (None, 0.5)])
def test_a_busy_server_is_waited_for(
    emulator: Emulator, clock: VirtualClock, opened: Open, hint: float | None, least: float
) -> None:
    """ErrorServerBusy, with BackOffMilliseconds and without: waited out by the throttle wrapper, then done, once."""
    deliver(emulator, 3)
    mailbox = opened()
    tree = mailbox.tree()
    inbox = tree.well_known(WellKnown.INBOX)
    assert inbox is not None
    filed = mailbox.create_folder(tree.root_id, "Filed").id
    ids = [s.id for page in mailbox.list_ids(inbox.id) for s in page]
    busy = {"path": "users/*/ews/moveitem", "status": 429, "times": 1, "retry_after": hint}
    emulator.faults.set_plan(FaultPlan.make({"fault": [busy]}))
    before = clock.monotonic()
    assert all(isinstance(o, Done) for o in mailbox.move([Move(i, filed) for i in ids]))
    assert clock.monotonic() - before >= least
    assert len([s for page in mailbox.list_ids(filed) for s in page]) == 3


def test_a_lost_move_is_looked_for_by_its_message_id(emulator: Emulator, opened: Open) -> None:
    """The answer lost, the old id gone: unknown for each item, and `find` tells where it lies now."""
    deliver(emulator)
    mailbox = opened()
    tree = mailbox.tree()
    inbox = tree.well_known(WellKnown.INBOX)
    assert inbox is not None
    filed = mailbox.create_folder(tree.root_id, "Filed").id
    ((message,),) = list(mailbox.messages(inbox.id, Detail.ENVELOPE))
    cut = {"path": "users/*/ews/moveitem", "cut": "after", "times": 1}
    emulator.faults.set_plan(FaultPlan.make({"fault": [cut]}))
    (outcome,) = mailbox.move([Move(message.id, filed)])
    assert isinstance(outcome, Unreachable)
    assert emulator.faults.struck == [1]
    assert isinstance(mailbox.locate([message.id])[0], NotFound)
    assert [place.folder_id for place in mailbox.find(message.internet_message_id)] == [filed]


def test_delegate_access_names_the_mailbox(opened: Open) -> None:
    """Without impersonation the distinguished folders say whose they are."""
    assert opened(impersonate=False).tree().well_known(WellKnown.INBOX) is not None


def test_hybrid_sign_in(emulator: Emulator, opened: Open) -> None:
    """A token of Entra's opens the server on premises; a refused secret says so before anything is sent."""
    plain = GraphSettings("t.example", "emulator", origin=emulator.url, login_origin=emulator.url)
    authority = emulator.url.replace("http://", "https://")
    good = HybridSignIn("t.example", "emulator", "emulator", authority, LoginHttp(plain))
    assert opened(good).tree().well_known(WellKnown.INBOX) is not None
    bad = HybridSignIn("t.example", "emulator", "wrong", authority, LoginHttp(plain))
    with pytest.raises(SignInFailed, match="7000215"):
        opened(bad).tree()


def test_ntlm_signs_in_and_works(
    emulator: Emulator, clock: VirtualClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The handshake of each connection against an acceptor that nobody here wrote; a wrong password is told."""
    deliver(emulator, 3)
    behind = f"{emulator.url}/ews/exchange.asmx"
    with ntlm_front(behind, tmp_path, monkeypatch) as (url, let_in):
        mailbox = open_mailbox(EwsSettings(url, Password("ntlm", *NTLM_USER)), ADDRESS, clock=clock)
        tree = mailbox.tree()
        inbox = tree.well_known(WellKnown.INBOX)
        assert inbox is not None
        filed = mailbox.create_folder(tree.root_id, "Filed").id
        ids = [s.id for page in mailbox.list_ids(inbox.id) for s in page]
        assert all(isinstance(o, Done) for o in mailbox.move([Move(i, filed) for i in ids]))
        assert let_in
        assert set(let_in) == {NTLM_USER[0]}
        before = len(let_in)
        wrong = Password("ntlm", NTLM_USER[0], "wrong")
        with pytest.raises(SignInFailed):
            open_mailbox(EwsSettings(url, wrong), ADDRESS, clock=clock).tree()
        assert len(let_in) == before


def test_who_may_not(emulator: Emulator, opened: Open) -> None:
    """A wrong password, a missing right, a mailbox that lives elsewhere: each says which."""
    emulator.store.apps.register(App("stranger", secrets=("emulator",)))
    with pytest.raises(SignInFailed):
        opened(Password("basic", "emulator", "wrong")).tree()
    stranger = opened(Password("basic", "stranger", "emulator"))
    with pytest.raises(NotPermitted, match="ApplicationImpersonation"):
        stranger.tree()
    emulator.store.apps.register(App("stranger", secrets=("emulator",), roles=("Mail.ReadWrite",)))
    assert stranger.tree().well_known(WellKnown.INBOX), "what failed once is asked anew"
    with pytest.raises(MailboxGone):
        opened(address="nobody@firm.example").tree()


def test_nothing_listens(clock: VirtualClock) -> None:
    """A server that is not there is unreachable, soon and without its address and our question in any traceback."""
    settings = EwsSettings("http://127.0.0.1:9/ews/exchange.asmx", PASSWORD)
    with pytest.raises(Unreachable) as caught:
        open_mailbox(settings, ADDRESS, clock=clock).search(["canary"])
    error: BaseException | None = caught.value
    while error is not None:
        assert "canary" not in str(error)
        error = error.__cause__ or error.__context__


def item(inside: str) -> object:
    names = 'xmlns:t="http://schemas.microsoft.com/exchange/services/2006/types"'
    return etree.fromstring(f"<t:Message {names}>{inside}</t:Message>")


@pytest.mark.parametrize(
    ("inside", "expected"),
    [
        ("", {"id": "", "message_class": "IPM.Note", "is_read": True, "from_": None, "received_at": None}),
        ('<t:ItemId Id="A" ChangeKey="B"/><t:ParentFolderId Id="F"/>', {"id": "A", "folder_id": "F"}),
        ("<t:IsRead>false</t:IsRead><t:IsDraft>true</t:IsDraft>", {"is_read": False, "is_draft": True}),
        ("<t:DateTimeReceived>nonsense</t:DateTimeReceived>", {"received_at": None}),
        (
            "<t:From><t:Mailbox><t:Name>B</t:Name><t:EmailAddress>b@x.example</t:EmailAddress></t:Mailbox></t:From>",
            {"from_": Participant("b@x.example", "B")},
        ),
        (
            "<t:ExtendedProperty><t:ExtendedFieldURI PropertyTag='0x5d02' PropertyType='String'/><t:Value>a@x.example"
            "</t:Value></t:ExtendedProperty><t:From><t:Mailbox><t:Name>A</t:Name><t:EmailAddress>/O=X/CN=A"
            "</t:EmailAddress><t:RoutingType>EX</t:RoutingType></t:Mailbox></t:From>",
            {"from_": Participant("a@x.example", "A")},
        ),
        (
            "<t:InReplyTo>&lt;b@x&gt;</t:InReplyTo><t:References>&lt;a@x&gt; &lt;b@x&gt;</t:References>",
            {"references": ("<a@x>", "<b@x>")},
        ),
        (
            "<t:ExtendedProperty><t:ExtendedFieldURI PropertyTag='0x1090' PropertyType='Integer'/><t:Value>2"
            "</t:Value></t:ExtendedProperty>",
            {"is_flagged": True},
        ),
    ],
)
def test_translate(inside: str, expected: dict[str, object]) -> None:
    """Each field from its element; what is missing or odd holds the model's default."""
    found = translate.message(item(inside))
    assert {name: getattr(found, name) for name in expected} == expected


def test_what_xml_cannot_hold_is_read_all_the_same() -> None:
    """Exchange writes a sender's control characters and half surrogate pairs as references; exchangelib's parser
    takes them."""
    inside = "<t:Subject>a&#xD83D;b&#x1F;</t:Subject><t:Categories><t:String>&#xD83D;</t:String></t:Categories>"
    names = 'xmlns:t="http://schemas.microsoft.com/exchange/services/2006/types"'
    found = translate.message(to_xml(f"<t:Message {names}>{inside}</t:Message>".encode()).getroot())
    assert re.fullmatch("a\ufffd+b\x1f", found.subject)
    assert found.categories[0].strip("\ufffd") == ""


TESTDATA = os.environ.get("MAILSORTER_TESTDATA")


@pytest.mark.testdata
@pytest.mark.skipif(not TESTDATA, reason="MAILSORTER_TESTDATA is not set")
def test_recorded_answers_are_read() -> None:
    """Every recorded answer of a real server is read without an error: items, folders, changes."""
    items = folders = 0
    for file in (Path(str(TESTDATA)) / "traces" / "php-ews").rglob("*.json"):
        for recorded in json.loads(file.read_text()):
            body = recorded.get("body") or ""
            if not body.lstrip().startswith("<?xml"):
                continue
            envelope = etree.fromstring(re.sub(rb"^\s*<\?xml[^>]*\?>", b"", body.encode()))
            for found in envelope.iter("{*}Items", "{*}Create", "{*}Update"):
                for one in found:
                    if find(one, "t:ItemId") is not None:
                        translate.message(one)
                        translate.attachment_names(one)
                        items += 1
            for found in envelope.iter("{*}Folders"):
                for one in found:
                    translate.folder(one)
                    translate.is_mail_folder(one)
                    folders += 1
    assert items > 50
    assert folders > 50


def test_an_answer_is_parsed_in_large_pieces(opened: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    """`requests` gives single bytes where no size is named, and a megabyte of them takes more than a second."""
    sizes: list[int | None] = []
    plain = requests.Response.iter_content

    def watched(self: requests.Response, chunk_size: int | None = 1, *rest: object) -> Iterator[bytes]:
        sizes.append(chunk_size)
        return plain(self, chunk_size, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(requests.Response, "iter_content", watched)
    opened().tree()
    assert sizes
    assert min(size or 0 for size in sizes) >= 1 << 12
