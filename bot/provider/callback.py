"""Reads whether a video service's callback may be the news of an end, which a query then confirms."""

import json
from collections.abc import Iterator
from typing import Any, Final

# The words of both services (the `kirin` document, "Wire"; `kling`, "Wire"; `kling_models`, "Callback").
UNDER_WAY: Final = frozenset(
    {"submitted", "queued", "not_start", "processing", "in_progress", "in_queue", "pending", "running"}
)


def may_be_an_end(body: bytes) -> bool:
    """Tell whether a task may have ended; False only where the body clearly says that it is still under way.

    Takes every shape on record: `task_status` of the older Kling API, `status` of the newer and of the gateway, each
    bare or inside `data`.
    """
    try:
        words = list(_statuses(json.loads(body)))
    except (ValueError, RecursionError):
        return True
    return not words or not UNDER_WAY.issuperset(words)


def _statuses(said: Any) -> Iterator[str]:
    if not isinstance(said, dict):
        return
    for each in (said, said.get("data")):
        if isinstance(each, dict):
            found = (each.get(name) for name in ("task_status", "status"))
            yield from (word.strip().lower() for word in found if isinstance(word, str))
