"""What must be true at the end, whatever was done to the bot: every job's end, its tasks, its money, its card."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Final

from bot.domain import Job
from bot.locale import words
from bot.service.ports import phase_of
from tests.acceptance.database import Row, ServerDatabase
from tests.acceptance.people import Json
from tests.acceptance.system import System
from tests.funding import GIVEN_UP

MICROS: Final = 1_000_000  # of a USD
UNUSABLE: Final = frozenset({"over_cap", "cannot_fit"})  # what was made, and billed, can't be posted anywhere


class End(StrEnum):
    """What came of an accepted request."""

    POSTED = "posted"
    DIRECT = "sent directly"
    FAILED = "failed, told"
    CANCELLED = "taken back"
    KEPT = "kept for its person"
    UNKNOWN = "kept for the operator"
    STUCK = "STUCK"


def end_of(job: Row) -> End:
    """Tell how a job has ended, by its row."""
    if job["dead_letter"] is not None:
        return End.KEPT if job["dead_letter"] == "undeliverable" else End.UNKNOWN
    if job["delivered_at"] is not None:
        return End.DIRECT if job["message_channel_id"] != job["channel_id"] else End.POSTED
    return {"failed": End.FAILED, "cancelled": End.CANCELLED}.get(job["status"], End.STUCK)


@dataclass(kw_only=True)
class Observed:
    """Everything that can be seen from outside: jobs, messages of the bot by job, tasks by job."""

    jobs: list[Row]
    files: Counter[str] = field(default_factory=Counter)  # posts of each job's video
    cards: defaultdict[str, list[str]] = field(default_factory=lambda: defaultdict(list))  # titles by job
    spoken_to: set[str] = field(default_factory=set)  # people who were mentioned, or written to
    tasks: defaultdict[str, list[Json]] = field(default_factory=lambda: defaultdict(list))


async def look(system: System) -> Observed:
    """Look at everything that can be seen."""
    people, observed = system.people, Observed(jobs=system.database.jobs())
    guild = await people.guild()
    for channel in system.sandbox.describe()["discord"]["channels"].values():
        for message in await people.messages(channel):
            _note(observed, message)
            observed.spoken_to.update(each["id"] for each in message["mentions"])
    for member in guild["members"]:
        if member["id"] != system.sandbox.discord.world.bot.id:
            for message in await people.messages("dm", user=member["name"]):
                _note(observed, message)
                observed.spoken_to.add(member["id"])
    for task in await people.tasks():
        observed.tasks[task["external_id"].partition("-")[0]].append(task)
    return observed


def _note(observed: Observed, message: Json) -> None:
    """Find the job that a message belongs to: its file names it, and the address behind its card's title."""
    for file in message["attachments"]:
        if file["filename"].endswith(".mp4"):
            observed.files[file["filename"].removesuffix(".mp4").rpartition("-")[2]] += 1
    for embed in message["embeds"]:
        observed.cards[embed.get("url", "").rpartition("#")[2]].append(embed.get("title", ""))


async def violations(system: System) -> list[str]:
    """List everything that is wrong, in words; empty when nothing is."""
    observed = await look(system)
    wrong = [f"job {job['id']} ({end_of(job)}): {what}" for job in observed.jobs for what in _of_job(job, observed)]
    ids = {job["id"] for job in observed.jobs}
    wrong += [f"a task without a job: {task}" for task in sorted(set(observed.tasks) - ids)]
    wrong += [f"a video without a job: {file}" for file in sorted(set(observed.files) - ids)]
    try:
        system.database.check()
    except AssertionError as exc:
        wrong.append(f"the books do not add up: {exc}")
    kept = {f"{job['id']}.mp4" for job in observed.jobs if end_of(job) is End.KEPT}
    there = {file.name for file in system.data.glob("results/*")}
    if isinstance(system.database, ServerDatabase):  # what a bot was writing when it was killed goes a minute later
        there = {name for name in there if ".mp4." not in name}
    wrong += [f"in the results folder: {name}" for name in sorted(there ^ kept)]
    wrong += [f"request: {each}" for each in await system.people.requests() if each["problems"]]
    wrong += [f"the sandbox: {each}" for each in system.sandbox.discord.own_problems]
    return wrong


def _of_job(job: Row, observed: Observed) -> Iterator[str]:
    yield from _of_end(job, observed)
    yield from _of_tasks(job, observed.tasks[job["id"]])
    titles = observed.cards[job["id"]]
    if len(titles) > 1:
        yield f"{len(titles)} cards"
    if titles and end_of(job) in {End.POSTED, End.DIRECT}:
        yield f"its card says {titles[0]!r} beside its video"
    said = words()(f"card.{phase_of(Job.from_row(job))}")
    yield from (f"the card says {title!r}" for title in titles if said not in title)


def _of_end(job: Row, observed: Observed) -> Iterator[str]:
    """One video for what was posted, none for anything else; whoever gets none was told."""
    end, posts = end_of(job), observed.files[job["id"]]
    if end is End.STUCK or job["due_at"] is not None:
        yield f"not at its end: {job['status']}"
    wanted = 1 if end in {End.POSTED, End.DIRECT} and job["removed_at"] is None else 0
    if posts != wanted:
        yield f"posted {posts} times"
    if end is End.FAILED and job["failure"] not in GIVEN_UP and str(job["user_id"]) not in observed.spoken_to:
        yield "nobody told its person"


def _of_tasks(job: Row, tasks: list[Json]) -> Iterator[str]:
    """A task is an attempt that was recorded; a video is billed once, and what it cost is in the row."""
    known = {job["id"], *(f"{job['id']}-{number}" for number in range(2, job["attempt"] + 1))}
    names = [task["external_id"] for task in tasks]
    if len(set(names)) < len(names) or not set(names) <= known or (names and not job["attempt"]):
        yield f"tasks {names} of {job['attempt']} attempts"
    billed = [task for task in tasks if task["billed"]]
    made = end_of(job) in {End.POSTED, End.DIRECT, End.KEPT}
    if len(billed) > 1 or (made and [task["id"] for task in billed] != [job["task_id"]]):
        yield f"{len(billed)} tasks billed"
    bill = int(sum(Decimal(task["cost"]) for task in billed) * MICROS)
    if made and job["cost_micros"] is not None and abs(job["cost_micros"] - bill) > 1:
        yield f"it cost {bill} and {job['cost_micros']} is written down"
    free = end_of(job) in {End.FAILED, End.CANCELLED} and job["failure"] not in GIVEN_UP
    if billed and free and job["failure_code"] not in UNUSABLE:
        yield f"billed {bill}, and given back ({job['failure']})"
