"""The two ways in which an accepted request may end: one video and one charge, or none and the hold released."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.acceptance.people import text_of

if TYPE_CHECKING:
    from tests.acceptance.people import Json
    from tests.acceptance.stage import Stage


async def delivered_once(stage: Stage, *, channel: str = "general") -> Json:
    """One video of 3 credits is in the channel and nowhere else, one task was billed, the card is closed; the video."""
    people = stage.people
    assert [task["billed"] for task in await people.tasks()].count(True) == 1
    assert stage.books.entries() == [("hold", 3), ("settle", 3)]
    (result,) = await people.results(channel)
    (card,) = await people.cards()
    assert "Done" in text_of(card)
    assert f"/{result['id']}" in text_of(card)
    assert len(await people.results()) + len(await people.results("dm")) == 1
    return result


async def given_back(stage: Stage, *words: str) -> None:
    """There is no video and nothing is held any more, and the card says why."""
    people = stage.people
    assert stage.books.entries() == [("hold", 3), ("release", 3)]
    assert await people.results() + await people.results("dm") == []
    (card,) = await people.cards()
    assert [each for each in ("Could not be made", "Nothing was charged", *words) if each not in text_of(card)] == []


async def kept_for_the_operator(stage: Stage, *words: str) -> None:
    """There is no video, the hold stays, the card says these words, and the operator has been told."""
    people = stage.people
    assert stage.books.entries() == [("hold", 3)]
    assert await people.results() + await people.results("dm") == []
    (alert,) = await people.messages("showcase")
    assert stage.books.job()["id"] in alert["content"]
    if cards := await people.cards():
        assert [each for each in words if each not in text_of(cards[0])] == []
