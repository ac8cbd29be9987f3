"""Whose mail is it? Pure: no clock, network, database or config. `match_message` is the door."""

from mailsorter.sorting.matching.book import MatchBook
from mailsorter.sorting.matching.matcher import Predictor, match_message
from mailsorter.sorting.matching.needs import (
    is_invitation,
    is_undecided,
    may_carry,
    needs_attachment_names,
    needs_text,
)
from mailsorter.sorting.matching.page import match_all
from mailsorter.sorting.matching.text.carried import Carried
from mailsorter.sorting.matching.trust import has_failed, standing_of_left, trust_of_left
from mailsorter.sorting.matching.when import at_its_time, quiet_until, reason_to_wait

__all__ = [
    "Carried",
    "MatchBook",
    "Predictor",
    "at_its_time",
    "has_failed",
    "is_invitation",
    "is_undecided",
    "match_all",
    "match_message",
    "may_carry",
    "needs_attachment_names",
    "needs_text",
    "quiet_until",
    "reason_to_wait",
    "standing_of_left",
    "trust_of_left",
]
