"""What happens to a job next: told from its row alone, so that every process and every restart says the same."""

from datetime import datetime
from enum import StrEnum

from bot.domain.job import Job, JobStatus, Review


class Step(StrEnum):
    """One step of a job. A worker carries it out, and its row says what comes after it."""

    SUBMIT = "submit"  # hand it to its provider, when its turn has come
    EXPIRE = "expire"  # it has waited past its deadline: it fails
    END_REVIEW = "end_review"  # no moderator has decided in time: it fails
    RECONCILE = "reconcile"  # find out whether its provider has it
    POLL = "poll"  # ask its provider how it stands
    SCREEN = "screen"  # post its video, unless somebody has to look at it first
    FIND = "find"  # look for a post that may have been made; post its video only where there is none
    POST = "post"  # post its video
    CLOSE = "close"  # show on its card how it ended, and tell its person
    NOTHING = "nothing"  # it is closed; what is left is for people to decide

    @property
    def delivers(self) -> bool:
        """Say whether the step brings a video to its channel, which takes minutes."""
        return self in {Step.SCREEN, Step.FIND, Step.POST}


def next_step(job: Job, *, now: datetime) -> Step:
    """Say what happens to a job when it is due, and claimed."""
    if job.finished:
        return Step.NOTHING if job.due_at is None else Step.CLOSE
    match job.status:
        case JobStatus.QUEUED:
            return Step.EXPIRE if now >= job.deadline_at else Step.SUBMIT
        case JobStatus.SUBMITTING:  # its submission has been begun, and nobody has written down what came of it
            return Step.RECONCILE
        case JobStatus.RUNNING:
            return Step.POLL
        case JobStatus.SUCCEEDED if job.review is not Review.HELD:
            return _delivery(job)
        case _:
            return Step.END_REVIEW


def _delivery(job: Job) -> Step:
    """Say how a finished video goes to its channel: what a guild wants looked at is only what nobody has posted yet."""
    if job.posting_at is not None:
        return Step.FIND
    passed = job.review is Review.PASSED or job.destination.guild_id is None
    return Step.POST if passed else Step.SCREEN
