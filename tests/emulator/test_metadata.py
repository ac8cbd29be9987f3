"""The judge itself: it notices wrong answers, and knows every kind of answer that the emulator gives.

Each success that the other tests of the emulator receive passes it too, in `tests/emulator/client.py`.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.emulator.metadata import Metadata, metadata

pytestmark = [
    pytest.mark.testdata,
    pytest.mark.skipif(metadata() is None, reason="MAILSORTER_TESTDATA does not hold Microsoft's metadata"),
]

_BASE = "https://graph.example/v1.0/$metadata#"
_MESSAGES = f"{_BASE}users('a')/messages"


@pytest.fixture(scope="module")
def microsoft() -> Metadata:
    found = metadata()
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("context", "kind"),
    [
        ("users('a%40b')/mailFolders('x')/messages(subject,from)", "Collection(microsoft.graph.message)"),
        ("users('a')/messages/$entity", "microsoft.graph.message"),
        ("users('a')/messages(subject)/$entity", "microsoft.graph.message"),
        ("users('a')/messages('b')/attachments/$entity", "microsoft.graph.attachment"),
        ("Collection(message)", "Collection(microsoft.graph.message)"),
        ("users('a')/mailboxSettings/userPurpose", "microsoft.graph.userPurpose"),
        ("users('a')/settings/exchange/$entity", "microsoft.graph.exchangeSettings"),
        ("admin/exchange/mailboxes/MBX:a@b/folders", "Collection(microsoft.graph.mailboxFolder)"),
        ("admin/exchange/mailboxes/MBX:a@b/folders('c')/items", "Collection(microsoft.graph.mailboxItem)"),
        ("users", "Collection(microsoft.graph.user)"),
        ("message", "microsoft.graph.message"),
        ("users('a')/nonsense", None),
    ],
)
def test_a_context_leads_to_its_type(microsoft: Metadata, context: str, kind: str | None) -> None:
    """Paths with keys in quotes or after slashes, selections, single entities, bare type names."""
    assert microsoft.type_of(_BASE + context) == kind


@pytest.mark.parametrize(
    ("item", "problem"),
    [
        ({"isRead": True, "subject": None}, None),
        ({"isRead": "true"}, "value[].isRead: str for Edm.Boolean"),
        ({"nosuch": 1}, "value[].nosuch: unknown in microsoft.graph.message"),
        ({"importance": "huge"}, "value[].importance: 'huge' is no microsoft.graph.importance"),
        ({"receivedDateTime": "2026-03-02 09:00"}, "value[].receivedDateTime: '2026-03-02 09:00' for Edm.DateTime"),
        ({"toRecipients": {}}, "value[].toRecipients: not a list"),
        ({"from": {"emailAddress": {"adress": "a@b"}}}, "value[].from.emailAddress.adress: unknown"),
        ({"@odata.type": "#microsoft.graph.eventMessageRequest", "meetingMessageType": "meetingRequest"}, None),
        ({"meetingMessageType": "meetingRequest"}, "value[].meetingMessageType: unknown in microsoft.graph.message"),
    ],
)
def test_a_wrong_message_is_noticed(microsoft: Metadata, item: dict[str, Any], problem: str | None) -> None:
    """Names, primitive types, enumerations, nesting and derived types."""
    found = microsoft.problems({"@odata.context": _MESSAGES, "value": [item]})
    assert len(found) == (problem is not None)
    assert problem is None or found[0].startswith(problem)


def test_a_page_without_its_list_and_a_nameless_context_are_noticed(microsoft: Metadata) -> None:
    """An answer of another form is not waved through."""
    assert microsoft.problems({"@odata.context": _MESSAGES, "id": "x"})
    assert microsoft.problems({"@odata.context": f"{_BASE}nothing/at/all"})
