"""Opens the services for every test here."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.service.services import Services, open_services


@pytest.fixture
async def services(tmp_path: Path) -> AsyncIterator[Services]:
    """Every service over a migrated, empty database."""
    async with open_services(tmp_path) as opened:
        yield opened
