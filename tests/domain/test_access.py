"""Who may do what with a video, where, and in which state: the whole table."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final

import pytest

from bot.domain import (
    DeadLetter,
    Destination,
    JobStatus,
    Member,
    Remover,
    ResultAction,
    Review,
    is_possible_id,
)
from bot.domain.access import check
from bot.errors import NotYours, Refused, ResultDeleted, ResultForgotten, ResultLost
from tests.jobs import job

NOW: Final = datetime(2026, 3, 5, 12, tzinfo=UTC)
HERE, COPIED, ELSEWHERE, DIRECT = 7, 8, 9, None  # made in 7, a copy of it is in 8
PLACES: Final = [HERE, COPIED, ELSEWHERE, DIRECT]
MADE: Final = job(
    destination=Destination(guild_id=HERE, channel_id=5, upload_limit=10_000_000),
    status=JobStatus.SUCCEEDED,
    deadline_at=NOW,
    delivered_at=NOW,
)
PRIVATE: Final = replace(MADE.destination, private=True)
UNDELIVERED: Final[dict[str, Any]] = {"delivered_at": None}
STATES: Final[dict[str, dict[str, Any]]] = {
    "posted": {},
    "approved": {"review": Review.PASSED},
    "private": {"destination": PRIVATE},
    "private, shared": {"destination": PRIVATE, "shared_at": NOW},
    "of direct messages": {"destination": replace(MADE.destination, guild_id=None)},
    "held request": {**UNDELIVERED, "status": JobStatus.PENDING, "review": Review.REQUEST},
    "denied request": {**UNDELIVERED, "status": JobStatus.FAILED, "review": Review.REQUEST, "failure": "denied"},
    "held video": {**UNDELIVERED, "review": Review.HELD},
    "denied video": {**UNDELIVERED, "status": JobStatus.FAILED, "review": Review.HELD, "failure": "denied"},
    "in line": {**UNDELIVERED, "status": JobStatus.QUEUED},
    "failed": {**UNDELIVERED, "status": JobStatus.FAILED, "failure": "result"},
    "kept": {**UNDELIVERED, "dead_letter": DeadLetter.UNDELIVERABLE},
    "in doubt": {**UNDELIVERED, "status": JobStatus.SUBMITTING, "dead_letter": DeadLetter.OUTCOME_UNKNOWN},
    "deleted by its author": {"removed_at": NOW, "removed_by": Remover.AUTHOR},
    "deleted by a moderator": {"removed_at": NOW, "removed_by": Remover.MODERATOR},
    "deleted, nobody knows by whom": {"removed_at": NOW},
}
SEEN_BY_OTHERS: Final = {
    "posted": {HERE, COPIED},
    "approved": {HERE, COPIED},
    "private": {COPIED},  # where its author has posted it
    "private, shared": {HERE, COPIED},
    "of direct messages": {COPIED},
}
GONE_FOR_ALL: Final = {"deleted by a moderator", "deleted, nobody knows by whom"}
NOT_SHOWN_AGAIN: Final = {*GONE_FOR_ALL, "deleted by its author"}
WITH_A_FILE: Final = {*SEEN_BY_OTHERS, "kept", "deleted by its author"}


def answer(state: str, member: Member, act: ResultAction) -> type[Refused] | None:
    """Why not; None if so."""
    try:
        job = check(replace(MADE, **STATES[state]), member, act, shown_in=[COPIED])
    except Refused as exc:
        return type(exc)
    assert job.id == MADE.id
    return None


def by_author(state: str, act: ResultAction) -> type[Refused] | None:
    if act is ResultAction.DELETE:
        return None
    if state in GONE_FOR_ALL:
        return ResultDeleted
    if act is ResultAction.READ:
        return None
    return ResultLost if state not in WITH_A_FILE or (act is ResultAction.SHOW and state in NOT_SHOWN_AGAIN) else None


@pytest.mark.parametrize("act", ResultAction)
@pytest.mark.parametrize("where", PLACES)
@pytest.mark.parametrize("state", STATES)
def test_its_author_has_it_everywhere_unless_a_moderator_deleted_it(
    state: str, where: int | None, act: ResultAction
) -> None:
    assert answer(state, Member(user_id=1, guild_id=where), act) is by_author(state, act)


@pytest.mark.parametrize("act", ResultAction)
@pytest.mark.parametrize("where", PLACES)
@pytest.mark.parametrize("state", STATES)
def test_others_have_what_is_shown_where_they_are(state: str, where: int | None, act: ResultAction) -> None:
    seen = where in SEEN_BY_OTHERS.get(state, ())
    deleting = NotYours if act is ResultAction.DELETE else None
    assert answer(state, Member(user_id=2, guild_id=where), act) is (deleting if seen else ResultForgotten)


@pytest.mark.parametrize("where", PLACES)
@pytest.mark.parametrize("state", STATES)
def test_a_moderator_deletes_what_is_or_was_shown_there(state: str, where: int | None) -> None:
    may = where in SEEN_BY_OTHERS.get(state, ()) or (state in NOT_SHOWN_AGAIN and where in {HERE, COPIED})
    moderator = Member(user_id=2, guild_id=where, moderates=True, manages=True)
    assert answer(state, moderator, ResultAction.DELETE) is (None if may else ResultForgotten)


@pytest.mark.parametrize("act", ResultAction)
def test_what_is_not_there_is_refused_as_what_is_not_theirs(act: ResultAction) -> None:
    with pytest.raises(ResultForgotten):
        check(None, Member(user_id=1, guild_id=HERE), act)


@pytest.mark.parametrize(
    ("text", "possible"),
    [
        ("0123456789abcdef", True),
        ("", False),
        ("x" * 41, False),
        ("a b", False),
        ("id\0", False),
        ("\uff11\uff12", False),
        ("\ud800", False),
        ("-1\n", False),
    ],
)
def test_an_id_is_bounded_whatever_is_typed(text: str, possible: bool) -> None:  # noqa: FBT001 - a parameter of pytest's
    assert is_possible_id(text) is possible
