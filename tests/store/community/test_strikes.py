"""Strikes: each refused prompt counts once, for some time, and enough of them block in the same breath."""

from datetime import timedelta

from bot.domain import ModerationPolicy
from bot.store.community.guilds import GuildStore
from bot.store.community.strikes import StrikeOutcome, StrikeStore
from tests.store.conftest import Store

RULES = ModerationPolicy(strikes=3, strike_days=2, block_hours=5)


async def strike(store: Store, key: str, *, user_id: int = 1, guild_id: int = 7) -> StrikeOutcome:
    return await StrikeStore(store.database).strike(
        key=key, guild_id=guild_id, user_id=user_id, reason="rule", rules=RULES, now=store.now
    )


async def blocked(store: Store) -> bool:
    return (await GuildStore(store.database).states(guild_id=7, user_id=1))[2].blocked(store.now)


async def test_the_same_prompt_counts_once(store: Store) -> None:
    assert [(await strike(store, key)).count for key in ("a", "a", "b")] == [1, 1, 2]


async def test_enough_strikes_block_for_some_time_and_begin_anew(store: Store) -> None:
    await strike(store, "a")
    await strike(store, "b")
    assert not await blocked(store)
    assert await strike(store, "c") == StrikeOutcome(count=3, blocked_until=store.now + timedelta(hours=5))
    assert await blocked(store)
    (entry,) = await store.rows("SELECT * FROM audit")
    assert (entry["action"], entry["actor_id"], entry["guild_id"]) == ("strikes", 0, 7)
    store.later(5 * 3600)
    assert not await blocked(store)
    assert (await strike(store, "d")).count == 1


async def test_strikes_grow_old(store: Store) -> None:
    await strike(store, "a")
    await strike(store, "b")
    store.later(2 * 24 * 3600)
    assert await strike(store, "c") == StrikeOutcome(count=1)
    assert len(await store.rows("SELECT * FROM strikes")) == 1


async def test_strikes_count_for_one_person_in_one_guild(store: Store) -> None:
    await strike(store, "a")
    await strike(store, "b", user_id=2)
    await strike(store, "c", guild_id=8)
    assert await strike(store, "d") == StrikeOutcome(count=2)
