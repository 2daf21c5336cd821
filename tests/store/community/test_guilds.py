"""What has been decided about guilds and members, and the record of it."""

import asyncio
from datetime import datetime, timedelta

import pytest

from bot.domain import EVERYWHERE, Allowance, AuditEntry, GuildState, MemberState, ModerationPolicy, Period, Policy
from bot.domain.guild import FOREVER
from bot.domain.policy import GuildLimits
from bot.store.community.audit import AuditStore
from bot.store.community.guilds import GuildStore
from bot.store.community.strikes import StrikeStore
from tests.store.conftest import Store

GUILD, ADMIN, ANA = 7, 99, 1


def entry(
    store: Store, id_: str = "1", *, guild_id: int = GUILD, action: str = "gifts", **detail: object
) -> AuditEntry:
    return AuditEntry(id=id_, guild_id=guild_id, actor_id=ADMIN, action=action, at=store.now, detail=detail)


async def test_nothing_is_decided_about_a_new_guild_or_direct_messages(store: Store) -> None:
    guilds = GuildStore(store.database)
    assert await guilds.state(GUILD) == GuildState()
    assert await guilds.states(guild_id=None, user_id=ANA) == (GuildState(), GuildState(), MemberState())


async def test_a_change_holds_and_is_on_record(store: Store) -> None:
    guilds = GuildStore(store.database)
    changed = await guilds.change(entry(store, on=True), lambda policy: policy.changed(gifts=True))
    assert changed.policy.gifts
    assert (await guilds.state(GUILD)).policy == changed.policy
    (recorded,) = await AuditStore(store.database).of_guild(GUILD, most=9)
    assert (recorded.actor_id, recorded.action, recorded.detail["on"]) == (ADMIN, "gifts", True)


async def test_many_admins_changing_at_once_all_hold(store: Store) -> None:
    guilds = GuildStore(store.database)

    async def add(number: int) -> None:
        await guilds.change(
            entry(store, str(number)),
            lambda policy: policy.changed(spoiler_channels=policy.spoiler_channels | {number}),
        )

    await asyncio.gather(*(add(number) for number in range(1, 21)))
    assert (await guilds.state(GUILD)).policy.spoiler_channels == frozenset(range(1, 21))


async def test_a_change_that_cannot_be_leaves_no_trace(store: Store) -> None:
    guilds = GuildStore(store.database)
    with pytest.raises(ValueError, match="zone"):
        await guilds.change(entry(store), lambda policy: policy.changed(timezone="Mars/Olympus"))
    assert await guilds.state(GUILD) == GuildState()
    assert await AuditStore(store.database).of_guild(GUILD, most=9) == []


async def test_the_running_limit_of_a_policy_is_there_for_the_claim(store: Store) -> None:
    guilds = GuildStore(store.database)
    await guilds.change(entry(store), lambda policy: policy.changed(limits=GuildLimits(running=2)))
    assert await store.rows("SELECT running_limit FROM guilds") == [{"running_limit": 2}]
    await guilds.change(entry(store, "2"), lambda _: Policy())
    assert await store.rows("SELECT running_limit FROM guilds") == [{"running_limit": None}]


async def test_a_pause_is_one_guilds_or_everybodys_and_is_recorded_when_it_changes_something(store: Store) -> None:
    guilds = GuildStore(store.database)
    assert await guilds.pause(entry(store, "1"), paused=True, reason="movie night")
    assert not await guilds.pause(entry(store, "2"), paused=True)
    assert await guilds.pause(entry(store, "3", guild_id=EVERYWHERE), paused=True)
    everywhere, guild, _ = await guilds.states(guild_id=GUILD, user_id=ANA)
    assert (everywhere.paused, guild.paused, guild.pause_reason) == (True, True, "movie night")
    assert await guilds.pause(entry(store, "4"), paused=False)
    assert not (await guilds.state(GUILD)).paused
    assert sorted(each.id for each in await AuditStore(store.database).of_guild(GUILD, most=9)) == ["1", "4"]


async def test_a_pause_keeps_the_policy(store: Store) -> None:
    guilds = GuildStore(store.database)
    await guilds.change(entry(store), lambda policy: policy.changed(gifts=True))
    await guilds.pause(entry(store, "2"), paused=True)
    assert (await guilds.state(GUILD)).policy.gifts


async def test_a_member_has_an_allowance_and_a_block_of_their_own_in_each_guild(store: Store) -> None:
    guilds, week = GuildStore(store.database), Allowance(credits=70, period=Period.WEEK)
    until = store.now + timedelta(hours=1)
    await guilds.set_allowance(entry(store, "1"), user_id=ANA, allowance=week)
    await guilds.block(entry(store, "2"), user_id=ANA, until=until, reason="spam")
    (_, _, state), (_, _, elsewhere) = [await guilds.states(guild_id=each, user_id=ANA) for each in (GUILD, 8)]
    assert state == MemberState(allowance=week, blocked_until=until, block_reason="spam", blocked_by=ADMIN)
    assert elsewhere == MemberState()
    assert await guilds.blocked(GUILD, now=store.now) == {ANA: state}
    assert await guilds.blocked(GUILD, now=until) == {}
    await guilds.set_allowance(entry(store, "3"), user_id=ANA, allowance=None)
    await guilds.block(entry(store, "4"), user_id=ANA, until=None, reason="")
    assert (await guilds.states(guild_id=GUILD, user_id=ANA))[2].blocked(store.now) is False


@pytest.mark.parametrize("whose", ["a moderator's", "of strikes"])
async def test_only_an_admin_makes_a_block_shorter(store: Store, whose: str) -> None:
    guilds, hour, day = GuildStore(store.database), store.now + timedelta(hours=1), store.now + timedelta(days=1)

    async def another(id_: str, until: datetime) -> None:
        if whose == "of strikes":
            hours = (until - store.now) // timedelta(hours=1)
            await StrikeStore(store.database).strike(
                key=id_,
                guild_id=GUILD,
                user_id=ANA,
                reason="rule",
                rules=ModerationPolicy(strikes=1, block_hours=hours),
                now=store.now,
            )
        else:
            await guilds.block_longer(entry(store, id_), user_id=ANA, until=until, reason="gore")

    async def ends() -> datetime | None:
        return (await guilds.states(guild_id=GUILD, user_id=ANA))[2].blocked_until

    await another("1", hour)
    assert await ends() == hour
    await another("2", day)
    assert await ends() == day
    await guilds.block(entry(store, "3"), user_id=ANA, until=FOREVER, reason="spam")
    await another("4", day)
    assert await ends() == FOREVER
    assert len(await AuditStore(store.database).of_guild(GUILD, most=9)) == 3
    await guilds.block(entry(store, "5"), user_id=ANA, until=hour, reason="")
    assert await ends() == hour


async def test_what_an_audit_channel_was_told_is_told_once(store: Store) -> None:
    guilds, audit = GuildStore(store.database), AuditStore(store.database)
    await guilds.change(entry(store), lambda policy: policy.changed(gifts=True))
    item = await store.announced()
    assert item is not None
    told = await audit.entry(item.subject_id)
    assert told is not None
    assert (told.guild_id, told.action, item.guild_id) == (GUILD, entry(store).action, GUILD)
    assert await store.announced() is None
