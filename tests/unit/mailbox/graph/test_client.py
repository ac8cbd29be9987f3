"""What the one road to Graph does when Graph does not behave."""

from __future__ import annotations

import socket
from collections.abc import Callable

import pytest

from mailsorter.clock import VirtualClock
from mailsorter.errors import (
    CursorLost,
    MailboxGone,
    MailboxMoving,
    MailsorterError,
    NameTaken,
    NotFound,
    NotPermitted,
    PoisonItem,
    Refused,
    SignInFailed,
    Throttled,
    Unreachable,
)
from mailsorter.mailbox.base import Detail, Done, Move
from mailsorter.mailbox.graph.connector import GraphConnector
from mailsorter.model.message import Message
from tests.unit.mailbox.graph.conftest import ADDRESS
from tests.unit.mailbox.graph.scripted import Reply, ScriptedGraph, Seen

Connect = Callable[..., GraphConnector]


def error(code: str) -> dict[str, object]:
    return {"error": {"code": code, "message": "text that may name a Client or bram@klant.example"}}


def moved(seen: Seen, *, folder: str = "F") -> Reply:
    """A batch that moves everything it is asked to."""
    responses = [
        {"id": r["id"], "status": 201, "body": {"id": r["url"].split("/")[4], "parentFolderId": folder}}
        for r in reversed(seen.body["requests"])
    ]
    return Reply(body={"responses": responses})


def test_every_request_asks_for_immutable_ids(graph: ScriptedGraph, connect: Connect) -> None:
    """The header is on each request and inside each item of a batch, beside other preferences."""
    mailbox = connect().mailbox(ADDRESS)
    graph.script = lambda seen: Reply(body={"value": [], "@odata.deltaLink": f"{graph.url}/v1.0/x?$deltatoken=1"})
    list(mailbox.changes("F", None))
    list(mailbox.messages("F", Detail.ENVELOPE))
    graph.script = moved
    mailbox.move([Move("m1", "F"), Move("m2", "F")])
    graph.script = lambda seen: Reply(body={"responses": [{"id": "0", "status": 200, "body": {"body": {}}}]})
    mailbox.texts(["m1"])
    for seen in graph.seen:
        assert 'IdType="ImmutableId"' in seen.headers["Prefer"]
        for item in (seen.body or {}).get("requests", ()):
            assert 'IdType="ImmutableId"' in item["headers"]["Prefer"]
    assert "odata.maxpagesize=1000" in graph.seen[0].headers["Prefer"]
    assert 'outlook.body-content-type="text"' in graph.seen[-1].body["requests"][0]["headers"]["Prefer"]


@pytest.mark.parametrize(
    ("status", "code", "expected"),
    [
        (404, "MailboxNotEnabledForRESTAPI", MailboxGone),
        (404, "ErrorInvalidUser", MailboxGone),
        (404, "ResourceNotFound", MailboxGone),
        (404, "ErrorNonExistentMailbox", MailboxGone),
        (404, "ErrorItemNotFound", NotFound),
        (404, "ErrorSyncFolderNotFound", NotFound),
        (404, "", NotFound),
        (403, "ErrorAccessDenied", NotPermitted),
        (403, "Authorization_RequestDenied", NotPermitted),
        (410, "SyncStateNotFound", CursorLost),
        (400, "syncStateInvalid", CursorLost),
        (404, "resyncRequired", CursorLost),
        (410, "", CursorLost),
        (400, "ErrorFolderExists", NameTaken),
        (409, "ErrorFolderExists", NameTaken),
        (500, "ErrorCorruptData", PoisonItem),
        (503, "ErrorMailboxMoveInProgress", MailboxMoving),
        (400, "ErrorInvalidIdMalformed", Refused),
        (413, "", Refused),
    ],
)
def test_refusals_are_translated_once(
    graph: ScriptedGraph, connect: Connect, status: int, code: str, expected: type[Exception]
) -> None:
    """Each of Exchange's codes ends as one of ours, at the first answer, and no text of the server's comes along."""
    graph.script = lambda seen: Reply(status, error(code) if code else b"")
    with pytest.raises(expected) as caught:
        connect().reach(ADDRESS)
    assert type(caught.value) is expected
    assert len(graph.seen) == 1
    assert "klant" not in str(caught.value)


def test_a_missing_permission_names_itself_and_its_scoping(graph: ScriptedGraph, connect: Connect) -> None:
    """403 says which permission, and how to grant it for chosen mailboxes."""
    graph.script = lambda seen: Reply(403, error("ErrorAccessDenied"))
    with pytest.raises(NotPermitted) as caught:
        connect().mailbox(ADDRESS).create_folder("F", "Acme")
    for part in ("Mail.ReadWrite", "New-ManagementRoleAssignment", '"Application Mail.ReadWrite"', ADDRESS, "app"):
        assert part in str(caught.value)


@pytest.mark.parametrize(("header", "seconds"), [("3", 3.0), ("2.128", 2.128), ("0", 0.0)])
def test_retry_after_is_honoured(
    graph: ScriptedGraph, connect: Connect, clock: VirtualClock, header: str, seconds: float
) -> None:
    """A 429 waits exactly as long as asked, integer or decimal, and then succeeds."""
    graph.replies = [Reply(429, error("TooManyRequests"), {"Retry-After": header})]
    graph.script = lambda seen: Reply(body={"id": "F"})
    connect().reach(ADDRESS)
    assert len(graph.seen) == 2
    assert clock.monotonic() == pytest.approx(seconds, abs=0.01)


def test_without_retry_after_waits_grow(graph: ScriptedGraph, connect: Connect, clock: VirtualClock) -> None:
    """429 without a word about when: each wait is longer than half the last ceiling, and it is tried again."""
    graph.replies = [Reply(429, error("ApplicationThrottled")) for _ in range(4)]
    graph.script = lambda seen: Reply(body={"id": "F"})
    connect().reach(ADDRESS)
    assert 0.5 + 1 + 2 + 4 <= clock.monotonic() <= 1 + 2 + 4 + 8.1


def test_throttling_beyond_patience_is_said(graph: ScriptedGraph, connect: Connect) -> None:
    """When the server asks for longer than the patience, the caller hears how long."""
    graph.script = lambda seen: Reply(429, error("TooManyRequests"), {"Retry-After": "4000"})
    with pytest.raises(Throttled) as caught:
        connect().reach(ADDRESS)
    assert caught.value.retry_after_s == 4000
    assert len(graph.seen) == 1


def test_throttled_items_alone_are_asked_again(graph: ScriptedGraph, connect: Connect, clock: VirtualClock) -> None:
    """In a batch only the items with 429 go out again, after the longest wait among them."""

    def first(seen: Seen) -> Reply:
        reply = moved(seen)
        for response, wait in zip(reply.body["responses"][:2], ("7", "2.5"), strict=True):
            response.update(status=429, headers={"Retry-After": wait}, body=error("ApplicationThrottled"))
        return reply

    scripts = [first, moved]
    graph.script = lambda seen: scripts.pop(0)(seen)
    outcomes = connect().mailbox(ADDRESS).move([Move(f"m{n}", "F") for n in range(5)])
    assert outcomes == [Done(f"m{n}", "F") for n in range(5)]
    assert [len(seen.body["requests"]) for seen in graph.seen] == [5, 2]
    assert clock.monotonic() == pytest.approx(7, abs=0.01)


def test_a_batch_holds_twenty(graph: ScriptedGraph, connect: Connect) -> None:
    """More than 20 go out in several batches; answers stand in the order asked whatever order they came in."""
    graph.script = moved
    outcomes = connect().mailbox(ADDRESS).move([Move(f"m{n}", "F") for n in range(45)])
    assert [len(seen.body["requests"]) for seen in graph.seen] == [20, 20, 5]
    assert outcomes == [Done(f"m{n}", "F") for n in range(45)]


def test_an_item_without_an_answer_is_unknown(graph: ScriptedGraph, connect: Connect) -> None:
    """An item that the batch's answer leaves out may have happened."""

    def leave_out(seen: Seen) -> Reply:
        reply = moved(seen)
        del reply.body["responses"][0]
        return reply

    graph.script = leave_out
    outcomes = connect().mailbox(ADDRESS).move([Move("m0", "F"), Move("m1", "F")])
    assert outcomes[0] == Done("m0", "F")
    assert isinstance(outcomes[1], Unreachable)


@pytest.mark.parametrize("reply", [Reply(drop=True), Reply(cut=True, body=b'{"resp'), Reply(502), Reply(504)])
def test_a_lost_change_is_never_sent_again(graph: ScriptedGraph, connect: Connect, reply: Reply) -> None:
    """A connection lost after a change was sent: unknown for each item, one request, no repeat."""
    graph.script = lambda seen: reply
    mailbox = connect().mailbox(ADDRESS)
    assert all(isinstance(o, Unreachable) for o in mailbox.move([Move("m0", "F"), Move("m1", "F")]))
    with pytest.raises(Unreachable):
        mailbox.create_folder("F", "Acme")
    assert len(graph.seen) == 2


@pytest.mark.parametrize("reply", [Reply(drop=True), Reply(cut=True, body=b'{"id'), Reply(500), Reply(502), Reply(504)])
def test_a_lost_read_is_asked_again(graph: ScriptedGraph, connect: Connect, reply: Reply) -> None:
    """Reading is repeated after a lost or broken answer."""
    graph.replies = [reply, reply]
    graph.script = lambda seen: Reply(body={"id": "F"})
    connect().reach(ADDRESS)
    assert len(graph.seen) == 3


def test_a_server_that_stays_away_is_given_up(graph: ScriptedGraph, connect: Connect) -> None:
    """After a handful of repeats a read ends as unreachable."""
    graph.script = lambda seen: Reply(500, error("ErrorInternalServerError"))
    with pytest.raises(Unreachable):
        connect().reach(ADDRESS)
    assert len(graph.seen) == 6


def test_an_unreachable_host(connect: Connect) -> None:
    """Nothing listens there: said as unreachable, for sign-in as for Graph."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        nowhere = f"http://127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(Unreachable, match="login host"):
            connect(login_origin=nowhere).reach(ADDRESS)
        with pytest.raises(Unreachable):
            connect(origin=nowhere).reach(ADDRESS)


def test_a_stale_token_is_renewed_once(graph: ScriptedGraph, connect: Connect) -> None:
    """401 asks for one new token; a second 401 is a failed sign-in."""
    graph.replies = [Reply(401, error("InvalidAuthenticationToken"))]
    graph.script = lambda seen: Reply(body={"id": "F"})
    connector = connect()
    connector.reach(ADDRESS)
    assert graph.tokens == 2
    graph.script = lambda seen: Reply(401, error("InvalidAuthenticationToken"))
    with pytest.raises(SignInFailed):
        connector.reach(ADDRESS)


@pytest.mark.parametrize(
    ("number", "words"), [(7000222, "expired"), (7000215, "wrong"), (700016, "client id"), (999, "AADSTS999")]
)
def test_a_refused_sign_in_says_why(graph: ScriptedGraph, connect: Connect, number: int, words: str) -> None:
    """Entra's number is read; the description, which holds ids and times, is not repeated."""
    graph.token_reply = Reply(401, {"error": "invalid_client", "error_codes": [number], "error_description": "canary"})
    with pytest.raises(SignInFailed, match=words) as caught:
        connect().reach(ADDRESS)
    assert "canary" not in str(caught.value)
    assert "secret'" not in repr(caught.value)


def test_links_lead_only_to_graph(graph: ScriptedGraph, connect: Connect) -> None:
    """A next link or a redirect to another host is refused and never followed; the token stays here."""
    mailbox = connect().mailbox(ADDRESS)
    graph.script = lambda seen: Reply(body={"value": [], "@odata.nextLink": "https://evil.example/v1.0/x"})
    with pytest.raises(Refused, match="leads away"):
        list(mailbox.list_ids("F"))
    graph.script = lambda seen: Reply(308, b"", {"Location": "https://evil.example/v1.0/x"})
    with pytest.raises(Refused, match="leads away"):
        mailbox.mime("m")
    with pytest.raises(CursorLost):
        list(mailbox.changes("F", "https://evil.example/v1.0/x"))
    with pytest.raises(CursorLost):
        mailbox.tree_changes("https://evil.example/v1.0/x")


def test_a_redirect_inside_graph_is_followed(graph: ScriptedGraph, connect: Connect) -> None:
    """308 of an auto-expanding archive is followed, also for an item of a batch; a circle is refused."""
    mailbox = connect().mailbox(ADDRESS)
    graph.replies = [Reply(308, b"", {"Location": f"{graph.url}/v1.0/elsewhere"}), Reply(body=b"mime")]
    assert mailbox.mime("m") == b"mime"
    assert graph.seen[-1].path == "/v1.0/elsewhere"
    item = {"id": "0", "status": 308, "headers": {"Location": f"{graph.url}/v1.0/there"}}
    graph.replies = [Reply(body={"responses": [item]}), Reply(body={"id": "m", "parentFolderId": "F"})]
    assert mailbox.move([Move("m", "F")]) == [Done("m", "F")]
    assert (graph.seen[-1].method, graph.seen[-1].path) == ("POST", "/v1.0/there")
    graph.script = lambda seen: Reply(308, b"", {"Location": f"{graph.url}/v1.0/round"})
    with pytest.raises(Refused, match="circle"):
        mailbox.mime("m")


def test_a_page_that_breaks_off_is_asked_for_smaller(graph: ScriptedGraph, connect: Connect) -> None:
    """Down to the one message that cannot be rendered: it is reported as unreadable, all others come whole."""
    ids = [f"m{n:02d}" for n in range(25)]

    def page(seen: Seen) -> Reply:
        query = dict(part.split("=", 1) for part in seen.path.split("?", 1)[1].split("&"))
        top, skip = int(query["$top"]), int(query.get("$skip", 0))
        shown = ids[skip : skip + top]
        if "m13" in shown and "subject" in query["$select"]:
            return Reply(body=b'{"value":[')
        value = [{"id": i, "parentFolderId": "F", "toRecipients": [], "subject": i} for i in shown]
        link = f"{graph.url}{seen.path.split('&$skip')[0]}&$skip={skip + top}"
        return Reply(body={"value": value, **({"@odata.nextLink": link} if skip + top < 25 else {})})

    graph.script = page
    pages = connect().mailbox(ADDRESS).messages("F", Detail.ENVELOPE)
    found = [message for page in pages for message in page]
    assert [message.id for message in found] == ids
    assert [message.id for message in found if message.is_unreadable] == ["m13"]
    assert all(message.subject == message.id for message in found if not message.is_unreadable)


def test_a_single_message_is_asked_for_three_times_before_it_counts_as_unreadable(
    graph: ScriptedGraph, connect: Connect
) -> None:
    """A bad line cuts answers off as well: the same page of one comes whole at the third asking, in list and round."""
    asked: list[str] = []

    def page(seen: Seen) -> Reply:
        asked.append(seen.path)
        if len(asked) % 6:  # 1000, 100, 10, 1, 1 and, for a round, 200, 20, 2, 1, 1
            return Reply(body=b'{"value":[')
        value = [{"id": "m", "parentFolderId": "F", "toRecipients": [], "subject": "whole"}]
        return Reply(body={"value": value, "@odata.deltaLink": f"{graph.url}/v1.0/d"})

    graph.script = page
    mailbox = connect().mailbox(ADDRESS)
    (page_of_list,) = mailbox.messages("F", Detail.ENVELOPE)
    assert [(m.subject, m.is_unreadable) for m in page_of_list] == [("whole", False)]
    assert len(asked) == 6
    (page_of_round,) = mailbox.changes("F", None)
    assert [(m.subject, m.is_unreadable) for m in page_of_round.messages] == [("whole", False)]


def test_a_round_that_breaks_off_goes_on_by_ids(graph: ScriptedGraph, connect: Connect) -> None:
    """Where even a page of one cannot be read, the round is walked by ids and each message fetched by itself."""

    def script(seen: Seen) -> Reply:
        if seen.path.endswith("$batch"):
            answers = [
                {"id": r["id"], "status": 500, "body": error("ErrorCorruptData")}
                if "bad" in r["url"]
                else {"id": r["id"], "status": 200, "body": {"id": "good", "parentFolderId": "F", "toRecipients": []}}
                for r in seen.body["requests"]
            ]
            return Reply(body={"responses": answers})
        if "subject" in seen.path:
            return Reply(body=b'{"value":[')
        value = [{"id": i, "parentFolderId": "F"} for i in ("good", "bad")]
        return Reply(body={"value": value, "@odata.deltaLink": f"{graph.url}/v1.0/d"})

    graph.script = script
    (page,) = connect().mailbox(ADDRESS).changes("F", None)
    assert page.messages[0].id == "good"
    assert page.messages[1] == Message(id="bad", folder_id="F", is_unreadable=True)


def test_a_change_that_comes_in_part_is_fetched_whole(graph: ScriptedGraph, connect: Connect) -> None:
    """Delta may bring only what changed; the caller still gets envelopes, and what left meanwhile counts as removed."""

    def script(seen: Seen) -> Reply:
        if seen.path.endswith("$batch"):
            bodies = {
                "read": {"id": "read", "parentFolderId": "F", "toRecipients": [], "subject": "whole"},
                "left": {"id": "left", "parentFolderId": "G", "toRecipients": []},
            }
            answers = [
                {"id": r["id"], "status": 200, "body": bodies[name]}
                if (name := r["url"].split("/")[4].split("?")[0]) in bodies
                else {"id": r["id"], "status": 404, "body": error("ErrorItemNotFound")}
                for r in seen.body["requests"]
            ]
            return Reply(body={"responses": answers})
        value = [{"id": i, "isRead": True} for i in ("read", "left", "gone")]
        return Reply(body={"value": value, "@odata.deltaLink": f"{graph.url}/v1.0/d"})

    graph.script = script
    (page,) = connect().mailbox(ADDRESS).changes("F", f"{graph.url}/v1.0/d?$deltatoken=1")
    assert [message.subject for message in page.messages] == ["whole"]
    assert page.removed == ("left", "gone")


def test_refused_extended_properties_are_done_without(graph: ScriptedGraph, connect: Connect) -> None:
    """Where `$expand` is refused listings go on without it, and one message is asked for its header instead."""

    def script(seen: Seen) -> Reply:
        if "$expand" in seen.path or "$expand" in str(seen.body):
            return Reply(400, error("BadRequest"))
        headers = [{"name": "References", "value": "<a@x.example>\r\n <b@x.example>"}]
        one = {"id": "m", "parentFolderId": "F", "toRecipients": [], "internetMessageHeaders": headers}
        if seen.path.endswith("$batch"):
            return Reply(body={"responses": [{"id": "0", "status": 200, "body": one}]})
        return Reply(body={"value": [one], "@odata.deltaLink": f"{graph.url}/v1.0/d"})

    graph.script = script
    mailbox = connect().mailbox(ADDRESS)
    (page,) = mailbox.changes("F", None)
    assert page.messages[0].id == "m"
    assert len(graph.seen) == 2
    (message,) = mailbox.fetch(["m"])
    assert isinstance(message, Message)
    assert message.references == ("<a@x.example>", "<b@x.example>")
    assert "internetMessageHeaders" in graph.seen[-1].body["requests"][0]["url"]


def test_a_trickling_answer_meets_its_deadline(graph: ScriptedGraph, connect: Connect, clock: VirtualClock) -> None:
    """An answer that takes longer than its deadline as a whole is lost, though bytes keep coming."""
    connector = connect(request_deadline_s=-1.0, patience_s=0.1)
    graph.script = lambda seen: Reply(body={"id": "F"})
    with pytest.raises(Unreachable):
        connector.reach(ADDRESS)


def test_hard_delete_tells_a_hold_from_a_missing_right(graph: ScriptedGraph, connect: Connect) -> None:
    """403 is a hold for an identity that may erase here, and a missing permission for one that may not."""

    def script(seen: Seen) -> Reply:
        if "settings/exchange" in seen.path:
            return Reply(body={"primaryMailboxId": "MBX:1@2"})
        if not seen.path.endswith("$batch"):
            return Reply(403, error("ErrorAccessDenied"))
        answers = [
            {"id": r["id"], "status": 204}
            if "free" in r["url"]
            else {"id": r["id"], "status": 403, "body": error("ErrorAccessDenied")}
            for r in seen.body["requests"]
        ]
        return Reply(body={"responses": answers})

    graph.script = script
    graph.roles = []
    mailbox = connect().mailbox(ADDRESS)
    assert [type(o).__name__ for o in mailbox.delete_hard("F", ["held"])] == ["NotPermitted"]
    assert [type(o).__name__ for o in mailbox.delete_hard("F", ["held", "free"])] == ["Held", "Done"]
    graph.roles = ["MailboxItem.ReadWrite.All"]
    assert [type(o).__name__ for o in connect().mailbox(ADDRESS).delete_hard("F", ["held"])] == ["Held"]
    item = graph.seen[1].body["requests"][0]
    assert (item["method"], item["url"]) == (
        "DELETE",
        "/admin/exchange/mailboxes/MBX%3A1%402/folders/F/items/held?disposalType=hardDelete",
    )


def test_no_exception_tells_what_was_asked(graph: ScriptedGraph, connect: Connect) -> None:
    """Neither an error nor anything behind it holds search words, ids, or the server's own texts."""
    mailbox = connect().mailbox(ADDRESS)
    for reply in (Reply(drop=True), Reply(cut=True, body=b"canary"), Reply(400, error("Bad")), Reply(body=b"canary{")):
        graph.script = lambda seen, reply=reply: reply  # type: ignore[misc]
        with pytest.raises(MailsorterError) as caught:
            mailbox.search(["canary@klant.example"])
        assert "canary" not in _everything(caught.value)
        (answer,) = mailbox.fetch(["canary"])
        assert isinstance(answer, MailsorterError)
        assert "canary" not in _everything(answer)


def _everything(error: BaseException | None) -> str:
    """All that a traceback of it could show, causes and contexts included."""
    told = []
    while error is not None:
        told.append(f"{type(error).__name__}: {error} {error.args}")
        error = error.__cause__ or error.__context__
    return "\n".join(told)
