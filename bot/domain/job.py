"""Describes our durable row for one accepted request: its states, their transitions, and where the result goes."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Final, Self

from bot.domain.request import VideoRequest
from bot.domain.row import Row, from_millis
from bot.values import dataclass


class JobStatus(StrEnum):
    """Where a job is on its way. Whether the result was posted is separate: `delivered_at`."""

    PENDING = "pending"  # accepted and paid for by a hold; a moderator has to approve it
    QUEUED = "queued"  # accepted and paid for by a hold; no provider has heard of it
    SUBMITTING = "submitting"  # the provider may have heard of it
    RUNNING = "running"  # the provider works on it under `task_id`
    SUCCEEDED = "succeeded"  # the provider has finished it; the result waits to be delivered or is delivered
    FAILED = "failed"  # it will never be; the hold is released, or settled where its person gave it up
    CANCELLED = "cancelled"  # the person took it back in time; the hold is released


TRANSITIONS: Final[Mapping[JobStatus, frozenset[JobStatus]]] = {
    JobStatus.PENDING: frozenset({JobStatus.QUEUED, JobStatus.FAILED, JobStatus.CANCELLED}),
    JobStatus.QUEUED: frozenset({JobStatus.SUBMITTING, JobStatus.FAILED, JobStatus.CANCELLED}),
    JobStatus.SUBMITTING: frozenset({JobStatus.QUEUED, JobStatus.RUNNING, JobStatus.FAILED}),
    JobStatus.RUNNING: frozenset({JobStatus.QUEUED, JobStatus.SUCCEEDED, JobStatus.FAILED}),
    JobStatus.SUCCEEDED: frozenset({JobStatus.FAILED}),
    JobStatus.FAILED: frozenset(),
    JobStatus.CANCELLED: frozenset(),
}


class Failure(StrEnum):
    """Why a job came to nothing; the first four are a provider's, as in `FaultClass`."""

    CONTENT = "content"  # its provider won't make that
    PERMANENT = "permanent"  # its provider can't make that
    TRANSIENT = "transient"  # its provider fails again and again
    OPERATOR = "operator"  # its provider takes nothing from this operator
    DEADLINE = "deadline"  # it took too long
    RESULT = "result"  # it was made, and no usable file came of it
    DENIED = "denied"  # a moderator didn't let it pass
    NOT_REVIEWED = "not_reviewed"  # no moderator decided in time
    WRITTEN_OFF = "written_off"  # an admin gave a dead letter up
    BY_ADMIN = "by_admin"  # an admin cancelled it
    ABANDONED = "abandoned"  # its person had their things deleted
    EXPIRED = "expired"  # its person didn't fetch it in time
    LEFT = "left"  # the bot was removed from its guild


# Ends on its person's account: what a provider may have made by then is charged.
GIVEN_UP: Final = frozenset({Failure.ABANDONED, Failure.EXPIRED, Failure.LEFT})

# Failures after which the same request would fail again; of permanent ones, the codes after which it may not.
_FOR_GOOD: Final = frozenset({Failure.PERMANENT, Failure.CONTENT, Failure.DENIED, Failure.ABANDONED, Failure.LEFT})
_AFTER_ALL: Final = frozenset({"no_video", "task_not_exist", "1203"})


class Origin(StrEnum):
    """How a request came to be; all but the first build on an earlier job."""

    CREATE = "create"  # typed or chosen from the start
    AGAIN = "again"  # the same request once more
    EDIT = "edit"  # changed in a form
    PRO = "pro"  # the same request, in the better mode
    SHAPE = "shape"  # the same request, in another aspect ratio
    STORYBOARD = "storyboard"  # made into, or from, a storyboard


class DeadLetter(StrEnum):
    """Why a job cannot be delivered or decided by itself."""

    OUTCOME_UNKNOWN = "outcome_unknown"  # the provider may have taken it and cannot tell
    UNDELIVERABLE = "undeliverable"  # the video is ready, and every place it could go to is closed


class Review(StrEnum):
    """What a moderator has to approve, or has."""

    REQUEST = "request"  # the request, before it waits for its provider
    RESULT = "result"  # the finished video, before it is posted
    HELD = "held"  # the finished video, now: it waits for that
    PASSED = "passed"  # nothing any more


class Remover(StrEnum):
    """Who took a posted video away."""

    AUTHOR = "author"  # who may still have it
    MODERATOR = "moderator"  # then nobody gets it any more


@dataclass(frozen=True, kw_only=True, slots=True)
class Destination:
    """Where the result goes. `guild_id` None is a direct message; `upload_limit` is in bytes a file."""

    guild_id: int | None
    channel_id: int
    upload_limit: int
    private: bool = False


BY_MODERATOR: Final = 2  # in the database, of a `spoiler` that is `covered`; one from its beginning is 1


@dataclass(frozen=True, kw_only=True, slots=True)
class Job:
    """One accepted request. Ids of Discord are integers, times are aware UTC, money is in credits and USD millionths.

    `attempt` counts submissions, `tries` the consecutive troubles with the present step, for backoff, `misses` how
    often its provider could not show the task that it has, or a file worth anything. `called_at` is when the provider
    last called back about the present submission. `lease` is the token of whoever may move the job now; it runs out at
    `due_at`, when anybody may claim the job. `locale` is the requester's language, `public_locale` the one of what
    everybody reads. `parent_id` is the job that it builds on. `priority` and `turn` are its place in its queue.
    `cost_micros` is what the provider says it charged in USD,
    `cost_units` the same in units of its own. `removed_at` is when its message was taken away, `removed_by` by whom;
    `sharing_at` and `shared_at` are when the post of a private result in its channel was intended and done.
    `telling_at` is when telling its requester how it ended was intended, `posting_at` when the post of the result was
    last intended, and `posting_directly` whether that was to its person. `asked_at` is when it was asked for. That and
    every moment at which something was intended are by Discord's clock. `look_from` and `look_to` are the attempts that
    may have been made elsewhere, where the row is of a copy (see `bot/store/restored.py`). A `spoiler` is
    posted covered; `covered` is one because a moderator wanted that later, and may take it back.
    """

    id: str
    idempotency_key: str
    user_id: int
    locale: str
    destination: Destination
    provider: str
    request: VideoRequest
    status: JobStatus
    attempt: int
    tries: int
    owner: str
    period: str
    credits: int
    usd_micros: int
    created_at: datetime
    deadline_at: datetime
    due_at: datetime | None = None
    lease: str | None = None
    submitted_at: datetime | None = None
    finished_at: datetime | None = None
    delivered_at: datetime | None = None
    posting_at: datetime | None = None
    task_id: str | None = None
    progress: float | None = None
    result_url: str | None = None
    cost_micros: int | None = None
    failure: str | None = None
    failure_code: str | None = None
    dead_letter: DeadLetter | None = None
    card_channel_id: int | None = None
    card_message_id: int | None = None
    message_channel_id: int | None = None
    message_id: int | None = None
    parent_id: str | None = None
    origin: Origin = Origin.CREATE
    public_locale: str = "en-US"
    removed_at: datetime | None = None
    removed_by: Remover | None = None
    sharing_at: datetime | None = None
    shared_at: datetime | None = None
    shared_message_id: int | None = None
    priority: int = 0
    turn: int = 0
    spoiler: bool = False
    covered: bool = False
    review: Review | None = None
    cost_units: str | None = None
    telling_at: datetime | None = None
    posting_directly: bool = False
    asked_at: datetime | None = None
    misses: int = 0
    called_at: datetime | None = None
    look_from: int | None = None
    look_to: int | None = None

    @property
    def queue_id(self) -> int:
        """Name the queue in which the job waits: the guild's, or the person's own in direct messages."""
        return self.destination.guild_id or self.user_id

    @property
    def place_id(self) -> int:
        """Name the channel that it is posted in; its person stands for direct messages."""
        return self.user_id if self.destination.private else self.destination.channel_id

    @property
    def external_id(self) -> str:
        """Give the idempotency key outward: the job id, and from the second submission on its number too."""
        return self.external_id_of(self.attempt)

    def external_id_of(self, attempt: int) -> str:
        """Give the idempotency key outward of one of its submissions."""
        return self.id if attempt <= 1 else f"{self.id}-{attempt}"

    @property
    def restored(self) -> bool:
        """Say whether the job's row is of a copy: what it does not say yet may have been done elsewhere since."""
        return self.look_to is not None

    @property
    def finished(self) -> bool:
        """Say whether nothing more will happen to the job by itself."""
        ended = self.status in {JobStatus.FAILED, JobStatus.CANCELLED}
        return ended or self.delivered_at is not None or self.dead_letter is not None

    @property
    def given_up(self) -> bool:
        """Say whether the job was ended in its person's name when a provider might have it: then it was charged."""
        return self.status is JobStatus.FAILED and self.failure in GIVEN_UP

    @property
    def taken_credits(self) -> int:
        """Count the credits that the job holds or has cost its person: none once they were given back."""
        ended = self.status in {JobStatus.FAILED, JobStatus.CANCELLED}
        return 0 if ended and not self.given_up else self.credits

    @property
    def at_work(self) -> bool:
        """Say whether its provider works on the job, as far as anybody knows: it takes a place there."""
        return self.status in {JobStatus.SUBMITTING, JobStatus.RUNNING} and self.dead_letter is None

    @property
    def cancellable(self) -> bool:
        """Say whether no provider has heard of the job: it can be taken back, and costs nobody anything."""
        return JobStatus.CANCELLED in TRANSITIONS[self.status]

    @property
    def retry_may_help(self) -> bool:
        """Say whether the same request, which has failed, may succeed if it is made once more."""
        return self.failure not in _FOR_GOOD or (self.failure == Failure.PERMANENT and self.failure_code in _AFTER_ALL)

    @property
    def ended_by_author(self) -> bool:
        """Say whether the author has cancelled the job, or deleted its video: they know of it."""
        return self.failure == Failure.ABANDONED or (self.status is JobStatus.CANCELLED and self.failure is None)

    def charged(self, cost_micros: int | None, *, billed: bool = False) -> int | None:
        """Add up what the provider has charged for all attempts; None where it has never said.

        `cost_micros` is what it says of the present attempt. Where that was `billed` and it does not say, the estimate
        counts beside what is known of earlier ones, or that would pass for the whole.
        """
        if cost_micros is None and billed and self.cost_micros is not None and self.status is not JobStatus.SUCCEEDED:
            cost_micros = self.usd_micros
        known = [cost for cost in (self.cost_micros, cost_micros) if cost is not None]
        return sum(known) if known else None

    @classmethod
    def from_row(cls, row: Row) -> Self:
        """Read the job of a database row: times as integer milliseconds, the request as JSON."""
        return cls(
            **{name: row[name] for name in _PLAIN},
            **{name: from_millis(row[name]) for name in _TIMES},
            destination=Destination(
                guild_id=row["guild_id"],
                channel_id=row["channel_id"],
                upload_limit=row["upload_limit"],
                private=bool(row["private"]),
            ),
            request=VideoRequest.stored(row["request"]),
            status=JobStatus(row["status"]),
            origin=Origin(row["origin"]),
            dead_letter=DeadLetter(row["dead_letter"]) if row["dead_letter"] else None,
            review=Review(row["review"]) if row["review"] else None,
            removed_by=Remover(row["removed_by"]) if row["removed_by"] else None,
            spoiler=bool(row["spoiler"]),
            covered=row["spoiler"] == BY_MODERATOR,
            posting_directly=bool(row["posting_directly"]),
        )


def submission_of(external_id: str) -> tuple[str, int]:
    """Read the job's id and the attempt back from an external id; attempt 0, which no job has, where it is none."""
    job_id, dash, attempt = external_id.partition("-")
    if not dash:
        return job_id, 1
    return job_id, int(attempt) if attempt.isascii() and attempt.isdecimal() and len(attempt) <= _ATTEMPT_DIGITS else 0


_ATTEMPT_DIGITS: Final = 9
_TIMES: Final = frozenset(name for name in Job.__dataclass_fields__ if name.endswith("_at"))
_PLAIN: Final = (
    frozenset(Job.__dataclass_fields__)
    - _TIMES
    - {
        "destination",
        "request",
        "status",
        "dead_letter",
        "origin",
        "review",
        "spoiler",
        "covered",
        "posting_directly",
        "removed_by",
    }
)
