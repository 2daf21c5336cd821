"""What must be true when everything has come to its end: every job has one end, and everybody knows of it."""

from collections.abc import Iterator, Mapping
from typing import Any

from bot.domain import Job
from bot.domain.job import submission_of
from bot.service.ports import Phase, phase_of
from tests.funding import GIVEN_UP
from tests.simulation.discord_server import SimulatedDiscord
from tests.simulation.disk import Disk
from tests.simulation.people import Community
from tests.simulation.video_services import Service, Work
from tests.torture.invariants import End, end_of


def wrong_at_the_end(
    disk: Disk,
    discord: SimulatedDiscord,
    services: Mapping[str, Service],
    community: Community,
    *,
    keeps_cards: bool,
) -> Iterator[str]:
    """List everything that is wrong, in words."""
    jobs = {row["id"]: dict(row) for row in disk.rows("SELECT * FROM jobs")}
    works: dict[str, list[Work]] = {}
    for service in services.values():
        for work in service.works.values():
            works.setdefault(submission_of(work.external_id)[0], []).append(work)
    for kept in community.kept.values():
        if kept.job_id not in jobs and kept.user_id not in community.forgotten:
            yield f"job {kept.job_id} was accepted, and is gone"
    joined = {row["guild_id"] for row in disk.rows("SELECT guild_id FROM guilds")}
    yield from (
        f"the bot is new in {each}, and says nothing"
        for each in community.new_guilds
        if each in joined and not discord.of("welcome", str(each))
    )
    for job_id, row in jobs.items():
        said = [
            *_of_job(row, works.get(job_id, []), discord, resubmitted=job_id in community.resubmitted),
            *_of_card(Job.from_row(row), discord, keeps=keeps_cards),
        ]
        yield from (f"job {job_id} ({end_of(row)}): {what}" for what in said)


def _of_job(row: dict[str, Any], works: list[Work], discord: SimulatedDiscord, *, resubmitted: bool) -> Iterator[str]:
    job, end = Job.from_row(row), end_of(row)
    if end is End.STUCK or job.due_at is not None:
        yield f"not at its end: {job.status}"
    posts = [each for each in discord.of("result", job.id) if not each.deleted]
    by_hand = discord.of("copy", job.id)
    if end in {End.POSTED, End.DIRECT} and job.removed_at is None and not (posts or by_hand):
        yield "it is said to be posted, and is nowhere"
    if end not in {End.POSTED, End.DIRECT, End.KEPT} and posts:
        yield "its video is posted"
    told, closed = discord.of("end", job.id), job.destination.channel_id in discord.ever_closed
    if end is End.FAILED and job.failure not in GIVEN_UP and not told and not closed:
        yield f"nobody told its person ({job.failure})"
    if end in {End.POSTED, End.DIRECT} and told and told[0].said not in {Phase.UNKNOWN, Phase.KEPT}:
        yield f"its person was told {told[0].said}"
    billed = [work for work in works if work.billed]
    if len(billed) > 1 and not resubmitted:
        yield f"{len(billed)} tasks are billed"
    if end in {End.POSTED, End.DIRECT, End.KEPT} and job.task_id not in {work.id for work in billed}:
        yield "nothing was billed"
    if billed and end is End.CANCELLED and not resubmitted:  # the operator has said that there was nothing
        yield "it was taken back, and is billed"


def _of_card(job: Job, discord: SimulatedDiscord, *, keeps: bool) -> Iterator[str]:
    """After a posted video there is no card, unless they are kept: then, and else, it says how the job has ended."""
    if job.destination.channel_id in discord.ever_closed:
        return
    for card in discord.of("card", job.id):
        if not card.deleted and job.delivered_at is not None and not keeps:
            yield f"its card says {card.said}, and its video is posted"
        elif not card.deleted and card.said != phase_of(job):
            yield f"its card says {card.said}"
