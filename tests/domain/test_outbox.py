"""How long an item of the outbox is tried."""

from datetime import timedelta
from itertools import count, takewhile

import pytest

from bot.domain.outbox import TRIES, WAIT_CAP, wait_after
from bot.service.member import gallery
from bot.service.moderation import case_poster


def waits(tries: int) -> list[timedelta]:
    """The waits of an item that never succeeds, until it is given up."""
    found = (wait_after(attempts, lost=False, tries=tries, rand=lambda: 0.5) for attempts in count(1))
    return [each for each in takewhile(lambda wait: wait is not None, found) if each is not None]


@pytest.mark.parametrize(
    ("tries", "least", "most"),
    [(TRIES, 20, 28), (case_poster.TRIES, 1, 2), (gallery.TRIES, 1, 2)],
    ids=["usually a day", "a case an hour and a half", "a gallery's copy as long"],
)
def test_what_is_busy_is_tried_for_so_many_hours(tries: int, least: int, most: int) -> None:
    assert timedelta(hours=least) < sum(waits(tries), timedelta()) < timedelta(hours=most)
    assert len(waits(tries)) == tries - 1


def test_it_is_tried_soon_at_first_and_then_seldom() -> None:
    assert waits(TRIES)[0] < timedelta(seconds=2)
    assert max(waits(TRIES)) <= timedelta(seconds=WAIT_CAP)


def test_what_is_lost_is_not_tried_again() -> None:
    assert wait_after(1, lost=True, rand=lambda: 0.5) is None
