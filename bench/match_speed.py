"""Matching, from a decoded page to the decision, at 100, 10,000 and 100,000 clients; and from raw bytes.

    python -m bench.match_speed [--messages 20000] [--rounds 7] [--seeds 3]

One thread, thread memory prefetched (it answers from memory, as after the ledger's look-up by page), address cache on,
no bodies. Budget: 100,000 messages a second, and no slower with more clients.
"busy" is how many of the book's clients the mailbox really writes with: the same hundred shows what the size of the
book costs; all of them adds what it costs the processor's cache to touch that many.

The thread's CPU time. Books and mailboxes of all sizes stand before the first is measured, and the garbage collector
no longer looks at them (gc.freeze), so that no size pays for another's. A round measures every size once, each round
in another order, for each seed's mailbox; a size's ratio is taken to the hundred clients of its own round, and the
median of all rounds is given with the range of its middle half: what else the machine does meets all sizes alike.
The first row is measured twice a round; the ratio of the two is the noise.
"""

from __future__ import annotations

import argparse
import gc
import random
import statistics
import time
import zlib
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from bench.mail import parse
from bench.table import show
from mailsorter.model.client import Client, ClientAddress
from mailsorter.model.labels import DEFAULT_LABEL_RULES
from mailsorter.model.message import Message, Participant
from mailsorter.model.thread import Link
from mailsorter.prediction import PredictionModel
from mailsorter.prediction.memory import IN_ALL
from mailsorter.sorting.matching import MatchBook, match_message, may_carry, needs_text
from mailsorter.sorting.matching.envelope import read_envelope

SIZES = (
    ("100", 100, 100),
    ("100 again", 100, 100),
    ("10,000", 10_000, 100),
    ("100,000", 100_000, 100),
    ("100,000", 100_000, 100_000),
)
NOW = datetime(2026, 3, 2, tzinfo=UTC)


class Prefetched:
    """Thread memory after a page's look-up: a dictionary."""

    def __init__(self, by_conversation: dict[str, tuple[str, ...]]) -> None:
        self._by_conversation = by_conversation

    def clients(self, message: Message) -> tuple[str, ...]:
        return self._by_conversation.get(message.conversation_id, ())

    def link(self, message: Message) -> Link:
        return Link.TRUSTED


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


def make_messages(count: int, clients: int, busy: int, seed: int = 7) -> tuple[list[Message], Prefetched]:
    """A mailbox: some thousands of people, half of them clients'; a tenth of the subjects carry a code."""
    rng = random.Random(seed)

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


@dataclass
class Size:
    """One size of book, its mailboxes (one a seed), and the CPU seconds of every round."""

    name: str
    clients: int
    busy: int
    book: MatchBook
    mailboxes: list[tuple[list[Message], Prefetched]]
    seconds: list[float] = field(default_factory=list)

    def filed(self) -> float:
        messages, memory = self.mailboxes[0]
        outcomes = Counter(str(match_message(m, self.book, memory).outcome) for m in messages[:20_000])
        return 100 * outcomes["filed-to"] / outcomes.total()


def measure(sizes: list[Size], rounds: int) -> None:
    """Time every size in every round and mailbox, in turn; the first round of a mailbox only warms the cache."""
    gc.collect()
    gc.freeze()
    for seed in range(len(sizes[0].mailboxes)):
        for number in range(rounds + 1):
            first = number % len(sizes)
            for size in sizes[first:] + sizes[:first]:
                seconds = _once(*size.mailboxes[seed], size.book)
                if number:
                    size.seconds.append(seconds)
    gc.unfreeze()


def _once(messages: list[Message], memory: Prefetched, book: MatchBook) -> float:
    start = time.thread_time()
    for message in messages:
        match_message(message, book, memory)
    return time.thread_time() - start


PREVIEW = (
    "Beste Sanne, zoals besproken stuur ik je hierbij de offerte voor het project in Utrecht. Kun je die op tijd "
    "bekijken, zodat wij er maandag op terug kunnen komen? De bijlage volgt van onze kant. Met vriendelijke groet, Jan"
)


def with_follow_up(size: Size, rounds: int, preview: str = "") -> tuple[float, float]:
    """Messages a CPU second, matched and asked whether the body or the whole message is needed: the median and the
    best of the rounds."""
    messages, memory = size.mailboxes[0]
    messages = [msgspec.structs.replace(m, preview=preview) for m in messages] if preview else messages
    seconds = []
    for _ in range(rounds + 1):
        start = time.thread_time()
        for message in messages:
            found = match_message(message, size.book, memory)
            needs_text(message, found)
            may_carry(message, found, size.book)
        seconds.append(time.thread_time() - start)
    return len(messages) / statistics.median(seconds[1:]), len(messages) / min(seconds[1:])


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
    start = time.thread_time()
    for message in asked:
        match_message(message, book, memory, predictor=model)
    return len(asked) / (time.thread_time() - start)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seeds", type=int, default=3)
    options = parser.parse_args()
    sizes = []
    for name, clients, busy in SIZES:
        start = time.process_time()
        book = make_book(clients)
        built = time.process_time() - start
        boxes = [make_messages(options.messages, clients, busy, seed) for seed in range(options.seeds)]
        sizes.append(Size(f"{name}, built in {built:.2f} s", clients, busy, book, boxes))
    measure(sizes, options.rounds)
    rows: list[list[object]] = []
    for size in sizes:
        ratios = [one / other for one, other in zip(sizes[0].seconds, size.seconds, strict=True)]
        low, middle, high = statistics.quantiles(ratios, n=4)
        median, best = statistics.median(size.seconds), min(size.seconds)
        rates = [int(options.messages / median), int(options.messages / best)]
        rows.append([size.name, size.busy, *rates, f"{middle:.2f}", f"{low:.2f}-{high:.2f}", size.filed()])
    head = ["clients", "busy", "messages/s, median", "best", "ratio, median", "middle half", "% filed"]
    show(f"Matching, decoded page to decision, {len(sizes[0].seconds)} rounds", head, rows)
    print("\nbudget: 100,000 messages/s; ratio of 100,000 clients to 100 as near to 1 as the same size measured again")
    for name, preview in (("no preview", ""), ("a preview of 230 characters", PREVIEW)):
        middle, best = with_follow_up(sizes[0], options.rounds, preview)
        print(
            f"with the follow-up looks, {name}: {middle:,.0f} messages/s, best {best:,.0f}",
            end="",
        )
        print("   (aim: 100,000)")
    book = make_book(500)
    rate = with_prediction(book, make_messages(60_000, 500, 500)[0])
    print(f"with prediction, {IN_ALL:,} remembered messages, 500 clients: {rate:,.0f} messages/s   (budget: 2,000)")
    print(f"from raw bytes, parsing included: {from_bytes(make_book(100), Prefetched({})):,.0f} messages/s")


if __name__ == "__main__":
    main()
