"""azure-identity signs in with a secret and a certificate, and refuses what Entra refuses."""

from __future__ import annotations

from pathlib import Path

import jwt
import pytest
from azure.core.exceptions import ClientAuthenticationError
from azure.identity import CertificateCredential, ClientSecretCredential

from mailsorter.emulator import Emulator
from mailsorter.emulator.store.apps import App
from tests.emulator.judges.conftest import GRAPH_SCOPE
from tests.emulator.judges.test_msal import self_signed


def test_a_secret_gives_a_token_for_graph(office: Emulator) -> None:
    """The token names the app, is meant for Graph, and ends within an hour."""
    place = {"authority": office.url, "disable_instance_discovery": True}
    with ClientSecretCredential("firm.example", "emulator", "emulator", **place) as credential:
        token = credential.get_token(GRAPH_SCOPE)
    claims = jwt.decode(token.token, options={"verify_signature": False})
    assert (claims["appid"], claims["aud"]) == ("emulator", "https://graph.microsoft.com")
    assert 0 < token.expires_on - office.clock.now_s() <= 3600


def test_a_certificate_gives_a_token(office: Emulator, tmp_path: Path) -> None:
    """One file with key and certificate, as azure-identity wants it."""
    key, certificate = self_signed()
    office.store.apps.register(App("by-certificate", certificates=(certificate,)))
    pem = tmp_path / "both.pem"
    pem.write_text(key + certificate)
    place = {"authority": office.url, "disable_instance_discovery": True}
    with CertificateCredential("firm.example", "by-certificate", str(pem), **place) as credential:
        assert credential.get_token(GRAPH_SCOPE).token


def test_a_wrong_secret_is_a_failed_sign_in(office: Emulator) -> None:
    """Entra's number reaches the exception's text."""
    place = {"authority": office.url, "disable_instance_discovery": True}
    with (
        ClientSecretCredential("firm.example", "emulator", "wrong", **place) as credential,
        pytest.raises(ClientAuthenticationError, match="AADSTS7000215"),
    ):
        credential.get_token(GRAPH_SCOPE)
