"""Every exchange with Exchange Server passes `EwsClient.call`.

Nothing is repeated here but what the server did not take: HTTP 400, which some give on a connection after a large body,
is asked again once, on a new one. A lost answer raises `Unreachable`; whether a change happened is then unknown.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import requests
from exchangelib import errors
from exchangelib.errors import ErrorInvalidRequest, EWSError
from exchangelib.services.common import EWSAccountService

from mailsorter.errors import MailsorterError, Unreachable
from mailsorter.mailbox.ews.codes import group_of
from mailsorter.mailbox.ews.elements import element, find, item_ids, text
from mailsorter.mailbox.ews.refusals import translate
from mailsorter.mailbox.ews.session import MailboxAccount, NotTaken
from mailsorter.mailbox.ews.settings import EwsSettings
from mailsorter.mailbox.waiting import Stopper

Answer = Any  # an lxml element of a response message


class _Fault(EWSError):  # type: ignore[misc]
    """A SOAP fault whose code exchangelib has no exception for."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class _InPieces:
    """A response as exchangelib's parser is to read it: `requests` gives single bytes when it is not told otherwise."""

    _PIECE = 1 << 16

    def __init__(self, response: requests.Response) -> None:
        self._response = response

    def iter_content(self) -> Iterator[bytes]:
        pieces: Iterator[bytes] = self._response.iter_content(self._PIECE)
        return pieces


class _Service(EWSAccountService):  # type: ignore[misc]
    """One operation; payload and answer are ours, envelope, headers, version and faults exchangelib's.

    exchangelib takes ErrorInvalidRequest for a wrong guess at the server's version, and would send the request again
    under every other version there is: here it is sent once.
    """

    NO_VALID_SERVER_VERSIONS = ErrorInvalidRequest

    def _api_versions_to_try(self) -> tuple[str, ...]:
        return (self._version_hint.api_version,)

    @classmethod
    def _raise_soap_errors(cls, fault: Any) -> None:
        told = fault.find("detail/{*}ResponseCode")
        code = "" if told is None else (told.text or "").strip()
        if code in group_of() and code not in vars(errors):
            raise _Fault(code)
        super()._raise_soap_errors(fault)

    @classmethod
    def _get_soap_parts(cls, response: requests.Response) -> Any:
        return super()._get_soap_parts(_InPieces(response))

    def ask(self, payload: Any) -> list[Any]:
        """The operation's response messages, successes and failures as they came."""
        return list(self._get_response_xml(payload))


def _service(operation: str, account: MailboxAccount) -> _Service:
    made: _Service = type(operation, (_Service,), {"SERVICE_NAME": operation})(account=account)
    return made


class EwsClient:
    """One mailbox's road to its server."""

    def __init__(self, settings: EwsSettings, address: str, stopper: Stopper) -> None:
        self.address = address
        self.requests = 0
        self._account = MailboxAccount(settings, address)
        self._stopper = stopper

    def close(self) -> None:
        """Close the connection."""
        self._account.close()

    def call(self, payload: Any, doing: str) -> list[Answer]:
        """One request; its response messages, of which some may be errors. Raises the translated error."""
        self._stopper.check()
        self._account.sign_in()
        try:
            try:
                return self._ask(payload)
            except NotTaken:  # exchangelib has put that connection away
                return self._ask(payload)
        except EWSError as error:
            wait = getattr(error, "back_off", None) or getattr(error, "wait", None)
            code = error.code if isinstance(error, _Fault) else type(error).__name__
            problem = translate(code, self.address, doing, retry_after_s=wait)
        except (requests.RequestException, OSError) as error:
            problem = Unreachable(
                f"Exchange Server gave no whole answer for mailbox {self.address} ({type(error).__name__}).",
                advice="Check the network, then try again.",
            )
        raise problem  # out here, so that no traceback shows what was asked

    def _ask(self, payload: Any) -> list[Answer]:
        self.requests += 1
        return _service(payload.tag.split("}")[1], self._account).ask(payload)

    def one(self, payload: Any, doing: str) -> Answer:
        """One request with one response message. Raises its error."""
        (answer,) = self.call(payload, doing)
        error = self.error_in(answer, doing)
        if error is not None:
            raise error
        return answer

    def each(self, payload: Any, count: int, doing: str) -> list[Answer | MailsorterError]:
        """One request with a response message for each of `count` items, in their order."""
        answers = self.call(payload, doing)
        if len(answers) != count:
            raise Unreachable(f"Exchange Server answered for {len(answers)} of {count} items of {self.address}.")
        return [self.error_in(answer, doing, is_item=True) or answer for answer in answers]

    def error_in(self, answer: Answer, doing: str, *, is_item: bool = False) -> MailsorterError | None:
        """The error that a response message stands for, None for a success or a warning."""
        if answer.get("ResponseClass") != "Error":
            return None
        code = text(answer, "m:ResponseCode")
        wait = next(
            (int(v.text) / 1000 for v in answer.iterfind(".//{*}Value") if v.get("Name") == "BackOffMilliseconds"), None
        )
        return translate(code, self.address, doing, retry_after_s=wait, is_item=is_item)

    def items(self, ids: Sequence[str], shape: Any, chunk: int) -> list[Any]:
        """GetItem for each id: its element, or the error for that one."""
        found: list[Any] = []
        for start in range(0, len(ids), chunk):
            some = ids[start : start + chunk]
            payload = element("m:GetItem", shape, item_ids(some))
            for answer in self.each(payload, len(some), "read messages"):
                found.append(answer if isinstance(answer, MailsorterError) else find(answer, "m:Items")[0])
        return found
