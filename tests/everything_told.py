"""The metrics of a bot to which everything has happened that is counted: each has a sample."""

from datetime import timedelta
from typing import Final

from bot.domain import DeadLetter, Failure, JobStatus
from bot.domain.figures import Budget, Crowd, Figures, Stage
from bot.web.metrics import Metrics
from tests.jobs import NOW, job

RUNNING: Final = job(status=JobStatus.RUNNING, submitted_at=NOW + timedelta(seconds=40))
MADE: Final = job(
    status=JobStatus.SUCCEEDED, submitted_at=RUNNING.submitted_at, finished_at=NOW + timedelta(seconds=100)
)
POSTED: Final = job(status=JobStatus.SUCCEEDED, finished_at=MADE.finished_at, delivered_at=NOW + timedelta(seconds=107))
FIGURES: Final = Figures(
    stages=dict.fromkeys(Stage, Crowd(count=1, oldest=NOW)),
    waiting={"kirin": 1},
    at_work={"kirin": 1},
    dead_letters=dict.fromkeys(DeadLetter, Crowd(count=1, oldest=NOW)),
    outbox={"audit": Crowd(count=1, oldest=NOW)},
    rests={"kirin": NOW},
    processes={"worker": 1},
    budget=Budget(ceiling=2, held=1, settled=1),
)


async def everything() -> bytes:
    """All that it tells."""

    async def figures() -> Figures:
        return FIGURES

    metrics = Metrics(figures=figures, clock=lambda: NOW, version="1.2.3", role="both")
    metrics.latencies = lambda: {0: 0.04}
    metrics.provider_called("kirin", "fetch", seconds=0.2, outcome="ProviderBusy")
    metrics.transaction_ended(seconds=0.001, outcome="ok")
    metrics.booked("hold", credits_=1, micros=1)
    for before, after in ((job(status=JobStatus.SUBMITTING), RUNNING), (RUNNING, MADE), (MADE, POSTED)):
        metrics.job_moved(before, after)
    metrics.job_moved(RUNNING, job(status=JobStatus.FAILED, failure=Failure.DEADLINE))
    metrics.job_moved(RUNNING, job(status=JobStatus.RUNNING, dead_letter=DeadLetter.OUTCOME_UNKNOWN))
    metrics.video_fitted("encoded")
    metrics.item_given_up("audit")
    metrics.command_ended("video create", outcome="done")
    metrics.acknowledged(seconds=0.1)
    metrics.loop_was_late(seconds=0.01)
    return await metrics.text()
