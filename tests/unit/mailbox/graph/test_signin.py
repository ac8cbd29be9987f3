"""Credentials as MSAL takes them, and settings that keep a token from leaving."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import NameOID

from mailsorter.errors import ConfigError, SignInFailed
from mailsorter.mailbox.graph import ClientCertificate, ClientSecret, FederatedCredential, GraphSettings
from mailsorter.mailbox.graph.connector import GraphConnector
from mailsorter.mailbox.graph.signin import msal_credential, roles_of
from tests.unit.mailbox.graph.scripted import Reply, ScriptedGraph, token


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """key.pem with key and certificate, cert.pem without the key, key.pfx with a passphrase."""
    folder = tmp_path_factory.mktemp("certificate")
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mailsorter")])
    start = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    certificate = (
        builder.serial_number(1)
        .not_valid_before(start)
        .not_valid_after(start + dt.timedelta(days=3650))
        .sign(key, hashes.SHA256())
    )
    public = certificate.public_bytes(serialization.Encoding.PEM)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (folder / "key.pem").write_bytes(private + public)
    (folder / "cert.pem").write_bytes(public)
    protection = serialization.BestAvailableEncryption(b"pass")
    (folder / "key.pfx").write_bytes(pkcs12.serialize_key_and_certificates(b"m", key, certificate, None, protection))
    (folder / "token").write_text("a.b.c\n")
    return folder


@pytest.mark.parametrize(
    ("make", "carries"),
    [
        (lambda f: ClientSecret("s3cret"), "client_secret"),
        (lambda f: ClientCertificate(f / "key.pem"), "client_assertion"),
        (lambda f: ClientCertificate(f / "key.pfx", "pass"), "client_assertion"),
        (lambda f: FederatedCredential(f / "token"), "client_assertion"),
    ],
    ids=["secret", "pem", "pfx", "federated"],
)
def test_each_credential_signs_in(graph: ScriptedGraph, files: Path, make, carries: str) -> None:  # type: ignore[no-untyped-def]
    """The token request carries what the credential is for, and the roles of the token are read."""
    asked: list[dict[str, str]] = []
    answer = graph.answer

    def watch(seen):  # type: ignore[no-untyped-def]
        if seen.path.endswith("/token"):
            asked.append(seen.body)
        return answer(seen)

    graph.answer = watch  # type: ignore[method-assign]
    connector = GraphConnector(graph.settings(), make(files))
    assert connector.token_roles() == ("Mail.ReadWrite",)
    assert connector.token_roles() == ("Mail.ReadWrite",)
    connector.close()
    assert len(asked) == 1
    assert asked[0]["grant_type"] == "client_credentials"
    assert asked[0]["scope"] == f"{graph.url}/.default"
    assert carries in asked[0]


def test_a_federated_token_is_read_anew(files: Path) -> None:
    """Its maker renews the file; what was read once would soon be stale."""
    credential = msal_credential(FederatedCredential(files / "token"))
    assert isinstance(credential, dict)
    assert credential["client_assertion"]() == "a.b.c"
    (files / "token").write_text("d.e.f")
    assert credential["client_assertion"]() == "d.e.f"


def test_bad_credential_files_are_said(files: Path, graph: ScriptedGraph) -> None:
    """A missing file, a PEM without its key, a wrong passphrase: each says which file or what is wrong."""
    with pytest.raises(SignInFailed, match="absent"):
        GraphConnector(graph.settings(), ClientCertificate(files / "absent.pem"))
    with pytest.raises(SignInFailed, match="both a private key and a certificate"):
        GraphConnector(graph.settings(), ClientCertificate(files / "cert.pem"))
    connector = GraphConnector(graph.settings(), ClientCertificate(files / "key.pfx", "wrong"))
    with pytest.raises(SignInFailed, match="credential"):
        connector.token_roles()
    connector.close()


def test_an_unknown_tenant(graph: ScriptedGraph) -> None:
    """The login host that knows no such tenant: said, with where to look."""
    answer = graph.answer
    graph.answer = lambda seen: (  # type: ignore[method-assign]
        Reply(400, {"error": "invalid_tenant"}) if "openid" in seen.path else answer(seen)
    )
    connector = GraphConnector(graph.settings(), ClientSecret("s"))
    with pytest.raises(SignInFailed, match="tenant"):
        connector.token_roles()
    connector.close()


def test_no_secret_in_any_repr() -> None:
    """Secrets and passphrases never print."""
    assert "canary" not in repr(ClientSecret("canary"))
    assert "canary" not in repr(ClientCertificate(Path("x"), "canary"))


@pytest.mark.parametrize(
    "url", ["http://graph.example", "ftp://x", "https://", "https://x/path", "http://127.0.0.1.example", "graph"]
)
def test_plain_http_only_to_this_machine(url: str) -> None:
    """A bearer token is never sent in the clear to another machine, for Graph or for sign-in."""
    with pytest.raises(ConfigError):
        GraphSettings("t", "c", origin=url)
    with pytest.raises(ConfigError):
        GraphSettings("t", "c", login_origin=url)


@pytest.mark.parametrize("url", ["http://127.0.0.1:81", "http://[::1]:81", "http://localhost:81", "https://x.example"])
def test_these_origins_are_fine(url: str) -> None:
    """Loopback by any name, or https."""
    assert GraphSettings("t", "c", origin=url).origin == url


@pytest.mark.parametrize(
    ("given", "roles"),
    [(token(["b", "a"]), ("a", "b")), ("opaque", ()), ("a.%%%.c", ()), ("a.W10.c", ()), ("a.e30.c", ())],
)
def test_roles(given: str, roles: tuple[str, ...]) -> None:
    """Application permissions out of a token; none out of one that is no JWT."""
    assert roles_of(given) == roles
