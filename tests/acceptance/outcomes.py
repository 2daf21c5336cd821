"""The two ways in which an accepted request may end: one video and one charge, or none and the hold released."""

from bot.locale import words
from tests.acceptance.people import Json, text_of
from tests.acceptance.system import System


async def delivered_once(system: System, *, channel: str = "general") -> Json:
    """One video of 3 credits is in the channel and nowhere else, one task was billed, the card is gone; the video."""
    people = system.people
    assert [task["billed"] for task in await people.tasks()].count(True) == 1
    assert system.database.entries() == [("hold", 3), ("settle", 3)]
    (result,) = await people.results(channel)
    assert await people.cards() == []
    assert len(await people.results()) + len(await people.results("dm")) == 1
    return result


async def given_back(system: System, why: str) -> None:
    """There is no video and nothing is held any more; the card says why (`failed.{why}`), ana is called."""
    people, say = system.people, words()
    assert system.database.entries() == [("hold", 3), ("release", 3)]
    assert await people.results() + await people.results("dm") == []
    (card,) = await people.cards()
    assert say("card.failed") in text_of(card)
    assert say(f"failed.{why}") in text_of(card)
    assert "nothing was charged" in text_of(card).casefold()
    await called_once(system, "failed")


async def called_once(system: System, ending: str) -> Json:
    """Ana has been called in the channel once, and nobody else, in the words of `ending.{ending}`; that message."""
    ana = system.id_of("users", "ana")
    said = words()(f"ending.{ending}", mention=f"<@{ana}>")

    async def calls() -> list[Json] | None:
        return [each for each in await system.people.messages() if ana in each["content"]] or None

    (message,) = await system.people.until(calls, what=f"the words {said!r}")
    assert message["content"].startswith(said)
    assert [each["id"] for each in message["mentions"]] == [ana]
    assert (message["mention_roles"], message["mention_everyone"]) == ([], False)
    return message


async def kept_for_the_operator(system: System, phase: str) -> None:
    """There is no video, the hold stays, the operator has been told, and so says the card (if there is one)."""
    people, say = system.people, words()
    assert system.database.entries() == [("hold", 3)]
    assert await people.results() + await people.results("dm") == []
    (alert,) = await people.messages("showcase")
    assert f"the video that <@{system.database.job()['user_id']}> asked for <t:" in alert["content"]
    assert system.database.job()["id"] not in alert["content"]
    for card in await people.cards():
        assert say(f"card.{phase}") in text_of(card)
        assert say(f"card.{phase}.text") in text_of(card)
