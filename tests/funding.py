"""Money in tests: funding for jobs that nobody has to be admitted for, and what must be true of every ledger."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from bot.domain import UNLIMITED, Failure, Fund, Funding, Job, Unit
from bot.domain.quota import budget_of

# Failures of jobs that were ended on behalf of their person.
GIVEN_UP: Final = frozenset({Failure.ABANDONED, Failure.EXPIRED, Failure.LEFT})


def plain(job: Job, allowance: int) -> Funding:
    """Paid from the job's own account alone, and counted by a budget without a ceiling."""
    own = Fund(owner=job.owner, period=job.period, allowance=allowance)
    return Funding(
        sources=(own,), caps=(Fund(owner=budget_of(None), period="2026-03", allowance=UNLIMITED, unit=Unit.USD),)
    )


def balance(
    *, accounts: Sequence[Mapping[str, Any]], lines: Sequence[Mapping[str, Any]], jobs: Sequence[Mapping[str, Any]]
) -> None:
    """Every account is the sum of its lines, and every hold has the one end that its job's state asks for."""
    sums: dict[tuple[str, str], list[int]] = {}
    ends: dict[tuple[str, str, str], list[str]] = {}
    for line in lines:
        sum_ = sums.setdefault((line["owner"], line["period"]), [0, 0, 0])
        for place, column in enumerate(("held", "settled", "granted")):
            sum_[place] += line[column]
        if line["job_id"] is not None:
            ends.setdefault((line["job_id"], line["owner"], line["period"]), []).append(line["kind"])
    for account in accounts:
        held, settled, granted = sums.pop((account["owner"], account["period"]), [0, 0, 0])
        assert (account["held"], account["settled"]) == (held, settled), account["owner"]
        assert held >= 0
        if account["owner"].startswith("extra:"):
            assert account["allowance"] == granted, account["owner"]
    assert not sums
    states = {job["id"]: job for job in jobs}
    for (job_id, *_), kinds in ends.items():
        if job_id in states:
            assert sorted(kinds) == sorted(["hold", *end_of(states[job_id])]), job_id
    assert set(states) <= {job_id for job_id, *_ in ends}


def end_of(job: Mapping[str, Any]) -> list[str]:
    """How a job's holds must have ended, by its row."""
    if job["delivered_at"] is not None or (job["status"] == "failed" and job["failure"] in GIVEN_UP):
        return ["settle"]
    return ["release"] if job["status"] in {"failed", "cancelled"} else []
