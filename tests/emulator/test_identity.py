"""Tokens, rights and users."""

from __future__ import annotations

from typing import Any

import httpx
import jwt
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from mailsorter.emulator.store.apps import App, Assignment, Federation
from tests.emulator.client import START, GraphClient

ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


def sign_in(graph: GraphClient, **form: str) -> httpx.Response:
    data = {
        "grant_type": "client_credentials",
        "scope": "https://graph.microsoft.com/.default",
        "client_id": "emulator",
    }
    return httpx.post(f"{graph.emulator.authority}/oauth2/v2.0/token", data=data | form, trust_env=False)


def certified() -> tuple[str, rsa.RSAPrivateKey]:
    import datetime as dt

    key = rsa.generate_private_key(65537, 2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "app")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(dt.datetime(2020, 1, 1, tzinfo=dt.UTC))
        .not_valid_after(dt.datetime(2040, 1, 1, tzinfo=dt.UTC))
        .sign(key, hashes.SHA256())
    )
    return certificate.public_bytes(serialization.Encoding.PEM).decode(), key


def test_a_secret_gets_a_token_that_opens_graph(graph: GraphClient) -> None:
    answer = sign_in(graph, client_secret="emulator").json()
    assert (answer["token_type"], answer["expires_in"]) == ("Bearer", 3599)
    token = {"Authorization": f"Bearer {answer['access_token']}"}
    assert graph.send("GET", "mailFolders", **token).status_code == 200


def test_rbac_roles_are_not_in_the_token_and_entra_roles_are(graph: GraphClient) -> None:
    def roles(app: str) -> list[str]:
        claims = jwt.decode(graph.emulator.token(app), options={"verify_signature": False})
        return list(claims.get("roles", []))

    assert roles("emulator") == ["User.Read.All"]
    assert "Mail.ReadWrite" in roles("emulator-tenant-wide")
    graph.store.apps.register(App("bare", assignments=(Assignment("Application Mail.Read"),)))
    assert roles("bare") == []


REFUSALS = [
    ({"client_id": "nobody", "client_secret": "x"}, 400, 700016),
    ({"client_secret": "wrong"}, 401, 7000215),
    ({"client_id": "old", "client_secret": "expired"}, 401, 7000222),
    ({}, 401, 7000218),
    ({"client_secret": "emulator", "scope": "Mail.Read"}, 400, 1002012),
    ({"client_secret": "emulator", "grant_type": "password"}, 400, 70003),
    ({"client_assertion_type": ASSERTION, "client_assertion": "no.j.wt"}, 401, 50027),
]


@pytest.mark.parametrize(("form", "status", "number"), REFUSALS)
def test_a_bad_sign_in_is_refused_with_entras_number(
    graph: GraphClient, form: dict[str, str], status: int, number: int
) -> None:
    graph.store.apps.register(App("old", expired_secrets=("expired",)))
    answer = sign_in(graph, **form)
    assert (answer.status_code, answer.json()["error_codes"]) == (status, [number])
    assert answer.json()["error_description"].startswith(f"AADSTS{number}: ")


def test_a_registered_certificate_signs_in_and_another_does_not(graph: GraphClient) -> None:
    pem, key = certified()
    graph.store.apps.register(App("certified", certificates=(pem,)))
    now = int(START.timestamp())
    claims: dict[str, Any] = {"iss": "certified", "sub": "certified", "aud": "x", "nbf": now, "exp": now + 600}
    other = rsa.generate_private_key(65537, 2048)
    outcomes = []
    for signer, said in (
        (key, claims),
        (other, claims),
        (key, claims | {"exp": now - 900}),
        (key, claims | {"iss": "x"}),
    ):
        assertion = jwt.encode(said, signer, algorithm="RS256")
        form = {"client_id": "certified", "client_assertion_type": ASSERTION, "client_assertion": assertion}
        outcomes.append(sign_in(graph, **form).json().get("error_codes"))
    assert outcomes == [None, [700027], [700024], [700027]]


@pytest.mark.parametrize(("subject", "audience", "good"), [
    ("repo:firm/mail", "api://AzureADTokenExchange", True),
    ("repo:other/mail", "api://AzureADTokenExchange", False),
    ("repo:firm/mail", "elsewhere", False),
])  # fmt: skip
def test_a_federated_token_signs_in_when_issuer_subject_and_audience_agree(
    graph: GraphClient, subject: str, audience: str, good: bool
) -> None:
    _, key = certified()
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    federation = Federation("https://issuer.example", "repo:firm/mail", public_key=public.decode())
    graph.store.apps.register(App("federated", federations=(federation,)))
    claims = {"iss": "https://issuer.example", "sub": subject, "aud": audience, "exp": int(START.timestamp()) + 60}
    form = {"client_assertion_type": ASSERTION, "client_assertion": jwt.encode(claims, key, algorithm="RS256")}
    assert (sign_in(graph, client_id="federated", **form).status_code == 200) is good


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer x.y.z", "Basic abc"])
def test_without_a_token_graph_answers_401(graph: GraphClient, header: str) -> None:
    assert graph.refused("GET", "messages", Authorization=header) == (401, "InvalidAuthenticationToken")


def test_a_token_expires_with_the_emulators_clock(graph: GraphClient) -> None:
    token = {"Authorization": f"Bearer {graph.emulator.token()}"}
    graph.emulator.clock.advance(3598)
    assert graph.send("GET", "messages", **token).status_code == 200
    graph.emulator.clock.advance(2)
    assert graph.refused("GET", "messages", **token) == (401, "InvalidAuthenticationToken")


def test_revoked_tokens_are_refused_and_new_ones_are_not(graph: GraphClient) -> None:
    graph.emulator.clock.advance(0.7)
    token, unseen = ({"Authorization": f"Bearer {graph.emulator.token()}"} for _ in range(2))
    assert graph.send("GET", "messages", **token).status_code == 200
    graph.emulator.identity.revoke_all()
    for old in (token, unseen):
        assert graph.refused("GET", "messages", **old) == (401, "InvalidAuthenticationToken")
    assert graph.send("GET", "messages").status_code == 200


def test_discovery_names_this_emulators_endpoints(graph: GraphClient) -> None:
    url = graph.emulator.url
    found = httpx.get(f"{url}/t/v2.0/.well-known/openid-configuration", trust_env=False).json()
    assert found["token_endpoint"] == f"{url}/t/oauth2/v2.0/token"
    assert httpx.get(found["jwks_uri"], trust_env=False).json()["keys"][0]["kty"] == "EC"
    instance = httpx.get(f"{url}/common/discovery/instance", trust_env=False).json()
    assert instance["tenant_discovery_endpoint"].startswith(url)


def test_a_foreign_host_name_is_refused(graph: GraphClient) -> None:
    response = httpx.get(graph.emulator.url, headers={"Host": "evil.example"}, trust_env=False)
    assert response.status_code == 421


# rights


OPERATIONS = [
    ("GET", "messages", "Mail.ReadBasic", True),
    ("GET", "messages?$expand=attachments", "Mail.ReadBasic", False),
    ("GET", "messages/{id}/$value", "Mail.ReadBasic", False),
    ("GET", "messages/{id}/$value", "Mail.Read", True),
    ("DELETE", "messages/{id}", "Mail.Read", False),
    ("DELETE", "messages/{id}", "Mail.ReadWrite", True),
    ("GET", "mailboxSettings", "Mail.ReadWrite", False),
    ("GET", "mailboxSettings", "MailboxSettings.Read", True),
    ("GET", "mailFolders/delta", "Mail.ReadBasic", True),
]


@pytest.mark.parametrize(("method", "path", "role", "good"), OPERATIONS)
@pytest.mark.parametrize("where", ["entra", "rbac"])
def test_each_operation_needs_its_permission(
    graph: GraphClient, where: str, method: str, path: str, role: str, good: bool
) -> None:
    rights: dict[str, Any] = (
        {"roles": (role + ".All" if role == "Mail.ReadBasic" else role,)}
        if where == "entra"
        else {"assignments": (Assignment(f"Application {role}", ("anna@firm.example",)),)}
    )
    graph.store.apps.register(App("limited", **rights))
    graph.app = "limited"
    response = graph.send(method, path.replace("{id}", graph.id_of(graph.deliver())))
    assert (response.status_code < 300) is good
    if not good:
        assert (response.status_code, response.json()["error"]["code"]) == (403, "ErrorAccessDenied")


def test_mail_read_basic_hides_bodies(graph: GraphClient) -> None:
    graph.store.apps.register(App("basic", roles=("Mail.ReadBasic.All",)))
    graph.deliver()
    graph.app = "basic"
    shown = graph.get("messages")["value"][0]
    assert {"body", "bodyPreview"}.isdisjoint(shown)
    assert "subject" in shown


def test_a_scoped_app_is_refused_elsewhere_and_a_tenant_wide_grant_wins_over_scope(graph: GraphClient) -> None:
    graph.store.mailboxes.create("directie@firm.example")
    scoped = (Assignment("Application Mail.ReadWrite", ("anna@firm.example",)),)
    graph.store.apps.register(App("scoped", assignments=scoped))
    graph.store.apps.register(App("both", assignments=scoped, roles=("Mail.ReadWrite",)))
    elsewhere = "/v1.0/users/directie@firm.example/messages"
    graph.app = "scoped"
    assert graph.send("GET", "messages").status_code == 200
    assert graph.refused("GET", elsewhere) == (403, "ErrorAccessDenied")
    graph.app = "both"
    assert graph.send("GET", elsewhere).status_code == 200


def test_an_access_policy_shuts_a_mailbox_off_from_tenant_wide_rights(graph: GraphClient) -> None:
    graph.store.apps.register(App("policed", roles=("Mail.Read",), denied_mailboxes=("anna@firm.example",)))
    graph.app = "policed"
    response = graph.send("GET", "messages")
    assert response.status_code == 403
    assert response.json()["error"]["message"] == "Access to OData is disabled."


def test_me_needs_a_user(graph: GraphClient) -> None:
    assert graph.refused("GET", "/v1.0/me/messages") == (400, "BadRequest")
    app = graph.store.apps.get("emulator")
    assert app is not None
    import msgspec

    graph.store.apps.register(msgspec.structs.replace(app, me="anna@firm.example"))
    assert graph.get("/v1.0/me/mailFolders/inbox")["displayName"] == "Inbox"
    assert graph.get("/v1.0/me")["mail"] == "anna@firm.example"


# users and mailboxes


def test_users_are_searched_and_sorted(graph: GraphClient) -> None:
    """`$search` needs its header, matches the beginnings of words, and knows OR; what it cannot do is refused."""
    for name in ("Bert van Dalen", "Carla Mulder", "Berta Anders"):
        graph.store.mailboxes.create(f"{name.split()[0].lower()}@firm.example", name)
    path = "/v1.0/users?$select=displayName"

    def found(query: str) -> list[str]:
        return [user["displayName"] for user in graph.get(f"{path}&{query}", ConsistencyLevel="eventual")["value"]]

    assert found('$search="displayName:bert"') == ["Bert van Dalen", "Berta Anders"]
    assert found('$search="displayName:dalen" OR "mail:carla"') == ["Bert van Dalen", "Carla Mulder"]
    assert found('$search="displayName:er"') == []
    assert found("$orderby=displayName desc")[0] == "Carla Mulder"
    assert graph.refused("GET", f'{path}&$search="displayName:bert"') == (400, "Request_UnsupportedQuery")
    eventual = {"ConsistencyLevel": "eventual"}
    assert graph.refused("GET", f"{path}&$search=bert", **eventual) == (400, "Request_BadRequest")
    assert graph.refused("GET", f"{path}&$orderby=city", **eventual) == (400, "Request_UnsupportedQuery")


def test_users_are_listed_in_pages_shared_mailboxes_among_them(graph: GraphClient) -> None:
    graph.store.mailboxes.create("info@firm.example", "Info", kind="shared", aliases=["contact@firm.example"])
    path = (
        "/v1.0/users?$select=id,mail,userPrincipalName,proxyAddresses,accountEnabled,assignedPlans&$top=1&$count=true"
    )
    assert graph.get(path)["@odata.count"] == 2
    users = {user["mail"]: user for user in graph.all(path)}
    assert [user["accountEnabled"] for user in users.values()] == [True, False]
    assert users["info@firm.example"]["proxyAddresses"] == ["SMTP:info@firm.example", "smtp:contact@firm.example"]
    found = graph.all("/v1.0/users?$filter=proxyAddresses/any(p:p eq 'smtp:contact@firm.example')")
    assert [user["mail"] for user in found] == ["info@firm.example"]


@pytest.mark.parametrize("name", ["ANNA@firm.example", "a.dewit@firm.example", "{user_id}", "{mbx}"])
def test_a_mailbox_opens_under_each_of_its_names(graph: GraphClient, name: str) -> None:
    mailbox = graph.store.mailboxes.create("carla@firm.example", aliases=["a.dewit@firm.example"])
    anna = graph.mailbox if "ANNA" in name else mailbox
    name = name.format(user_id=mailbox.user_id, mbx=graph.store.mailboxes.mbx_id(mailbox))
    inbox = graph.store.folders.well_known(anna, "inbox")
    assert graph.get(f"/v1.0/users/{name}/mailFolders/inbox")["id"] == anna.ids.folder_id(inbox.id)
    assert graph.get(f"/v1.0/users('{name}')/mailFolders/inbox")["displayName"] == "Inbox"


STATES = [
    ("unlicensed", 404, "MailboxNotEnabledForRESTAPI"),
    ("inactive", 404, "MailboxNotEnabledForRESTAPI"),
    ("on-premises", 404, "MailboxNotEnabledForRESTAPI"),
    ("no-mailbox", 404, "ErrorNonExistentMailbox"),
    ("moving", 503, "ErrorMailboxMoveInProgress"),
]


@pytest.mark.parametrize(("state", "status", "code"), STATES)
def test_a_mailbox_that_cannot_be_opened_says_why(graph: GraphClient, state: str, status: int, code: str) -> None:
    graph.store.mailboxes.create("ex@firm.example", state=state)
    assert graph.refused("GET", "/v1.0/users/ex@firm.example/mailFolders") == (status, code)


@pytest.mark.parametrize(("name", "code"), [
    ("nobody@firm.example", "ErrorInvalidUser"), ("00000000-0000-0000-0000-000000000000", "Request_ResourceNotFound"),
])  # fmt: skip
def test_an_unknown_user_is_not_found(graph: GraphClient, name: str, code: str) -> None:
    assert graph.refused("GET", f"/v1.0/users/{name}/messages") == (404, code)
    assert graph.refused("GET", f"/v1.0/users/{name}") == (404, "Request_ResourceNotFound")


def test_the_purpose_of_a_mailbox_is_told(graph: GraphClient) -> None:
    graph.store.mailboxes.create("info@firm.example", kind="shared")
    assert graph.get("/v1.0/users/info@firm.example/mailboxSettings/userPurpose")["value"] == "shared"
    assert graph.get("mailboxSettings?$select=userPurpose")["userPurpose"] == "user"


def test_ids_are_translated_between_all_forms(graph: GraphClient) -> None:
    message = graph.deliver()
    ids = graph.mailbox.ids
    rest, immutable = ids.default_id(message.id, 1), ids.immutable_id(message.id)
    forms = {"restId": rest}

    def translate(text: str, source: str, target: str) -> dict[str, Any]:
        body = {"inputIds": [text], "sourceIdType": source, "targetIdType": target}
        return dict(graph.post("translateExchangeIds", body).json()["value"][0])

    for form in ("ewsId", "entryId", "restImmutableEntryId", "immutableEntryId"):
        forms[form] = translate(rest, "restId", form)["targetId"]
    assert forms["restImmutableEntryId"] == immutable
    for form, text in forms.items():
        assert translate(text, form, "restId")["targetId"] == rest
    assert translate("nonsense", "restId", "ewsId")["errorDetails"]["code"] == "ErrorInvalidIdMalformed"
    body = {"inputIds": ["x"] * 1001, "sourceIdType": "restId", "targetIdType": "ewsId"}
    assert graph.refused("POST", "translateExchangeIds", body) == (400, "ErrorInvalidRequest")
