"""Requests are judged by a table of the emulator's own before anything is done; Microsoft's schema agrees with it."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from lxml import etree

from mailsorter.emulator import Emulator, running_emulator
from mailsorter.emulator.errors import ExchangeError
from mailsorter.emulator.ews.schema import judge, table
from mailsorter.emulator.ews.switches import SWITCHES, EwsServer
from mailsorter.emulator.ews.versions import EXCHANGE_2019, ONLINE_ONLY, VERSIONS
from tests.emulator.test_ews_face import ADDRESS, GET_INBOX, post
from tests.ews_requests import TESTDATA, schema

_NAMES = (
    'xmlns:m="http://schemas.microsoft.com/exchange/services/2006/messages" '
    'xmlns:t="http://schemas.microsoft.com/exchange/services/2006/types"'
)
_XS = "{http://www.w3.org/2001/XMLSchema}"
_INBOX = '<t:DistinguishedFolderId Id="inbox"/>'
_IDS = "<m:ItemShape><t:BaseShape>IdOnly</t:BaseShape></m:ItemShape>"

GOOD = {
    "GetFolder": "<m:GetFolder><m:FolderShape><t:BaseShape>IdOnly</t:BaseShape><t:AdditionalProperties>"
    '<t:FieldURI FieldURI="folder:DisplayName"/><t:ExtendedFieldURI PropertyTag="0x10F4" PropertyType="Boolean"/>'
    "</t:AdditionalProperties></m:FolderShape><m:FolderIds>"
    '<t:DistinguishedFolderId Id="inbox"><t:Mailbox><t:EmailAddress>a@b.example</t:EmailAddress></t:Mailbox>'
    '</t:DistinguishedFolderId><t:FolderId Id="AAA="/></m:FolderIds></m:GetFolder>',
    "FindFolder": '<m:FindFolder Traversal="Deep"><m:FolderShape><t:BaseShape>Default</t:BaseShape></m:FolderShape>'
    '<m:IndexedPageFolderView MaxEntriesReturned="10" Offset="0" BasePoint="Beginning"/>'
    f"<m:ParentFolderIds>{_INBOX}</m:ParentFolderIds></m:FindFolder>",
    "FindItem": f'<m:FindItem Traversal="Shallow">{_IDS}'
    '<m:IndexedPageItemView MaxEntriesReturned="10" Offset="0" BasePoint="Beginning"/><m:Restriction><t:Or>'
    '<t:IsEqualTo><t:FieldURI FieldURI="message:InternetMessageId"/><t:FieldURIOrConstant>'
    '<t:Constant Value="x"/></t:FieldURIOrConstant></t:IsEqualTo><t:Not><t:Exists>'
    '<t:ExtendedFieldURI PropertyTag="0x300B" PropertyType="Binary"/></t:Exists></t:Not></t:Or></m:Restriction>'
    '<m:SortOrder><t:FieldOrder Order="Ascending"><t:FieldURI FieldURI="item:DateTimeReceived"/></t:FieldOrder>'
    f"</m:SortOrder><m:ParentFolderIds>{_INBOX}</m:ParentFolderIds></m:FindItem>",
    "query": f'<m:FindItem Traversal="Shallow">{_IDS}<m:ParentFolderIds>{_INBOX}</m:ParentFolderIds>'
    "<m:QueryString>words</m:QueryString></m:FindItem>",
    "SyncFolderItems": f"<m:SyncFolderItems>{_IDS}<m:SyncFolderId>{_INBOX}</m:SyncFolderId>"
    "<m:SyncState>AAA=</m:SyncState><m:MaxChangesReturned>5</m:MaxChangesReturned></m:SyncFolderItems>",
    "MoveItem": f'<m:MoveItem><m:ToFolderId>{_INBOX}</m:ToFolderId><m:ItemIds><t:ItemId Id="A"/></m:ItemIds>'
    "<m:ReturnNewItemIds>true</m:ReturnNewItemIds></m:MoveItem>",
    "DeleteItem": '<m:DeleteItem DeleteType="SoftDelete" SendMeetingCancellations="SendToNone" '
    'AffectedTaskOccurrences="AllOccurrences"><m:ItemIds><t:ItemId Id="A" ChangeKey="B"/></m:ItemIds></m:DeleteItem>',
    "UpdateItem": '<m:UpdateItem ConflictResolution="AlwaysOverwrite" MessageDisposition="SaveOnly"><m:ItemChanges>'
    '<t:ItemChange><t:ItemId Id="A"/><t:Updates><t:SetItemField><t:FieldURI FieldURI="item:Categories"/><t:Message>'
    "<t:Categories><t:String>x</t:String></t:Categories></t:Message></t:SetItemField>"
    "</t:Updates></t:ItemChange></m:ItemChanges></m:UpdateItem>",
    "CreateItem": '<m:CreateItem MessageDisposition="SaveOnly"><m:Items><t:Message><t:Subject>x</t:Subject>'
    '<t:Body BodyType="Text">y</t:Body><t:Importance>High</t:Importance><t:ToRecipients><t:Mailbox>'
    "<t:EmailAddress>a@b.example</t:EmailAddress></t:Mailbox></t:ToRecipients><t:IsRead>true</t:IsRead></t:Message>"
    "</m:Items></m:CreateItem>",
    "CreateFolder": f"<m:CreateFolder><m:ParentFolderId>{_INBOX}</m:ParentFolderId><m:Folders><t:Folder>"
    "<t:FolderClass>IPF.Note</t:FolderClass><t:DisplayName>x</t:DisplayName></t:Folder></m:Folders></m:CreateFolder>",
}


def read(text: str) -> Any:
    """An operation's element."""
    start = text.index(">") if " " not in text[: text.index(">")] else text.index(" ")
    return etree.fromstring(f"{text[:start]} {_NAMES}{text[start:]}")


def is_good(element: Any) -> bool:
    try:
        judge(element, EXCHANGE_2019)
    except ExchangeError as error:
        return error.code != "ErrorSchemaValidation"
    return True


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    with running_emulator() as running:
        running.store.mailboxes.create(ADDRESS, "Anna", state="on-premises")
        yield running


@pytest.mark.parametrize("name", GOOD)
def test_what_the_schema_allows_passes(name: str) -> None:
    """One request of each operation that the product uses."""
    assert is_good(read(GOOD[name]))


@pytest.mark.parametrize(
    ("name", "was", "becomes"),
    [
        ("GetFolder", 'Id="inbox"', 'Id="recoverableitemssubstrateholds"'),
        ("GetFolder", 'Id="inbox"', ""),
        ("GetFolder", 'FieldURI="folder:DisplayName"', 'FieldURI="folder:Name"'),
        ("GetFolder", 'PropertyType="Boolean"', 'PropertyType="Bool"'),
        ("GetFolder", "IdOnly", "IdsOnly"),
        ("GetFolder", '<t:FolderId Id="AAA="/>', '<t:ItemId Id="AAA="/>'),
        ("FindFolder", 'Traversal="Deep"', 'Traversal="Associated"'),
        ("FindFolder", 'Offset="0" ', ""),
        ("FindFolder", f"<m:ParentFolderIds>{_INBOX}</m:ParentFolderIds>", ""),
        ("FindItem", 'Traversal="Shallow"', 'Traversal="Deep"'),
        ("FindItem", 'Order="Ascending"', 'Order="Up"'),
        ("query", "<m:QueryString>words</m:QueryString>", "<m:QueryString>words</m:QueryString><m:Restriction/>"),
        ("SyncFolderItems", "<m:SyncState>AAA=</m:SyncState>", "<m:SyncState><t:X/></m:SyncState>"),
        ("SyncFolderItems", "<m:MaxChangesReturned>5</m:MaxChangesReturned>", ""),
        ("SyncFolderItems", ">5<", ">five<"),
        ("MoveItem", '<t:ItemId Id="A"/>', ""),
        ("MoveItem", ">true<", ">yes<"),
        ("DeleteItem", ' DeleteType="SoftDelete"', ""),
        ("DeleteItem", ' DeleteType="SoftDelete"', ' DeleteType="SoftDelete" Silent="true"'),
        ("UpdateItem", 'ConflictResolution="AlwaysOverwrite" ', ""),
        ("CreateItem", "<t:Importance>High</t:Importance>", "<t:Importance>high</t:Importance>"),
        ("CreateItem", "<t:Subject>x</t:Subject>", "<t:Subject>x</t:Subject><t:ItemClass>IPM.Note</t:ItemClass>"),
    ],
)
def test_what_the_schema_forbids_is_refused(name: str, was: str, becomes: str) -> None:
    """A name, an order, an attribute, a value: whichever is wrong."""
    assert was in GOOD[name]
    assert not is_good(read(GOOD[name].replace(was, becomes, 1)))


@pytest.mark.parametrize("version", ["2016", "2019", "SE"])
def test_a_name_of_exchange_online_faults_the_whole_request(emulator: Emulator, version: str) -> None:
    """On premises no schema has it: the other folders of the request are not answered either."""
    emulator.conditions.ews = EwsServer(VERSIONS[version])
    for name in sorted(ONLINE_ONLY):
        asked = GET_INBOX.replace(_INBOX, f'{_INBOX}<t:DistinguishedFolderId Id="{name}"/>')
        answer = post(emulator, asked)
        assert answer.status_code == 500
        assert b"a:ErrorSchemaValidation" in answer.content
        assert name.encode() in answer.content
    assert len(emulator.ews.schema_faults) == len(ONLINE_ONLY)
    assert post(emulator, GET_INBOX).status_code == 200


def test_each_version_has_its_own_names(emulator: Emulator) -> None:
    """`archive` is asked of 2019 in vain only where the mailbox has none, of 2016 against the schema."""
    asked = GET_INBOX.replace('Id="inbox"', 'Id="archive"')
    for version, is_known in (("2016", False), ("2019", True), ("SE", True), ("online", True)):
        emulator.conditions.ews = EwsServer(VERSIONS[version])
        answer = post(emulator, asked).content
        assert (b"ErrorSchemaValidation" not in answer) == is_known
        major, minor, *_ = VERSIONS[version].build
        assert f'MajorVersion="{major}" MinorVersion="{minor}"'.encode() in answer


def test_a_version_that_no_server_has_is_refused(emulator: Emulator) -> None:
    """The header is judged as well."""
    given = '<s:Header><t:RequestServerVersion Version="Exchange2099"/>'
    assert b"ErrorSchemaValidation" in post(emulator, GET_INBOX.replace("<s:Header>", given)).content


def test_switches_by_the_endpoint(emulator: Emulator) -> None:
    """Each by its name; an unknown one is told, and changes nothing."""
    url = f"{emulator.url}/_emulator/ews"
    for name in SWITCHES:
        assert requests.put(url, json={"version": "SE", "switches": [name]}, timeout=10).status_code == 200
        assert [one for one in SWITCHES if getattr(emulator.conditions.ews, one)] == [name]
        assert emulator.conditions.ews.version.name == "SE"
    for wrong in ({"version": "2013"}, {"switches": ["no_ids"]}, {"switch": []}):
        assert requests.put(url, json=wrong, timeout=10).status_code == 400
    assert getattr(emulator.conditions.ews, SWITCHES[-1])
    assert requests.put(url, json={}, timeout=10).status_code == 200
    assert emulator.conditions.ews == EwsServer()


needs_schema = pytest.mark.skipif(not TESTDATA, reason="MAILSORTER_TESTDATA is not set")


@pytest.mark.testdata
@needs_schema
def test_the_enumerations_are_microsofts() -> None:
    """Every value of every enumeration in the table, and no other."""
    root = etree.parse(str(Path(str(TESTDATA)) / "traces" / "ews-schema" / "types.local.xsd")).getroot()
    compared = 0
    for simple in root.iter(f"{_XS}simpleType"):
        name = str(simple.get("name") or "")
        ours = table().values.get(name) or table().values.get(name.removesuffix("Type"))
        if ours is not None:
            assert {one.get("value") for one in simple.iter(f"{_XS}enumeration")} == ours, name
            compared += 1
    assert compared >= len(table().values)


def mutations(element: Any) -> Iterator[Any]:
    """The request with each of its parts left out, doubled, moved, given another name, and each attribute changed."""
    count = sum(1 for _ in element.iter())
    for number in range(count):
        for change in (_leave_out, _double, _move_first, _rename, _more_text):
            made = copy.deepcopy(element)
            one = list(made.iter())[number]
            if change(one):
                yield made
        for name in list(element.iter())[number].attrib:
            for value in (None, "nonsense", "true"):
                made = copy.deepcopy(element)
                one = list(made.iter())[number]
                if value is None:
                    del one.attrib[name]
                else:
                    one.set(name, value)
                yield made


def _leave_out(one: Any) -> bool:
    above = one.getparent()
    if above is not None:
        above.remove(one)
    return above is not None


def _double(one: Any) -> bool:
    if one.getparent() is not None:
        one.addnext(copy.deepcopy(one))
    return one.getparent() is not None


def _move_first(one: Any) -> bool:
    above = one.getparent()
    if above is None or above[0] is one:
        return False
    above.insert(0, one)
    return True


def _rename(one: Any) -> bool:
    one.tag = f"{one.tag}s"
    return one.getparent() is not None


def _more_text(one: Any) -> bool:
    if len(one) or not one.text:
        return False
    one.text = f"{one.text}!"
    return True


@pytest.mark.testdata
@needs_schema
@pytest.mark.parametrize("name", GOOD)
def test_table_and_schema_agree(name: str) -> None:
    """On the request, and on whatever is wrong with it."""
    good = read(GOOD[name])
    assert schema().validate(good), schema().error_log[0]
    verdicts = {True: 0, False: 0}
    for made in mutations(good):
        allowed = schema().validate(made)
        assert is_good(made) == allowed, etree.tostring(made)
        verdicts[allowed] += 1
    assert verdicts[False] > 10


@pytest.mark.testdata
@needs_schema
def test_table_and_schema_agree_on_recorded_requests() -> None:
    """What other clients sent to real servers, and what Microsoft's documentation shows."""
    agreed = 0
    for file in (Path(str(TESTDATA)) / "traces" / "ms-docs-ews").glob("*.request.xml"):
        try:
            envelope = etree.fromstring(file.read_bytes())
        except etree.XMLSyntaxError:
            continue
        body = envelope.find("{http://schemas.xmlsoap.org/soap/envelope/}Body")
        if body is None or not len(body) or body[0].tag not in table().requests:
            continue
        if b"Contact" in etree.tostring(body[0]):
            continue  # an open type of the table
        assert is_good(body[0]) == schema().validate(body[0]), file.name
        agreed += 1
    assert agreed > 10
