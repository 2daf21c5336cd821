"""What a bot keeps in a PostgreSQL, where others may have to go on with it."""

from tests.acceptance.system import ON_SERVER, SMALL, System


@ON_SERVER
async def test_a_private_answer_is_edited_by_what_the_database_keeps_until_the_end(system: System) -> None:
    people = system.people
    async with system.bot():

        def sealed() -> list[str]:
            return [row["sealed"] for row in system.database.rows("SELECT sealed FROM private_answers")]

        async def says(sent: str, words: str) -> bool:
            return words in str((await people.interaction(sent))["current"])

        async def is_over() -> bool:
            return not sealed()

        first = await people.types("video create", **SMALL, private=True)
        await people.result("dm")
        await people.until(lambda: says(first, "Your video is ready"), what="the end in the private answer")
        await people.until(is_over, what="the row's end")
        await people.fault("kirin", "stuck")
        second = await people.types("video create", **SMALL, private=True)
        await people.until(lambda: says(second, "Making the video"), what="a card in the private answer")
        assert len(sealed()) == 1
