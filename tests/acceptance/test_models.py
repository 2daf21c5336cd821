"""The models as members and the operator meet them: chosen from, made with, and given up by their service."""

import io

from bot.doctor import examine
from bot.locale import words
from bot.settings import Settings
from tests.acceptance.controls import control, labels
from tests.acceptance.people import Json
from tests.acceptance.system import PROMPT, SMALL, System


async def report(system: System, **changes: object) -> str:
    values = {name.lower(): value for name, value in system.environment(**changes).items() if value}
    out = io.StringIO()
    await examine(Settings.load(env_file=None, **values), words(), out=out)
    return out.getvalue()


async def test_a_model_that_its_service_gives_up_is_said_so_and_another_is_one_tap_away(system: System) -> None:
    people, offer = system.people, "kling-v1,kling-v3"
    await people.change_settings(discontinued=["kling-v1"])
    general = system.id_of("channels", "general")
    async with system.bot(kirin_api_key="", kling_models=offer, operator_channel_id=general):
        await people.types("video create", **{**SMALL, "duration": 5}, model="kling-v1")
        text = await people.card("no longer offers this model")
        assert "Nothing was charged" in text
        await system.rest()
        (card,) = await people.cards()
        assert labels(card) == ["Use Kling 3 (5 credits)", "Edit & retry"]

        async def is_told() -> Json | None:
            return next(
                (
                    each
                    for each in await people.messages()
                    if "no longer makes videos with **kling-v1**" in each["content"]
                ),
                None,
            )

        assert "discontinued and is no longer available" in (await people.until(is_told, what="the alert"))["content"]
        refused = await people.answered(await people.types("video create", prompt=PROMPT, model="kling-v1"))
        assert "no longer offers **Kling 1**" in refused["content"]
        assert "Use Kling 3 (5 credits)" in labels(refused)
        chosen = await people.completes("video create", focused="model", prompt=PROMPT)
        assert [each["value"] for each in chosen] == ["kling-v3"]
        await people.presses(card, control(card, "Use Kling 3 (5 credits)"))
        await people.result()
        await system.rest()
    assert [task["request"]["model_name"] for task in await people.tasks()] == ["kling-v3"]
    said = await report(system, kirin_api_key="", kling_models=offer)
    assert "kling-v1: its service makes no more videos with it" in said
    assert "kling-v3 made its last video here on" in said


async def test_a_model_whose_name_was_not_typed_to_its_end_is_offered_first(system: System) -> None:
    people = system.people
    async with system.bot(kirin_api_key="", kling_models="kling-v3,kling-v2-6,kling-v2-5-turbo"):
        refused = await people.answered(await people.types("video create", prompt=PROMPT, model="kling 2.5"))
        assert "There's no model called **kling 2.5** here" in refused["content"]
        assert labels(refused)[:2] == ["Use Kling 2.5 Turbo (3 credits)", "Use Kling 3 (5 credits)"]


async def test_the_doctor_says_which_models_have_made_nothing_yet_and_asks_for_no_video(system: System) -> None:
    said = await report(system, kling_models="kling-v1,kling-v2-6")
    assert "kling-v2-6, kling-v1 have made no video here yet" in said
    assert await system.people.tasks() == []


async def test_the_first_model_on_offer_is_made_with_where_none_is_named(system: System) -> None:
    people = system.people
    async with system.bot(kirin_api_key="", kling_models="kling-v3"):
        await people.types("video create", **SMALL, sound=True)
        result = await people.result()
        await system.rest()
    assert "Kling 3 · standard" in result["content"]
    (task,) = await people.tasks()
    assert (task["request"]["sound"], task["request"]["duration"]) == ("on", "3")
