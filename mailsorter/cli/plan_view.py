"""A plan as people and programs read it. Steps of a million messages go through a file, not through memory."""

from __future__ import annotations

import json
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import IO, TYPE_CHECKING, Any

from mailsorter.cli.clean import escape
from mailsorter.cli.voice import Voice
from mailsorter.model.counted import counted
from mailsorter.model.folder import FolderTree, show_path
from mailsorter.model.plan import PlanDigest
from mailsorter.model.step import EnsureFolder, MoveMessage, Step

if TYPE_CHECKING:
    from mailsorter.perform import StepResult
    from mailsorter.sorting.ground import MailboxGround
    from mailsorter.sorting.planning import WindowPlan
    from mailsorter.sorting.report import MailboxReport, RunReport


class PlanView:
    """Watches a plan being made; then shows it. Use as a context manager: it keeps the steps in a private file."""

    def __init__(self, *, keep_steps: bool) -> None:
        self.digest = PlanDigest()
        self._keep_steps = keep_steps
        self._steps: IO[str] = tempfile.TemporaryFile("w+", encoding="utf-8", prefix="mailsorter-plan-")  # noqa: SIM115
        self._trees: dict[str, FolderTree] = {}
        self._new: dict[str, set[tuple[str, ...]]] = {}
        self._moves: dict[str, Counter[tuple[str, ...]]] = {}
        self._why: dict[tuple[str, tuple[str, ...]], Counter[str]] = {}

    def __enter__(self) -> PlanView:
        return self

    def __exit__(self, *_: object) -> None:
        self._steps.close()

    # as a watcher ---------------------------------------------------------------------------------------------

    def surveyed(self, mailbox: str, ground: MailboxGround) -> None:
        self._trees[mailbox] = ground.tree

    def planned(self, mailbox: str, plan: WindowPlan, report: MailboxReport, *, is_backlog: bool) -> None:
        for step in plan.steps:
            self.digest.add(mailbox, step)
            self._note(mailbox, step)
            if self._keep_steps:
                self._steps.write(
                    json.dumps(_step_data(mailbox, step, self._trees[mailbox]), ensure_ascii=False) + "\n"
                )

    def performed(self, mailbox: str, results: Sequence[StepResult]) -> None:
        pass

    def _note(self, mailbox: str, step: Step) -> None:
        if isinstance(step, EnsureFolder) and self._trees[mailbox].find(step.path) is None:
            self._new.setdefault(mailbox, set()).add(step.path)
        elif isinstance(step, MoveMessage):
            self._moves.setdefault(mailbox, Counter())[step.target] += 1
            self._why.setdefault((mailbox, step.target), Counter()).update(step.evidence[:1])

    # as an answer ---------------------------------------------------------------------------------------------

    def show(self, voice: Voice, report: RunReport) -> None:
        """Print the plan as text, or with `--json` as one document."""
        if voice.as_json:
            self._print_json(report)
            return
        for mailbox in report.mailboxes:
            self._show_mailbox(voice, mailbox)
        voice.say(
            f"Plan: {counted(report.total('filed'), 'message')} would be filed, "
            f"{report.total('left')} left where they are, "
            f"{report.total('skipped')} skipped.",
            f"Digest {self.digest.hex()}",
            "Nothing was changed. To do this: mailsorter sort",
        )

    def _show_mailbox(self, voice: Voice, report: MailboxReport) -> None:
        voice.say(f"{report.mailbox}: {counted(report.pulled, 'message')} looked at")
        rows = [
            (
                show_path(path),
                "new" if path in self._new.get(report.mailbox, ()) else "",
                count,
                self._reasons(report, path),
            )
            for path, count in sorted(self._moves.get(report.mailbox, Counter()).items())
        ]
        if rows:
            voice.table(("to folder", "", "messages", "because of"), rows)
        left = [f"{reason} {count}" for reason, count in sorted((+report.left).items())]
        skipped = [f"{reason} {count}" for reason, count in sorted((+report.skipped).items())]
        voice.say(
            *([f"left: {', '.join(left)}"] if left else []), *([f"skipped: {', '.join(skipped)}"] if skipped else [])
        )
        voice.say(*report.notes, *([f"error: {report.error}"] if report.error else []), "")
        if self._keep_steps:
            for line in self._lines(report.mailbox):
                voice.say(line)

    def _reasons(self, report: MailboxReport, path: tuple[str, ...]) -> str:
        why = self._why[report.mailbox, path]
        return ", ".join(f"{code} {count}" for code, count in sorted(why.items(), key=lambda item: (-item[1], item[0])))

    def _kept(self) -> Iterator[dict[str, Any]]:
        self._steps.seek(0)
        for line in self._steps:
            yield json.loads(line)

    def _lines(self, mailbox: str) -> Iterator[str]:
        for step in self._kept():
            if step["mailbox"] == mailbox:
                yield _line(step)

    def _print_json(self, report: RunReport) -> None:
        from mailsorter.cli.working import run_data

        data, encoding = run_data(report), sys.stdout.encoding or "utf-8"
        del data["run"]
        print(
            escape(json.dumps({"digest": self.digest.hex(), **data}, ensure_ascii=False, indent=2), encoding)[:-2] + ","
        )
        print('  "steps": [')
        before = ""
        for step in self._kept():
            print(before, end="")
            print("    " + escape(json.dumps(step, ensure_ascii=False), encoding), end="")
            before = ",\n"
        print("\n  ]\n}")


def _line(step: dict[str, Any]) -> str:
    """One step for people: `move  AAk…  Inbox -> Clients / Acme B.V.  (domain)`."""
    words = [f"  {step['step']:4}", step.get("message", ""), show_path(tuple(step["from"])) if "from" in step else ""]
    words += ["->", show_path(tuple(step["to"])), f"({', '.join(step['why'])})" if step.get("why") else ""]
    return "  ".join(word for word in words if word)


def _step_data(mailbox: str, step: Step, tree: FolderTree) -> dict[str, object]:
    if isinstance(step, EnsureFolder):
        exists = tree.find(step.path) is not None
        return {
            "mailbox": mailbox, "step": "use" if exists else "make", "to": list(step.path), "client": step.client_id,
        }  # fmt: skip
    assert isinstance(step, MoveMessage)  # sorting plans nothing else
    return {
        "mailbox": mailbox,
        "step": "copy" if step.copy else "move",
        "message": step.message.id,
        "from": list(tree.path(step.source_id)),
        "to": list(step.target),
        "client": step.client_id,
        "why": list(step.evidence),
    }
