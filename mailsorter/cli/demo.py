"""`mailsorter demo`: the main job on an invented firm, on this machine, in seconds."""

from __future__ import annotations

import re
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mailsorter.cli.options import Json
from mailsorter.cli.voice import Voice
from mailsorter.errors import UserError
from mailsorter.model.counted import counted
from mailsorter.model.folder import FolderTree, show_path

if TYPE_CHECKING:
    from mailsorter.assembly import Assembly
    from mailsorter.emulator.running import Emulator
    from mailsorter.mailbox.base import Mailbox
    from mailsorter.sorting.report import RunReport

app = typer.Typer(add_completion=False, help="See it work on an invented firm, on this machine.", rich_markup_mode=None)

STATE, CONFIG = "exchange.sqlite", "mailsorter.toml"


@app.command()
def demo(
    keep: Annotated[
        Path | None, typer.Option("--keep", help="Leave everything in this folder, to explore afterwards.")
    ] = None,
    messages: Annotated[int, typer.Option("--messages", min=1, max=100_000, help="How much mail the firm has.")] = 600,
    random_seed: Annotated[int, typer.Option("--random-seed", help="The same seed gives the same firm.")] = 1,
    json: Json = False,
) -> None:
    """Start an Exchange on this machine with an invented firm's mail, sort it, and show what happened and why."""
    voice = Voice(as_json=json)
    with _folder(keep) as folder, _firm(folder, messages, random_seed, voice) as emulator:
        data = _sort(voice, folder, emulator)
    voice.say("", "What to try next:", *(f"  {line}" for line in _next(keep)))
    voice.answer({**data, "kept_in": str(keep.resolve()) if keep else None, "next": _next(keep)})


@contextmanager
def _folder(keep: Path | None) -> Iterator[Path]:
    if keep is None:
        with tempfile.TemporaryDirectory(prefix="mailsorter-demo-") as folder:
            yield Path(folder)
        return
    try:
        is_empty = not keep.exists() or not any(keep.iterdir())
        keep.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise UserError(
            f"{keep} cannot be made or read as a folder: {error.strerror}.", advice="Give --keep a new folder."
        ) from None
    if not is_empty:
        raise UserError(f"The folder {keep} is not empty.", advice="Give --keep a new folder.")
    yield keep


@contextmanager
def _firm(folder: Path, messages: int, random_seed: int, voice: Voice) -> Iterator[Emulator]:
    """A running emulator with the firm's mail, and a config for it."""
    from mailsorter.cli.emulator_config import write_config
    from mailsorter.emulator.running import Emulator
    from mailsorter.emulator.seed.synthetic import seed_synthetic
    from mailsorter.emulator.store import Store

    store = Store(folder / STATE)
    try:
        with voice.progress("Writing an invented firm's mail", messages) as progress:
            seeded = seed_synthetic(store, messages, random_seed=random_seed, progress=progress)
        voice.say(
            f"An invented consultancy: {counted(seeded.mailboxes, 'mailbox', 'mailboxes')}, "
            f"{counted(seeded.messages, 'message')}, "
            "on an Exchange emulator on this machine.",
            "Nobody in it exists, and nothing leaves this machine.",
            "",
        )
        emulator = Emulator(store)
        write_config(emulator, folder / CONFIG)
        emulator.start()
        try:
            yield emulator
        finally:
            emulator.stop()
    finally:
        store.close()


def _sort(voice: Voice, folder: Path, emulator: Emulator) -> dict[str, object]:
    from mailsorter.assembly import Assembly
    from mailsorter.cli.sort import Progress
    from mailsorter.cli.working import run_data
    from mailsorter.config.load import load
    from mailsorter.sorting.run import SortOptions, sort

    with Assembly(load(folder / CONFIG)) as assembly:
        entry = assembly.config.mailbox[0]
        mailbox = assembly.mailbox(entry)
        before = mailbox.tree()
        voice.say(f"Before, {entry.address}:", *_tree_lines(before), "")
        with voice.progress("Filing") as advance:
            options = SortOptions(Progress(advance), stop=assembly.stop, brakes=assembly.brakes())
            report = sort(assembly.ledger, assembly.clock, assembly.jobs(), options)
        after = mailbox.tree()
        voice.say(f"After mailsorter sort, {entry.address}:", *_tree_lines(after), "")
        _show_numbers(voice, assembly, report)
        key = _answer_key(emulator, assembly)
        voice.say(
            f"By the answer key of the invented firm: {key['right']} in the right client's folder, {key['wrong']} in a "
            f"wrong one, {key['missed']} of a client's messages left where they were.",
            "",
        )
        example = _explain_one(voice, assembly, mailbox, after)
        return {
            **run_data(report),
            "before": _tree_data(before),
            "after": _tree_data(after),
            "explained": example,
            "answer_key": key,
        }


def _tree_lines(tree: FolderTree) -> list[str]:
    """The folder tree with counts; empty folders that Exchange made itself are left out."""
    lines = []
    for path, count in _shown(tree):
        name = "  " * len(path) + path[-1]
        lines.append(f"{name:<44}{count:>6}" if count else name)
    return lines


def _shown(tree: FolderTree) -> list[tuple[tuple[str, ...], int]]:
    paths = {tree.path(folder.id): folder.item_count for folder in tree if folder.id != tree.root_id}
    filled = {path[:depth] for path, count in paths.items() if count for depth in range(1, len(path) + 1)}
    return sorted((path, count) for path, count in paths.items() if path in filled)


def _tree_data(tree: FolderTree) -> list[dict[str, object]]:
    return [{"folder": list(path), "messages": count} for path, count in _shown(tree)]


def _show_numbers(voice: Voice, assembly: Assembly, report: RunReport) -> None:
    filed: Counter[str] = Counter()
    why: Counter[str] = Counter()
    left: Counter[str] = Counter()
    for mailbox in report.mailboxes:
        filed.update(mailbox.filed_to)
        why.update(mailbox.evidence)
        left.update(+mailbox.left)
    total = report.total("pulled")
    voice.say(
        f"Of {counted(total, 'message')} in all mailboxes, {counted(report.total('filed'), 'was', 'were')} filed to "
        f"{counted(len(filed), 'client')}."
    )
    voice.table(
        ("filed because of", "messages", "which means"),
        [(code, count, _meaning(code)) for code, count in why.most_common()],
    )
    voice.say("")
    voice.table(
        ("left where it is", "messages", "which means"),
        [(reason, count, _meaning(reason)) for reason, count in left.most_common()],
    )
    voice.say("")


def _meaning(code: str) -> str:
    """The main clause of a code's explanation: enough for a table, `explain CODE` has the rest."""
    from mailsorter.model import explanations

    paragraph = explanations.explain(code) or ""
    return re.split(r"[:;(.]\s|\s\(|, (?:on|without|in|or) ", paragraph, maxsplit=1)[0].rstrip(".")


def _answer_key(emulator: Emulator, assembly: Assembly) -> dict[str, int]:
    """How many messages lie right, by what the invented firm's author knows of each: Graph shows none of it."""
    from mailsorter.emulator.seed.world import truth_by_immutable_id

    truth = truth_by_immutable_id(emulator.store)
    clients = {assembly.book.folder_of(client.id): client.id for client in assembly.book}
    key = Counter(right=0, wrong=0, missed=0)
    for mailbox in emulator.store.mailboxes.all():
        for folder in emulator.store.folders.all(mailbox):
            owner = clients.get(tuple(emulator.store.folders.path(mailbox, folder)))
            for message in emulator.store.messages.in_folder(folder):
                told = truth.get(mailbox.ids.immutable_id(message.id))
                if told is not None and (owner or told.client):
                    key[_judge(owner, told.client, told.note)] += 1
    return dict(key)


def _judge(owner: str | None, client: str, note: str) -> str:
    """`note` names the clients of a message that belongs to several."""
    if owner is None:
        return "missed"
    return "right" if owner == client or owner in note else "wrong"


def _explain_one(voice: Voice, assembly: Assembly, mailbox: Mailbox, tree: FolderTree) -> dict[str, object] | None:
    """Explain one filed message, as `mailsorter explain MESSAGE` does."""
    from mailsorter.cli.explain import message_data, show_message
    from mailsorter.mailbox.base import Detail
    from mailsorter.sorting.explain import explain_message

    folders = [f for f in tree if len(tree.path(f.id)) > 1 and f.item_count and tree.path(f.id)[0] == "Clients"]
    if not folders:
        return None
    folder = max(folders, key=lambda f: f.item_count)
    page = next(mailbox.messages(folder.id, Detail.ENVELOPE))
    filings = {e.address: assembly.filing(e) for e in assembly.config.mailbox[:1]}
    (found,) = explain_message(assembly.ledger, assembly.clock, page[0].id, filings, assembly.connect)
    voice.say(f"Why one message lies in {show_path(found.folder)}:")
    show_message(voice, found)
    return message_data(found)


def _next(keep: Path | None) -> list[str]:
    if keep is None:
        return [
            "mailsorter demo --keep ./firm       leave the mail and a config in ./firm, to try every command on",
            "mailsorter init                     write a config for your own tenant, with the commands that scope it",
            "mailsorter --help                   all commands",
        ]
    serve = f"mailsorter emulator serve --state {keep / STATE} --config-out {keep / CONFIG}"
    with_config = f"mailsorter --config {keep / CONFIG}"
    return [
        f"{serve} &",
        f"{with_config} review      mail that only a person can place",
        f"{with_config} status      runs, and the one to undo",
        f"{with_config} undo RUN    take it all back",
        f"{with_config} plan        what sort would do",
    ]
