"""What the operator is told of the packs they have bought: what is left, and once in time that it ends."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from bot.domain.pack import Pack
from bot.errors import ProviderUnavailable
from bot.service.admin.balances import FRESH, ONCE, Balances
from tests.service.services import Services, open_services


class Account:
    """A service that tells of these packs, or is in trouble."""

    def __init__(self) -> None:
        self.list: list[Pack] | None = []
        self.asked = 0

    async def packs(self, now: datetime) -> Sequence[Pack]:
        assert now.tzinfo is not None
        self.asked += 1
        if self.list is None:
            raise ProviderUnavailable(provider="kling", code="http_500")
        return list(self.list)


@pytest.fixture
async def services(tmp_path: Path) -> AsyncIterator[Services]:
    async with open_services(tmp_path) as opened:
        yield opened


def balances(services: Services, account: Account) -> Balances:
    providers = {"kling": account, "kirin": services.kirin}
    return Balances(providers, operator_alerts=services.bot.operator_alerts, clock=services.clock)


def pack(services: Services, left: int, *, days: float = 90) -> Pack:
    ends_at = services.clock() + timedelta(days=days)
    return Pack(id="509", name="Video 100", total=Decimal(100), left=Decimal(left), ends_at=ends_at)


def alerts(services: Services) -> list[str]:
    return [f"{alert.trouble}: {alert.subject}: {alert.detail}" for alert in services.discord.asked("alert")]


async def test_what_is_left_is_read_and_not_asked_again_at_once(services: Services) -> None:
    account = Account()
    account.list = [pack(services, 50)]
    known = balances(services, account)
    assert [await known.read() for _ in range(2)] == [{"kling": account.list}] * 2
    assert account.asked == 1
    services.clock.now += FRESH
    account.list = None
    assert await known.read() == {"kling": ()}


async def test_little_left_is_said_once_and_by_one_process(services: Services) -> None:
    account = Account()
    account.list = [pack(services, 21)]
    known = balances(services, account)
    await known.warn()
    assert alerts(services) == []
    services.clock.now += FRESH
    account.list = [pack(services, 20)]
    for _ in range(3):
        await known.warn()
        services.clock.now += timedelta(hours=6)
    await balances(services, account).warn()
    assert alerts(services) == ["balance: kling: Video 100 (509): 20 / 100"]
    services.clock.now += ONCE
    await known.warn()
    assert len(alerts(services)) == 2


async def test_what_is_lost_in_a_week_is_said_once(services: Services) -> None:
    account = Account()
    account.list = [pack(services, 90, days=8)]
    known = balances(services, account)
    for _ in range(5):
        await known.warn()
        services.clock.now += timedelta(days=1)
    (text,) = alerts(services)
    assert text.startswith("expiry: kling: Video 100 (509): ")
    assert text.endswith("UTC, 90 / 100")


async def test_nothing_is_lost_of_a_pack_that_is_used_up(services: Services) -> None:
    account = Account()
    account.list = [pack(services, 0, days=1)]
    await balances(services, account).warn()
    assert [text.split(":")[0] for text in alerts(services)] == ["balance"]
