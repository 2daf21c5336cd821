"""What the operator hears: everything once, nothing for ever, and nothing of it holds up or breaks the bot."""

from bot.errors import DestinationBusy, DestinationLost
from bot.service.ports.notifier import Alert, Trouble
from tests.service.house import House

KEY = Alert(trouble=Trouble.KEY, subject="kirin", detail="401")


async def test_a_trouble_that_lasts_is_told_once_an_hour(house: House) -> None:
    for _ in range(4):
        await house.desk.tell(KEY)
        house.clock.tick(1000)
    assert len(house.alerts()) == 1
    house.clock.tick(1000)
    await house.desk.tell(KEY)
    assert len(house.alerts()) == 2


async def test_other_troubles_are_told_beside_it(house: House) -> None:
    await house.desk.tell(KEY)
    await house.desk.tell(Alert(trouble=Trouble.KEY, subject="kling"))
    await house.desk.tell(Alert(trouble=Trouble.STORE, subject="kirin"))
    assert len(house.alerts()) == 3


async def test_what_discord_was_too_busy_for_is_told_soon_after(house: House) -> None:
    house.discord.then("alert", DestinationBusy("discord_503"), DestinationLost("discord_50001"))
    await house.desk.tell(KEY)
    await house.desk.tell(KEY)
    assert len(house.alerts()) == 1
    house.clock.tick(61)
    await house.desk.tell(KEY)
    house.clock.tick(61)
    await house.desk.tell(KEY)
    assert len(house.alerts()) == 2


async def test_old_troubles_are_forgotten(house: House) -> None:
    for number in range(50):
        await house.desk.tell(Alert(trouble=Trouble.UNDELIVERABLE, subject=str(number)))
        house.clock.tick(600)
    assert len(house.desk._quiet_until) <= 7  # noqa: SLF001 (a leak shows nowhere else)
