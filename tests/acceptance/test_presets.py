"""Presets over the real gateway: saved, asked for in a form, used after a restart, shared, deleted."""

import json
from typing import Any, Final

import pytest

from tests.acceptance.controls import control
from tests.acceptance.people import Json
from tests.acceptance.system import PROMPT, System

SMALL: Final[dict[str, Any]] = {"duration": 3, "aspect": "1:1"}
ANIMALS: Final = "A {animal} in the {place}"


async def save(system: System, name: str, *, user: str = "ana", **options: Any) -> str:
    return await system.people.answer(await system.people.types("preset save", user=user, name=name, **options))


def buttons(message: Json, start: str) -> list[Json]:
    parts = [part for row in message["components"] for part in row["components"]]
    return [part for part in parts if part["custom_id"].startswith(start)]


def fields(form: Json) -> dict[str, Json]:
    return {part["component"]["custom_id"]: part["component"] for part in form["components"]}


def requests(system: System) -> list[Json]:
    return [json.loads(job["request"]) for job in system.database.jobs()]


async def test_an_empty_list_of_presets_says_how_to_make_one(system: System) -> None:
    people = system.people
    async with system.bot():
        said = await people.answer(await people.types("preset list"))
        assert said.startswith("There are no presets here yet.")
        assert "`/preset save` makes one" in said
        assert "`A {animal} in the snow`" in said


async def test_a_preset_asks_for_its_gaps_also_after_a_restart(system: System) -> None:
    people = system.people
    async with system.bot():
        said = await save(system, "Zoo", prompt=ANIMALS, **SMALL)
        assert "**animal**, **place**" in said
        (choice,) = await people.completes("preset use", focused="name", name="zo")
        assert choice["name"] == "Zoo"
        opened = await people.types("preset use", name=choice["value"])
        form = await people.form(opened)
        assert [part["label"] for part in form["components"]] == ["animal", "place"]
    async with system.bot():
        sent = await people.submits(opened, **{"gap:animal": "red *fox*", "gap:place": "{snow}"})
        assert "57 credits left" in await people.answer(sent)
        result = await people.result()
        await system.rest()
    assert [each["prompt"] for each in requests(system)] == ["A red *fox* in the {snow}"]
    assert r"A red \*fox\* in the {snow}" in result["content"]
    assert system.database.rows("SELECT name, uses FROM presets") == [{"name": "Zoo", "uses": 1}]


async def test_a_preset_that_is_used_twice_in_a_moment_makes_one_video(system: System) -> None:
    people = system.people
    async with system.bot():
        await save(system, "Boat", prompt=PROMPT, **SMALL)
        listed = await people.answered(await people.types("preset list"))
        (use,) = buttons(listed, "preset:use:")
        taps = [await people.presses(listed, use["custom_id"]) for _ in range(2)]
        answers = [await people.answered(tap) for tap in taps]
        assert sorted("a moment ago" in answer["content"] for answer in answers) == [False, True]
        await system.rest()
        assert len(system.database.jobs()) == 1
        asked = next(answer for answer in answers if "a moment ago" in answer["content"])
        await people.answer(await people.presses(asked, control(asked, "One more")))
        await system.rest()
    assert len(system.database.jobs()) == 2


async def test_a_preset_that_has_become_dearer_since_it_was_listed_asks_first(system: System) -> None:
    people = system.people
    async with system.bot():
        await save(system, "Boat", prompt=PROMPT, **SMALL)
        listed = await people.answered(await people.types("preset list"))
        (use,) = buttons(listed, "preset:use:")
        assert use["label"] == "Boat · 3"
        await save(system, "Boat", prompt=PROMPT, mode="pro", **SMALL)
        asked = await people.answered(await people.presses(listed, use["custom_id"]))
        assert "This costs 4 credits" in asked["content"]
        assert system.database.jobs() == []
        for _ in range(2):
            await people.answer(await people.presses(asked, control(asked, "Make it for 4 credits")))
        await system.rest()
    assert [job["credits"] for job in system.database.jobs()] == [4]


TWELVE: Final = [f"gap {number}" for number in range(1, 13)]


async def test_many_gaps_are_asked_for_in_pages_of_five(system: System) -> None:
    people = system.people
    async with system.bot():
        await save(system, "Many", prompt=" ".join(f"{{{name}}}" for name in TWELVE), **SMALL)
        opened = await people.types("preset use", name="many")
        form = await people.form(opened)
        assert form["title"] == "Many · 1/3"
        assert list(fields(form)) == [f"gap:{name}" for name in TWELVE[:5]]
        sent = await people.submits(opened, **{f"gap:{name}": f"v{name[4:]}" for name in TWELVE[:4]})
        seen = await people.answered(sent)
        assert "Many: 4 of 12 filled in" in seen["content"]
        assert "✅ **gap 1** v1" in seen["content"]
        assert [each["label"] for each in buttons(seen, "")] == ["Fill in 1–5", "Fill in 6–10", "Fill in 11–12"]
        opened = await people.presses(seen, buttons(seen, "")[1]["custom_id"])
        await people.form(opened)
    async with system.bot():
        sent = await people.submits(opened, **{f"gap:{name}": f"v{name[4:]}" for name in TWELVE[5:10]})
        seen = await people.edited(sent)
        assert "9 of 12" in seen["content"]
        assert [each["label"] for each in buttons(seen, "")] == ["Fill in 1–5", "Change 6–10", "Fill in 11–12"]
        begun = await people.form(await people.types("preset use", name="many"))
        assert fields(begun)["gap:gap 4"]["value"] == "v4"
        opened = await people.presses(seen, buttons(seen, "")[2]["custom_id"])
        await people.form(opened)
        seen = await people.edited(await people.submits(opened, **{"gap:gap 11": "v11", "gap:gap 12": "v12"}))
        opened = await people.presses(seen, buttons(seen, "")[0]["custom_id"])
        assert fields(await people.form(opened))["gap:gap 1"]["value"] == "v1"
        sent = await people.submits(opened, **{"gap:gap 5": "v5"})

        async def accepted() -> Json | None:
            seen = await people.edited(sent)
            return seen if "On its way" in seen["content"] else None

        seen = await people.until(accepted, what="the acceptance")
        assert buttons(seen, "preset:") == []
        await system.rest()
        begun = await people.form(await people.types("preset use", name="many"))
        assert fields(begun)["gap:gap 4"].get("value") is None
    assert [each["prompt"] for each in requests(system)] == [" ".join(f"v{number}" for number in range(1, 13))]


async def test_what_was_filled_in_is_there_again_after_a_refusal(system: System) -> None:
    people = system.people
    async with system.bot(daily_credits=2):
        await save(system, "Six", prompt="{a} {b} {c} {d} {e} {f}", **SMALL)
        opened = await people.types("preset use", name="six")
        await people.form(opened)
        seen = await people.answered(await people.submits(opened, **{f"gap:{name}": name * 2 for name in "abcde"}))
        opened = await people.presses(seen, buttons(seen, "preset:again:")[1]["custom_id"], locale="zh-CN")
        await people.form(opened)
        sent = await people.submits(opened, locale="zh-CN", **{"gap:f": "ff"})
        refusal = await people.until(lambda: people.followup(sent), what="the refusal")
        assert "额度" in refusal["content"]

        async def shown() -> Json | None:
            seen = await people.edited(sent)
            return seen if "6/6" in seen["content"] else None

        seen = await people.until(shown, what="what was filled in")
        assert [each["label"] for each in buttons(seen, "preset:again:")] == ["修改 1–5", "修改 6"]
    assert system.database.jobs() == []


async def test_a_gap_that_is_left_blank_is_named_and_the_form_comes_back_filled(system: System) -> None:
    people = system.people
    async with system.bot():
        await save(system, "Zoo", prompt=ANIMALS, **SMALL)
        opened = await people.types("preset use", name="zoo")
        await people.form(opened)
        refused = await people.answered(await people.submits(opened, **{"gap:animal": "fox", "gap:place": " "}))
        assert "**place** is still empty" in refused["content"]
        (again,) = buttons(refused, "preset:again:")
        opened = await people.presses(refused, again["custom_id"])
        assert fields(await people.form(opened))["gap:animal"]["value"] == "fox"
        await people.submits(opened, **{"gap:place": "snow"})
        await people.result()
        await system.rest()
    assert [each["prompt"] for each in requests(system)] == ["A fox in the snow"]


async def test_a_preset_is_saved_from_a_video_and_used_from_the_list_after_a_restart(system: System) -> None:
    people = system.people
    async with system.bot():
        await people.types("video create", prompt="a {paper} boat", negative="rain", **SMALL)
        await people.result()
        await system.rest()
        (choice,) = await people.completes("preset save", focused="from", name="x", **{"from": "PAPER"})
        assert choice["name"].startswith("“a {paper} boat”, ")
        assert "is saved" in await save(system, "Boat", **{"from": choice["value"]}, duration=4)
        assert "is saved" in await save(system, "Latest")
        assert "has been changed" in await save(system, "Boat", **{"from": choice["value"]}, duration=5)
        listed = await people.answered(await people.types("preset list"))
    assert "2 presets" in listed["content"]
    async with system.bot():
        (boat, _) = buttons(listed, "preset:use:")
        assert "On its way" in await people.answer(await people.presses(listed, boat["custom_id"]))
        await system.rest()
    first, second = requests(system)
    assert second["prompt"] == first["prompt"] == "a {paper} boat"
    assert second["negative_prompt"] == "rain"
    assert (first["duration"], second["duration"]) == (3, 5)


async def test_sharing_is_for_admins_until_they_leave_it_to_the_members(system: System) -> None:
    people = system.people
    async with system.bot():
        await save(system, "Zoo", prompt=ANIMALS, **SMALL)
        assert "Manage Server" in await people.answer(await people.types("preset share", name="Zoo"))
        assert "no preset" in await people.answer(await people.types("preset use", user="ben", name="Zoo"))
        assert "Manage Server" in await people.answer(await people.types("preset sharing", members=True))
        allowed = await people.answer(await people.types("preset sharing", user="owner", members=True))
        assert "Authors may share" in allowed
        assert "Everybody" in await people.answer(await people.types("preset share", name="Zoo"))
        await people.form(await people.types("preset use", user="ben", name="Zoo"))
        listed = await people.answer(await people.types("preset list", user="ben", locale="zh-CN"))
        assert "共享" in listed
        refused = await people.answer(await people.types("preset delete", user="ben", name="Zoo"))
        assert "Manage Server" in refused
        unshared = await people.answer(await people.types("preset unshare", user="owner", name="Zoo"))
        assert "Only its author" in unshared
        assert await people.completes("preset use", user="ben", focused="name", name="") == []
        assert "is deleted" in await people.answer(await people.types("preset delete", name="Zoo"))
    assert system.database.rows("SELECT * FROM presets") == []


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"name": "<@1>", "prompt": PROMPT}, "can't be called that"),
        ({"name": " ", "prompt": PROMPT}, "can't be called that"),
        ({"name": "x" * 33, "prompt": PROMPT}, "can't be called that"),
        ({"name": "x", "prompt": "a {fox"}, "single brace at character 3"),
        ({"name": "x", "prompt": "a {0.__class__}"}, "can't be the name of a gap"),
        ({"name": "x"}, "prompt is empty"),
        ({"name": "x", "prompt": PROMPT, "model": "kirin_v3_t2v", "cfg": 0.5}, "can't make this video"),
        ({"name": "x", "from": "0123456789abcdef"}, "You can't use this video"),
    ],
)
async def test_what_is_no_preset_is_refused_in_words(system: System, options: dict[str, Any], words: str) -> None:
    async with system.bot():
        said = await save(system, **options)
    assert words in said
    assert system.database.rows("SELECT * FROM presets") == []


async def test_a_long_list_has_pages(system: System) -> None:
    people = system.people
    async with system.bot():
        for number in range(7):
            await save(system, f"P{number}", prompt="*" * 2000, **SMALL)
        listed = await people.answered(await people.types("preset list"))
        assert len(buttons(listed, "preset:use:")) == 5
        (onward,) = buttons(listed, "preset:page:")
    async with system.bot():
        turned = await people.edited(await people.presses(listed, onward["custom_id"]))
        assert [button["label"] for button in buttons(turned, "preset:use:")] == ["P5 · 3", "P6 · 3"]
        (back,) = buttons(turned, "preset:page:")
        again = await people.edited(await people.presses(turned, back["custom_id"]))
    assert again["content"] == listed["content"]
