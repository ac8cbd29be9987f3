"""Deleting for good: Graph's admin path, by an identity of its own.

`DELETE /admin/exchange/mailboxes/{id}/folders/{f}/items/{i}?disposalType=hardDelete` answers 403 for an item that a
hold, a retention policy or the system protects, and also for an app without the permission; the code that comes with
it is not documented. So a 403 is taken for a hold only when this identity has shown that it may work in this mailbox:
an item went, its token carries the role, or it may list the folder.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from mailsorter.errors import Held, MailboxGone, MailsorterError, NotFound, NotPermitted, Refused
from mailsorter.mailbox.base import Done, Outcome
from mailsorter.mailbox.graph import query, wire
from mailsorter.mailbox.graph.client import Answer, GraphClient, Request
from mailsorter.mailbox.graph.refusals import Asked
from mailsorter.mailbox.graph.signin import roles_of

DefaultIds = Callable[[Sequence[str]], list[str | MailsorterError]]
"""Gives the default ids of items by their immutable ids, in the order asked; `NotFound` for one that is gone."""

_PERMISSION = "MailboxItem.ReadWrite.All"


class Eraser:
    """The erasing identity's hands in one mailbox. `client` is not asked for before there is something to ask."""

    def __init__(self, client: Callable[[], GraphClient], address: str, client_id: str) -> None:
        self._client = client
        self._asked = Asked(address, "delete items for good", _PERMISSION, client_id)
        is_archive = address.upper().startswith("MBX:")
        self._mailbox_id = address if is_archive else ""
        self._version = "beta" if is_archive else "v1.0"  # v1.0 knows no archive on the admin paths (graph-facts, 7)
        self._may_erase = False
        self._takes_default_ids = False  # known only once it was seen

    def delete_hard(self, folder_id: str, ids: Sequence[str], default_ids: DefaultIds) -> list[Outcome]:
        """See `Mailbox.delete_hard`.

        No page says which ids the admin path takes. Items that it does not know by their immutable ids are asked for
        by their default ids, which `default_ids` tells; where that works it is done so from then on.
        """
        if not ids:
            return []
        folder = f"/admin/exchange/mailboxes/{query.segment(self.mailbox_id())}/folders/{query.segment(folder_id)}"
        answers = self._by_default_ids(folder, ids, default_ids) if self._takes_default_ids else self._ask(folder, ids)
        unknown = [n for n, answer in enumerate(answers) if isinstance(answer, (Refused, NotFound))]
        if unknown and not self._takes_default_ids:
            for n, again in zip(
                unknown, self._by_default_ids(folder, [ids[n] for n in unknown], default_ids), strict=True
            ):
                answers[n] = again
                self._takes_default_ids = self._takes_default_ids or isinstance(again, Answer)
        self._may_erase = self._may_erase or any(not isinstance(answer, MailsorterError) for answer in answers)
        return [
            self._outcome(item_id, answer, folder) if isinstance(answer, MailsorterError) else Done(item_id)
            for item_id, answer in zip(ids, answers, strict=True)
        ]

    def _ask(self, folder: str, names: Sequence[str], *, default_ids: bool = False) -> list[Answer | MailsorterError]:
        requests = [
            Request(
                "DELETE",
                f"{folder}/items/{query.segment(name)}?disposalType=hardDelete",
                self._asked,
                version=self._version,
                default_ids=default_ids,
            )
            for name in names
        ]
        return self._client().batch(requests)

    def _by_default_ids(
        self, folder: str, ids: Sequence[str], default_ids: DefaultIds
    ) -> list[Answer | MailsorterError]:
        names = default_ids(ids)
        asked = [name for name in names if isinstance(name, str)]
        answers = iter(self._ask(folder, asked, default_ids=True) if asked else ())
        return [next(answers) if isinstance(name, str) else name for name in names]

    def mailbox_id(self) -> str:
        """The mailbox's id on the admin paths; asked for once."""
        if not self._mailbox_id:
            path = f"{query.users(self._asked.mailbox)}/settings/exchange"
            asked = Asked(self._asked.mailbox, "read the mailbox's id", "User.Read.All", self._asked.client_id)
            found = self._client().read(Request("GET", path, asked), wire.exchange_settings).primary_mailbox_id
            if not found:
                raise MailboxGone(f"Exchange knows no mailbox id of {self._asked.mailbox}.")
            self._mailbox_id = found
        return self._mailbox_id

    def archive_id(self) -> str | None:
        """The online archive's id, or None where there is none. Only the beta version tells."""
        path = f"{query.users(self._asked.mailbox)}/settings/exchange"
        asked = Asked(self._asked.mailbox, "read the archive's id", "User.Read.All", self._asked.client_id)
        found = self._client().read(Request("GET", path, asked, version="beta"), wire.exchange_settings)
        return found.in_place_archive_mailbox_id or None

    def _outcome(self, item_id: str, error: MailsorterError, folder: str) -> MailsorterError:
        if isinstance(error, NotPermitted) and self._is_permitted(folder):
            return Held(
                f"Exchange protects an item of mailbox {self._asked.mailbox} from deletion.",
                advice="Graph shows no hold; in Exchange PowerShell look at Get-Mailbox: LitigationHoldEnabled, "
                "InPlaceHolds, ComplianceTagHoldApplied, DelayHoldApplied, SingleItemRecoveryEnabled.",
            )
        return error

    def _is_permitted(self, folder: str) -> bool:
        if not self._may_erase:
            self._may_erase = _PERMISSION in roles_of(self._client().access_token()) or self._may_list(folder)
        return self._may_erase

    def _may_list(self, folder: str) -> bool:
        try:
            path = f"{folder}/items?$top=1&$select=id"
            self._client().request(Request("GET", path, self._asked, version=self._version))
        except NotPermitted:
            return False
        return True
