"""Matching, from a decoded page to the decision, at 100, 10,000 and 100,000 clients; and from raw bytes.

    python -m bench.match_speed [--messages 200000]

One thread, thread memory prefetched (it answers from memory, as after the ledger's look-up by page), address cache on,
no bodies. CPU time, best of three rounds. Budget: 100,000 messages a second, and no slower with more clients.
"busy" is how many of the book's clients the mailbox really writes with: the same hundred shows what the size of the
book costs; all of them adds what it costs the processor's cache to touch that many.
"""

from __future__ import annotations

import argparse
import gc
import random
import time
import zlib
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from bench.mail import parse
from bench.table import show
from mailsorter.model.client import Client, ClientAddress
from mailsorter.model.labels import DEFAULT_LABEL_RULES
from mailsorter.model.message import Message, Participant
from mailsorter.prediction import PredictionModel
from mailsorter.prediction.memory import IN_ALL
from mailsorter.sorting.matching import MatchBook, match_message
from mailsorter.sorting.matching.envelope import read_envelope

NOW = datetime(2026, 3, 2, tzinfo=UTC)


class Prefetched:
    """Thread memory after a page's look-up: a dictionary."""

    def __init__(self, by_conversation: dict[str, tuple[str, ...]]) -> None:
        self._by_conversation = by_conversation

    def clients(self, message: Message) -> tuple[str, ...]:
        return self._by_conversation.get(message.conversation_id, ())


def make_book(clients: int) -> MatchBook:
    """Clients with two domains, an address at a provider and two codes each."""
    return MatchBook(
        [
            Client(
                id=f"client-{i}",
                name=f"Client {i}",
                domains=(f"klant{i}.example", f"k{i}-groep.example"),
                addresses=(ClientAddress(f"inkoop{i}@gmail.com"),),
                codes=(f"PRJ-{i:06d}", f"OF/{i:06d}"),
            )
            for i in range(clients)
        ],
        ["firma.example"],
        rules=DEFAULT_LABEL_RULES,
    )


def make_messages(count: int, clients: int, busy: int) -> tuple[list[Message], Prefetched]:
    """A mailbox: some thousands of people, half of them clients'; a tenth of the subjects carry a code."""
    rng = random.Random(7)

    def client() -> int:
        return rng.randrange(busy) * (clients // busy)

    people = [Participant(f"Jan.{i}@klant{client()}.example", "Jan") for i in range(2_500)]
    people += [Participant(f"x{i}@elders{i}.example", "X") for i in range(2_500)]
    own = [Participant(f"medewerker{i}@firma.example", "M") for i in range(40)]
    messages = []
    for i in range(count):
        author = rng.choice(people)
        code = f" [PRJ-{client():06d}]" if rng.random() < 0.1 else ""
        messages.append(
            Message(
                id=str(i),
                folder_id="inbox",
                received_at=NOW,
                from_=author,
                sender=author,
                to=(rng.choice(own),),
                cc=(rng.choice(own), rng.choice(people)) if rng.random() < 0.3 else (),
                conversation_id=str(i // 3),
                references=(f"<{i}@x.example>",),
                subject=f"RE: offerte {rng.randrange(10**6)} voor het project in Utrecht{code}",
            )
        )
    memory = {str(rng.randrange(count // 3)): (f"client-{client()}",) for _ in range(count // 6)}
    return messages, Prefetched(memory)


def measure(messages: list[Message], book: MatchBook, memory: Prefetched) -> float:
    """Messages a CPU second, best of three."""
    best = float("inf")
    gc.collect()
    for _ in range(3):
        start = time.process_time()
        for message in messages:
            match_message(message, book, memory)
        best = min(best, time.process_time() - start)
    return len(messages) / best


def from_bytes(book: MatchBook, memory: Prefetched, count: int = 3_000) -> float:
    """Messages a CPU second from RFC 5322 bytes, parsing included."""
    raw = [
        f"From: Jan <jan@klant{i % 100}.example>\r\nTo: m@firma.example\r\nSubject: offerte {i}\r\n"
        f"Date: Mon, 2 Mar 2026 09:12:00 +0100\r\nMessage-ID: <{i}@x.example>\r\n\r\nBeste,\r\n".encode()
        for i in range(count)
    ]
    start = time.process_time()
    for number, data in enumerate(raw):
        match_message(parse(data, Path(str(number))).message, book, memory)
    return count / (time.process_time() - start)


def with_prediction(book: MatchBook, messages: list[Message], count: int = 5_000) -> float:
    """Messages a CPU second that no evidence decides, each forecast by a full model, headers only."""
    model = PredictionModel(b"bench" * 4)
    strangers = [msgspec.structs.replace(m, cc=()) for m in messages if not read_envelope(m, book).evidence]
    for number, message in enumerate(strangers[: IN_ALL + 1_000]):
        named = msgspec.structs.replace(message, internet_message_id=f"<{number}@bench.example>")
        model.remember(model.as_remembered(named, f"client-{zlib.crc32(message.from_.address.encode()) % 500}"))
    asked = strangers[-count:]
    memory = Prefetched({})
    start = time.process_time()
    for message in asked:
        match_message(message, book, memory, predictor=model)
    return len(asked) / (time.process_time() - start)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=200_000)
    wanted = parser.parse_args().messages
    rows = []
    for clients, busy in ((100, 100), (10_000, 100), (100_000, 100), (100_000, 100_000)):
        start = time.process_time()
        book = make_book(clients)
        built = time.process_time() - start
        messages, memory = make_messages(wanted, clients, busy)
        rate = measure(messages, book, memory)
        outcomes = Counter(str(match_message(m, book, memory).outcome) for m in messages[:20_000])
        filed = 100 * outcomes["filed-to"] / sum(outcomes.values())
        rows.append([clients, busy, f"{built:.2f}", int(rate), filed])
    show("Matching, decoded page to decision", ["clients", "busy", "book built in s", "messages/s", "% filed"], rows)
    ratio = rows[2][3] / rows[0][3]  # type: ignore[operator]
    print(f"\nratio of 100,000 clients to 100: {ratio:.2f}   (budget: 100,000 messages/s, ratio near 1)")
    book = make_book(500)
    rate = with_prediction(book, make_messages(60_000, 500, 500)[0])
    print(f"with prediction, {IN_ALL:,} remembered messages, 500 clients: {rate:,.0f} messages/s   (budget: 2,000)")
    print(f"from raw bytes, parsing included: {from_bytes(make_book(100), Prefetched({})):,.0f} messages/s")


if __name__ == "__main__":
    main()
