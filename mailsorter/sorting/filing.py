"""How one mailbox is filed: everything a run needs to know beforehand, as values."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from mailsorter.model.filing import FilingPolicy, Several
from mailsorter.model.folder import FolderPath
from mailsorter.sandbox import Sandbox, shared
from mailsorter.sorting.matching import MatchBook, Predictor


@dataclass(frozen=True, slots=True)
class Filing:
    """How mail of one mailbox is filed.

    `folder_of` gives each client's folder path below the visible root; `archive` the path under which all of them
    hang, () where they hang under the root itself. `rules_digest` names book and rules: when it changes, mail that
    was left is tested again. `own_rules` names the firm's own part of it, without the edition of the program's rules of
    evidence: only when that changes, what an undo put back is filed again (b"": the whole is the firm's own).
    """

    book: MatchBook
    folder_of: Mapping[str, FolderPath]
    archive: FolderPath
    rules_digest: bytes
    own_rules: bytes = b""
    policy: FilingPolicy = field(default_factory=FilingPolicy)
    several: Several = Several.REVIEW
    watch: tuple[str, ...] = ("inbox", "sentitems")
    label_homes: Mapping[str, str] = field(default_factory=dict)  # label to folder path, `/` between segments
    stamp_category: bool = False
    predictor: Predictor | None = None
    trusted_gateways: tuple[str, ...] = ()  # in front of Exchange: attached messages carry their verdicts, too
    sandbox: Callable[[], Sandbox] = shared  # in which attached messages are taken apart
