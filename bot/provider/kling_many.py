"""Finds the question to the Kling API that tells of the most tasks: a page of the list, or `/tasks`.

Sources: the `kling` document, "Wire", for the list, whose pages hold 1 to 500 tasks, and the `kling_models` document,
"`/tasks`", for the other: 20 ids, for API keys alone. A relay may have neither.
"""

import time
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Collection, Iterator, Sequence
from itertools import accumulate
from math import ceil, floor
from typing import Final
from urllib.parse import quote

from bot.provider.base import Asked
from bot.values import dataclass

LIST: Final = "list"
TASKS: Final = "tasks"
IDS: Final = 20  # of a question to `/tasks`
PAGE: Final = 500  # tasks of a page of the list
PAGES: Final = 1000
RETRY: Final = 3600.0  # seconds after which a question that nobody answered is asked again, and
LOST: Final = 600.0  # the list of an account in which our tasks can't be found among others

_SIZES: Final = range(20, PAGE + 1, 10)  # of the pages that are tried
_LARGE: Final = 5_000.0  # tasks, of which none that is read is worth any more
_MARGIN: Final = 0.02  # of a place in the list, by which it may be wrong, and
_SLACK: Final = 10  # places besides
_ENOUGH: Final = 10  # tasks on a page, or half of those that were expected there, that tell where the others are


@dataclass(frozen=True, kw_only=True, slots=True)
class Question:
    """One question: which one it is, its path below the prefix, and what it is about. `page` and `size` of the list."""

    name: str
    path: str
    about: Sequence[Asked]
    page: int = 0
    size: int = 0


class Questions:
    """Chooses questions, and remembers those that nobody answered. `path` is that of the list, `clock` in seconds."""

    def __init__(self, *, path: str, tasks_path: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._path, self._tasks_path, self._clock = path, tasks_path, clock
        self._closed_until: dict[str, float] = {}
        self._places = ListPlaces()

    def close(self, *names: str, seconds: float = RETRY) -> None:
        """Note that nobody answers these questions; in an hour somebody may."""
        self._closed_until |= dict.fromkeys(names, self._clock() + seconds)

    def closed(self, name: str) -> bool:
        """Say whether a question is not to be asked just now."""
        return self._clock() < self._closed_until.get(name, float("-inf"))

    def choose(self, wanted: Sequence[Asked]) -> Iterator[Question]:
        """Yield the questions that may be asked, first the one about those tasks that have waited the longest in all.

        Where it is as long, the list goes before `/tasks`: any key opens it.
        """
        offered = [] if self.closed(LIST) else [self._of_list(wanted)]
        if not self.closed(TASKS):
            offered.append(self._of_tasks(wanted[:IDS]))
        yield from sorted(offered, key=lambda each: sum(map(_worth, each.about)), reverse=True)

    def note_tasks(self) -> None:
        """Note that no page of the list held more: perhaps because nobody knows any more where tasks are."""
        self._places = ListPlaces()

    def note_list(self, question: Question, ids: Sequence[str]) -> None:
        """Learn from the ids of a whole page, in its order, where in the list tasks are."""
        if not self._places.learn(question, ids):
            self.close(LIST, seconds=LOST)

    def _of_list(self, wanted: Sequence[Asked]) -> Question:
        page, size, about = self._places.page_of(wanted)
        path = f"{self._path}?pageNum={page}&pageSize={size}"
        return Question(name=LIST, path=path, about=about, page=page, size=size)

    def _of_tasks(self, wanted: Sequence[Asked]) -> Question:
        ids = ",".join(quote(each.task_id, safe="") for each in wanted)
        return Question(name=TASKS, path=f"{self._tasks_path}?task_ids={ids}", about=wanted)


class ListPlaces:
    """Estimates where in the account's list, the newest first, tasks are: as deep as many have come since.

    How many come in a second, at the least and at the most, is learnt from each page, whoever submits them. While that
    is not known, the first page is read.
    """

    def __init__(self) -> None:
        self._sparse, self._dense = 0.0, 0.0

    def page_of(self, wanted: Sequence[Asked]) -> tuple[int, int, Sequence[Asked]]:
        """Choose the page with those tasks that have waited the longest in all: its number, its size, these tasks."""
        if self._dense == 0:
            return 1, PAGE, wanted[:PAGE]
        ordered = sorted(wanted, key=lambda each: each.age)
        first, last = zip(*map(self._span, ordered), strict=True)
        worth = [0.0, *accumulate(map(_worth, ordered))]
        best, most = (1, PAGE, ordered[:0]), 0.0
        for size in _SIZES:
            for page in range(first[0] // size + 1, min(PAGES, last[-1] // size + 1) + 1):
                begin, end = bisect_left(first, (page - 1) * size), bisect_right(last, page * size)
                value = (worth[max(begin, end)] - worth[begin]) * (1 - size / _LARGE)
                if value > most:
                    best, most = (page, size, ordered[begin:end]), value
        return best

    def learn(self, question: Question, ids: Sequence[str]) -> bool:
        """Compare where the tasks of a question were expected with where they are; False where nothing helps."""
        places = {name: place for place, name in enumerate(ids, start=(question.page - 1) * question.size)}
        found = [(places[each.task_id], max(1.0, each.age)) for each in question.about if each.task_id in places]
        if found and len(found) >= min(_ENOUGH, len(question.about) / 2):
            oldest = max(age for _, age in found)
            self._sparse = min(place / age for place, age in found if age >= oldest / 2)
            self._dense = max((place + 1) / age for place, age in found if age >= oldest / 2)
            return True
        known, self._sparse, self._dense = self._dense > 0, 0.0, 0.0
        return known

    def _span(self, task: Asked) -> tuple[int, int]:
        """Estimate the first place that a task may have, and the one after the last."""
        first = floor(self._sparse * task.age * (1 - _MARGIN)) - _SLACK
        return max(0, first), ceil(self._dense * task.age * (1 + _MARGIN)) + _SLACK


def _worth(task: Asked) -> float:
    """Say what it is worth to be told of a task; a little, even when it is too young to have ended."""
    return task.waited + 1e-6


def ids_of(questions: Collection[Asked]) -> frozenset[str]:
    """List the ids of tasks that are asked about."""
    return frozenset(each.task_id for each in questions)


def asked_in(question: Question, wanted: Sequence[Asked], ids: Collection[str]) -> Iterator[str]:
    """Yield the tasks that an answer with these ids would have told of, at the least the most wanted one.

    A page of the list is about all that are between the youngest and the oldest of ours that are on it.
    """
    about = question.about
    if question.name == LIST:
        ages = [each.age for each in wanted if each.task_id in ids]
        about = [each for each in wanted if ages and min(ages) <= each.age <= max(ages)]
    yield wanted[0].task_id
    yield from (each.task_id for each in about)
