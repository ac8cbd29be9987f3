"""Rules of the administrator, compiled so that most messages meet none of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from mailsorter.model.address import base_of, canonical, canonical_domain
from mailsorter.model.message import Message
from mailsorter.model.rule import Rule, RuleAction, Side
from mailsorter.patterns import Cap
from mailsorter.sorting.matching.domains import suffixes
from mailsorter.sorting.matching.phrases import PhraseIndex, fold

Met = Mapping[int, int]
"""The rules that one address meets, by position, each with the length of the domain by which; 0: by the address."""


class AddressRules(msgspec.Struct, frozen=True, gc=False):
    """Positions of the rules whose address condition someone meets, by the side on which they stand."""

    from_: frozenset[int] = frozenset()
    author: frozenset[int] = frozenset()  # from, sender, reply-to
    recipient: frozenset[int] = frozenset()
    people: tuple[Met, ...] = ()  # the same of each address


NONE_MET = AddressRules()


class RuleBook:
    """All rules, each listed under one of its conditions, by which it becomes a candidate.

    A rule with addresses waits for one of them, else one with subject words for one of those, else for a message that
    has a list, a category, an unusual class or attachments at all.
    """

    def __init__(self, rules: Iterable[Rule]) -> None:
        self.rules = tuple(rules)
        self.by_address: dict[str, list[int]] = {}
        self.by_domain: dict[str, list[int]] = {}
        self.by_local_part: dict[str, list[int]] = {}
        self._by_list: list[int] = []
        self._by_category: list[int] = []
        self._by_class: list[int] = []
        self._by_attachment: list[int] = []
        self._checks = [_Check(rule) for rule in self.rules]
        subjects: list[tuple[str, int]] = []
        for position, rule in enumerate(self.rules):
            if has_address_condition(rule):
                self._list_addresses(position, rule)
            elif rule.subject:
                subjects.extend((phrase, position) for phrase in rule.subject)
            elif rule.list_ids:
                self._by_list.append(position)
            elif rule.categories:
                self._by_category.append(position)
            elif rule.message_classes:
                self._by_class.append(position)
            elif rule.attachment_names:
                self._by_attachment.append(position)
        self._subjects = PhraseIndex(subjects)

    def __len__(self) -> int:
        return len(self.rules)

    def position(self, rule: Rule) -> int:
        """Which of the rules it is."""
        return self.rules.index(rule)

    def of_address(self, address: str) -> Met:
        """The rules whose address condition this canonical address meets, and by how long a domain."""
        if not (self.by_address or self.by_domain or self.by_local_part):
            return {}
        local, _, domain = address.rpartition("@")
        found: dict[int, int] = {}
        for suffix in suffixes(domain):
            for position in self.by_domain.get(suffix, ()):
                found.setdefault(position, len(suffix))
        base = base_of(address)
        exact = [*self.by_address.get(address, ()), *(self.by_address.get(base, ()) if base else ())]
        return found | dict.fromkeys((*exact, *self.by_local_part.get(local, ())), 0)

    def applying(
        self,
        message: Message,
        met: AddressRules,
        attachment_names: Sequence[str] = (),
        *,
        nearest: bool = True,
    ) -> list[Rule]:
        """Rules that the message meets in full, in the config's order; `met` are those met by address.

        `nearest`: of those that an address meets by several domains only the nearest one's count.
        """
        by_subject = self._subjects.find(message.subject)
        if met is NONE_MET and not (
            by_subject or message.list_id or message.categories or self._by_class or attachment_names
        ):
            return []  # most messages
        candidates = set(by_subject)
        if met is not NONE_MET:
            candidates.update(met.author, met.recipient)
        if message.list_id:
            candidates.update(self._by_list)
        if message.categories:
            candidates.update(self._by_category)
        if self._by_class:
            candidates.update(self._by_class)
        if attachment_names:
            candidates.update(self._by_attachment)
        if not candidates:
            return []
        applying = [
            position
            for position in sorted(candidates)
            if self._side_holds(position, met) and self._checks[position].holds(message, attachment_names)
        ]
        return [self.rules[position] for position in (self._nearest(applying, met) if nearest else applying)]

    def _nearest(self, applying: list[int], met: AddressRules) -> list[int]:
        """Of rules that one person's address meets by several domains only those of the nearest domain.

        Labels are left alone: they do not say whose mail it is. A rule that is nearest for anyone stays.
        """
        if len(applying) < 2 or len(self.by_domain) < 2:
            return applying
        rivals = {p for p in applying if self.rules[p].domains and self.rules[p].action is not RuleAction.LABEL}
        if len(rivals) < 2:
            return applying
        farther: set[int] = set()
        nearest: set[int] = set()
        for person in met.people:
            longest = max((person.get(p, 0) for p in rivals), default=0)
            for p in rivals & person.keys():
                (farther if 0 < person[p] < longest else nearest).add(p)
        return [p for p in applying if p not in farther or p in nearest]

    def _side_holds(self, position: int, met: AddressRules) -> bool:
        rule = self.rules[position]
        if not has_address_condition(rule):
            return True
        if rule.side is Side.ANYONE:
            return position in met.author or position in met.recipient
        return position in {Side.FROM: met.from_, Side.AUTHOR: met.author, Side.RECIPIENT: met.recipient}[rule.side]

    def _list_addresses(self, position: int, rule: Rule) -> None:
        for raw in rule.addresses:
            self.by_address.setdefault(canonical(raw) or raw.lower(), []).append(position)
        for raw in rule.domains:
            self.by_domain.setdefault(canonical_domain(raw.lstrip("@")) or raw.lower(), []).append(position)
        for raw in rule.local_parts:
            self.by_local_part.setdefault(raw.lower(), []).append(position)


def has_address_condition(rule: Rule) -> bool:
    """Does the rule ask who is named in the envelope?"""
    return bool(rule.addresses or rule.domains or rule.local_parts)


class _Check:
    """The conditions of one rule that do not concern addresses."""

    def __init__(self, rule: Rule) -> None:
        self._subject = PhraseIndex((phrase, True) for phrase in rule.subject)
        self._names = PhraseIndex((phrase, True) for phrase in rule.attachment_names)
        self._list_ids = tuple(fold(part) for part in rule.list_ids)
        self._classes = tuple(name.lower() for name in rule.message_classes)
        self._categories = frozenset(fold(category) for category in rule.categories)

    def holds(self, message: Message, attachment_names: Sequence[str]) -> bool:
        list_id = fold(message.list_id[: Cap.LIST_ID]) if self._list_ids else ""
        return (
            (not self._subject or bool(self._subject.find(message.subject)))
            and (not self._names or any(self._names.find(name) for name in attachment_names))
            and (not self._list_ids or any(part in list_id for part in self._list_ids))
            and (not self._classes or any(is_class(message.message_class, name) for name in self._classes))
            and (not self._categories or any(map(self._is_category, message.categories)))
        )

    def _is_category(self, name: str) -> bool:
        return len(name) <= Cap.CATEGORY and fold(name) in self._categories


def is_class(message_class: str, wanted: str) -> bool:
    """Is the MAPI message class the wanted one or derived from it? Without regard to case."""
    lowered, wanted = message_class.lower(), wanted.lower()
    return lowered == wanted or lowered.startswith(wanted + ".")
