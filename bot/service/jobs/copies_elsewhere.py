"""Has a copy posted by the process that owns its channel, while its person waits where they asked for it."""

import asyncio
import json
import logging
from collections.abc import Mapping
from typing import Any, Final

from bot.domain import Job
from bot.domain.access import check_file
from bot.errors import (
    DeliveryError,
    DestinationBusy,
    DestinationLost,
    ResultForgotten,
    ResultLost,
    ResultTooLarge,
    ResultUnavailable,
    ResultUnusable,
    StoreError,
)
from bot.service.jobs.copies import Copies, Copy, CopyKind, Reposts
from bot.service.ports import Posted
from bot.service.processes import Processes
from bot.service.signals import Signals, Topic
from bot.store.jobs.queries import JobQueryStore
from bot.values import asdict, dataclass, replace

log = logging.getLogger(__name__)

AGAIN: Final = 5.0  # seconds before a process that has said nothing is asked again: it may have missed that
PATIENCE: Final = 240.0  # seconds that it has: a video is fetched, maybe made smaller, and uploaded

_ERRORS: Final[Mapping[str, type[DeliveryError]]] = {
    each.__name__: each
    for each in (DestinationBusy, DestinationLost, ResultTooLarge, ResultUnavailable, ResultUnusable)
}


@dataclass(frozen=True, kw_only=True, slots=True)
class _Asked:
    """A copy that another process is asked to post; `spoiler` is whether it is covered there."""

    job_id: str
    copy: Copy
    spoiler: bool

    @classmethod
    def read(cls, text: str) -> "_Asked":
        """Read the subject of a signal.

        Raises:
            ValueError, TypeError, KeyError: it is another version's, or none.
        """
        fields = json.loads(text)
        copy = Copy(**{**fields["copy"], "kind": CopyKind(fields["copy"]["kind"])})
        return cls(job_id=fields["job_id"], copy=copy, spoiler=fields["spoiler"])

    def write(self) -> str:
        return json.dumps(asdict(self), separators=(",", ":"))


class CopiesElsewhere:
    """Asks the owners of channels to post copies, and posts what is asked of this process, while it runs."""

    def __init__(
        self,
        *,
        lookup: JobQueryStore,
        copies: Copies,
        reposts: Reposts,
        processes: Processes,
        signals: Signals,
        patience: float = PATIENCE,
    ) -> None:
        self._lookup, self._copies, self._reposts = lookup, copies, reposts
        self._processes, self._signals, self._patience = processes, signals, patience
        self._answers: dict[str, asyncio.Future[Mapping[str, Any]]] = {}  # that are waited for, by nonce
        self._asked: dict[str, str] = {}  # what they answer, likewise
        self._in_hand: set[str] = set()  # what this process is asked for and has not answered yet, by nonce
        self._tasks: asyncio.TaskGroup | None = None
        signals.on(Topic.COPY, self._hear_request)
        signals.on(Topic.COPIED, self._hear_answer)
        processes.on_change(self._ask_again)

    def is_elsewhere(self, copy: Copy) -> bool:
        """Say whether another process has to post a copy; its person stands for their direct messages."""
        return not self._processes.owns(copy.channel_id or copy.user_id)

    async def run(self) -> None:
        """Post what other processes ask for, until cancelled."""
        async with asyncio.TaskGroup() as self._tasks:
            await asyncio.Event().wait()

    async def post(self, job: Job, copy: Copy) -> Posted:
        """Have a copy posted by the owner of its channel: by this process, if the owner has died before it answers.

        Raises:
            DestinationLost, DestinationBusy: Discord does not take it, for good or for now.
            ResultUnusable, ResultTooLarge, ResultUnavailable: its file is not to be had.
        """
        loop, asked = asyncio.get_running_loop(), _Asked(job_id=job.id, copy=copy, spoiler=job.spoiler).write()
        answer = self._answers[copy.nonce] = loop.create_future()
        self._asked[copy.nonce] = asked
        until = loop.time() + self._patience
        try:
            while not answer.done():
                left = until - loop.time()
                if left <= 0:
                    raise DestinationBusy("others")
                self._signals.send(Topic.COPY, asked)
                await asyncio.wait([answer], timeout=min(AGAIN, left))
        finally:
            del self._answers[copy.nonce], self._asked[copy.nonce]
        outcome = answer.result()
        if (error := _ERRORS.get(outcome.get("error", ""))) is not None:
            raise error(outcome["reason"])
        return Posted(channel_id=outcome["channel_id"], message_id=outcome["message_id"])

    def _ask_again(self) -> None:
        """Ask whoever owns the channels now."""
        for asked in tuple(self._asked.values()):
            self._signals.send(Topic.COPY, asked)

    def _hear_answer(self, subject: str) -> None:
        if not subject:
            return
        outcome = json.loads(subject)
        answer = self._answers.get(outcome["nonce"])
        if answer is not None and not answer.done():
            answer.set_result(outcome)

    def _hear_request(self, subject: str) -> None:
        try:
            asked = _Asked.read(subject)
        except (ValueError, TypeError, KeyError):
            return
        nonce = asked.copy.nonce
        if self._tasks is None or self.is_elsewhere(asked.copy) or nonce in self._in_hand:
            return
        self._in_hand.add(nonce)
        self._tasks.create_task(self._answer(asked), name=f"copy {nonce}")

    async def _answer(self, asked: _Asked) -> None:
        """Post a copy, and say what has come of it. A repeat of the nonce finds the first one."""
        try:
            outcome = asdict(await self._post(asked))
        except DeliveryError as exc:
            outcome = {"error": type(exc).__name__, "reason": exc.reason}
        except (ResultForgotten, ResultLost) as exc:
            outcome = {"error": ResultUnavailable.__name__, "reason": type(exc).__name__}
        except StoreError as exc:
            log.warning("the database refuses", extra={"job": asked.job_id, "detail": str(exc)})
            outcome = {"error": DestinationBusy.__name__, "reason": "store"}
        except Exception:
            log.exception("a copy failed", extra={"job": asked.job_id})
            outcome = {"error": DestinationBusy.__name__, "reason": "crash"}
        finally:
            self._in_hand.discard(asked.copy.nonce)
        self._signals.send(Topic.COPIED, json.dumps({"nonce": asked.copy.nonce, **outcome}, separators=(",", ":")))

    async def _post(self, asked: _Asked) -> Posted:
        """Fetch a video and post its copy, if that may still be once it is fetched.

        Raises:
            ResultLost: it may not.
        """
        job = await self._lookup.job(asked.job_id)
        if job is None:
            raise ResultLost
        async with self._copies.video(replace(job, spoiler=asked.spoiler), limit=asked.copy.limit) as video:
            present = await self._lookup.job(asked.job_id)  # to fetch it took its time
            if present is None:
                raise ResultLost
            check_file(present, asked.copy.user_id, shown=asked.copy.channel_id is not None)
            return await self._reposts.post(video, asked.copy)
