"""What the emulated Exchange refuses, by Exchange's own codes; each face turns a code into its own answer.

Statuses and texts: docs/emulator.md, "Errors". Clients rely on the code; Microsoft publishes no list for mail.
"""

from __future__ import annotations

from collections.abc import Mapping

#: HTTP status for each code that the store or the Graph face raises.
STATUS: dict[str, int] = {
    "BadRequest": 400,
    "ErrorCannotDeleteObject": 400,
    "ErrorCannotMoveSpecialFolder": 400,
    "ErrorDeleteDistinguishedFolder": 400,
    "ErrorFolderExists": 409,
    "ErrorInvalidIdMalformed": 400,
    "ErrorInvalidPropertySet": 400,
    "ErrorInvalidRecipients": 400,
    "ErrorInvalidRequest": 400,
    "ErrorInvalidUrlQuery": 400,
    "ErrorInvalidUrlQueryFilter": 400,
    "ErrorMimeContentInvalidBase64String": 400,
    "ErrorMoveCopyFailed": 400,
    "InefficientFilter": 400,
    "RequestBodyRead": 400,
    "RequestBroker--ParseUri": 400,
    "SearchWithFilter": 400,
    "SearchWithOrderBy": 400,
    "UnableToDeserializePostBody": 400,
    "InvalidAuthenticationToken": 401,
    "AccessDenied": 403,
    "Authorization_RequestDenied": 403,
    "ErrorAccessDenied": 403,
    "ErrorInvalidUser": 404,
    "ErrorItemNotFound": 404,
    "ErrorNonExistentMailbox": 404,
    "ErrorSyncFolderNotFound": 404,
    "MailboxNotEnabledForRESTAPI": 404,
    "Request_ResourceNotFound": 404,
    "ResourceNotFound": 404,
    "MethodNotAllowed": 405,
    "Conflict": 409,
    "ErrorIrresolvableConflict": 412,
    "SyncStateNotFound": 410,
    "RequestEntityTooLarge": 413,
    "ErrorMailboxMoveInProgress": 503,
    "ErrorMailboxStoreUnavailable": 503,
    "ApplicationThrottled": 429,
    "TooManyRequests": 429,
    "ErrorCorruptData": 500,
    "ErrorInternalServerError": 500,
    "NotImplemented": 501,
    "BadGateway": 502,
    "ServiceUnavailable": 503,
    "GatewayTimeout": 504,
    "ErrorQuotaExceeded": 507,
    "ErrorMessageSizeExceeded": 413,
    "ErrorFolderHierarchyLimitExceeded": 400,
    "ErrorFolderChildCountLimitExceeded": 400,
    "ErrorFolderItemCountLimitExceeded": 507,
}


class ExchangeError(Exception):
    """A refusal with Exchange's code; `status` overrides the usual one, `headers` go along (Retry-After)."""

    def __init__(
        self, code: str, message: str, *, status: int | None = None, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status if status is not None else STATUS.get(code, 400)
        self.headers = dict(headers or {})


def item_not_found() -> ExchangeError:
    """The item or folder is not there: never was, was deleted, or its id went stale by a move."""
    return ExchangeError("ErrorItemNotFound", "The specified object was not found in the store.")


def malformed_id() -> ExchangeError:
    """An id that Exchange cannot parse: truncated, of another mailbox, or of another kind."""
    return ExchangeError("ErrorInvalidIdMalformed", "Id is malformed.")


def access_denied(message: str = "Access is denied. Check credentials and try again.") -> ExchangeError:
    """The app may not do this to this mailbox."""
    return ExchangeError("ErrorAccessDenied", message)
