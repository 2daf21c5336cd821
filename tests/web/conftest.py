"""Opens the operator's page for the tests here."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp.test_utils import TestClient, TestServer

from bot.web.page.site import Site
from tests.service.services import open_services
from tests.web.office import ORIGIN, Office


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    async with open_services(tmp_path) as services:
        services.restart(public_url=ORIGIN, page_port=1, page_for_admins=True)
        site = Site(services.bot.services, address=f"{ORIGIN}/page")
        async with TestClient(TestServer(site.application())) as client:
            yield Office(services, client)
