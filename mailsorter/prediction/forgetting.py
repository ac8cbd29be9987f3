"""What is unlearned for a person or client who must be forgotten, and the lock that keeps it unlearned.

Teaching and forgetting both read the model's file, change it and write it back: one at a time, or the slower one
would bring back what the other took out.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from mailsorter import files
from mailsorter.prediction.model import PredictionModel


class Unlearn(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that concerns one case: addresses of people, Message-IDs of mail, and a client who left."""

    addresses: tuple[str, ...] = ()
    message_ids: tuple[str, ...] = ()
    client_id: str = ""


def unlearn(model: PredictionModel, what: Unlearn) -> int:
    """Take it out of the model, which is then as if it had never seen it; answers how many messages that were."""
    count = model.forget_people(what.addresses)
    count += sum(model.forget_message(message_id) for message_id in what.message_ids)
    return count + (model.forget_client(what.client_id) if what.client_id else 0)


@contextmanager
def hold_model(path: Path) -> Iterator[None]:
    """Be the only one who changes this model's file; waits for whoever does now. Raises OSError as the disk does."""
    import fcntl

    handle = os.open(_lock_of(path), os.O_CREAT | os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        files.share(handle, path.parent)
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def is_there(path: Path) -> bool:
    """Is there a model, or is somebody about to write the first one?"""
    return path.exists() or _lock_of(path).exists()


def _lock_of(path: Path) -> Path:
    return path.with_name(path.name + ".lock")
