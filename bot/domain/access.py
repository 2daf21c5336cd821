"""Decides who may see and do what with a video: asked wherever a job's id comes from outside."""

import re
from collections.abc import Collection
from enum import StrEnum
from typing import Final

from bot.domain.job import DeadLetter, Job, Remover, Review
from bot.domain.member import Member
from bot.errors import NotYours, ResultDeleted, ResultForgotten, ResultLost

_ID: Final = re.compile(r"[0-9A-Za-z-]{1,40}")


class ResultAction(StrEnum):
    """What somebody wants to do with a video."""

    READ = "read"  # what was asked for, by whom, for how much: to look into it, to build on it, to star it
    HAVE = "have"  # the file, for oneself
    SHOW = "show"  # the file, where others see it
    DELETE = "delete"  # take it away


def is_possible_id(text: str) -> bool:
    """Say whether a job may have this id: what people type, and what stands on buttons, may be anything."""
    return _ID.fullmatch(text) is not None


def check(job: Job | None, member: Member, action: ResultAction, *, shown_in: Collection[int] = ()) -> Job:
    """Give the job back if a person may do that with it there; `shown_in` are the guilds where copies were posted.

    Raises:
        ResultForgotten: there is no such job, or it is not for them to see; which of these is not told.
        ResultDeleted: it is their own, and a moderator has taken it away.
        ResultLost: there is no file that they may have, or show.
        NotYours: they see it, and may not take it away.
    """
    if job is None:
        raise ResultForgotten
    if action is ResultAction.DELETE:
        return _deletable(job, member, shown_in)
    if job.user_id == member.user_id:
        if deleted_by_moderator(job):
            raise ResultDeleted
    elif not (_delivered(job) and job.removed_at is None and _shown(job, member.guild_id, shown_in)):
        raise ResultForgotten
    if action is not ResultAction.READ:
        check_file(job, member.user_id, shown=action is ResultAction.SHOW)
    return job


def check_file(job: Job, user_id: int, *, shown: bool) -> None:
    """Let somebody be given the video, or refuse; `shown` is whether others would see it.

    What a moderator holds, has denied or has deleted nobody gets, and what its service is not known to have finished;
    what has reached nobody goes to its author alone, and what was taken away is shown to nobody again.

    Raises:
        ResultLost: they may not.
    """
    kept = job.dead_letter is DeadLetter.UNDELIVERABLE and job.user_id == user_id
    if not (_delivered(job) or kept) or deleted_by_moderator(job) or (shown and job.removed_at is not None):
        raise ResultLost


def deleted_by_moderator(job: Job) -> bool:
    """Say whether nobody gets the video any more. That its author did not delete it has to be known."""
    return job.removed_at is not None and job.removed_by is not Remover.AUTHOR


def _deletable(job: Job, member: Member, shown_in: Collection[int]) -> Job:
    """Find out whether a deletion has anything to do: a video deleted before may still have copies."""
    if job.user_id == member.user_id:
        return job
    if not (_delivered(job) and _shown(job, member.guild_id, shown_in)):
        raise ResultForgotten
    if not member.moderates:
        raise NotYours if job.removed_at is None else ResultForgotten
    return job


def _delivered(job: Job) -> bool:
    return job.delivered_at is not None and job.review not in {Review.REQUEST, Review.HELD}


def _shown(job: Job, guild_id: int | None, shown_in: Collection[int]) -> bool:
    """Say whether the video was posted in the open in a guild: made for it, shared there, or copied there."""
    if guild_id is None:
        return False
    made_here = guild_id == job.destination.guild_id and (not job.destination.private or job.shared_at is not None)
    return made_here or guild_id in shown_in
