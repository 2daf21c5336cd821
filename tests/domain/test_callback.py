"""The addresses at which video services call back: each its own, and no other known."""

import re

import pytest

from bot.domain.callback import CallbackAddresses
from bot.domain.job import submission_of
from tests.jobs import job

HERE = CallbackAddresses(public_url="https://bot.example", secret="a token of the bot")


def proof_of(address: str) -> str:
    return address.rpartition("/")[2]


def test_an_address_names_provider_and_submission_and_ends_in_what_nobody_can_guess() -> None:
    address = HERE.of("kling", "0123456789abcdef-2")
    assert re.fullmatch(r"https://bot\.example/callbacks/kling/0123456789abcdef-2/[0-9a-f]{32}", address)
    assert address == HERE.of("kling", "0123456789abcdef-2")
    assert HERE.knows("kling", "0123456789abcdef-2", proof_of(address))


def test_each_job_attempt_provider_and_bot_has_another_proof() -> None:
    other = CallbackAddresses(public_url="https://bot.example", secret="another token")
    addresses = [HERE.of("kling", "1"), HERE.of("kling", "1-2"), HERE.of("kling", "2"), HERE.of("kirin", "1")]
    assert len({proof_of(each) for each in (*addresses, other.of("kling", "1"))}) == 5


@pytest.mark.parametrize("proof", ["", "0" * 32, "é" * 16, "\udcff", "0" * 5000])
def test_what_was_not_made_here_is_not_known(proof: str) -> None:
    assert not HERE.knows("kling", "1", proof)
    assert not HERE.knows("kling", "\udcff", proof)


def test_the_secret_is_in_no_text() -> None:
    assert "a token" not in repr(HERE) + str(HERE)


@pytest.mark.parametrize("attempt", [1, 2, 31])
def test_a_submission_is_read_back_from_its_external_id(attempt: int) -> None:
    made = job(attempt=attempt)
    assert submission_of(made.external_id) == (made.id, attempt)


@pytest.mark.parametrize("external_id", ["a-", "a-b", "a-2-2", "a-²", "a-1234567890"])
def test_what_is_no_external_id_belongs_to_no_attempt(external_id: str) -> None:
    assert submission_of(external_id) == ("a", 0)
