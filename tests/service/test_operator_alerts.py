"""What the operator hears: everything once, nothing for ever, and nothing of it holds up or breaks the bot."""

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


async def test_old_troubles_are_forgotten(services: Services) -> None:
    for number in range(50):
        await services.bot.operator_alerts.tell(Alert(trouble=Trouble.UNDELIVERABLE, subject=str(number)))
        services.clock.tick(600)
    assert len(services.bot.operator_alerts._quiet_until) <= 7  # noqa: SLF001 (a leak shows nowhere else)
