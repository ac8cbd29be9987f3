"""What a log line may say, and what never gets into one."""

from __future__ import annotations

import io
import json
import logging

import pytest
import structlog
from hypothesis import given, settings
from hypothesis import strategies as st

from mailsorter import logs
from mailsorter.logs.redact import redact
from mailsorter.logs.words import ADVICE, EVENTS, KEYS

SECRET = "jan.jansen@acme.example"


@pytest.fixture
def log():
    """A JSON log in memory; gives a function that reads its lines."""
    stream = io.StringIO()
    now = [0.0]
    before = logging.getLogger().handlers[:], logging.getLogger().level
    logs.configure(level="debug", as_json=True, stream=stream, monotonic=lambda: now[0])

    def lines() -> list[dict]:
        return [json.loads(line) for line in stream.getvalue().splitlines()]

    lines.now = now
    yield lines
    structlog.reset_defaults()
    logging.getLogger().handlers, level = before
    logging.getLogger().setLevel(level)


def test_a_known_line_passes_whole(log):
    """Counts, opaque numbers and class names are what a log is for."""
    logs.get_logger(mailbox=3).info("sorted", pulled=5, filed=4, run="20261123-120000-abcdef")
    (line,) = log()
    assert line.items() >= {"event": "sorted", "mailbox": 3, "pulled": 5, "filed": 4, "level": "info"}.items()
    assert line["timestamp"].endswith("Z")


@pytest.mark.parametrize(
    ("event", "details", "expected", "reason"),
    [
        (f"filed mail of {SECRET}", {}, {"event": "withheld"}, "an event that the table does not have"),
        ("sorted", {"subject": "Offerte"}, {"event": "sorted", "withheld": 1}, "a key that the table does not have"),
        ("sorted", {"mailbox": SECRET}, {"event": "sorted", "withheld": 1}, "a mailbox is a number"),
        ("trouble", {"error": SECRET}, {"event": "trouble", "withheld": 1}, "an error is a class name"),
        ("trouble", {"advice": f"Ask {SECRET}"}, {"event": "trouble", "withheld": 1}, "advice is one of ours"),
        ("sorted", {"pulled": {"a": SECRET}}, {"event": "sorted", "withheld": 1}, "a count is a number"),
        ("mailbox", {"kinds": ["NotFound", SECRET]}, {"event": "mailbox", "withheld": 1}, "one bad spoils the list"),
        ("sorted", {"level": SECRET, "timestamp": SECRET}, {"event": "sorted"}, "stamps are the log's own"),
        ("sorted", {"filed": None}, {"event": "sorted"}, "nothing is nothing"),
    ],
)
def test_what_is_not_known_is_dropped(event, details, expected, reason):
    """The guard lists what may pass."""
    assert redact(None, "info", {"event": event, **details}) == expected, reason


def test_a_guard_that_fails_writes_nothing_of_the_line():
    """Fails closed: a value whose very look raises takes the whole line with it."""

    class Hostile(str):
        def __hash__(self) -> int:
            raise RuntimeError(SECRET)

    assert redact(None, "info", {"event": "trouble", "advice": Hostile(SECRET)}) == {"event": "withheld"}


def test_an_exception_is_its_class_and_its_places(log):
    """The text of an error may quote mail; its class and line numbers do not."""
    try:
        raise ValueError(SECRET)
    except ValueError:
        logs.get_logger().exception("unexpected")
    (line,) = log()
    assert line["error"] == "ValueError"
    assert line["places"][-1].startswith("test_logs.py:")
    assert SECRET not in json.dumps(line)


def test_other_libraries_say_who_speaks_and_nothing_else(log):
    """urllib3 logs addresses, O365 a token."""
    logging.getLogger("urllib3.connectionpool").warning("Retrying /users/%s/messages", SECRET)
    (line,) = log()
    assert line.items() >= {"event": "library", "logger": "urllib3.connectionpool", "level": "warning"}.items()
    assert SECRET not in json.dumps(line)


def test_a_storm_is_cut_and_counted(log):
    """Of equal lines twenty a minute are written; the first after it says how many were not."""
    for _ in range(500):
        logs.get_logger().warning("library", logger="x")
    assert len(log()) == 20
    log.now[0] = 61.0
    logs.get_logger().warning("library", logger="x")
    logs.get_logger().warning("library", logger="y")
    assert [line.get("suppressed") for line in log()[20:]] == [480, None]


def test_text_lines_are_for_people(tmp_path):
    """One line, its file readable by its owner only."""
    file = tmp_path / "mailsorter.log"
    try:
        logs.configure(file=file)
        logs.get_logger().info("sorted", filed=2, advice="Run: mailsorter status")
        logs.get_logger().debug("mailbox")
    finally:
        logs.configure()
        structlog.reset_defaults()
        logging.getLogger().handlers = []
    (line,) = file.read_text().splitlines()
    assert line.endswith('info    sorted  filed=2 advice="Run: mailsorter status"')
    assert file.stat().st_mode & 0o077 == 0


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.binary(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@settings(max_examples=150, deadline=None)
@given(st.text() | st.sampled_from(sorted(EVENTS)), st.dictionaries(st.sampled_from(sorted(KEYS)) | st.text(), values))
def test_whatever_is_logged_no_free_text_comes_out(event, details):
    """Every string that passes is of a closed shape: no @, no blanks but in our own sentences."""
    told = redact(None, "info", {**details, "event": event})
    assert told["event"] in EVENTS
    for name, value in told.items():
        assert name in KEYS or name in ("event", "withheld")
        for text in value if isinstance(value, list | tuple) else [value]:
            if isinstance(text, str) and name not in ("event", "advice"):
                assert "@" not in text
                assert len(text) <= 140


def test_every_shape_and_sentence_is_free_of_addresses():
    """The tables themselves name nobody."""
    assert not any("@" in text for text in (*EVENTS, *EVENTS.values(), *ADVICE))
