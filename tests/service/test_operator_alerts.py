"""What the operator hears: everything once, nothing for ever, and nothing of it holds up or breaks the bot."""

import asyncio
from datetime import timedelta

from bot.errors import DestinationBusy, DestinationLost
from bot.service.ports import Alert, Trouble
from tests.service.services import Services

KEY = Alert(trouble=Trouble.KEY, subject="kirin", detail="401")


async def test_a_trouble_that_lasts_is_told_once_an_hour(services: Services) -> None:
    for _ in range(4):
        await services.bot.operator_alerts.tell(KEY)
        services.clock.tick(1000)
    assert len(services.alerts()) == 1
    services.clock.tick(1000)
    await services.bot.operator_alerts.tell(KEY)
    assert len(services.alerts()) == 2


async def test_other_troubles_are_told_beside_it(services: Services) -> None:
    await services.bot.operator_alerts.tell(KEY)
    await services.bot.operator_alerts.tell(Alert(trouble=Trouble.KEY, subject="kling"))
    await services.bot.operator_alerts.tell(Alert(trouble=Trouble.STORE, subject="kirin"))
    assert len(services.alerts()) == 3


async def test_what_discord_was_too_busy_for_is_told_soon_after(services: Services) -> None:
    services.discord.then("alert", DestinationBusy("discord_503"), DestinationLost("discord_50001"))
    await services.bot.operator_alerts.tell(KEY)
    await services.bot.operator_alerts.tell(KEY)
    assert len(services.alerts()) == 1
    services.clock.tick(61)
    await services.bot.operator_alerts.tell(KEY)
    services.clock.tick(61)
    await services.bot.operator_alerts.tell(KEY)
    assert len(services.alerts()) == 2


async def test_what_is_told_once_and_was_refused_is_told_when_the_channel_may_be_open_again(services: Services) -> None:
    low, once = Alert(trouble=Trouble.BALANCE, subject="a pack", detail="3 / 20"), timedelta(days=400)
    services.discord.then("alert", DestinationLost("discord_50001"))
    for hours in (0.5, 0.6, 1, 1000):
        await services.bot.operator_alerts.tell(low, quiet=once)
        services.clock.tick(hours * 3600)
    assert len(services.alerts()) == 2


async def test_old_troubles_are_forgotten(services: Services) -> None:
    for number in range(50):
        await services.bot.operator_alerts.tell(Alert(trouble=Trouble.UNDELIVERABLE, subject=str(number)))
        services.clock.tick(600)
    rows = await services.database.transact(lambda tx: tx.all("SELECT * FROM told_troubles"))
    assert len(rows) <= 7


async def test_several_processes_tell_once_and_so_does_the_next_start(services: Services) -> None:
    processes = [services.bot, services.build(), services.build()]
    await asyncio.gather(*(each.operator_alerts.tell(KEY) for each in processes))
    await services.restart().operator_alerts.tell(KEY)
    assert len(services.alerts()) == 1


async def test_a_clock_that_has_leapt_back_silences_nobody(services: Services) -> None:
    await services.bot.operator_alerts.tell(KEY)
    services.clock.tick(-24 * 3600)
    await services.bot.operator_alerts.tell(KEY)
    assert len(services.alerts()) == 2


async def test_without_the_database_each_process_tells_once_an_hour(services: Services) -> None:
    services.database.refusals = 99
    services.discord.then("alert", DestinationBusy("discord_503"))
    for tick in (1, 60, 60, 3600):
        await services.bot.operator_alerts.tell(KEY)
        services.clock.tick(tick)
    assert len(services.alerts()) == 2  # the second when Discord takes it
    await services.bot.operator_alerts.tell(KEY)
    assert len(services.alerts()) == 3
