"""Trouble at the provider after a request was accepted: one video and one charge, or none and the credits back."""

from typing import Any

import pytest

from bot.provider.base import VideoProvider
from tests.acceptance.outcomes import delivered_once, given_back, kept_for_the_operator
from tests.acceptance.system import SMALL, System, around_providers


async def ask(system: System, **settings: Any) -> None:
    """Ask for a video and wait until the bot has done with it."""
    async with system.bot(operator_channel_id=system.id_of("channels", "showcase"), **settings):
        await system.people.types("video create", **SMALL)
        await system.rest()


async def external_ids(system: System) -> list[str]:
    """The external ids of all tasks, with J for the job's own id."""
    job = system.database.job()["id"]
    return [task["external_id"].replace(job, "J") for task in await system.people.tasks()]


async def test_without_resources_the_task_is_submitted_again_as_a_new_attempt(system: System) -> None:
    await system.people.fault("kirin", "task_failed", code="006001094", count=2)
    await ask(system)
    await delivered_once(system)
    assert await external_ids(system) == ["J", "J-2", "J-3"]


async def test_a_task_without_response_is_tried_once_more(system: System) -> None:
    await system.people.fault("kirin", "task_failed", code="006001095")
    await ask(system)
    await delivered_once(system)
    assert await external_ids(system) == ["J", "J-2"]


async def test_a_task_without_response_is_tried_no_third_time(system: System) -> None:
    await system.people.fault("kirin", "task_failed", code="006001095", count=2)
    await ask(system)
    await given_back(system, "transient.006001095")
    assert await external_ids(system) == ["J", "J-2"]


@pytest.mark.parametrize("at", ["create", "end"])
async def test_a_creation_error_is_final(system: System, at: str) -> None:
    await system.people.fault("kirin", "task_failed", code="006001099", at=at)
    await ask(system)
    await given_back(system, "permanent.006001099")
    assert await external_ids(system) == (["J"] if at == "end" else [])


async def test_what_moderation_refuses_is_said_to_be_refused(system: System) -> None:
    await system.people.fault("kirin", "task_failed", code="9999", message="the prompt hits sensitive words")
    await ask(system)
    await given_back(system, "content")


async def test_a_creation_without_resources_is_tried_again(system: System) -> None:
    await system.people.fault("kirin", "task_failed", code="006001094", at="create")
    await ask(system)
    await delivered_once(system)
    assert await external_ids(system) == ["J-2"]


async def test_a_provider_that_is_too_busy_is_asked_again_when_it_said(system: System) -> None:
    await system.people.fault("kirin", "http_429", on=["create"], retry_after=2)
    await ask(system)
    await delivered_once(system)
    assert len(await system.people.tasks()) == 1


@pytest.mark.parametrize("kind", ["http_500", "reset", "lost_answer", "malformed_json"])
async def test_a_creation_that_ends_in_doubt_makes_exactly_one_task(system: System, kind: str) -> None:
    await system.people.fault("kirin", kind, on=["create"])
    await ask(system)
    await delivered_once(system)
    assert await external_ids(system) == ["J"]


@pytest.mark.parametrize("kind", ["http_500", "http_429", "reset", "malformed_json"])
async def test_trouble_with_questions_only_delays_the_video(system: System, kind: str) -> None:
    await system.people.fault("kirin", kind, on=["query"], after=1, count=3)  # the first asks whether it is there
    await ask(system)
    await delivered_once(system)


async def test_a_task_that_never_ends_is_given_up_at_the_deadline(system: System) -> None:
    await system.people.fault("kirin", "stuck")
    await ask(system, job_deadline_minutes=0.03)
    await given_back(system, "deadline")


async def test_a_lost_answer_is_found_again_even_where_finding_nothing_proves_nothing(system: System) -> None:
    await system.people.fault("kirin", "lost_answer", on=["create"])
    await ask(system, kirin_find_is_authoritative="false")
    await delivered_once(system)
    assert await external_ids(system) == ["J"]


async def test_what_may_have_been_submitted_and_is_not_found_is_never_submitted_again(system: System) -> None:
    await system.people.fault("kirin", "http_500", on=["create"])
    await ask(system, kirin_find_is_authoritative="false")
    await kept_for_the_operator(system, "unknown")
    assert await system.people.tasks() == []


class Forgetful:
    """A provider that never finds a task by its external id."""

    def __init__(self, inner: VideoProvider) -> None:
        self._inner = inner
        self.find_is_authoritative = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    async def find(self, external_id: str) -> None:
        assert external_id


async def test_a_task_that_cannot_be_found_is_never_made_twice(system: System) -> None:
    await system.people.fault("kirin", "lost_answer", on=["create"])
    await ask(system, substitute=around_providers(Forgetful))
    await kept_for_the_operator(system, "unknown")
    assert await external_ids(system) == ["J"]
