"""The pages for a monitoring program: what each answers, and that no label is anybody's."""

from __future__ import annotations

import json
import socket
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from mailsorter.daemon.health import STALE_S, HealthServer, pages
from mailsorter.errors import MailboxGone, NotPermitted, Unreachable, UserError


def ask(world: Any, path: str, method: str = "GET", host: str | None = None) -> tuple[int, str]:
    told: list[str] = []
    environ = {"PATH_INFO": path, "REQUEST_METHOD": method, "QUERY_STRING": ""}
    if host is not None:
        environ["HTTP_HOST"] = host
    body = b"".join(
        pages(world.service, ("health.firm.example",))(environ, lambda status, _headers: told.append(status))
    )
    return int(told[0].split()[0]), body.decode()


def fails(world: Any, error: Exception, index: int = 0) -> None:
    for method in ("tree_changes", "changes"):
        world.mailboxes[index].fail_next(method, error, times=1000)


def test_healthz_says_whether_it_lives(world):
    """One whose scheduler stands does not; `test_pulse` has jobs that hang."""
    world.service.beat()
    assert ask(world, "/healthz") == (200, '{"alive": true}\n')
    world.clock.sleep(STALE_S)
    assert ask(world, "/healthz") == (503, '{"alive": false}\n')
    world.service.beat()
    assert ask(world, "/healthz")[0] == 200


@pytest.mark.parametrize(
    ("error", "expected"),
    [(Unreachable("no route to anna@"), ["unreachable"]), (NotPermitted("403 anna@"), []), (MailboxGone("404"), [])],
    ids=["of all", "of one mailbox", "of one that is gone"],
)
def test_readyz_says_what_keeps_mail_from_being_filed(world, error, expected):
    """In words and for all mailboxes; one mailbox's trouble is `status`'s to tell."""
    world.go_on(1)
    assert ask(world, "/readyz") == (200, '{"ready": true, "problems": [], "brakes": []}\n')
    fails(world, error)
    world.go_on(10)
    code, body = ask(world, "/readyz")
    told = {"ready": not expected, "problems": expected, "brakes": []}
    assert (code, json.loads(body)) == (503 if expected else 200, told)
    world.service.stop.set()
    assert ask(world, "/readyz") == (503, '{"ready": false, "problems": ["stopping"], "brakes": []}\n')


def test_labels_are_numbers_and_words_of_a_fixed_table(three):
    """A mailbox is the ledger's number, a trouble one of the kinds that operations.md lists."""
    for index, error in enumerate([NotPermitted("403 anna@"), MailboxGone("404 bram@"), Unreachable("cor@")]):
        fails(three, error, index)
    three.go_on(10)
    code, text = ask(three, "/metrics")
    assert code == 200
    labels: dict[str, set[str]] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            for name, value in sample.labels.items():
                labels.setdefault(name, set()).add(value)
    assert set(labels) == {"version", "kind", "for_person", "mailbox"}
    assert labels["mailbox"] == {str(number) for number in three.numbers}
    assert labels["kind"] == {"not permitted", "mailbox gone", "unreachable"}
    assert labels["for_person"] == {"yes", "no"}


def test_other_pages_and_methods_are_refused(world):
    """Nothing can be changed from outside."""
    code, body = ask(world, "/elsewhere")
    assert (code, json.loads(body)) == (404, {"pages": ["/healthz", "/readyz", "/metrics"]})
    assert ask(world, "/healthz", "POST")[0] == 405
    assert ask(world, "/metrics", "DELETE")[0] == 405


def test_a_port_that_is_taken_is_named_with_the_key_to_change(world):
    """Bad input says what, and the next step."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(UserError, match=f"health port {port} cannot be opened") as raised:
            HealthServer(world.service, port)
    assert "health_port" in raised.value.advice


@pytest.mark.parametrize(
    ("host", "known"),
    [
        (None, True),  # HTTP/1.0: no browser sends that
        ("127.0.0.1", True),
        ("127.0.0.1:9464", True),
        ("127.1.2.3:9464", True),
        ("localhost", True),
        ("LOCALHOST:80", True),
        ("[::1]:9464", True),
        ("health.firm.example", True),
        ("Health.Firm.Example:443", True),
        ("evil.example", False),
        ("evil.example:9464", False),
        ("localhost.evil.example:9464", False),
        ("127.0.0.1.evil.example", False),
        ("127.0.0.1@evil.example", False),
        ("127.0.0.1:80:evil.example", False),
        ("[::1].evil.example", False),
        ("[::1]evil", False),
        ("other.firm.example", False),
        ("192.0.2.7:9464", False),
        ("0.0.0.0:9464", False),
        ("127.0.0.1:\uff11", False),
        ("", False),
        ("[", False),
    ],
)  # fmt: skip
def test_the_pages_answer_to_this_machines_names_only(world, host, known):
    """A web page that gives its own name this machine's address reads nothing (DNS rebinding)."""
    for path in ("/healthz", "/readyz", "/metrics"):
        code, body = ask(world, path, host=host)
        assert (code == 421) is not known
        assert known or json.loads(body) == {"error": "not known by this Host"}
