"""msal signs in with each kind of credential, and is told in Entra's words why it may not."""

from __future__ import annotations

import datetime as dt

import jwt
import msal
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from mailsorter.emulator import Emulator
from mailsorter.emulator.store.apps import App, Federation
from tests.emulator.judges.conftest import GRAPH_SCOPE


def client_of(
    emulator: Emulator, credential: object, client_id: str = "emulator"
) -> msal.ConfidentialClientApplication:
    return msal.ConfidentialClientApplication(
        client_id, client_credential=credential, authority=emulator.authority, instance_discovery=False
    )


def asked(emulator: Emulator, credential: object, client_id: str = "emulator") -> dict[str, object]:
    """msal's answer to one token request; its connections are closed again."""
    client = client_of(emulator, credential, client_id)
    try:
        return dict(client.acquire_token_for_client(scopes=[GRAPH_SCOPE]))
    finally:
        client.http_client.close()


def self_signed() -> tuple[str, str]:
    """A key and its certificate, as PEM."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "judge")])
    start = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(1).not_valid_before(start).not_valid_after(start + dt.timedelta(days=3650))
    certificate = builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()
    form, plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, form, plain).decode(), certificate


def test_a_secret_signs_in_and_the_token_is_kept(office: Emulator) -> None:
    """The first call asks the emulator, the second is answered from msal's cache."""
    client = client_of(office, "emulator")
    first = client.acquire_token_for_client(scopes=[GRAPH_SCOPE])
    second = client.acquire_token_for_client(scopes=[GRAPH_SCOPE])
    client.http_client.close()
    assert first["token_source"] == "identity_provider"
    assert second["token_source"] == "cache"
    assert first["access_token"] == second["access_token"]
    assert 3000 < first["expires_in"] <= 3600


def test_a_registered_certificate_signs_in_and_another_does_not(office: Emulator) -> None:
    """msal signs its assertion with the key; only the certificate of the registration is good."""
    key, certificate = self_signed()
    office.store.apps.register(App("by-certificate", certificates=(certificate,)))
    good = asked(office, {"private_key": key, "public_certificate": certificate}, "by-certificate")
    assert "access_token" in good, good
    stranger, foreign = self_signed()
    refused = asked(office, {"private_key": stranger, "public_certificate": foreign}, "by-certificate")
    assert (refused["error"], refused["error_codes"]) == ("invalid_client", [700027])


def test_a_federated_assertion_signs_in(office: Emulator) -> None:
    """A token of the issuer and subject that the registration names stands in for a secret."""
    subject = "repo:firm/mail:ref"
    office.store.apps.register(App("federated", federations=(Federation("https://issuer.example", subject),)))
    now = int(office.clock.now_s())
    claims = {"iss": "https://issuer.example", "sub": subject, "aud": "api://AzureADTokenExchange"}
    assertion = jwt.encode({**claims, "iat": now, "exp": now + 600}, "k" * 32, algorithm="HS256")
    assert "access_token" in asked(office, {"client_assertion": lambda: assertion}, "federated")


@pytest.mark.parametrize(
    ("client_id", "secret", "error", "number"),
    [
        ("emulator", "wrong", "invalid_client", 7000215),
        ("nobody", "emulator", "unauthorized_client", 700016),
        ("aged", "old", "invalid_client", 7000222),
    ],
    ids=["wrong secret", "unknown app", "expired secret"],
)
def test_a_refusal_carries_entras_number(
    office: Emulator, client_id: str, secret: str, error: str, number: int
) -> None:
    """msal hands on OAuth's word and the AADSTS number; the text begins with the number."""
    office.store.apps.register(App("aged", secrets=("new",), expired_secrets=("old",)))
    answer = asked(office, secret, client_id)
    assert (answer["error"], answer["error_codes"]) == (error, [number])
    assert str(answer["error_description"]).startswith(f"AADSTS{number}: ")
