"""A video from the command to the channel, with the records in a PostgreSQL."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.store.postgres import PostgresDatabase
from tests.acceptance.people import text_of
from tests.acceptance.system import SMALL, System
from tests.fresh_databases import FreshDatabases


@pytest.fixture
async def url(fresh_databases: FreshDatabases, tmp_path: Path) -> AsyncIterator[str]:
    """The address of a migrated database with nothing in it."""
    yield await fresh_databases.url(tmp_path)
    fresh_databases.let_go(tmp_path)


async def test_a_command_becomes_a_video_in_the_channel_and_is_paid_for(system: System, url: str) -> None:
    people = system.people
    async with system.bot(database_url=url), PostgresDatabase(url) as database:

        async def kinds() -> list[str]:
            rows = await database.transact(lambda tx: tx.all("SELECT DISTINCT kind FROM ledger ORDER BY kind"))
            return [row["kind"] for row in rows]

        async def settled() -> bool:
            return await kinds() == ["hold", "settle"]

        answer = await people.answer(await people.types("video create", **SMALL))
        assert "3 credits, 57 credits left" in answer
        result = await people.result()
        await people.until(settled, what="the end of the hold")

        async def leads_there() -> bool:
            (card,) = await people.cards()
            return f"/{card['channel_id']}/{result['id']}" in text_of(card)

        await people.until(leads_there, what="the video's link on the card")
    assert not (system.data / "shotcaller.db").exists()


async def test_a_private_answer_is_edited_by_what_the_database_keeps_until_the_end(system: System, url: str) -> None:
    people = system.people
    async with system.bot(database_url=url), PostgresDatabase(url) as database:

        async def sealed() -> list[str]:
            rows = await database.transact(lambda tx: tx.all("SELECT sealed FROM private_answers"))
            return [row["sealed"] for row in rows]

        async def says(sent: str, words: str) -> bool:
            return words in str(((await people.interaction(sent))["current"] or {}).get("embeds"))

        async def is_over() -> bool:
            return not await sealed()

        first = await people.types("video create", **SMALL, private=True)
        await people.result("dm")
        await people.until(lambda: says(first, "Done"), what="the end in the private answer")
        await people.until(is_over, what="the row's end")
        await people.fault("kirin", "stuck")
        second = await people.types("video create", **SMALL, private=True)
        await people.until(lambda: says(second, "Making the video"), what="a card in the private answer")
        assert len(await sealed()) == 1
