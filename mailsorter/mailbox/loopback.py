"""Which hosts are this machine itself: the only ones that may be spoken to in the clear."""

from __future__ import annotations

import ipaddress


def is_loopback(host: str) -> bool:
    """Does the host name this machine itself?"""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
