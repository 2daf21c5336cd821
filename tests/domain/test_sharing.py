"""How the channels are shared out among the processes of one bot."""

import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.sharing import (
    ALONE,
    BUCKETS,
    EVERYTHING,
    Process,
    Role,
    Shards,
    bucket_of,
    new_process_id,
    owner_of_bucket,
    parse_shards,
    share_of,
    workers_among,
)

IDS = st.lists(st.integers(0, 2**64 - 1).map(lambda number: f"{number:016x}"), min_size=1, max_size=9, unique=True)
CHANNELS = st.integers(1, 2**63 - 1)


@given(CHANNELS)
def test_a_channel_falls_into_the_bucket_that_the_database_computes(channel_id: int) -> None:
    assert 0 <= bucket_of(channel_id) == (channel_id // 4194304) % 63 < BUCKETS


@given(IDS)
def test_every_bucket_has_exactly_one_owner(ids: list[str]) -> None:
    shares = [share_of(each, tuple(ids)) for each in ids]
    assert sum(shares) == EVERYTHING
    for number, one in enumerate(shares):
        assert all(one & other == 0 for other in shares[number + 1 :])


@given(IDS)
def test_the_order_in_which_they_are_seen_changes_nothing(ids: list[str]) -> None:
    assert [share_of(each, tuple(ids)) for each in ids] == [share_of(each, tuple(sorted(ids))) for each in ids]


@given(IDS.filter(lambda ids: len(ids) > 1))
def test_when_one_leaves_only_its_buckets_move(ids: list[str]) -> None:
    gone, *rest = ids
    for bucket in range(BUCKETS):
        before = owner_of_bucket(bucket, tuple(ids))
        after = owner_of_bucket(bucket, tuple(rest))
        assert before in {after, gone}


@given(IDS)
def test_whoever_is_not_there_has_nothing(ids: list[str]) -> None:
    assert share_of("somebody", tuple(ids)) == 0


def test_the_shares_of_three_are_about_equal() -> None:
    counts = [0, 0, 0]
    for number in range(100):
        ids = tuple(f"{number * 3 + each:016x}" for each in range(3))
        for each, process_id in enumerate(ids):
            counts[each] += share_of(process_id, ids).bit_count()
    assert sum(counts) == 100 * BUCKETS
    assert all(low > 0.9 * high for low, high in pairwise(sorted(counts)))


def test_who_is_alone_has_everything() -> None:
    assert share_of(ALONE, (ALONE,)) == EVERYTHING


def test_workers_move_the_jobs_and_gateways_only_where_there_is_none() -> None:
    gateways = [Process(id="a", role=Role.GATEWAY), Process(id="b", role=Role.GATEWAY)]
    others = [Process(id="c", role=Role.WORKER), Process(id="d")]
    assert workers_among([*gateways, *others]) == ("c", "d")
    assert workers_among(gateways) == ("a", "b")


def test_the_id_of_a_process_has_as_many_digits_as_a_lease_begins_with() -> None:
    assert len(new_process_id()) == len(ALONE)
    assert new_process_id() != new_process_id()


@pytest.mark.parametrize(
    ("text", "numbers", "count"),
    [
        ("0-3/16", (0, 1, 2, 3), 16),
        (" 15/16 ", (15,), 16),
        ("0/1", (0,), 1),
        ("5-6,0,2/7", (0, 2, 5, 6), 7),
    ],
)
def test_shards_are_read_as_people_write_them(text: str, numbers: tuple[int, ...], count: int) -> None:
    assert parse_shards(text) == Shards(numbers=numbers, count=count)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x", "such as 0-3/16"),
        ("", "such as 0-3/16"),
        ("3", "such as 0-3/16"),
        ("-1/4", "such as 0-3/16"),
        ("0-/4", "such as 0-3/16"),
        ("٣/4", "such as 0-3/16"),
        ("4/4", "numbers from 0 to 3, of 4"),
        ("0-4/4", "numbers from 0 to 3, of 4"),
        ("3-1/16", "the smaller number first, as in 1-3"),
        ("0-3,2-5/16", "each shard once"),
        ("0,0/1", "each shard once"),
        ("0/0", "from 1 to 16384"),
        ("0/99999", "from 1 to 16384"),
        ("0-999999/999999", "from 1 to 16384"),
    ],
)
def test_shards_that_cannot_be_are_refused_in_words(text: str, expected: str) -> None:
    with pytest.raises(ValueError, match=re.escape(expected)):
        parse_shards(text)
