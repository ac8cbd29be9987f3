"""Fixtures of the end-to-end tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.endtoend.tenant import Tenant, tenant


@pytest.fixture
def firm(tmp_path: Path) -> Iterator[Tenant]:
    """A firm with one mailbox."""
    with tenant(tmp_path) as made:
        yield made
