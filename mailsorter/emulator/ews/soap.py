"""EWS's SOAP: reading a request, building answers and faults. Nothing here knows a mailbox."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from lxml import etree

from mailsorter.emulator.errors import ExchangeError

SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
M = "http://schemas.microsoft.com/exchange/services/2006/messages"
T = "http://schemas.microsoft.com/exchange/services/2006/types"
E = "http://schemas.microsoft.com/exchange/services/2006/errors"
NAMES = {"s": SOAP, "m": M, "t": T}

# what XML 1.0 cannot hold, though mail can
_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


@dataclass(frozen=True, slots=True)
class SoapRequest:
    """One operation as it came."""

    operation: str
    body: Any
    impersonated: str
    """The address in the ExchangeImpersonation header, or empty."""
    headers: tuple[Any, ...] = ()
    """The elements of the SOAP header."""


def read_request(data: bytes) -> SoapRequest:
    """The operation in an envelope.

    Raises:
        ExchangeError: ErrorSchemaValidation: no XML, no SOAP, no operation.
    """
    parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False)
    try:
        envelope = etree.fromstring(data, parser)
    except etree.XMLSyntaxError as error:
        raise ExchangeError("ErrorSchemaValidation", f"The request is no XML: {error}") from None
    body = envelope.find("s:Body", NAMES)
    if body is None or not len(body):
        raise ExchangeError("ErrorSchemaValidation", "The request has no SOAP body.")
    who = envelope.find("s:Header/t:ExchangeImpersonation/t:ConnectingSID", NAMES)
    impersonated = "" if who is None or not len(who) else (who[0].text or "").strip()
    headers = tuple(elements(envelope.find("s:Header", NAMES)))
    return SoapRequest(etree.QName(body[0]).localname, body[0], impersonated, headers)


def node(prefix: str, name: str, /, *children: Any, **attributes: str) -> Any:
    """An element of one of the two namespaces; strings among the children become its text, None is left out."""
    made = etree.Element(f"{{{NAMES[prefix]}}}{name}", attrib=attributes)
    for child in children:
        if isinstance(child, str):
            made.text = _ILLEGAL.sub("\ufffd", child)
        elif child is not None:
            made.append(child)
    return made


def m(name: str, /, *children: Any, **attributes: str) -> Any:
    """An element of the messages namespace."""
    return node("m", name, *children, **attributes)


def t(name: str, /, *children: Any, **attributes: str) -> Any:
    """An element of the types namespace."""
    return node("t", name, *children, **attributes)


def find(parent: Any, path: str) -> Any:
    """The first element at a path of prefixed names, or None."""
    return None if parent is None else parent.find(path, NAMES)


def text(parent: Any, path: str, default: str = "") -> str:
    """Its text."""
    found = find(parent, path)
    return default if found is None else (found.text or "")


def name_of(element: Any) -> str:
    """An element's name without its namespace."""
    return str(etree.QName(element).localname)


def elements(parent: Any) -> Iterator[Any]:
    """Its child elements, comments left out."""
    return (child for child in (() if parent is None else parent) if isinstance(child.tag, str))


def success(operation: str, *content: Any) -> Any:
    """One response message that went well."""
    return m(f"{operation}ResponseMessage", m("ResponseCode", "NoError"), *content, ResponseClass="Success")


def failure(operation: str, error: ExchangeError) -> Any:
    """One response message that did not."""
    waits = error.headers.get("Retry-After")
    hint = None
    if waits is not None:
        hint = m("MessageXml", t("Value", str(round(float(waits) * 1000)), Name="BackOffMilliseconds"))
    return m(
        f"{operation}ResponseMessage",
        m("MessageText", error.message),
        m("ResponseCode", code_of(error)),
        m("DescriptiveLinkKey", "0"),
        hint,
        m(_EMPTY[operation]) if operation in _EMPTY else None,
        ResponseClass="Error",
    )


# what stands empty in the response message of a failure
_EMPTY = {name: "Items" for name in ("GetItem", "CreateItem", "MoveItem", "CopyItem", "UpdateItem")} | {
    name: "Folders" for name in ("GetFolder", "CreateFolder", "UpdateFolder", "MoveFolder")
}


def answer(operation: str, messages: list[Any], version: Mapping[str, str]) -> bytes:
    """An envelope with an operation's response messages; `version` is what ServerVersionInfo says."""
    return _envelope(m(f"{operation}Response", m("ResponseMessages", *messages)), version)


def fault(error: ExchangeError, version: Mapping[str, str]) -> bytes:
    """A SOAP fault: what is refused as a whole."""
    waits = error.headers.get("Retry-After")
    made = etree.Element(f"{{{SOAP}}}Fault")
    etree.SubElement(made, "faultcode").text = f"a:{code_of(error)}"
    etree.SubElement(made, "faultstring").text = error.message
    detail = etree.SubElement(made, "detail")
    etree.SubElement(detail, f"{{{E}}}ResponseCode").text = code_of(error)
    etree.SubElement(detail, f"{{{E}}}Message").text = error.message
    if waits is not None:
        hint = etree.SubElement(detail, f"{{{T}}}MessageXml")
        etree.SubElement(hint, f"{{{T}}}Value", Name="BackOffMilliseconds").text = str(round(float(waits) * 1000))
    return _envelope(made, version)


def _envelope(content: Any, version: Mapping[str, str]) -> bytes:
    envelope = etree.Element(f"{{{SOAP}}}Envelope", nsmap={"s": SOAP, "m": M, "t": T})
    header = etree.SubElement(envelope, f"{{{SOAP}}}Header")
    etree.SubElement(header, f"{{{T}}}ServerVersionInfo", attrib=dict(version))
    etree.SubElement(envelope, f"{{{SOAP}}}Body").append(content)
    return b'<?xml version="1.0" encoding="utf-8"?>' + etree.tostring(envelope, encoding="utf-8")


# Graph's names for what EWS calls otherwise
_CODES = {
    "TooManyRequests": "ErrorServerBusy",
    "ApplicationThrottled": "ErrorServerBusy",
    "ServiceUnavailable": "ErrorServerBusy",
    "SyncStateNotFound": "ErrorInvalidSyncStateData",
    "ErrorInvalidUser": "ErrorNonExistentMailbox",
    "MailboxNotEnabledForRESTAPI": "ErrorNonExistentMailbox",
    "Request_ResourceNotFound": "ErrorNonExistentMailbox",
    "ErrorCannotMoveSpecialFolder": "ErrorMoveDistinguishedFolder",
    "ErrorFolderItemCountLimitExceeded": "ErrorQuotaExceeded",
    "ErrorFolderChildCountLimitExceeded": "ErrorQuotaExceeded",
    "ErrorFolderHierarchyLimitExceeded": "ErrorQuotaExceeded",
    "BadRequest": "ErrorInvalidRequest",
    "Conflict": "ErrorIrresolvableConflict",
    "GatewayTimeout": "ErrorTimeoutExpired",
    "BadGateway": "ErrorInternalServerTransientError",
    "UnknownError": "ErrorInternalServerError",
    "InvalidAuthenticationToken": "ErrorAccessDenied",
}


def code_of(error: ExchangeError) -> str:
    """The response code that EWS has for a refusal."""
    return _CODES.get(error.code, error.code)


# the schema has several codes for these; which one a server gives depends on its make
_OTHER_CODES = {
    ("MoveItem", "ErrorFolderNotFound"): "ErrorToFolderNotFound",
    ("CopyItem", "ErrorFolderNotFound"): "ErrorToFolderNotFound",
    ("MoveItem", "ErrorItemNotFound"): "ErrorInvalidId",
    ("GetItem", "ErrorItemNotFound"): "ErrorInvalidId",
    ("DeleteItem", "ErrorItemNotFound"): "ErrorInvalidId",
    ("SyncFolderItems", "ErrorFolderNotFound"): "ErrorSyncFolderNotFound",
    ("SyncFolderItems", "ErrorItemNotFound"): "ErrorSyncFolderNotFound",
    ("", "ErrorNonExistentMailbox"): "ErrorCannotFindUser",
}


def other_code(operation: str, code: str) -> str:
    """The other code that the schema has for a refusal; the code itself where there is none."""
    return _OTHER_CODES.get((operation, code)) or _OTHER_CODES.get(("", code)) or code


def rename_codes(operation: str, messages: list[Any]) -> None:
    """Give each response message the other code."""
    for one in messages:
        for code in one.iterfind("m:ResponseCode", NAMES):
            code.text = other_code(operation, code.text or "")
