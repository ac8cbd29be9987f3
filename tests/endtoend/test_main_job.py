"""The main job on the real path: config, msal, Graph over HTTP, ledger, mail moved, every command's answer."""

from __future__ import annotations

import json
import os
import signal
import threading
from functools import partialmethod
from pathlib import Path

import pytest

from tests.endtoend.tenant import OWN, Tenant, tenant

SENDERS = ("jan@acme.example", "jo@bakker.example", "wie@elders.example", f"bram@{OWN}")


def fill(firm: Tenant, count: int = 60) -> list[str]:
    return [firm.deliver(SENDERS[i % 4], f"Bericht {i}") for i in range(count)]


def without_empty(folders: dict[str, set[str]]) -> dict[str, set[str]]:
    return {path: ids for path, ids in folders.items() if ids}


@pytest.mark.parametrize("tls", [False, True])
def test_sort_files_what_plan_said_and_undo_restores_it_exactly(tmp_path: Path, tls: bool) -> None:
    with tenant(tmp_path, tls=tls) as firm:
        fill(firm)
        before = firm.folders()
        plan = firm.run("plan", "--json")
        assert firm.run("sort", "--dry-run", "--json").out == plan.out
        assert firm.run("plan").out == firm.run("sort", "--dry-run").out
        assert firm.folders() == before, "a plan changes nothing"
        done = firm.run("sort", "--json")
        assert (done.code, done.err) == (0, "")
        assert done.json["filed"] == plan.json["filed"] == 30
        assert done.json["pulled"] == sum(done.json[k] for k in ("filed", "left", "skipped", "failed")) == 60
        after = firm.folders()
        assert len(after["Clients / Acme B.V."]) == len(after["Clients / Bakkerij Müller / Söhne"]) == 15
        moved = {s["message"]: s["to"] for s in plan.json["steps"] if s["step"] == "move"}
        assert all(message in after[" / ".join(path)] for message, path in moved.items())
        assert sorted(i for ids in after.values() for i in ids) == sorted(i for ids in before.values() for i in ids)
        undone = firm.run("undo", done.json["run"], "--json")
        assert undone.code == 0
        assert without_empty(firm.folders()) == without_empty(before)


def test_every_answer_in_json_holds_what_the_text_holds(firm: Tenant) -> None:
    fill(firm, 8)
    run = firm.run("sort", "--json").json["run"]
    text, data = firm.run("explain", run), firm.run("explain", run, "--json").json
    assert all(str(row["messages"]) in text.out and row["because_of"] in text.out for row in data["moves"])
    text, data = firm.run("review"), firm.run("review", "--json").json
    assert all(item["subject"] in text.out and item["from"] in text.out for item in data["messages"])
    text, data = firm.run("status"), firm.run("status", "--json").json
    assert data["audit_head"] in text.out
    assert run in text.out


def test_explain_says_why_of_a_message_by_id_and_by_message_id(firm: Tenant) -> None:
    filed = firm.deliver("jan@acme.example", message_id="<offerte-1@acme.example>")
    firm.run("sort")
    for name in (filed, "<offerte-1@acme.example>"):
        (found,) = firm.run("explain", name, "--json").json["messages"]
        assert found["folder"] == ["Clients", "Acme B.V."]
        assert found["ledger"]["because_of"] == "domain"
        assert [e["client"] for e in found["match"]["evidence"]] == ["acme"]
    unknown = firm.run("explain", "AAkUnknown")
    assert unknown.code == 2
    assert "No mailbox has such a message" in unknown.err


def test_text_from_mail_cannot_paint_the_terminal(firm: Tenant) -> None:
    firm.deliver("wie@elders.example", "Rood \x1b[31mof \u202enet niet\x07")
    shown = firm.run("review").out
    assert "Rood [31mof net niet" in shown
    assert "\x1b" not in shown
    assert "\u202e" not in shown
    assert "\x1b" not in firm.run("review", "--json").out


CANARIES = ("kanarieonderwerp", "kanarietekst", "kanarie.afzender", "kanarie-ontvanger", "kanarienaam")


@pytest.mark.parametrize("crash", [False, True])
def test_nothing_readable_of_any_mail_is_written_anywhere(
    firm: Tenant, crash: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mailsorter.emulator.store.records import Address

    for i, domain in enumerate(("acme.example", "elders.example")):
        firm.deliver(
            f"kanarie.afzender@{domain}", "kanarieonderwerp", body="kanarietekst",
            to=[Address("kanarienaam", f"kanarie-ontvanger{i}@{domain}")],
        )  # fmt: skip
    if crash:
        from mailsorter.mailbox.graph.mailbox import GraphMailbox

        def fall_over(self: object, moves: object) -> None:
            raise RuntimeError(f"kanarieonderwerp {moves}")

        monkeypatch.setattr(GraphMailbox, "move", fall_over)
    monkeypatch.delenv("MAILSORTER_DEBUG", raising=False)
    try:
        answer = firm.run("sort")
    finally:
        monkeypatch.undo()
    assert answer.code == (1 if crash else 0)
    texts = [answer.out, answer.err, firm.run("status").out]
    contents = [path.read_bytes() for path in firm.files()]
    assert contents, "there is a ledger to look through"
    for canary in (*CANARIES, "jan@acme"):
        assert all(canary not in text for text in texts)
        for encoded in (canary.encode(), canary.encode("utf-16-le"), canary.upper().encode()):
            assert all(encoded not in content for content in contents), canary


def test_a_mailbox_without_licence_is_reported_and_the_others_go_on(tmp_path: Path) -> None:
    with tenant(tmp_path, ("anna", "bram")) as firm:
        firm.deliver("jan@acme.example", mailbox=0)
        firm.deliver("jan@acme.example", mailbox=1)
        config = firm.config.read_text(encoding="utf-8")
        firm.config.write_text(config.replace(f"anna@{OWN}", f"weg@{OWN}"), encoding="utf-8")
        answer = firm.run("sort", "--json")
        assert answer.code == 3
        gone, fine = answer.json["mailboxes"]
        assert gone["error"]["kind"] == "MailboxGone"
        assert (fine["filed"], fine["error"]) == (1, None)


def test_review_takes_a_mailbox_that_it_could_not_read_for_no_empty_one(tmp_path: Path) -> None:
    with tenant(tmp_path, ("anna", "bram")) as firm:
        firm.deliver("wie@elders.example", mailbox=1)
        config = firm.config.read_text(encoding="utf-8")
        firm.config.write_text(config.replace(f"anna@{OWN}", f"weg@{OWN}"), encoding="utf-8")
        told, data = firm.run("review"), firm.run("review", "--json").json
        assert told.code == 3
        assert f"weg@{OWN}: not looked through to its end" in told.out
        assert f"weg@{OWN}: 0 for a person" not in told.out
        assert f"bram@{OWN}: 1 for a person" in told.out
        assert data["incomplete"] == [f"weg@{OWN}"]


def test_a_mailbox_that_is_not_there_is_told_alike_by_every_command(tmp_path: Path) -> None:
    with tenant(tmp_path) as firm:
        config = firm.config.read_text(encoding="utf-8")
        firm.config.write_text(config.replace(f"anna@{OWN}", f"weg@{OWN}"), encoding="utf-8")
        for command in ("sort", "plan", "review", "check"):
            answer = firm.run(command)
            assert answer.code == 3
            assert f"Exchange Online serves no mailbox weg@{OWN}" in answer.out + answer.err, command
            assert "Check its address and licence" in answer.out + answer.err, command


def test_a_wrong_secret_says_so_and_ends_with_seven(firm: Tenant) -> None:
    (firm.folder / "secret").write_text("verlopen")
    answer = firm.run("sort", "--json")
    assert answer.code == 7
    assert "secret" in json.dumps(answer.json)


def test_an_unreachable_host_is_try_again_later(firm: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    firm.deliver("jan@acme.example")
    firm.write_config(url="http://127.0.0.1:9", authority="http://127.0.0.1:9")
    answer = firm.run("sort", "--json")
    assert answer.code == 5
    assert firm.folders()["Inbox"]


def test_broken_config_names_file_and_line(firm: Tenant) -> None:
    firm.config.write_text('[firm]\ndomains = ["onzefirma.example"\n', encoding="utf-8")
    answer = firm.run("sort")
    assert answer.code == 2
    assert answer.err.startswith(f"{firm.config}:")


def test_review_suggests_where_people_filed_the_sender_s_mail(firm: Tenant) -> None:
    """In text and JSON; the message itself stays where it is."""
    firm.deliver("jan@acme.example")
    first = firm.deliver("x@elders.example", "een")
    firm.run("sort")
    box, store = firm.mailboxes[0], firm.emulator.store
    (target,) = [f for f in store.folders.all(box) if store.folders.path(box, f)[-1:] == ("Acme B.V.",)]
    (message,) = [
        m for f in store.folders.all(box) for m in store.messages.in_folder(f) if box.ids.immutable_id(m.id) == first
    ]
    store.messages.move(box, message, target)
    assert firm.run("check", "--json").code in (0, 4)
    firm.deliver("x@elders.example", "twee")
    assert "perhaps acme 100%" in firm.run("review").out
    (found,) = firm.run("review", "--json").json["messages"]
    assert (found["subject"], found["suggestions"]) == ("twee", [{"client": "acme", "score": 1.0}])


@pytest.mark.parametrize("command", ["undo", "plan", "sort", "check", "review", "clients suggest", "predict train"])
def test_ctrl_c_in_the_middle_ends_with_130(tmp_path: Path, command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the first of two mailboxes, before anything is sent; the second is not begun. The next run does it all."""
    from mailsorter.assembly import Assembly
    from mailsorter.mailbox.waiting import Stopper

    with tenant(tmp_path, ("anna", "bram")) as firm:
        for mailbox in (0, 1):
            firm.deliver("jan@acme.example", mailbox=mailbox)
        words = [*command.split(), *([firm.run("sort", "--json").json["run"]] if command == "undo" else [])]
        before = firm.folders(), firm.folders(1)
        check, asked_to_end = Stopper.check, threading.Event()

        def interrupted(stopper: Stopper) -> None:
            if not asked_to_end.is_set():
                os.kill(os.getpid(), signal.SIGINT)
            assert asked_to_end.wait(10)
            check(stopper)

        with monkeypatch.context() as patched:
            patched.setattr(Assembly, "__init__", partialmethod(Assembly.__init__, stop=asked_to_end))
            patched.setattr(Stopper, "check", interrupted)
            answer = firm.run(*words)
        assert answer.code == 130, answer
        assert "Interrupted before its end" in answer.err or command == "predict train"
        assert "Stopped because the program was asked to end" in answer.out + answer.err
        assert (firm.folders(), firm.folders(1)) == before
        assert firm.run(*words).code == 0
