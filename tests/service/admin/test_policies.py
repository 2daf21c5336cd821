"""Admins' changes as use cases, and the channel that is told of them."""

import asyncio
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, cast

import pytest

from bot.domain import EVERYWHERE, UNLIMITED, Allowance, AuditEntry, ModerationPolicy, Policy, Rule, RuleKind
from bot.domain.guild import FOREVER
from bot.domain.outbox import TRIES
from bot.domain.policy_file import write_policy
from bot.errors import DestinationBusy, DestinationLost, PolicyInvalid, RuleInvalid
from bot.service.admin.doctor import ProviderState
from bot.service.ports import NotPosted, Posted, Sighting
from bot.store.community.audit import AuditStore
from bot.store.outbox import OutboxStore
from tests.service.scripted import Scripted
from tests.service.services import Services

GUILD, OTHER, ADMIN, ANA = 7, 8, 99, 1
CHANNEL = 70


class People(Scripted):
    """Discord as the audit reaches it."""

    async def tell(self, entry: AuditEntry, *, channel_id: int) -> None:
        await self.play("tell", (entry.id, channel_id))

    async def find_entry(self, entry: AuditEntry, *, channel_id: int, since: datetime) -> Sighting:
        assert since is not None
        return cast("Sighting", await self.play("find_entry", (entry.id, channel_id), usual=NotPosted()))


@dataclass
class Office:
    """What admins decide, and how it is told."""

    services: Services
    people: People = field(default_factory=People)

    def __post_init__(self) -> None:
        self.services.staff = self.people
        bot = self.services.restart()
        self.guilds, self.outbox = bot.services.guilds, bot.outbox
        self._number = 0

    def entry(self, action: str = "changed", *, guild_id: int = GUILD, **detail: Any) -> AuditEntry:
        self._number += 1
        at = self.services.clock.tick(1)
        return AuditEntry(id=str(self._number), guild_id=guild_id, actor_id=ADMIN, action=action, at=at, detail=detail)

    async def change(self, guild_id: int = GUILD, **changes: Any) -> None:
        await self.guilds.change(self.entry(guild_id=guild_id), lambda policy: policy.changed(**changes))

    @property
    def recorded(self) -> list[tuple[str, int]]:
        return self.people.asked("tell")


@pytest.fixture
def office(services: Services) -> Office:
    return Office(services)


async def test_two_admins_who_change_two_things_at_once_both_get_their_way(office: Office) -> None:
    await asyncio.gather(
        office.change(gifts=True),
        office.change(timezone="Asia/Tokyo"),
        office.change(allowance=Allowance(credits=7)),
    )
    policy = (await office.guilds.state(GUILD)).policy
    assert (policy.gifts, policy.timezone, policy.allowance) == (True, "Asia/Tokyo", Allowance(credits=7))


async def test_what_changed_is_on_record_field_by_field(office: Office) -> None:
    changed = await office.guilds.change(office.entry(), lambda policy: policy.changed(gifts=True))
    assert [each.path for each in changed.differences] == ["gifts"]
    (entry,) = await office.guilds.entries(GUILD, most=9)
    assert entry.detail == {"changes": [{"path": "gifts", "item": "", "before": False, "after": True}]}


async def test_a_change_that_changes_nothing_is_not_on_record(office: Office) -> None:
    changed = await office.guilds.change(office.entry(), lambda policy: policy.changed(gifts=False))
    assert changed.differences == ()
    assert await office.guilds.entries(GUILD, most=9) == []


async def test_what_cannot_be_is_refused_in_a_few_codes_and_changes_nothing(office: Office) -> None:
    with pytest.raises(PolicyInvalid) as refused:
        await office.change(moderation={"approval": "both"})
    assert refused.value.problems == (("moderation", "moderators", ""),)
    assert (await office.guilds.state(GUILD)).policy == Policy()
    assert await office.guilds.entries(GUILD, most=9) == []


async def test_a_file_is_searched_for_rules_that_no_prompt_can_be_searched_by(office: Office) -> None:
    good = Policy(moderation=ModerationPolicy(rules=(Rule(pattern="cat"),)))
    assert await office.guilds.read(write_policy(good).encode()) == good
    bad = Policy(moderation=ModerationPolicy(rules=(Rule(kind=RuleKind.REGEX, pattern="(cat"),)))
    with pytest.raises(RuleInvalid):
        await office.guilds.read(write_policy(bad).encode())


async def test_blocks_are_listed_until_they_end(office: Office) -> None:
    until = office.services.clock() + timedelta(hours=1)
    await office.guilds.block(office.entry("blocked"), user_id=ANA, until=until, reason="spam")
    await office.guilds.block(office.entry("blocked"), user_id=2, until=FOREVER)
    assert list(await office.guilds.blocked(GUILD)) == [ANA, 2]
    assert (await office.guilds.member(GUILD, ANA)).block_reason == "spam"
    office.services.clock.tick(3600)
    assert list(await office.guilds.blocked(GUILD)) == [2]
    await office.guilds.block(office.entry("unblocked"), user_id=2, until=None)
    assert await office.guilds.blocked(GUILD) == {}


async def test_the_months_costs_are_counted_without_a_budget_too(office: Office) -> None:
    account = await office.guilds.spent(GUILD, Policy())
    assert (account.allowance, account.settled) == (UNLIMITED, 0)
    assert (await office.guilds.spent(GUILD, Policy(budget_usd_micros=5))).allowance == 5


async def test_the_audit_channel_is_told_every_change_once_and_in_order(office: Office) -> None:
    await office.change(audit_channel_id=CHANNEL)
    await office.change(gifts=True)
    await office.guilds.set_allowance(office.entry("allowance"), user_id=ANA, allowance=Allowance(credits=1))
    await office.outbox.post_due()
    await office.outbox.post_due()
    assert office.recorded == [("1", CHANNEL), ("2", CHANNEL), ("3", CHANNEL)]


async def test_without_an_audit_channel_nothing_is_told_and_nothing_piles_up(office: Office) -> None:
    await office.change(gifts=True)
    await office.guilds.pause(office.entry("paused", guild_id=EVERYWHERE), paused=True)
    await office.outbox.post_due()
    await office.change(audit_channel_id=CHANNEL)
    await office.outbox.post_due()
    assert office.recorded == [("3", CHANNEL)]


async def test_a_busy_discord_is_told_later_and_others_do_not_wait_for_it(office: Office) -> None:
    await office.change(audit_channel_id=CHANNEL)
    await office.change(OTHER, audit_channel_id=CHANNEL + 1)
    await office.change(gifts=True)
    office.people.then("tell", DestinationBusy("discord_500"))
    await office.outbox.post_due()
    assert office.recorded == [("1", CHANNEL), ("2", CHANNEL + 1)]
    office.services.clock.tick(60)
    await office.outbox.post_due()
    assert office.recorded[2:] == [("1", CHANNEL), ("3", CHANNEL)]


async def test_an_audit_channel_that_is_closed_is_given_up_entry_by_entry(office: Office) -> None:
    await office.change(audit_channel_id=CHANNEL)
    office.people.then("tell", DestinationLost("discord_10003"))
    await office.outbox.post_due()
    await office.change(gifts=True)
    await office.outbox.post_due()
    await office.outbox.post_due()
    assert office.recorded == [("1", CHANNEL), ("2", CHANNEL)]


async def test_nobody_is_told_what_discord_was_too_busy_for_all_day(office: Office) -> None:
    await office.change(audit_channel_id=CHANNEL)
    began = office.services.clock()
    office.people.then("tell", *(DestinationBusy("discord_500") for _ in range(TRIES + 1)))
    while (due := await OutboxStore(office.services.database).next_due()) is not None:
        office.services.clock.now = due
        await office.outbox.post_due()
    assert len(office.recorded) == TRIES
    assert timedelta(hours=12) < office.services.clock() - began < timedelta(hours=36)


async def test_an_entry_that_was_told_when_the_process_died_is_looked_for(office: Office) -> None:
    await office.change(audit_channel_id=CHANNEL)
    office.people.then("tell", asyncio.CancelledError())
    office.people.then("find_entry", Posted(channel_id=CHANNEL, message_id=900))
    await office.outbox.post_due()
    await OutboxStore(office.services.database).recover()
    await office.outbox.post_due()
    assert (office.recorded, office.people.asked("find_entry")) == ([("1", CHANNEL)], [("1", CHANNEL)])


async def test_an_entry_that_reads_like_another_is_rather_told_twice_than_never(office: Office) -> None:
    await office.change(audit_channel_id=CHANNEL)
    audit = AuditStore(office.services.database)
    await audit.note(office.entry("paused"))
    await office.outbox.post_due()
    await audit.note(second := office.entry("paused"))
    office.people.then("tell", asyncio.CancelledError())
    await office.outbox.post_due()
    await OutboxStore(office.services.database).recover()
    await office.outbox.post_due()
    assert office.recorded[2:] == [(second.id, CHANNEL)] * 2
    assert office.people.asked("find_entry") == []


async def test_the_doctor_says_how_every_service_is_and_survives_the_database(services: Services) -> None:
    doctor = services.bot.services.doctor
    assert await doctor.providers() == {"kirin": ProviderState.GOOD, "kling": ProviderState.GOOD}
    await services.refuse("kirin", seconds=60)
    assert (await doctor.providers())["kirin"] is ProviderState.BUSY
    assert await doctor.states(GUILD) is not None


async def test_what_is_pressing_is_told_to_the_moderators_where_there_is_no_audit_channel(office: Office) -> None:
    await office.change(moderation={"channel_id": 71})
    entry = office.entry("budget_used")
    await AuditStore(office.services.database).note(entry)
    await office.outbox.post_due()
    assert office.recorded == [(entry.id, 71)]
    await office.change(audit_channel_id=CHANNEL)
    another = office.entry("budget_used")
    await AuditStore(office.services.database).note(another)
    await office.outbox.post_due()
    assert office.recorded[-1] == (another.id, CHANNEL)
