"""What is over leaves nothing behind but its rows: a short form of `make soak`."""

from dataclasses import replace

import pytest

from tests.soak import Look, grown, soak, table


async def test_a_few_days_leave_no_task_and_no_file() -> None:
    lines: list[str] = []
    looks = await soak(4, 30, tell=lines.append)
    assert [each.videos for each in looks] == [30, 60, 90, 120]
    assert len(lines) == 4
    assert {each.results for each in looks} == {0}
    assert looks[-1].tasks <= looks[0].tasks + 2
    assert looks[-1].descriptors <= looks[0].descriptors + 2


LOOK = Look(videos=1000, memory=90, descriptors=20, tasks=6, objects=100_000, database=4, results=0, cpu=9)


@pytest.mark.parametrize("name", ["memory", "descriptors", "tasks", "objects", "results"])
def test_what_grows_is_named(name: str) -> None:
    later = [replace(LOOK, videos=1000 * number) for number in range(1, 5)]
    assert grown(later) == []
    later[-1] = replace(later[-1], **{name: 10 * getattr(LOOK, name) + 10})
    assert grown(later) == [name]
    assert "**each 1,000 more, from a third on**" in table(later)
