"""What `doctor` says of keys: who can read which, and of the officer's, whether they are what they must be."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from mailsorter.cli.diagnosis import Check, failed, ok, warning
from mailsorter.errors import MailsorterError, UserError

if TYPE_CHECKING:
    from mailsorter.assembly import Assembly


def is_officer(assembly: Assembly) -> bool:
    """May this user handle cases? Else it is the daemon's, who is not to have the officer's keys."""
    from mailsorter.config.permissions import require_own_case_files

    try:
        require_own_case_files(assembly.config)
    except UserError:
        return False
    return True


def readers(assembly: Assembly) -> Iterator[Check]:
    """A line for each key, and a warning for each of the officer's that the daemon's user can read."""
    from mailsorter.config.key_readers import key_readers, reader_warnings

    for one in key_readers(assembly.config):
        here = {True: "; this user too", False: "; not this user here", None: ""}[one.is_here]
        yield ok("key", f"{one.name}, {one.reference}: can be read by {one.readers}{here}.")
    for line in reader_warnings(assembly.config):
        yield warning("officer's key", line, "Then run: mailsorter config check")


def signing_key(assembly: Assembly) -> Iterator[Check]:
    """Can certificates be signed? Asked as the officer alone."""
    reference = assembly.config.erasure.signing_key
    if reference is None:
        return
    if not is_officer(assembly):
        yield ok("signing key", "Certificates are signed by the officer; run doctor as that user to try the key.")
        return
    from mailsorter.cases.certificate import sign

    try:
        sign({}, reference.read().reveal_bytes())
    except MailsorterError as error:
        yield failed("signing key", error)
    else:
        yield ok("signing key", "The signing key signs.")
