"""A third language: a member from America is answered in Spanish, and is told that a machine made it."""

from typing import Any, Final

from bot.locale import words
from tests.acceptance.system import SMALL, System

AMERICA: Final[dict[str, Any]] = {"locale": "es-419"}
SAY: Final = words("es-ES")


async def test_a_member_who_reads_spanish_types_it_and_is_answered_in_it_alone(system: System) -> None:
    people = system.people
    async with system.bot():
        named = {"prompt": SMALL["prompt"], "duración": SMALL["duration"]}
        answer = await people.answer(await people.types("video crear", also=named, **AMERICA))
        await people.result()
        await system.rest()
        quota = await people.answer(await people.types("créditos", **AMERICA))
        about = await people.answer(await people.types("acerca-de", **AMERICA))
        english = await people.answer(await people.types("about"))
    assert answer.startswith(SAY("accepted", card="|", price="|", wait="|").partition(":")[0])
    assert "Te quedan **57 de 60 créditos**" in quota
    assert "los ha traducido una máquina" in about
    assert words()("about.machine_made", feedback="|").partition("|")[0] not in english
