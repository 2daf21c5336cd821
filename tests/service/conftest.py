"""The services' house for every test here."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.service.house import House, open_house


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    """A migrated, empty house."""
    async with open_house(tmp_path) as opened:
        yield opened
