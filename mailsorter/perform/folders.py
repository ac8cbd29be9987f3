"""Making the folders that a plan needs, once, also when an answer is lost or another program makes them first."""

from __future__ import annotations

from mailsorter.errors import NameTaken, Refused, Unreachable
from mailsorter.ledger.runs import RunNumber
from mailsorter.ledger.states import StepState
from mailsorter.ledger.steps import Intent, StepEnd, StepFacts
from mailsorter.model.folder import Folder, FolderPath, FolderTree, show_path
from mailsorter.model.step import EnsureFolder, EraseMessage, MoveMessage, StepKind
from mailsorter.perform.hands import Hands


class FolderMaker:
    """Folders of one run in one mailbox: where each target path is, and making those that are missing."""

    def __init__(self, hands: Hands, run: RunNumber, tree: FolderTree, made: dict[FolderPath, str]) -> None:
        self._hands = hands
        self._run = run
        self._tree = tree
        self._made = made

    def target_id(self, step: MoveMessage | EraseMessage) -> str:
        """The folder that a step moves to; "" for an erasure."""
        if isinstance(step, EraseMessage):
            return ""
        return step.target_id or self._made[step.target]

    def ensure(self, step: EnsureFolder) -> str:
        """Make the folder at the step's path, and its parents, unless they are there; gives its id.

        Raises `Refused` when a hidden folder has the name, `LedgerLocked` when the mailbox's lock was lost, and what
        `Mailbox.create_folder` raises.
        """
        parent = self._tree.root_id
        for depth in range(1, len(step.path) + 1):
            path = step.path[:depth]
            parent = self._made.get(path) or self._existing(path) or self._make(parent, path, step)
            self._made[path] = parent
        self._remember(parent, step)
        return parent

    def _existing(self, path: FolderPath) -> str | None:
        found = self._tree.find(path)
        return found.id if found else None

    def _make(self, parent_id: str, path: FolderPath, step: EnsureFolder) -> str:
        hands = self._hands
        hands.require_lock()
        with hands.ledger.unit() as unit:
            token = hands.ledger.key.digest("path", str(hands.number), *path)
            intent = Intent(kind=StepKind.ENSURE_FOLDER, token=token, facts=StepFacts(target=parent_id, path=path))
            (number,) = unit.steps.begin(self._run.number, hands.number, [intent])
        made, was_there = self._create(parent_id, path)
        with hands.ledger.unit() as unit:
            facts = StepFacts(id="" if was_there else made.id, target=parent_id, path=path)
            unit.steps.finish([StepEnd(number=number, state=StepState.DONE, facts=facts)])
        return made.id

    def _create(self, parent_id: str, path: FolderPath) -> tuple[Folder, bool]:
        """The folder, and whether someone else had made it."""
        try:
            return self._hands.mailbox.create_folder(parent_id, path[-1]), False
        except NameTaken:
            return self._look(parent_id, path), True
        except Unreachable as error:
            try:
                return self._look(parent_id, path), False
            except Refused:
                raise error from None  # not made: the whole attempt is to be repeated

    def _look(self, parent_id: str, path: FolderPath) -> Folder:
        found = self._hands.mailbox.tree(hidden=True).named(parent_id, path[-1])
        if not found:
            raise Refused(
                f"The folder {show_path(path)} can neither be made nor found in {self._hands.mailbox.address}.",
                code="ErrorFolderExists",
                advice="Look for a search folder of that name in Outlook, rename it, and run: mailsorter sort",
            )
        if found[0].is_hidden or found[0].is_search:
            raise Refused(
                f"A hidden or search folder in {self._hands.mailbox.address} has the name {show_path(path)}.",
                code="ErrorFolderExists",
                advice="Rename it, or give the client another folder in the client book.",
            )
        return found[0]

    def _remember(self, folder_id: str, step: EnsureFolder) -> None:
        with self._hands.ledger.unit() as unit:
            client = unit.places.client(step.client_id) if step.client_id is not None else None
            unit.places.folder(self._hands.number, folder_id, step.path, client)
