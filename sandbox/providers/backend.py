"""Keeps both APIs' tasks, has them generated, and gives results their addresses."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from sandbox.events import Events
from sandbox.faults import Fault, Faults
from sandbox.providers.callbacks import call_back
from sandbox.providers.fields import Parameters
from sandbox.providers.files import Files
from sandbox.providers.generation import Generation
from sandbox.providers.tasks import Failure, Task, Tasks
from sandbox.rendering.video_cache import VideoCache


class Backend:
    """Does everything that the two APIs share.

    Args:
        faults: trouble that is waiting to happen.
        video_cache: where videos are rendered.
        generate_seconds: from accepted to done.
        clock: unix seconds.
        events: told of every change of a task.
    """

    def __init__(
        self,
        *,
        faults: Faults,
        video_cache: VideoCache,
        generate_seconds: float,
        clock: Callable[[], float],
        events: Events,
    ) -> None:
        self.faults = faults
        self._events = events
        self.tasks = Tasks()
        self.files = Files(video_cache=video_cache, faults=faults)
        self.clock = clock
        self.public_url = ""
        self.generation = Generation(
            video_cache=video_cache,
            seconds=generate_seconds,
            clock=clock,
            published=self._publish,
            changed=self._call_back,
        )
        self._describe: dict[str, Callable[[Task], Mapping[str, Any]]] = {}
        self._secrets: dict[str, str | None] = {}

    def serve(self, provider: str, *, describe: Callable[[Task], Mapping[str, Any]], secret: str | None = None) -> None:
        """Say how a provider's tasks look in a callback, and what signs it."""
        self._describe[provider] = describe
        self._secrets[provider] = secret

    def accept(
        self, provider: str, parameters: Parameters, *, name: str, fault: Fault | None, failure_to_come: Failure | None
    ) -> Task:
        """Begin a task whose external id is new; it will fail as `failure_to_come` says.

        With a fault `stuck` the task never ends, and with `price_change` it costs a multiple of the list price.
        """
        now = self.clock()
        task = Task(
            provider=provider,
            id=name,
            parameters=parameters,
            created_at=now,
            updated_at=now,
            failure_to_come=failure_to_come,
        )
        task.stuck = fault is not None and fault.kind == "stuck"
        if fault is not None and fault.kind == "price_change":
            task.factor = fault.factor
        self.tasks.add(task)
        self._events.tell("tasks")
        self.generation.start(task)
        return task

    def address(self, task: Task, which: str) -> str:
        """Write the whole address of one of a finished task's videos."""
        return self.public_url + task.videos[which]

    def _publish(self, task: Task) -> None:
        video = task.parameters.video
        task.videos["plain"] = self.files.publish(task.provider, task.id, video)
        if task.parameters.watermark:
            marked = replace(video, watermark=True)
            task.videos["watermarked"] = self.files.publish(task.provider, f"{task.id}-watermark", marked)

    async def _call_back(self, task: Task) -> None:
        self._events.tell("tasks")
        if task.parameters.callback_url is None:
            return
        if self.faults.take(task.provider, "callback") is not None:
            task.callbacks.append({"url": task.parameters.callback_url, "status": None, "error": "lost"})
            return
        content = self._describe[task.provider](task)
        url, secret = task.parameters.callback_url, self._secrets[task.provider]
        task.callbacks.append(await call_back(url, content, secret=secret, now=self.clock()))
