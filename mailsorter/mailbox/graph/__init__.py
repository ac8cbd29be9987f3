"""Exchange Online through Microsoft Graph."""

from mailsorter.mailbox.graph.settings import (
    ClientCertificate,
    ClientSecret,
    Credential,
    FederatedCredential,
    GraphSettings,
)

__all__ = ["ClientCertificate", "ClientSecret", "Credential", "FederatedCredential", "GraphSettings"]
