"""`/admin usage`: what the server has used, as words, a picture and a table."""

import csv
import io
from typing import Any

from PIL import Image

from tests.acceptance.admins import request_video, run_admin
from tests.acceptance.people import Json
from tests.acceptance.system import SMALL, System


async def reported(system: System, *, locale: str | None = None, **options: Any) -> Json:
    sent = await system.people.types("admin usage", user="admin", locale=locale, also=options)
    return await system.people.answered(sent)


async def make(system: System, *users: str, **options: Any) -> None:
    for user in users:
        await request_video(system.people, user=user, **options)
    await system.rest()


async def table(system: System, message: Json) -> list[dict[str, str]]:
    """The rows of the attached table."""
    (file,) = [each for each in message["attachments"] if each["filename"].endswith(".csv")]
    data = await system.people.fetch(file["url"])
    assert data.startswith(b"\xef\xbb\xbf")
    return list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline="")))


async def test_a_server_sees_who_used_what_and_what_it_cost(system: System) -> None:
    people = system.people
    async with system.bot():
        await run_admin(people, "budget", monthly=10)
        await make(system, "ana", "ben")
        await people.fault("kirin", "task_failed", code="9999")
        await make(system, "ana", prompt="another")
        message = await reported(system)
    ana, ben = (system.id_of("users", name) for name in ("ana", "ben"))
    text = message["content"]
    assert "**2 videos**, 6 credits, 1 failed. Estimated $0.50, charged **$0.50**." in text
    assert "$0.50 of $10.00 used, $0.00 of that reserved" in text
    assert f"**#1** <@{ana}>: 3 credits, $0.25, 1 video\n**#2** <@{ben}>: 3 credits, $0.25, 1 video" in text
    assert "**Kirin 3**: the service charged what was estimated, $0.50 for 2 videos." in text
    assert message["mentions"] == []
    used = {row["member_id"]: (row["videos"], row["credits"], row["failed"]) for row in await table(system, message)}
    assert used == {ana: ("1", "3", "1"), ben: ("1", "3", "0")}


async def test_the_picture_is_one_and_says_what_it_shows(system: System) -> None:
    async with system.bot():
        await make(system, "ana")
        message = await reported(system, span="7", measure="usd")
    (file,) = [each for each in message["attachments"] if each["filename"].endswith(".png")]
    image = Image.open(io.BytesIO(await system.people.fetch(file["url"])))
    assert (image.format, image.width) == ("PNG", 1000)
    assert "Chart of USD a day" in file["description"]
    assert "#1 $0.25" in file["description"]


async def test_a_price_that_has_changed_shows_as_drift_and_on_the_books(system: System) -> None:
    await system.people.fault("kirin", "price_change", factor="1.5")
    async with system.bot():
        await make(system, "ana")
        message = await reported(system)
    assert "Estimated $0.25, charged **$0.38**" in message["content"]
    assert "the service charged 50% more than estimated: $0.38 instead of $0.25 for 1 video." in message["content"]
    (row,) = await table(system, message)
    assert (row["usd_estimated"], row["usd_charged"]) == ("0.252000", "0.378000")
    assert float((await system.people.bill())["total"]) == 0.378


async def test_what_kling_meters_in_units_is_shown_beside_its_estimate(system: System) -> None:
    async with system.bot():
        await make(system, "ana", model="kling-v1", duration=5, aspect="16:9")
        message = await reported(system)
    (job,) = system.database.jobs()
    assert f"**Kling 1**: kling counted {job['cost_units']} of its own units for 1 video." in message["content"]


async def test_a_server_that_has_used_nothing_is_told_so(system: System) -> None:
    async with system.bot():
        message = await reported(system, span="month")
    assert "No videos finished" in message["content"]
    assert "There is no budget" in message["content"]
    assert message["attachments"] == []


async def test_others_do_not_see_it(system: System) -> None:
    async with system.bot():
        assert await system.people.cannot_type("admin usage", user="ana")


async def test_it_is_said_in_chinese_too(system: System) -> None:
    async with system.bot():
        await make(system, "ana", **{**SMALL, "prompt": "狐狸"})
        message = await reported(system, locale="zh-CN", span="90")
    assert "最近 90 天" in message["content"]
    assert "**1 个视频**，3 点额度" in message["content"]
    assert "每天的额度图表" in next(file["description"] for file in message["attachments"] if file.get("description"))
