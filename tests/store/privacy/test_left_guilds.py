"""Guilds that the bot has left: nothing stays held, grace brings everything back, and after it nothing is left."""

from datetime import timedelta

from bot.domain import AuditEntry, JobStatus, OutboxKind
from bot.store.community.guilds import GuildStore
from bot.store.outbox import OutboxStore
from bot.store.privacy.left_guilds import LeftGuild, LeftGuildStore
from tests.store.conftest import Store


async def left(store: Store, guild_id: int = 7) -> LeftGuild:
    left_guilds = LeftGuildStore(store.database)
    await left_guilds.left(guild_id, now=store.now)
    (left_guild,) = [each for each in await left_guilds.all_left() if each.guild_id == guild_id]
    return left_guild


async def decide(store: Store, guild_id: int = 7) -> None:
    entry = AuditEntry(id=f"a{guild_id}", guild_id=guild_id, actor_id=1, action="change", at=store.now)
    await GuildStore(store.database).change(entry, lambda policy: policy.changed(gifts=True))


async def test_waiting_jobs_are_taken_back_and_others_go_on(store: Store) -> None:
    running, waiting = await store.running(), await store.accept()
    elsewhere = await store.accept(guild_id=8)
    left_guilds, left_guild = LeftGuildStore(store.database), await left(store)
    assert await left_guilds.take_back_waiting(left_guild, now=store.now) == 1
    assert await left_guilds.take_back_waiting(left_guild, now=store.now) == 0
    states = [(await store.get(job.id)).status for job in (running, waiting, elsewhere)]
    assert states == [JobStatus.RUNNING, JobStatus.CANCELLED, JobStatus.QUEUED]
    await store.books_add_up()


async def test_the_first_departure_counts_and_joining_again_undoes_it(store: Store) -> None:
    await decide(store)
    left_guilds, first = LeftGuildStore(store.database), await left(store)
    store.later(3600)
    assert await left(store) == first
    await left_guilds.joined(7, now=store.now)
    assert await left_guilds.all_left() == []
    assert not await left_guilds.forget(first)
    assert (await GuildStore(store.database).state(7)).policy.gifts


async def test_a_start_notices_who_has_come_and_gone(store: Store) -> None:
    left_guilds = LeftGuildStore(store.database)
    assert await left_guilds.compare([7, 8], now=store.now) == []
    assert await left_guilds.compare([8, 9], now=store.later(60)) == [7]
    assert await left_guilds.compare([8, 9], now=store.later(60)) == []
    assert [(each.guild_id, each.at) for each in await left_guilds.all_left()] == [
        (7, store.now - timedelta(seconds=60))
    ]
    assert await left_guilds.compare([7, 8, 9], now=store.now) == []
    assert await left_guilds.all_left() == []


async def test_a_guild_that_is_only_listed_is_new_once_it_is_told_of(store: Store) -> None:
    left_guilds = LeftGuildStore(store.database)
    await left_guilds.compare([7], now=store.now, told=False)
    assert not await left_guilds.is_in(7)
    await left_guilds.joined(7, now=store.now, welcome_in=5)
    assert await left_guilds.is_in(7)
    item = await OutboxStore(store.database).item(OutboxKind.WELCOME, "7")
    assert item is not None
    assert (item.guild_id, item.channel_id, item.due_at) == (7, 5, store.now)
    await left(store)
    await left_guilds.compare([7], now=store.now, told=False)
    assert await left_guilds.is_in(7)


async def test_a_guild_that_went_before_it_was_told_of_is_noticed_by_what_waits_there(store: Store) -> None:
    left_guilds = LeftGuildStore(store.database)
    await store.accept(guild_id=of_shard(1, 2))
    await store.accept(guild_id=None)
    assert await left_guilds.compare([], shard=0, of=2, now=store.now, told=False) == []
    assert await left_guilds.compare([of_shard(1, 2)], shard=1, of=2, now=store.now, told=False) == []
    assert not await left_guilds.is_in(of_shard(1, 2))
    assert await left_guilds.compare([], shard=1, of=2, now=store.now, told=False) == [of_shard(1, 2)]
    assert [each.guild_id for each in await left_guilds.all_left()] == [of_shard(1, 2)]


async def test_a_guild_is_not_noticed_again_by_what_was_made_there(store: Store) -> None:
    await store.delivered()
    assert await LeftGuildStore(store.database).compare([], now=store.now) == []


def of_shard(number: int, count: int, *, nth: int = 1) -> int:
    """The id of a guild whose events go to this shard."""
    return (nth * count + number) << 22


async def test_a_shard_that_starts_leaves_the_others_guilds_alone(store: Store) -> None:
    left_guilds = LeftGuildStore(store.database)
    mine, gone, theirs = of_shard(1, 3), of_shard(1, 3, nth=2), [of_shard(0, 3), of_shard(2, 3)]
    await left_guilds.compare([mine, gone, *theirs], now=store.now)
    waiting = [await store.accept(guild_id=guild_id) for guild_id in theirs]
    assert await left_guilds.compare([mine], shard=1, of=3, now=store.later(60)) == [gone]
    assert [each.guild_id for each in await left_guilds.all_left()] == [gone]
    assert [(await store.get(job.id)).status for job in waiting] == [JobStatus.QUEUED] * 2


async def test_a_shard_brings_back_only_its_own_guilds(store: Store) -> None:
    left_guilds, mine, theirs = LeftGuildStore(store.database), of_shard(0, 2), of_shard(1, 2)
    for guild_id in (mine, theirs):
        await left_guilds.left(guild_id, now=store.now)
    assert await left_guilds.compare([mine, theirs], shard=0, of=2, now=store.later(60)) == []
    assert [each.guild_id for each in await left_guilds.all_left()] == [theirs]


async def test_another_number_of_shards_changes_nothing(store: Store) -> None:
    left_guilds, guilds = LeftGuildStore(store.database), [each << 22 for each in range(1, 9)]
    for count in (1, 4, 3):
        for number in range(count):
            mine = [each for each in guilds if (each >> 22) % count == number]
            assert await left_guilds.compare(mine, shard=number, of=count, now=store.later(60)) == []
    assert await left_guilds.all_left() == []


async def test_the_whole_bot_is_no_guild_that_could_be_left(store: Store) -> None:
    entry = AuditEntry(id="p", guild_id=0, actor_id=1, action="pause", at=store.now)
    await GuildStore(store.database).pause(entry, paused=True)
    assert await LeftGuildStore(store.database).compare([], now=store.now) == []


async def test_after_the_grace_the_guild_is_gone_and_the_books_still_add_up(store: Store) -> None:
    await decide(store)
    await decide(store, 8)
    lost, mine = await store.undeliverable(), await store.delivered()
    await store.rows("INSERT INTO members (guild_id, user_id, allowance, period) VALUES (7, 1, 5, 'day') RETURNING 1")
    await store.rows("INSERT INTO strikes (id, guild_id, user_id, reason, at) VALUES ('s', 7, 1, 'x', 0) RETURNING 1")
    await store.rows("INSERT INTO preferences (scope, body, updated_at) VALUES ('channel:5', '{}', 0) RETURNING 1")
    await store.rows("INSERT INTO preferences (scope, body, updated_at) VALUES ('guild:7', '{}', 0) RETURNING 1")
    await store.rows("INSERT INTO preferences (scope, body, updated_at) VALUES ('user:1', '{}', 0) RETURNING 1")
    left_guilds, left_guild = LeftGuildStore(store.database), await left(store)
    assert await left_guilds.end_all(left_guild, now=store.now) == 1
    assert await left_guilds.end_all(left_guild, now=store.now) == 0
    assert await left_guilds.forget(left_guild)
    assert not await left_guilds.forget(left_guild)
    assert (await store.get(lost.id)).status is JobStatus.FAILED
    assert (await store.get(mine.id)).delivered_at is not None
    for table in ("members", "strikes"):
        assert await store.rows(f"SELECT * FROM {table}") == []  # noqa: S608 (names of the schema)
    assert [row["guild_id"] for row in await store.rows("SELECT guild_id FROM guilds")] == [8]
    assert [row["guild_id"] for row in await store.rows("SELECT guild_id FROM audit")] == [8]
    assert [row["scope"] for row in await store.rows("SELECT scope FROM preferences")] == ["user:1"]
    owners = {row["owner"].partition(":")[0] for row in await store.rows("SELECT owner FROM ledger")}
    assert owners == {"gone", "budget"}
    assert sum(row["held"] for row in await store.rows("SELECT held FROM accounts")) == 0
    assert [kind for kind, *_ in await store.ledger(lost.id)] == ["hold", "settle"]
    await store.books_add_up()
