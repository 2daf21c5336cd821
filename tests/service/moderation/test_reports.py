"""Reports: kept first, shown to whoever can be shown them, with everybody's words; and what is said of that is true."""

from datetime import timedelta

import pytest

from bot.domain.case import Case, CaseState
from bot.domain.job import Job
from bot.errors import DestinationBusy, DestinationLost, OwnReport
from bot.service.moderation.case_poster import TRIES
from bot.service.moderation.cases import Heard
from bot.service.ports.notifier import CannotTell, Posted
from bot.store.privacy.deletion import DeletionStore
from tests.service.house import House
from tests.service.moderating import DESK, GUILD, ROOM, Bench

BUSY, LOST = DestinationBusy("discord_500"), DestinationLost("discord_10003")
DIRECT = 98  # the channel of the operator's direct messages


@pytest.fixture
def bench(house: House) -> Bench:
    return Bench(house)


async def posted(bench: Bench) -> Job:
    return await bench.house.steps.deliver(await bench.house.succeeded())


def words(case: Case) -> list[tuple[int, str]]:
    return [(each.user_id, each.reason) for each in case.reports]


async def passes(bench: Bench, hours: float) -> None:
    bench.house.clock.tick(hours * 3600)
    await bench.clerk.see_to_all()


async def test_moderators_are_shown_a_report_before_its_reporter_is_told_so(bench: Bench) -> None:
    await bench.wants()
    job = await posted(bench)
    assert await bench.reported(job, reason="blood") is Heard.MODERATORS
    case = await bench.latest_report()
    assert (case.channel_id, case.for_operator, case.user_id, case.message_id) == (ROOM, False, 1, 500)
    assert words(bench.staff.shown[case.id]) == [(2, "blood")]


async def test_without_moderators_everybodys_words_reach_the_operator(bench: Bench) -> None:
    first, second = await posted(bench), await posted(bench)
    for job, by in ((first, 2), (first, 4), (second, 2)):
        bench.house.clock.tick(1)
        assert await bench.reported(job, by=by, reason=f"by {by}") is Heard.OPERATOR
    said = {case.job_id: words(case) for case in bench.staff.shown.values()}
    assert said == {first.id: [(2, "by 2"), (4, "by 4")], second.id: [(2, "by 2")]}
    assert {case.channel_id for case in bench.staff.shown.values()} == {DESK}


async def test_a_second_persons_report_is_added_to_the_open_case(bench: Bench) -> None:
    await bench.wants()
    job = await posted(bench)
    assert [await bench.reported(job, by=by, reason=f"by {by}") for by in (2, 4)] == [Heard.MODERATORS] * 2
    case = await bench.latest_report()
    assert bench.staff.asked("post_case") == [(case.id, False)]
    assert words(bench.staff.shown[case.id]) == [(2, "by 2"), (4, "by 4")]


async def test_the_same_persons_second_report_is_none_and_they_hear_so(bench: Bench) -> None:
    await bench.wants()
    job = await posted(bench)
    assert [await bench.reported(job, key=key) for key in "ab"] == [Heard.MODERATORS, Heard.BEFORE]
    assert len(words(bench.staff.shown["report-a"])) == 1


async def test_a_report_after_a_decision_is_a_case_of_its_own(bench: Bench) -> None:
    await bench.wants()
    job = await posted(bench)
    await bench.reported(job)
    await bench.cases.dismiss(await bench.latest_report(), bench.entry())
    bench.house.clock.tick(1)
    assert await bench.reported(job, by=4) is Heard.MODERATORS
    assert words(bench.staff.shown[(await bench.latest_report()).id]) == [(4, "look")]


async def test_nobody_reports_their_own_video(bench: Bench) -> None:
    job = await posted(bench)
    for ask in (bench.cases.check_reportable(job.id, by=1), bench.reported(job, by=1)):
        with pytest.raises(OwnReport):
            await ask
    assert await bench.cases.check_reportable(job.id, by=2) is not None
    assert bench.staff.calls == []


@pytest.mark.parametrize(("job_id", "guild_id"), [("gone", GUILD), (None, 8), (None, None)])
async def test_a_report_about_elsewhere_is_the_operators(
    bench: Bench, job_id: str | None, guild_id: int | None
) -> None:
    await bench.wants()
    job = await posted(bench)
    heard = await bench.cases.report(job_id or job.id, guild_id=guild_id, message=(5, 50), by=2, reason="look", key="a")
    assert heard is Heard.OPERATOR
    assert bench.staff.shown["report-a"].channel_id == DESK


async def test_a_place_that_is_closed_leads_to_the_next(bench: Bench) -> None:
    await bench.wants()
    bench.staff.desks = [DESK, DIRECT]
    bench.staff.then("post_case", LOST, LOST)
    assert await bench.reported(await posted(bench)) is Heard.OPERATOR
    assert (await bench.latest_report()).channel_id == DIRECT


async def test_where_nobody_can_be_shown_it_a_report_is_kept_until_somebody_can(bench: Bench) -> None:
    bench.staff.desks = []
    job = await posted(bench)
    assert [await bench.reported(job, by=by) for by in (2, 4)] == [Heard.KEPT] * 2
    await passes(bench, 100)
    assert (await bench.latest_report()).state is CaseState.OPEN
    assert bench.house.alerts() == []
    await bench.wants()
    await passes(bench, 1)
    case = bench.staff.shown[(await bench.latest_report()).id]
    assert (case.channel_id, [who for who, _ in words(case)]) == (ROOM, [2, 4])


async def test_a_report_is_never_given_up(bench: Bench) -> None:
    await bench.wants()
    bench.staff.then("post_case", *[BUSY] * (TRIES + 3))
    assert await bench.reported(await posted(bench)) is Heard.KEPT
    for _ in range(TRIES + 3):
        await passes(bench, 2)
    assert (await bench.latest_report()).message_id is not None


async def test_a_report_that_a_busy_discord_may_have_taken_is_looked_for(bench: Bench) -> None:
    await bench.wants()
    bench.staff.then("post_case", BUSY)
    bench.staff.then("find_case", CannotTell(reason="discord_500"), Posted(channel_id=ROOM, message_id=70))
    assert await bench.reported(await posted(bench)) is Heard.KEPT
    await passes(bench, 1)
    await passes(bench, 1)
    assert len(bench.staff.asked("post_case")) == 1
    assert (await bench.latest_report()).message_id == 70


async def test_more_words_are_posted_anew_where_the_message_is_gone(bench: Bench) -> None:
    await bench.wants()
    job = await posted(bench)
    await bench.reported(job)
    bench.staff.then("edit_case", LOST)
    assert await bench.reported(job, by=4) is Heard.MODERATORS
    assert len(bench.staff.asked("post_case")) == 2
    assert (await bench.latest_report()).message_id == 501


async def test_who_has_everything_deleted_is_taken_out_of_their_report(bench: Bench) -> None:
    await bench.wants()
    job = await posted(bench)
    await bench.reported(job, by=2, reason="I know her")
    await bench.reported(job, by=4)
    await _deletes(bench, 2)
    bench.staff.then("edit_case", BUSY)
    await passes(bench, 1)
    await passes(bench, 1)
    case = bench.staff.shown[(await bench.latest_report()).id]
    assert case.state is CaseState.OPEN
    assert words(case) == [(0, ""), (4, "look")]


async def test_who_has_everything_deleted_is_taken_out_of_what_was_decided_about_them(bench: Bench) -> None:
    await bench.wants()
    job = await posted(bench)
    await bench.reported(job, by=2, reason="Ana did it")
    decided = await bench.opened(body={"why": "Ana wants more"})
    await bench.clerk.see_to_all()
    await bench.cases.dismiss(decided, bench.entry())
    await passes(bench, 1)
    await _deletes(bench, 1)
    bench.staff.then("edit_case", *[BUSY] * TRIES)
    for _ in range(TRIES + 1):
        await passes(bench, 2)
    report = bench.staff.shown[(await bench.latest_report()).id]
    assert (report.forgotten, report.state, words(report)) == (True, CaseState.WITHDRAWN, [])
    wish = bench.staff.shown[decided.id]
    assert (wish.forgotten, wish.state, wish.decided_by) == (True, CaseState.DISMISSED, 3)


async def _deletes(bench: Bench, user_id: int) -> None:
    now = bench.house.clock() + timedelta(seconds=1)
    deletions = DeletionStore(bench.house.database)
    await deletions.clear(await deletions.ask(user_id, messages=False, now=now), now=now)
