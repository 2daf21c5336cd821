"""Checks which processes of the bot live on a shared database, and whether they fit each other and the server."""

from collections import Counter
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from typing import Final

from bot.doctor.finding import Finding, bad, good, note
from bot.domain.sharing import Process, Role
from bot.errors import SettingsInvalid, StoreError
from bot.service.processes import lock_of
from bot.settings import Settings
from bot.store.processes import ProcessStore
from bot.wiring.database import open_database

SESSION: Final = 1  # connection of each process beside its pool
_NAMES: Final = {Role.WHOLE: "whole bot", Role.GATEWAY: "gateway", Role.WORKER: "worker"}


async def check_processes(settings: Settings) -> AsyncIterator[Finding]:
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
    for finding in judge(living, dead=len(entered) - len(living), pool=settings.database_pool, room=room):
        yield finding


def judge(living: Sequence[Process], *, dead: int, pool: int, room: int) -> Iterator[Finding]:
    """Say who lives, and what to mend. The server has `room` for so many connections, each process a `pool` of them."""
    if not living:
        yield note("processes", "none is running", "Start the bot.")
    else:
        yield good("processes", f"{_counted(living)}; version {' and '.join(_versions(living))}")
    if dead:
        yield note(
            "processes", f"{dead} ended without a word", "The others take over; the next start does where none is."
        )
    yield from _shards(living)
    if len(_versions(living)) > 1:
        yield note("versions", f"they differ: {_by_version(living)}", "Stop all, update, and start all.")
    needed = len(living) * (pool + SESSION)
    if needed > room:
        remedy = "Lower DATABASE_POOL, or raise max_connections (or the user's CONNECTION LIMIT)."
        yield bad("connections", f"these processes may need {needed}, and the server allows {room}", remedy)


def _shards(living: Sequence[Process]) -> Iterator[Finding]:
    """Find shards whose people nobody answers."""
    talking = [each for each in living if each.answers_for]
    if living and not talking:
        yield bad("shards", "no gateway is running: nobody answers commands", "Start one: shotcaller run --shards 0/1")
    for count in sorted({each.shard_count for each in talking}):
        served = {shard for each in talking if each.shard_count == count for shard in each.answers_for}
        if missing := sorted(set(range(count)) - served):
            numbers = written(missing)
            text = f"nobody answers for {numbers} of {count}"
            yield bad("shards", text, f"Start a gateway for them: shotcaller run --shards {numbers}/{count}")


def _counted(living: Sequence[Process]) -> str:
    """Count processes by what they do; of gateways with the shards of each."""
    parts = []
    for role, number in sorted(
        Counter(each.role for each in living).items(), key=lambda each: list(Role).index(each[0])
    ):
        text = f"{number} {_NAMES[role]}{'s' if number > 1 else ''}"
        if role is Role.GATEWAY:
            shards = " and ".join(
                f"{written(each.shards)} of {each.shard_count}" for each in living if each.role is role
            )
            text += f" (shards {shards})"
        parts.append(text)
    return ", ".join(parts)


def _versions(living: Iterable[Process]) -> list[str]:
    return sorted({each.version for each in living})


def _by_version(living: Sequence[Process]) -> str:
    groups = {each: [process for process in living if process.version == each] for each in _versions(living)}
    return "; ".join(f"{version} of {_counted(processes)}" for version, processes in groups.items())


def written(shards: Sequence[int]) -> str:
    """Write shards as `--shards` takes them: `0-3,7`."""
    runs: list[list[int]] = []
    for shard in shards:
        if runs and shard == runs[-1][-1] + 1:
            runs[-1].append(shard)
        else:
            runs.append([shard])
    return ",".join(f"{run[0]}-{run[-1]}" if len(run) > 1 else str(run[0]) for run in runs)
