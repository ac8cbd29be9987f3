"""Rules of the administrator, compiled so that most messages meet none of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from mailsorter.model.address import base_of, canonical, canonical_domain
from mailsorter.model.message import Message
from mailsorter.model.rule import Rule, RuleAction, Side
from mailsorter.sorting.matching.domains import suffixes
from mailsorter.sorting.matching.phrases import PhraseIndex, fold


class RuleBook:
    """All rules, each listed under one of its conditions, by which it becomes a candidate.

    A rule with addresses waits for one of them, else one with subject words for one of those; only what has neither
    is tried on every message.
    """

    def __init__(self, rules: Iterable[Rule]) -> None:
        self.rules = tuple(rules)
        self.by_address: dict[str, list[int]] = {}
        self.by_domain: dict[str, list[int]] = {}
        self.by_local_part: dict[str, list[int]] = {}
        self._always: list[int] = []
        self._checks = [_Check(rule) for rule in self.rules]
        subjects: list[tuple[str, int]] = []
        for position, rule in enumerate(self.rules):
            if has_address_condition(rule):
                self._list_addresses(position, rule)
            elif rule.subject:
                subjects.extend((phrase, position) for phrase in rule.subject)
            elif rule.list_ids or rule.message_classes or rule.categories or rule.attachment_names:
                self._always.append(position)
        self._subjects = PhraseIndex(subjects)

    def __len__(self) -> int:
        return len(self.rules)

    def of_address(self, address: str) -> frozenset[int]:
        """Positions of the rules whose address condition this canonical address meets."""
        if not (self.by_address or self.by_domain or self.by_local_part):
            return frozenset()
        local, _, domain = address.rpartition("@")
        found = list(self.by_address.get(address, ()))
        base = base_of(address)
        if base:
            found += self.by_address.get(base, ())
        for suffix in suffixes(domain):
            found += self.by_domain.get(suffix, ())
        found += self.by_local_part.get(local, ())
        return frozenset(found)

    def applying(
        self,
        message: Message,
        authors: frozenset[int],
        recipients: frozenset[int],
        attachment_names: Sequence[str] = (),
    ) -> list[Rule]:
        """Rules that the message meets in full, in the config's order.

        `authors` and `recipients` hold the rules whose address condition someone on that side meets.
        """
        if not self.rules:
            return []
        candidates = authors | recipients
        by_subject = self._subjects.find(message.subject)
        if by_subject or self._always:
            candidates = candidates.union(by_subject, self._always)
        if not candidates:
            return []
        return [
            self.rules[position]
            for position in sorted(candidates)
            if self._side_holds(position, authors, recipients)
            and self._checks[position].holds(message, attachment_names)
        ]

    def _side_holds(self, position: int, authors: frozenset[int], recipients: frozenset[int]) -> bool:
        rule = self.rules[position]
        if not has_address_condition(rule):
            return True
        return (rule.side is not Side.RECIPIENT and position in authors) or (
            rule.side is not Side.AUTHOR and position in recipients
        )

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
        return (
            (not self._subject or bool(self._subject.find(message.subject)))
            and (not self._names or any(self._names.find(name) for name in attachment_names))
            and (not self._list_ids or any(part in fold(message.list_id) for part in self._list_ids))
            and (not self._classes or any(is_class(message.message_class, name) for name in self._classes))
            and (not self._categories or any(fold(c) in self._categories for c in message.categories))
        )


def is_class(message_class: str, wanted: str) -> bool:
    """Is the MAPI message class the wanted one or derived from it? Without regard to case."""
    lowered, wanted = message_class.lower(), wanted.lower()
    return lowered == wanted or lowered.startswith(wanted + ".")


def by_action(rules: Iterable[Rule], action: RuleAction) -> list[Rule]:
    """Those of the rules that do this."""
    return [rule for rule in rules if rule.action is action]
