"""`mailsorter daemon`: the background service, in the foreground; systemd or a container puts it in the background."""

from __future__ import annotations

import os
import sys

import typer

from mailsorter.cli.options import Json, config_file, loaded, warn_of_cases

app = typer.Typer(add_completion=False, help="File mail in the background, for years.", rich_markup_mode=None)


@app.command()
def daemon(ctx: typer.Context, json: Json = False) -> None:
    """Look at every mailbox again and again and file what comes, until SIGTERM or Ctrl-C.

    SIGHUP reads the config anew; one with problems is refused and the old one stays. Logs go where [log] says, with
    --json as one JSON object a line. Nothing readable of any mail is logged.
    """
    from mailsorter import logs
    from mailsorter.daemon.process import Daemon

    found = loaded(ctx)
    warn_of_cases(found)
    log = found.config.log
    logs.configure(level=log.level, as_json=json or log.format == "json", file=log.file)
    parked = Daemon(config_file(ctx), found, logs.get_logger()).run()
    if parked:  # threads still wait for Exchange; every change is written down, so the next start settles it
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(0)
