"""What a Kling account has bought: what is read of it, and who tells nothing."""

import time
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import aiohttp
import httpx
import pytest
from aiohttp import web

from bot.domain.pack import Pack
from bot.errors import ProviderUnavailable
from bot.provider.kling import Kling
from bot.provider.transport import Transport
from sandbox.faults import Faults
from sandbox.providers import Providers
from sandbox.providers.kling_account import read_packs
from tests.provider.conftest import Reach

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
ENDS = datetime(2026, 12, 3, tzinfo=UTC)
ROW = {
    "resource_pack_name": "Video 100",
    "resource_pack_id": "509",
    "resource_pack_type": "decreasing_total",
    "total_quantity": 100.0,
    "remaining_quantity": 19.5,
    "invalid_time": round(ENDS.timestamp() * 1000),
    "status": "online",
}
PACK = Pack(id="509", name="Video 100", total=Decimal(100), left=Decimal("19.5"), ends_at=ENDS)


def answered(*rows: Any) -> dict[str, Any]:
    inside = {"code": 0, "msg": "success", "resource_pack_subscribe_infos": list(rows)}
    return {"code": 0, "message": "SUCCEED", "request_id": "r", "data": inside}


async def packs(reach: Reach, answer: Any, status: int = 200) -> list[Pack]:
    seen: list[str] = []

    def account(request: httpx.Request) -> httpx.Response:
        seen.append(request.url.path)
        return httpx.Response(status, json=answer)

    found = await Kling(transport=reach(account, provider="kling"), prefix="/relay").packs(NOW)
    assert seen == ["/relay/account/costs"]
    return list(found)


async def test_packs_in_use_are_read_out_of_both_envelopes(reach: Reach) -> None:
    others = [{**ROW, "status": each} for each in ("toBeOnline", "expired", "runOut", "", 7)]
    assert await packs(reach, answered(ROW, *others)) == [PACK]
    assert (PACK.is_low, PACK.ends_soon(NOW), PACK.ends_soon(NOW - timedelta(days=3))) == (True, True, False)


@pytest.mark.parametrize(
    "odd",
    [
        {"total_quantity": 0},
        {"total_quantity": "many"},
        {"remaining_quantity": None},
        {"remaining_quantity": -1},
        {"resource_pack_id": "x" * 300},
    ],
)
async def test_an_odd_pack_is_left_out(reach: Reach, odd: dict[str, Any]) -> None:
    assert await packs(reach, answered({**ROW, **odd}, "row", ROW)) == [PACK]


async def test_a_pack_without_a_name_or_an_end_is_one(reach: Reach) -> None:
    (found,) = await packs(reach, answered({**ROW, "resource_pack_name": None, "invalid_time": "soon"}))
    assert (found.name, found.ends_at, found.ends_soon(NOW)) == ("509", None, False)


@pytest.mark.parametrize("answer", [{"code": 0}, {"code": 0, "data": []}, {"code": 0, "data": {"code": 1}}])
async def test_an_answer_without_packs_has_none(reach: Reach, answer: Any) -> None:
    assert await packs(reach, answer) == []


@pytest.mark.parametrize(("status", "code"), [(404, 1202), (403, 1103), (401, 1002), (400, 1201), (200, 1201)])
async def test_who_does_not_answer_that_question_has_none(reach: Reach, status: int, code: int) -> None:
    assert await packs(reach, {"code": code, "message": "no"}, status) == []


async def test_a_service_in_trouble_is_no_account_without_packs(reach: Reach) -> None:
    with pytest.raises(ProviderUnavailable):
        await packs(reach, {"code": 5000}, 500)


async def test_a_relay_is_not_asked(reach: Reach) -> None:
    task = {"code": "success", "data": {"task_id": "1", "status": "QUEUED"}}
    kling = Kling(transport=reach(lambda _: httpx.Response(200, json=task), provider="kling"))
    await kling.fetch("1")
    assert await kling.packs(NOW) == ()


async def test_the_sandboxs_account_is_read(tmp_path: Path) -> None:
    faults, opened = Faults(), time.time()
    app = web.Application()
    async with Providers(faults=faults, generate_seconds=0, cache_dir=tmp_path, clock=lambda: opened) as providers:
        providers.attach(app)
        runner = web.AppRunner(app)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        providers.stock([{"id": "a", "name": "A", "total": 10, "used": 8.5, "days": 3}, {"id": "b", "begins": 1}])
        async with Transport(provider="kling", base_url=url, token=lambda: providers.kling_key) as transport:
            kling = Kling(transport=transport, prefix="/kling")
            faults.add({"target": "kling", "kind": "http_500"})
            (found,) = await kling.packs(datetime.now(UTC))
            faults.add({"target": "kling", "kind": "http_500", "on": ["costs"]})
            with pytest.raises(ProviderUnavailable):
                await kling.packs(datetime.now(UTC))
        assert (found.id, found.left, found.is_low) == ("a", Decimal("1.5"), True)
        assert found.ends_at is not None
        assert abs(found.ends_at.timestamp() - opened - 3 * 24 * 3600) < 1
        header = {"Authorization": f"Bearer {providers.kling_key}"}
        async with aiohttp.ClientSession(headers=header) as client:
            costs = f"{url}/kling/account/costs"
            async with client.get(costs) as refused:
                assert (refused.status, (await refused.json())["code"]) == (400, 1201)
            async with client.get(f"{costs}?start_time=1&end_time=2&resource_pack_name=A") as answer:
                rows = (await answer.json())["data"]["resource_pack_subscribe_infos"]
            assert [(row["resource_pack_name"], row["status"]) for row in rows] == [("A", "online")]
            providers.stock([{"total": 1, "used": 1}, {"days": 0}, {"begins": 2}])
            async with client.get(f"{costs}?start_time=1&end_time=2") as answer:
                rows = (await answer.json())["data"]["resource_pack_subscribe_infos"]
            assert [row["status"] for row in rows] == ["runOut", "expired", "toBeOnline"]
        await runner.cleanup()


@pytest.mark.parametrize("row", [None, {"size": 3}, {"total": "many"}, {"type": "endless"}])
def test_what_is_no_pack_cannot_be_ordered(row: Any) -> None:
    with pytest.raises(ValueError, match="a pack is an object"):
        read_packs([row])
