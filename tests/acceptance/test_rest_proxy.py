"""The bot behind a REST proxy, as `DISCORD_API_URL` allows it."""

from tests.acceptance.system import SMALL, System
from tests.rest_proxy import proxied


async def test_a_video_is_made_through_a_proxy(system: System) -> None:
    people = system.people
    async with proxied(system.sandbox.url) as proxy, system.bot(discord_api_url=proxy.url):
        sent = await people.types("video create", **SMALL)
        assert "On its way" in await people.answer(sent)
        result = await people.result()
        await system.rest()
        assert proxy.passed == len(await people.requests())
    assert await people.messages() == [result]
    assert len(result["attachments"]) == 1


async def test_what_a_proxy_cannot_do_just_now_is_done_later_and_once(system: System) -> None:
    people = system.people
    async with proxied(system.sandbox.url) as proxy, system.bot(discord_api_url=proxy.url):
        sent = await people.types("video create", **SMALL)
        await people.answer(sent)
        proxy.trouble += [408, 429, 501]  # its own time limit, a node that fell over, a route that it does not know
        await people.result()
        await system.rest()
        assert proxy.trouble == []
    assert len(await people.results()) == 1
    assert system.database.entries() == [("hold", 3), ("settle", 3)]
