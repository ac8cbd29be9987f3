"""A count and its noun agree in every sentence: nobody reads "1 client books"."""

from __future__ import annotations

import re
from pathlib import Path

import mailsorter
from mailsorter.model.counted import counted, plural

HERE = Path(mailsorter.__file__).parent
NOUNS = (
    "messages|findings|items|mailboxes|folders|clients|rows|books|places|entries|approvals|tombstones|steps|addresses|"
    "files|people|letters|tries|predictions|cases"
)
COUNT_AND_NOUN = re.compile(rf"\{{[^{{}}]+\}} (?:{NOUNS})\b(?!')")
ALWAYS_MANY = {
    "sorting/brakes.py": "messages or more",  # a brake's limit is never one
    "prediction/report.py": "predictions on unseen mail",  # at least a hundred, else there is no report
    "sorting/earlier_folders.py": "clients have that name",  # said where it is not one
    "cases/identifiers.py": "clients in the client book",  # said where several share an address
    "mailbox/ews/client.py": "items of",  # "1 of 20 items": of a request's
    "sorting/verdicts.py": "that Exchange judged",  # a warning needs many
    "cases/letterhead.py": "{places} ",  # the other of two sentences
    "cases/people.py": "approvers that are needed",  # said where two must approve
}


def test_a_count_takes_the_noun_that_fits() -> None:
    assert [counted(n, "mailbox", "mailboxes") for n in (0, 1, 2)] == ["0 mailboxes", "1 mailbox", "2 mailboxes"]
    assert [plural(n, "item") for n in (1, 2)] == ["item", "items"]


def test_no_sentence_writes_a_plural_behind_any_count() -> None:
    """`counted` does; where a count is never one, the table above says why."""
    found = []
    for path in sorted(HERE.rglob("*.py")):
        allowed = ALWAYS_MANY.get(path.relative_to(HERE).as_posix(), "\0")
        lines = [line for line in path.read_text("utf-8").splitlines() if allowed not in line]
        found += [f"{path.name}: {line.strip()}" for line in lines if COUNT_AND_NOUN.search(line)]
    assert not found
