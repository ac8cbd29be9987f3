"""An invented firm's filed mail: clients that write about their own things, some through a shared supplier."""

from __future__ import annotations

import random

from mailsorter.model.message import Message, Participant

TOPICS = {
    "acme": ("dakkapel", "steiger", "kozijn", "beton", "oplevering"),
    "bolt": ("rooster", "cliënt", "indicatie", "thuiszorg", "wijkteam"),
    "cato": ("kolom", "dagvaarding", "zitting", "verweer", "griffie"),
    "delta": ("etiket", "recept", "houdbaarheid", "pallet", "schap"),
}
KEY = b"a key of thirty-two bytes, or so"


def mail(number: int, client: str, rng: random.Random) -> Message:
    words = [*rng.choices(TOPICS[client], k=3), *rng.choices(("vraag", "offerte", "overleg", "planning"), k=2)]
    author = f"{rng.choice(('jan', 'els', 'bo'))}@{client}.example" if rng.random() < 0.7 else "bureau@drukker.example"
    return Message(
        id=str(number),
        internet_message_id=f"<{number}.{client}@firma.example>",
        folder_id="archive",
        subject=" ".join(words),
        from_=Participant(author),
        to=(Participant("sanne@firma.example"),),
    )


def filed(count: int, seed: int = 1) -> list[tuple[Message, str]]:
    rng = random.Random(seed)
    clients = [rng.choice(list(TOPICS)) for _ in range(count)]
    return [(mail(number, client, rng), client) for number, client in enumerate(clients)]
