"""What the database shows of the whole bot at a glance."""

from datetime import timedelta

from bot.domain import UNLIMITED, DeadLetter, JobStatus, OutboxKind, Review
from bot.domain.figures import Budget, Crowd, Figures, Stage
from bot.domain.sharing import Process, Role
from bot.service.upkeep.figures import FRESH, RecentFigures
from bot.store.figures import FigureStore
from bot.store.jobs.provider_rests import rest
from bot.store.outbox import announce
from bot.store.processes import ProcessStore
from tests.store.conftest import Store


async def figures_of(store: Store) -> Figures:
    return await FigureStore(store.database).read()


async def test_an_empty_database_shows_nothing_in_every_stage(store: Store) -> None:
    assert await figures_of(store) == Figures(stages=dict.fromkeys(Stage, Crowd()))


async def test_each_stage_is_counted_with_its_oldest(store: Store) -> None:
    made, begun = await store.succeeded(provider="kling"), await store.running()
    await store.delivered()
    await store.failed()
    await store.accept(status=JobStatus.PENDING, review=Review.REQUEST, due_at=store.now + timedelta(hours=1))
    first = await store.accept()
    store.later(60)
    await store.accept()
    figures = await figures_of(store)
    assert figures.stages[Stage.QUEUED] == Crowd(count=2, oldest=first.created_at)
    assert figures.stages[Stage.AT_WORK] == Crowd(count=1, oldest=begun.created_at)
    assert figures.stages[Stage.DELIVERY] == Crowd(count=1, oldest=made.finished_at)
    assert figures.stages[Stage.REVIEW].count == 1
    assert (figures.waiting, figures.at_work) == ({"kirin": 2}, {"kirin": 1})


async def test_dead_letters_are_in_no_stage_but_counted_by_why(store: Store) -> None:
    unknown, kept = await store.unknown(), await store.undeliverable()
    figures = await figures_of(store)
    assert figures.stages == dict.fromkeys(Stage, Crowd())
    assert figures.dead_letters == {
        DeadLetter.OUTCOME_UNKNOWN: Crowd(count=1, oldest=unknown.created_at),
        DeadLetter.UNDELIVERABLE: Crowd(count=1, oldest=kept.created_at),
    }


async def test_what_is_to_be_posted_who_rests_and_who_lives_is_counted_too(store: Store) -> None:
    begin = store.now
    await store.database.transact(lambda tx: announce(tx, OutboxKind.FEEDBACK, "a", now=store.now))
    store.later(5)
    await store.database.transact(lambda tx: announce(tx, OutboxKind.FEEDBACK, "b", now=store.now))
    await store.database.transact(lambda tx: rest(tx, "kirin", until=begin + timedelta(minutes=1)))
    await ProcessStore(store.database).enter(Process(id="0" * 16, role=Role.WORKER, started_at=begin))
    figures = await figures_of(store)
    assert figures.outbox == {"feedback": Crowd(count=2, oldest=begin)}
    assert figures.rests == {"kirin": begin + timedelta(minutes=1)}
    assert figures.processes == {"worker": 1}


async def test_the_bots_budget_is_this_months(store: Store) -> None:
    await store.delivered(cost_micros=300_000)
    job = await store.accept()
    assert (await figures_of(store)).budget == Budget(ceiling=UNLIMITED, held=job.usd_micros, settled=300_000)


async def test_the_database_is_asked_once_in_a_few_seconds_however_often_somebody_looks(store: Store) -> None:
    figures = RecentFigures(store=FigureStore(store.database), clock=lambda: store.now)
    before = await figures.read()
    await store.accept()
    assert await figures.read() is before
    store.later(FRESH.total_seconds())
    assert (await figures.read()).stages[Stage.QUEUED].count == 1
    store.now -= timedelta(hours=1)  # a clock that was set back
    assert await figures.read() is not before
