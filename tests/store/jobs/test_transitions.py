"""Jobs end, are delivered and cost something in one place: `transitions`, where state and money move together."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import bot
from bot.domain import JobStatus
from bot.domain.job import Failure
from bot.errors import TransitionLost
from bot.store.jobs.transitions import UNENDED, give_up_each
from tests.store.conftest import Store

ROOT = Path(bot.__file__).parent
HOME = ROOT / "store" / "jobs" / "transitions.py"

# SQL that writes a job's status or its delivery, and a call that has the ledger move a job's money.
WRITES = re.compile(r"(UPDATE jobs SET ([^)]*, )?(status|delivered_at) = |INSERT INTO jobs\b)")
MONEY = {"hold", "settle", "release"}
ENDS = {"FAILED", "CANCELLED"}


def texts(tree: ast.AST) -> Iterator[str]:
    """Every text of a module, with its pieces put together; the condition behind a `WHERE` changes nothing."""
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            parts = [part.value if isinstance(part, ast.Constant) else "?" for part in node.values]
            yield "".join(map(str, parts)).partition("WHERE")[0]
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value.partition("WHERE")[0]


def offences(source: str) -> set[str]:
    """What a module does that only `transitions` may."""
    tree = ast.parse(source)
    found = {match.group() for text in texts(tree) if (match := WRITES.search(text))}
    for node in ast.walk(tree):
        match node:
            case ast.Attribute(value=ast.Name(id="ledger"), attr=name) if name in MONEY:
                found.add(f"ledger.{name}")
            case ast.ImportFrom(module="bot.store.money.ledger", names=names):
                found |= {f"ledger.{each.name}" for each in names if each.name in MONEY}
            case ast.Call(func=ast.Name(id="move") | ast.Attribute(attr="move" | "_move"), args=args):
                found |= {f"move to {arg.attr}" for arg in args if isinstance(arg, ast.Attribute) and arg.attr in ENDS}
            case ast.Call(func=ast.Name(id="update") | ast.Attribute(attr="update"), keywords=changes):
                found |= {f"update of {each.arg}" for each in changes if each.arg in {"status", "delivered_at"}}
            case _:
                pass
    return found


def test_nothing_else_ends_a_job_or_moves_its_money() -> None:
    others = [path for path in ROOT.rglob("*.py") if path != HOME]
    assert {path: found for path in others if (found := offences(path.read_text("utf-8")))} == {}


def test_transitions_do_all_of_that() -> None:
    found = offences(HOME.read_text("utf-8"))
    assert {"ledger.hold", "ledger.settle", "ledger.release", "move to FAILED", "move to CANCELLED"} <= found
    assert {"update of status", "update of delivered_at", "INSERT INTO jobs", "UPDATE jobs SET status = "} <= found


@pytest.mark.parametrize(
    "source",
    [
        "await tx.execute('UPDATE jobs SET status = $2 WHERE id = $1')",
        "await tx.one(f\"UPDATE jobs SET due_at = $2, status = 'failed' WHERE {where}\")",
        "await tx.one('UPDATE jobs SET lease = NULL, ' 'delivered_at = $2 WHERE id = $1')",
        "await tx.execute('INSERT INTO jobs (id) VALUES ($1)')",
        "await ledger.release(tx, job, now=now)",
        "from bot.store.money.ledger import settle",
        "await move(tx, job, JobStatus.FAILED, failure='x')",
        "await transitions.move(tx, job, JobStatus.CANCELLED)",
        "await update(tx, job, delivered_at=now)",
    ],
)
def test_another_place_would_be_found(source: str) -> None:
    assert len(offences(source)) == 1


@pytest.mark.parametrize(
    "source",
    [
        "await tx.execute('UPDATE jobs SET due_at = $2 WHERE status = $1 AND delivered_at IS NULL')",
        "await tx.all(\"SELECT * FROM jobs WHERE status = 'failed'\")",
        "await ledger.read_account(tx, fund)",
        "await move(tx, job, JobStatus.RUNNING)",
    ],
)
def test_what_ends_nothing_is_let_be(source: str) -> None:
    assert offences(source) == set()


async def test_who_gives_jobs_up_meets_them_as_they_are_now_not_as_they_were_listed(store: Store) -> None:
    listed = await store.submitting()
    await store.jobs.record_task(listed, task_id="task", next_at=store.now, now=store.now)
    stepping = await store.claimed(listed.id)
    assert await give_up_each(store.database, [listed], only=UNENDED, failure=Failure.ABANDONED, now=store.now) == 1
    assert (await store.get(listed.id)).status is JobStatus.FAILED
    with pytest.raises(TransitionLost):
        await store.jobs.reschedule(stepping, next_at=store.now, tries=0)


async def test_a_job_that_is_no_longer_what_was_to_be_given_up_is_left_alone(store: Store) -> None:
    listed = await store.accept()
    begun = await store.waiting()
    assert begun is not None
    waiting = "status IN ('pending', 'queued')"
    assert await give_up_each(store.database, [listed], only=waiting, failure=Failure.LEFT, now=store.now) == 0
    assert await store.get(listed.id) == begun
