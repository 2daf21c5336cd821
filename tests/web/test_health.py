"""What a supervisor sees of the bot."""

import aiohttp
import pytest

from bot.errors import SettingsInvalid
from bot.web.health import serve_health


async def ask(port: int, path: str) -> tuple[int, object]:
    async with aiohttp.ClientSession() as session, session.get(f"http://127.0.0.1:{port}{path}") as response:
        return response.status, await response.json()


@pytest.mark.parametrize(("alive", "ready"), [(True, True), (True, False), (False, False)])
async def test_each_question_has_its_answer(*, alive: bool, ready: bool) -> None:
    async with serve_health(host="127.0.0.1", port=0, alive=lambda: alive, ready=lambda: ready) as port:
        assert await ask(port, "/healthz") == (200 if alive else 503, {"ok": alive})
        assert await ask(port, "/readyz") == (200 if ready else 503, {"ok": ready})


async def test_an_address_that_is_taken_is_a_mistake_in_the_settings() -> None:
    async with serve_health(host="127.0.0.1", port=0, alive=bool, ready=bool) as port:
        with pytest.raises(SettingsInvalid, match="HEALTH_PORT"):
            async with serve_health(host="127.0.0.1", port=port, alive=bool, ready=bool):
                pass
    async with serve_health(host="127.0.0.1", port=port, alive=bool, ready=bool) as again:
        assert again == port
