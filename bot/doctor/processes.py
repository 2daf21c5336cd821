"""Checks which processes of the bot live on a shared database, and whether they fit each other and the server."""

from collections import Counter
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from typing import Final

from bot.domain.finding import Finding, bad, good, note
from bot.domain.sharing import Process, Role
from bot.errors import SettingsInvalid, StoreError
from bot.locale import Words
from bot.service.processes import lock_of
from bot.settings import Settings
from bot.store.processes import ProcessStore
from bot.wiring.database import open_database

SESSION: Final = 1  # connection of each process beside its pool


async def check_processes(settings: Settings, say: Words) -> AsyncIterator[Finding]:
    """Tell who lives, and what is amiss among them; nothing of a file, which one process alone has."""
    if settings.database_path is not None:
        return
    try:
        async with open_database(settings) as database:
            entered = await ProcessStore(database).entered()
        from bot.store.postgres_session import PostgresSession  # noqa: PLC0415 - its driver is loaded where it is used

        async with PostgresSession(settings.database_url) as session:
            held = await session.held([lock_of(each.id) for each in entered])
            room = await session.room()
    except (SettingsInvalid, StoreError):
        return  # the check of the database has said why
    living = [each for each in entered if lock_of(each.id) in held]
    for finding in judge(living, say, dead=len(entered) - len(living), pool=settings.database_pool, room=room):
        yield finding


def judge(living: Sequence[Process], say: Words, *, dead: int, pool: int, room: int) -> Iterator[Finding]:
    """Say who lives, and what to mend. The server has `room` for so many connections, each process a `pool` of them."""
    about = say("check.processes")
    if not living:
        yield note(about, say("check.processes.none"), say("check.processes.none.cure"))
    else:
        versions = say("check.and").join(_versions(living))
        yield good(about, say("check.processes.good", processes=_counted(living, say), versions=versions))
    if dead:
        yield note(about, say("check.processes.dead", n=dead), say("check.processes.dead.cure"))
    yield from _shards(living, say)
    if len(_versions(living)) > 1:
        text = say("check.versions.differ", versions=_by_version(living, say))
        yield note(say("check.versions"), text, say("check.versions.cure"))
    needed = len(living) * (pool + SESSION)
    if needed > room:
        text = say("check.connections.few", needed=needed, room=room)
        yield bad(say("check.connections"), text, say("check.connections.cure"))


def _shards(living: Sequence[Process], say: Words) -> Iterator[Finding]:
    """Find shards whose people nobody answers."""
    about = say("check.shards")
    talking = [each for each in living if each.answers_for]
    if living and not talking:
        yield bad(about, say("check.shards.none"), say("check.shards.none.cure"))
    for count in sorted({each.shard_count for each in talking}):
        served = {shard for each in talking if each.shard_count == count for shard in each.answers_for}
        if missing := sorted(set(range(count)) - served):
            numbers = written(missing)
            text = say("check.shards.missing", numbers=numbers, total=count)
            yield bad(about, text, say("check.shards.missing.cure", numbers=numbers, total=count))


def _counted(living: Sequence[Process], say: Words) -> str:
    """Count processes by what they do; of gateways with the shards of each."""
    parts = []
    for role, number in sorted(
        Counter(each.role for each in living).items(), key=lambda each: list(Role).index(each[0])
    ):
        text = say(f"check.processes.{role}", n=number)
        if role is Role.GATEWAY:
            shards = (
                say("check.processes.of", numbers=written(each.shards), total=each.shard_count)
                for each in living
                if each.role is role
            )
            text = say("check.processes.shards", gateways=text, shards=say("check.and").join(shards))
        parts.append(text)
    return say("comma").join(parts)


def _versions(living: Iterable[Process]) -> list[str]:
    return sorted({each.version for each in living})


def _by_version(living: Sequence[Process], say: Words) -> str:
    groups = {each: [process for process in living if process.version == each] for each in _versions(living)}
    parts = (
        say("check.versions.of", version=version, processes=_counted(each, say)) for version, each in groups.items()
    )
    return say("check.semicolon").join(parts)


def written(shards: Sequence[int]) -> str:
    """Write shards as `--shards` takes them: `0-3,7`."""
    runs: list[list[int]] = []
    for shard in shards:
        if runs and shard == runs[-1][-1] + 1:
            runs[-1].append(shard)
        else:
            runs.append([shard])
    return ",".join(f"{run[0]}-{run[-1]}" if len(run) > 1 else str(run[0]) for run in runs)
