"""A signed-in browser in front of the operator's page, over real services."""

import re
from dataclasses import dataclass
from typing import Any

from aiohttp import ClientResponse
from aiohttp.test_utils import TestClient

from bot.domain import EVERYWHERE, AuditEntry
from bot.store.community.audit import AuditStore
from tests.service.services import Services

ORIGIN = "https://shotcaller.example"
OWNER, ADMIN, GUILD, OTHER_GUILD = 9, 3, 7, 8
COOKIE = "__Host-shotcaller"


@dataclass
class Office:
    """The page of a bot, and a browser that keeps one cookie."""

    services: Services
    client: TestClient[Any, Any]
    cookie: str = ""
    locale: str = "en-US"
    entries: int = 0

    async def link(self, user_id: int = OWNER, guild_id: int = EVERYWHERE) -> str:
        """Ask for a link, as `/admin page` does, and take the secret out of it."""
        self.entries += 1
        entry = AuditEntry(
            id=f"link-{self.entries}",
            guild_id=guild_id,
            actor_id=user_id,
            action="page_link",
            at=self.services.clock(),
        )
        link = await self.services.bot.services.page_access.invite(entry, locale=self.locale)
        address, _, secret = link.partition("#")
        assert address == f"{ORIGIN}/page/sign-in"
        return secret

    async def get(self, path: str = "/page", **headers: str) -> ClientResponse:
        return await self.client.get(path, headers=self._headers(headers), allow_redirects=False)

    async def post(self, path: str, form: dict[str, str], **headers: str) -> ClientResponse:
        given = {"Origin": ORIGIN} | headers
        return await self.client.post(path, data=form, headers=self._headers(given), allow_redirects=False)

    def _headers(self, more: dict[str, str]) -> dict[str, str]:
        cookie = {"Cookie": f"{COOKIE}={self.cookie}"} if self.cookie else {}
        return {name: value for name, value in ({"Host": "shotcaller.example"} | cookie | more).items() if value}

    async def sign_in(self, user_id: int = OWNER, guild_id: int = EVERYWHERE) -> None:
        """Sign in with a new link, as somebody who runs the bot or a guild."""
        self.services.staff.running.add((user_id, guild_id))
        answer = await self.post("/page/sign-in", {"secret": await self.link(user_id, guild_id)})
        assert (answer.status, answer.headers["Location"]) == (303, "/page")
        self.cookie = answer.cookies[COOKIE].value

    async def proof(self, path: str = "/page") -> str:
        found = re.search('name="proof" value="([0-9a-f]+)"', await (await self.get(path)).text())
        assert found is not None
        return found[1]

    async def acts(self, guild_id: int = EVERYWHERE) -> list[str]:
        entries = await AuditStore(self.services.database).of_guild(guild_id, most=100)
        return [entry.action for entry in reversed(entries)]
