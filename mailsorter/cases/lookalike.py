"""Other addresses that may be the same person: collected while listing, offered to a person, never assumed."""

from __future__ import annotations

from collections.abc import Collection, Container
from functools import lru_cache

import msgspec

from mailsorter.cases.threads import Threads
from mailsorter.model.address import addresses_in, domain_of
from mailsorter.model.case import Finding, Lookalike, Seen
from mailsorter.model.message import Message, Participant
from mailsorter.model.person import Person
from mailsorter.model.resemblance import Resemblance
from mailsorter.patterns import AFTER_WORD, compiled

_SHARED_LOCAL_PARTS = frozenset(
    {
        "info", "contact", "sales", "office", "admin", "administratie", "mail", "post", "hello", "support",
        "service", "inkoop", "verkoop", "factuur", "noreply", "no-reply", "team", "hr", "webmaster",
        "postmaster", "abuse", "marketing", "boekhouding", "receptie", "secretariaat",
    }
)  # fmt: skip
_MIN_LOCAL_PART = 5  # shorter ones (jan, info) belong to many


# What people write before their name at the end of a mail, Dutch, English, German and French.
_FAREWELL = compiled(
    "lookalike.farewell",
    r"^(?:groet\w*|gr|mvg|hoogachtend|hartelijk\w*|liefs|regards|wishes|sincerely|yours|cheers|thanks|gr[uü](?:ß|ss)e\w*|"
    r"gru(?:ß|ss)|cordialement|salutations)$",
)
_WORD = compiled("lookalike.word", r"\w+")
_GREETS_SOMEBODY = compiled("lookalike.greets-somebody", r"^[^\w]*(?:aan|to|an|à|voor|for)" + AFTER_WORD)
_SIGNATURE = 100  # letters behind a farewell in which the writer's name stands


class LookalikeFinder:
    """Adds to `known` (address → why, and how often it was met) and to `threads`, which `look_at_threads` resolves.

    Called for each message while listing; only addresses outside the firm that are not the person's are offered.
    """

    def __init__(
        self, person: Person, own_domains: tuple[str, ...], known: dict[str, Lookalike], threads: Threads
    ) -> None:
        self._person = person
        self._own_domains = own_domains
        self._known = known
        self._threads = threads
        local_parts = {address.partition("@")[0] for address in person.addresses} - _SHARED_LOCAL_PARTS
        self._local_parts = frozenset(local for local in local_parts if len(local) >= _MIN_LOCAL_PART)
        self._resemblance = Resemblance(person.names, local_parts)
        self._facts = lru_cache(maxsize=50_000)(self._facts_of)

    def look(self, message: Message) -> None:
        """Compare every participant of the envelope, and remember who may have taken over in a thread."""
        noted: set[str] = set()  # from and sender are the same as a rule: a message counts once
        for participant in message.participants:
            facts = self._facts(participant)
            if facts.reason and facts.address:
                if facts.address not in noted:
                    self._note(facts.address, facts.reason)
                noted.add(facts.address)
            elif facts.is_like and message.conversation_id:
                self._threads.note_resembling(facts.address, message.conversation_id)
        writer = message.from_
        if writer is not None and message.references and not message.message_class.upper().startswith("REPORT."):
            facts = self._facts(writer)
            if facts.may_answer and not facts.reason:
                self._threads.note_answer(facts.address, message.references[-1])

    def look_at_writer(self, message: Message, places: Container[Seen]) -> None:
        """Mail that ends with the person's name, or gives their number, may be written by them from another address."""
        writer = message.from_
        if writer is None or Seen.PREVIEW not in places:
            return
        facts = self._facts(writer)
        if facts.reason:  # counted by `look`
            return
        if facts.may_answer and self._is_signed(message.preview):
            self._note(facts.address, "same-signature")
        elif facts.may_answer and self._person.names_phone(message.preview):
            self._note(facts.address, "same-phone")

    def look_at_threads(self, findings: Collection[Finding]) -> None:
        """Everything was listed: offer who took over in the person's threads. What was gathered for it may go."""
        for address, count in self._threads.in_threads_of(findings).items():
            self._note(address, "same-thread", count)
        for address, count in self._threads.answered_for(findings).items():
            self._note(address, "answers-for-them", count)

    def _facts_of(self, participant: Participant) -> _Facts:
        if self._person.is_participant(participant):
            return _NOBODY
        address = next(iter(addresses_in(participant.address)), "")
        if participant.name and self._person.is_name(participant.name):
            return _Facts(address=address or participant.address.lower(), reason="same-name")
        if not address or domain_of(address) in self._own_domains:
            return _NOBODY
        local = address.partition("@")[0]
        return _Facts(
            address=address,
            reason="same-local-part" if local in self._local_parts else "",
            is_like=self._resemblance.is_like(participant.name, address),
            may_answer=local not in _SHARED_LOCAL_PARTS,
        )

    def _is_signed(self, preview: str) -> bool:
        """Does the person's name stand right behind the last farewell? `Groeten aan Piet` is none of Piet's."""
        farewells = [word for word in _WORD.finditer(preview) if _FAREWELL.found_in(word[0])]
        if not farewells:
            return False
        behind = preview[farewells[-1].end() :][:_SIGNATURE]
        return not _GREETS_SOMEBODY.begins(behind) and self._person.names_name(behind)

    def _note(self, address: str, reason: str, count: int = 1) -> None:
        known = self._known.get(address)
        self._known[address] = (
            msgspec.structs.replace(known, count=known.count + count)
            if known
            else Lookalike(address=address, reason=reason, count=count)
        )


class _Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What a participant is to the search, whatever the message."""

    address: str = ""
    reason: str = ""  # offered for this alone
    is_like: bool = False  # offered where they meet in a thread
    may_answer: bool = False  # an outside address of one person


_NOBODY = _Facts()
