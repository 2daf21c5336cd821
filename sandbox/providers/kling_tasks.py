"""Answers `GET /tasks` of the Kling API: up to 20 tasks of any product, in the words of the newer API.

Sources: the `kling_models` document, "`/tasks`", and what the newer API's document says of statuses. Both are silent on
the order of the answer, and on what becomes of ids given in both ways: here the newest task is the first, and both ways
at once are refused.
"""

from typing import Any

from aiohttp import web

from sandbox.providers.backend import Backend
from sandbox.providers.fields import InvalidField
from sandbox.providers.tasks import State, Task

ROUTE = "/kling/tasks"
MOST = 20  # ids of one question
TOO_MANY = f"task_ids and external_task_ids cannot exceed {MOST} in total"
API_KEYS_ONLY = "AK/SK signatures are not supported here, use an API key"  # the live words are not on record
WORDS = {State.WAITING: "submitted", State.WORKING: "processing", State.DONE: "succeeded", State.FAILED: "failed"}


class TooManyIds(Exception):
    """More tasks are asked about than one question may be about."""


def read_ids(request: web.Request) -> tuple[list[str], bool]:
    """Read which tasks are asked about; True where their external ids are given.

    Raises:
        InvalidField: none are given, or both kinds.
        TooManyIds: more than are answered at once.
    """
    given = {name: _split(request.query.get(name, "")) for name in ("task_ids", "external_task_ids")}
    if sum(map(len, given.values())) > MOST:
        raise TooManyIds(TOO_MANY)
    if not any(given.values()):
        raise InvalidField("task_ids", "is required, or external_task_ids")
    if all(given.values()):
        raise InvalidField("task_ids", "not together with external_task_ids")
    external = bool(given["external_task_ids"])
    return given["external_task_ids" if external else "task_ids"], external


def find(backend: Backend, provider: str, ids: list[str], *, external: bool) -> list[Task]:
    """Find the tasks that there are of those asked about, the newest first."""
    wanted = set(ids)
    newest = reversed(backend.tasks.of(provider))
    return [task for task in newest if (task.parameters.external_id if external else task.id) in wanted]


def describe(task: Task, told: dict[str, Any]) -> dict[str, Any]:
    """Write a task in the words of the newer API; `told` is how the older one writes it."""
    videos = told.get("task_result", {}).get("videos", [])
    units = told.get("final_unit_deduction")
    return {
        "id": task.id,
        "status": WORDS[task.state],
        "message": told["task_status_msg"],
        "create_time": told["created_at"],
        "update_time": told["updated_at"],
        "external_id": task.parameters.external_id,
        "outputs": [{"type": "video", **video} for video in videos],
        "billing": [{"charge_type": "unit", "amount": units, "package_type": "video"}] if units else [],
    }


def _split(text: str) -> list[str]:
    return [each for each in text.split(",") if each]
