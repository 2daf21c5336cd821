"""Shares the channels out among the processes of one bot: each channel has one owner, and few move when one goes.

All that is posted in a channel goes through its owner, so that Discord's limits of a channel, and what a card shows,
stay in one memory.
"""

import re
from collections.abc import Collection
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from hashlib import sha256
from secrets import token_hex
from typing import Final

from bot.values import dataclass

BUCKETS: Final = 63  # into which all channels fall; a set of them is one whole number of the database
EVERYTHING: Final = 2**BUCKETS - 1  # the share of whoever has all of them
MOST_SHARDS: Final = 16_384  # Discord's largest bots have a tenth of it
_SHARDS: Final = re.compile(r"(?P<numbers>[0-9]{1,6}(-[0-9]{1,6})?(,[0-9]{1,6}(-[0-9]{1,6})?)*)/(?P<count>[0-9]{1,6})")
ALONE: Final = "0" * 16  # the process of a database that nobody else uses, where no other name is needed
WORKERS_PACE: Final = 0.8  # of the requests to Discord, where others only talk to people: their answers are not counted
EQUAL_PACE: Final = 0.2  # of those, which each has in any case; the rest goes by how many channels it has
PART: Final = 2**22  # of a Discord id: what is above it counts milliseconds


class Role(StrEnum):
    """What a process of the bot does."""

    WHOLE = "whole"  # everything
    GATEWAY = "gateway"  # talks to people, and moves jobs only while nobody else does
    WORKER = "worker"  # moves jobs, without a connection to the gateway


@dataclass(frozen=True, kw_only=True, slots=True)
class Process:
    """One process of the bot. `id` is 16 hexadecimal digits, new at each start; a gateway has `shards`."""

    id: str
    role: Role = Role.WHOLE
    shards: tuple[int, ...] = ()
    shard_count: int = 1
    version: str = ""
    started_at: datetime | None = None

    @property
    def answers_for(self) -> tuple[int, ...]:
        """List the shards whose people hear from this process alone."""
        return (0,) if self.role is Role.WHOLE else self.shards


SOLE: Final = Process(id=ALONE)


@dataclass(frozen=True, kw_only=True, slots=True)
class Shards:
    """Some of the shards into which Discord splits the bot's servers, of so many in all."""

    numbers: tuple[int, ...]
    count: int


def parse_shards(text: str) -> Shards:
    """Read shards as people write them: `0-3/16`, or `0,2,5-7/16`.

    Raises:
        ValueError: saying what was expected.
    """
    written = _SHARDS.fullmatch(text.strip())
    if written is None:
        raise ValueError("numbers and how many there are in all, such as 0-3/16")
    count, numbers = int(written["count"]), list[int]()
    if not 1 <= count <= MOST_SHARDS:
        raise ValueError(f"from 1 to {MOST_SHARDS} shards in all")
    for part in written["numbers"].split(","):
        first, _, last = part.partition("-")
        if int(last or first) < int(first):
            raise ValueError(f"the smaller number first, as in {last}-{first}")
        if int(last or first) >= count:
            raise ValueError(f"numbers from 0 to {count - 1}, of {count} shards in all")
        numbers += range(int(first), int(last or first) + 1)
    if len(set(numbers)) < len(numbers):
        raise ValueError("each shard once")
    return Shards(numbers=tuple(sorted(numbers)), count=count)


def new_process_id() -> str:
    """Make up the id of a process."""
    return token_hex(len(ALONE) // 2)


def bucket_of(channel_id: int) -> int:
    """Compute the bucket that a channel, or the person of a private job, falls into."""
    return channel_id // PART % BUCKETS


@lru_cache(maxsize=4096)
def owner_of_bucket(bucket: int, process_ids: tuple[str, ...]) -> str:
    """Choose the process that has a bucket: the one whose hash with it is the highest."""
    return max(process_ids, key=lambda each: (sha256(f"{each}:{bucket}".encode()).digest(), each))


def share_of(process_id: str, process_ids: tuple[str, ...]) -> int:
    """Compute the buckets that a process has among these: bit 0 is bucket 0."""
    if process_id not in process_ids:
        return 0
    return sum(2**bucket for bucket in range(BUCKETS) if owner_of_bucket(bucket, process_ids) == process_id)


def workers_among(processes: Collection[Process]) -> tuple[str, ...]:
    """List the ids of those that move jobs: all but the gateways, or these where there is nobody else."""
    workers = tuple(each.id for each in processes if each.role is not Role.GATEWAY)
    return workers or tuple(each.id for each in processes)


def pace_of(process_id: str, processes: Collection[Process]) -> float:
    """Compute the part of the bot's requests to Discord that a process may make, mostly by the channels it has."""
    workers = workers_among(processes)
    gateways = len(processes) - len(workers)
    for_workers = WORKERS_PACE if gateways else 1
    if process_id not in workers:
        return (1 - for_workers) / gateways
    channels = share_of(process_id, workers).bit_count() / BUCKETS
    return for_workers * (EQUAL_PACE / len(workers) + (1 - EQUAL_PACE) * channels)
