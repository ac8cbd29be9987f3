"""How mailsorter runs: brakes, the daemon, logs."""

from __future__ import annotations

from datetime import timedelta
from typing import Literal

from mailsorter.config.places import FilePath, ServiceUrl
from mailsorter.config.table import Many, Table, key
from mailsorter.config.values import Days, Domain, Duration, TimeOfDay


class Brakes(Table):
    """A run that looks wrong stops for a person."""

    enabled: bool = key(
        True,
        about="Stop a run that would move far more than this mailbox's own earlier runs, or that finds a folder gone.",
        example=True,
    )
    factor: float = key(
        5.0,
        about="How many times the busiest earlier day's mail is too much, for each day since the last run.",
        example=5.0,
        gt=1,
        strict=False,
    )
    minimum: int = key(200, about="Runs smaller than this many moves are never stopped.", example=200, ge=0)


class Daemon(Table):
    """The background service."""

    poll: Duration = key(
        "60 seconds", ge=timedelta(seconds=5), about="How often each mailbox is looked at.", example="60 seconds"
    )
    jitter: Duration = key(
        "10 seconds", about="Random delay, so that mailboxes do not all come at once.", example="10 seconds"
    )
    reconcile_at: TimeOfDay = key("02:30", about="When ledger and mailboxes are compared each night.", example="02:30")
    undo_for: Days = key(
        "90 days", about="How long filing can be undone; after it Exchange's ids are forgotten.", example="90 days"
    )
    workers: int = key(8, about="Mailboxes worked at once.", example=8, ge=1, le=20)
    health_port: int = key(
        0, about="Port on this machine for /healthz, /readyz and /metrics; 0: none.", example=9464, ge=0, le=65535
    )
    health_hosts: Many[Domain] = key(
        (),
        about="Other names by which a proxy asks for those pages; this machine's own always work.",
        example=["mailsorter.onzefirma.example"],
    )
    ping_url: ServiceUrl | None = key(
        None, about="A monitoring service to tell start, success and failure to.", example="https://hc.example/ping/abc"
    )


class Predict(Table):
    """Filing by what was learned from the firm's own filing, where no evidence decides."""

    enabled: bool = key(False, about="Learn and suggest; file only at the precision below.", example=False)
    precision: float = key(
        0.995,
        about="The share of right answers it must have earned before it files.",
        example=0.995,
        gt=0.5,
        le=1,
        strict=False,
    )
    body_words: bool = key(False, about="May it learn from words in bodies too?", example=False)
    model: FilePath | None = key(
        None,
        about="The file of what was learned, one for all users; else beside the ledger's file, or, with a database "
        "server, in the folder in which a command starts.",
        example="/var/lib/mailsorter/prediction.model",
    )


class Log(Table):
    """Logs: ids, digests and counts only."""

    level: Literal["debug", "info", "warning", "error"] = key(
        "info", about="The least important line to write.", example="info"
    )
    format: Literal["text", "json"] = key("text", about="Lines for people or for machines.", example="json")
    file: FilePath | None = key(None, about="A file instead of standard error.", example="mailsorter.log")
