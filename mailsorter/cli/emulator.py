"""`mailsorter emulator`: an Exchange on this machine to try things on."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mailsorter.cli.group import Group
from mailsorter.cli.options import Json
from mailsorter.cli.voice import Voice
from mailsorter.errors import UserError
from mailsorter.model.counted import counted, plural

if TYPE_CHECKING:
    from mailsorter.emulator.store import Store

app = typer.Typer(
    cls=Group,
    no_args_is_help=True,
    add_completion=False,
    help="An Exchange on this machine, to try things on.",
    rich_markup_mode=None,
)

State = Annotated[Path, typer.Option("--state", help="The emulator's state file.")]


def open_state(path: Path, *, must_exist: bool) -> Store:
    """The state file as a store.

    Raises:
        UserError: it is not there, is something else, or cannot be written.
    """
    from mailsorter.emulator.store import NotAStateFile, Store

    if must_exist and not path.is_file():
        raise UserError(
            f"{path}: there is no such state file.",
            advice=f"Make one: mailsorter emulator seed --state {path} --from DIR",
        )
    if not path.parent.is_dir():
        raise UserError(f"{path}: the folder {path.parent} does not exist.", advice=f"mkdir -p {path.parent}")
    try:
        return Store(path)
    except NotAStateFile as error:
        raise UserError(str(error), advice="Give another --state.") from error


@app.command()
def seed(
    state: State,
    source: Annotated[
        Path | None, typer.Option("--from", help="A folder DIR/<mailbox>/<folder path>/<message files>.")
    ] = None,
    domain: Annotated[
        str, typer.Option("--domain", help="For mailbox folders without @ in their name.")
    ] = "seeded.example",
    messages: Annotated[
        int | None, typer.Option("--messages", min=0, help="Instead: a synthetic consultancy with so many messages.")
    ] = None,
    random_seed: Annotated[int, typer.Option("--random-seed", help="The same seed gives the same firm.")] = 1,
    json: Json = False,
) -> None:
    """Fill a state file, from a folder of mail files or with a synthetic consultancy."""
    from mailsorter.emulator.seed.synthetic import seed_synthetic
    from mailsorter.emulator.seed.tree import SeedError, seed_tree

    if (source is None) == (messages is None):
        raise UserError(
            "Say what to seed from: either --from DIR or --messages N.",
            advice=f"For example: mailsorter emulator seed --state {state} --messages 1000",
        )
    voice = Voice(as_json=json)
    store = open_state(state, must_exist=False)
    try:
        with voice.progress("Seeding", messages) as progress:
            if source is not None:
                done = seed_tree(store, source, domain=domain, progress=progress)
            else:
                done = seed_synthetic(store, messages or 0, random_seed=random_seed, progress=progress)
    except SeedError as error:
        raise UserError(str(error)) from error
    finally:
        store.close()
    held = f"{done.messages:,} {plural(done.messages, 'message')}"
    voice.say(f"{state}: {held} in {counted(len(done.addresses), 'mailbox', 'mailboxes')}.", *done.addresses)
    voice.answer({"state": state, "mailboxes": done.addresses, "messages": done.messages})


@app.command()
def show(state: State, json: Json = False) -> None:
    """Show mailboxes, folders and counts; with --json the messages' immutable ids too."""
    from mailsorter.emulator.listing import describe

    voice = Voice(as_json=json)
    store = open_state(state, must_exist=True)
    try:
        told = describe(store)
    finally:
        store.close()
    for mailbox in told["mailboxes"]:
        held = f"{mailbox['messages']:,} {plural(mailbox['messages'], 'message')}"
        voice.say(f"{mailbox['address']} ({mailbox['kind']}, {mailbox['state']}): {held}")
        shown = [folder for folder in mailbox["folders"] if folder["total"] or folder["well_known"] is None]
        rows = [(" › ".join(folder["path"]), folder["total"], folder["unread"]) for folder in shown]
        if rows:
            voice.table(("folder", "messages", "unread"), rows)
    voice.answer(told)


@app.command()
def dump(
    state: State,
    out: Annotated[Path, typer.Option("--out", help="The file to write: JSON lines, gzipped.")],
    json: Json = False,
) -> None:
    """Write a state file as portable text."""
    from mailsorter.emulator.portable import dump as write
    from mailsorter.files import require_new

    require_new(out, "--out")
    store = open_state(state, must_exist=True)
    try:
        rows = write(store, out)
    finally:
        store.close()
    voice = Voice(as_json=json)
    voice.say(f"{out}: {rows:,} {plural(rows, 'row')}.")
    voice.answer({"file": out, "rows": rows})


@app.command()
def load(
    state: State,
    source: Annotated[Path, typer.Option("--from", help="What `dump` wrote.")],
    json: Json = False,
) -> None:
    """Make a state file from what dump wrote."""
    from mailsorter.emulator.portable import load as read
    from mailsorter.emulator.store import NotAStateFile

    store = open_state(state, must_exist=False)
    try:
        rows = read(store, source)
    except NotAStateFile as error:
        raise UserError(str(error)) from error
    finally:
        store.close()
    voice = Voice(as_json=json)
    voice.say(f"{state}: {rows:,} {plural(rows, 'row')}.")
    voice.answer({"state": state, "rows": rows})


@app.command()
def serve(
    state: State,
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="Port on loopback; 0 takes a free one.")] = 0,
    tls: Annotated[bool, typer.Option("--tls", help="Speak https, with a certificate made for it.")] = False,
    faults: Annotated[Path | None, typer.Option("--faults", help="A fault plan (TOML or JSON).")] = None,
    config_out: Annotated[
        Path | None, typer.Option("--config-out", help="Write a config that works against it, and clients.toml beside.")
    ] = None,
    json: Json = False,
) -> None:
    """Serve a state file as Microsoft Graph on loopback; prints `ready URL` once it listens."""
    import signal
    import sys

    from mailsorter.cli.emulator_config import write_config
    from mailsorter.emulator.running import Emulator

    store = open_state(state, must_exist=False)
    try:
        emulator = _emulator(Emulator, store, port, state.parent if tls else None, faults)
        if config_out is not None:
            write_config(emulator, config_out)
        emulator.start()
        try:
            voice = Voice(as_json=json)
            voice.say(f"ready {emulator.url}")
            voice.answer({"ready": emulator.url, "state": state, "config": config_out})
            sys.stdout.flush()
            for number in (signal.SIGINT, signal.SIGTERM):
                signal.signal(number, lambda *_: emulator.ask_to_stop())
            emulator.wait()
        finally:
            emulator.stop()
    finally:
        store.close()


def _emulator(kind: Any, store: Store, port: int, tls_folder: Path | None, faults: Path | None) -> Any:
    from mailsorter.emulator.faults import FaultPlan, FaultPlanError

    try:
        plan = FaultPlan.read(faults) if faults is not None else None
        return kind(store, port=port, tls_folder=tls_folder, faults=plan)
    except FaultPlanError as error:
        raise UserError(str(error), advice="docs/emulator.md says how a fault plan is written.") from error
    except OSError as error:
        raise UserError(
            f"Port {port} on loopback cannot be used: {error.strerror}.", advice="Give another --port, or 0."
        ) from error
