"""The way to the login host that Graph's settings name."""

from __future__ import annotations

from mailsorter.mailbox.graph.settings import GraphSettings
from mailsorter.mailbox.login import LoginSession


class LoginHttp(LoginSession):
    """MSAL's `http_client`."""

    def __init__(self, settings: GraphSettings) -> None:
        super().__init__(
            settings.login_origin,
            ca_file=settings.ca_file,
            timeout_s=(settings.connect_timeout_s, settings.read_timeout_s),
        )
