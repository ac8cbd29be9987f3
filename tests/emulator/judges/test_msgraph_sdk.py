"""msgraph-sdk with azure-identity, as they come: folders, messages, delta, batch, move.

Importing the SDK's request builders takes seconds, so it has one file with one client and few tests.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from azure.identity import ClientSecretCredential

from mailsorter.emulator import Emulator
from tests.emulator.judges.conftest import GRAPH_SCOPE, SUBJECTS, USER, lying_in

# the SDK's own generated classes warn of each other when they are defined
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:(msgraph|kiota|msgraph_core)")


@asynccontextmanager
async def sdk_of(emulator: Emulator) -> AsyncIterator[object]:
    """The SDK's client, told only where Graph is."""
    from kiota_authentication_azure.azure_identity_authentication_provider import AzureIdentityAuthenticationProvider
    from msgraph import GraphRequestAdapter, GraphServiceClient

    place = {"authority": emulator.url, "disable_instance_discovery": True}
    with ClientSecretCredential("firm.example", "emulator", "emulator", **place) as credential:
        provider = AzureIdentityAuthenticationProvider(credential, scopes=[GRAPH_SCOPE], allowed_hosts=["localhost"])
        adapter = GraphRequestAdapter(provider)
        adapter.base_url = f"{emulator.url}/v1.0"
        try:
            yield GraphServiceClient(request_adapter=adapter)
        finally:
            # the SDK's own transport does not hand a close on, so its connections would outlive the loop
            await adapter._http_client._transport.transport.aclose()


def run(emulator: Emulator, work: Callable[[object], Awaitable[None]]) -> None:
    """One piece of work with the SDK, which is asynchronous only."""

    async def whole() -> None:
        async with sdk_of(emulator) as graph:
            await work(graph)

    asyncio.run(whole())


def test_folders_and_messages_are_listed_and_paged(office: Emulator) -> None:
    """The folder list, child folders, and a listing in pages of two through the SDK's page iterator."""

    async def work(graph) -> None:  # type: ignore[no-untyped-def]
        from kiota_abstractions.base_request_configuration import RequestConfiguration
        from msgraph.generated.users.item.mail_folders.item.messages import messages_request_builder
        from msgraph_core.tasks.page_iterator import PageIterator

        user = graph.users.by_user_id(USER)
        folders = await user.mail_folders.get()
        assert "Inbox" in {folder.display_name for folder in folders.value}
        inbox = user.mail_folders.by_mail_folder_id("inbox")
        assert [folder.display_name for folder in (await inbox.child_folders.get()).value] == ["Acme"]
        query = messages_request_builder.MessagesRequestBuilder.MessagesRequestBuilderGetQueryParameters(
            select=["subject", "from", "receivedDateTime"], top=2, orderby=["receivedDateTime desc"]
        )
        page = await inbox.messages.get(request_configuration=RequestConfiguration(query_parameters=query))
        assert page.value[0].from_.email_address.address == "piet@klant.example"
        seen: list[str] = []
        iterator = PageIterator(page, graph.request_adapter)
        await iterator.iterate(lambda message: seen.append(message.subject) or True)
        assert seen == list(reversed(SUBJECTS))

    run(office, work)


def test_delta_is_followed_over_a_move(office: Emulator) -> None:
    """A first round tells everything, the move takes one away from the next."""

    async def work(graph) -> None:  # type: ignore[no-untyped-def]
        from msgraph.generated.users.item.messages.item.move.move_post_request_body import MovePostRequestBody

        user = graph.users.by_user_id(USER)
        inbox = user.mail_folders.by_mail_folder_id("inbox")
        page = await inbox.messages.delta.get()
        assert {message.subject for message in page.value} == set(SUBJECTS)
        chosen = next(message for message in page.value if message.subject == "Two")
        acme = (await inbox.child_folders.get()).value[0]
        moved = await user.messages.by_message_id(chosen.id).move.post(MovePostRequestBody(destination_id=acme.id))
        assert moved.parent_folder_id == acme.id
        assert moved.id != chosen.id  # no immutable ids were asked for
        told = await inbox.messages.delta.with_url(page.odata_delta_link).get()
        assert [message.id for message in told.value] == [chosen.id]
        assert "@removed" in told.value[0].additional_data

    run(office, work)
    assert lying_in(office, "inbox") == set(SUBJECTS) - {"Two"}


def test_a_batch_moves_and_reads(office: Emulator) -> None:
    """The SDK's batch builder: two moves and a GET that waits for them."""

    async def work(graph) -> None:  # type: ignore[no-untyped-def]
        from msgraph.generated.users.item.messages.item.move.move_post_request_body import MovePostRequestBody
        from msgraph_core.requests.batch_request_builder import BatchRequestBuilder
        from msgraph_core.requests.batch_request_content import BatchRequestContent
        from msgraph_core.requests.batch_request_item import BatchRequestItem

        user = graph.users.by_user_id(USER)
        inbox = user.mail_folders.by_mail_folder_id("inbox")
        acme = (await inbox.child_folders.get()).value[0]
        listed = (await inbox.messages.get()).value
        content = BatchRequestContent()
        for message in listed[:2]:
            move = user.messages.by_message_id(message.id).move
            information = move.to_post_request_information(MovePostRequestBody(destination_id=acme.id))
            content.add_request(message.id, BatchRequestItem(information, id=message.id))
        read = user.messages.by_message_id(listed[2].id).to_get_request_information()
        content.add_request("read", BatchRequestItem(read, id="read"))
        answer = await BatchRequestBuilder(graph.request_adapter).post(content)
        # statuses only: the SDK takes a body to be base64 text and drops every JSON one
        statuses = {number: item.status for number, item in answer.responses.items()}
        assert statuses == {listed[0].id: 201, listed[1].id: 201, "read": 200}

    run(office, work)
    assert len(lying_in(office, "inbox")) == 3


def test_an_error_arrives_as_the_sdks_own(office: Emulator) -> None:
    """A folder that is not there is an ODataError with Exchange's code."""

    async def work(graph) -> None:  # type: ignore[no-untyped-def]
        from msgraph.generated.models.o_data_errors.o_data_error import ODataError

        user = graph.users.by_user_id(USER)
        with pytest.raises(ODataError) as refused:
            await user.mail_folders.by_mail_folder_id("inbox-of-nobody").get()
        assert refused.value.error.code == "ErrorInvalidIdMalformed"
        assert refused.value.response_status_code == 400

    run(office, work)
