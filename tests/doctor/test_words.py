"""What the doctor says of a video service, by what the service said."""

from typing import Any

import pytest

from bot.doctor.providers import ask
from bot.domain.finding import Mark, bad, good, note
from bot.errors import OperatorFault, ProviderBusy, ProviderError, ProviderRejected, ProviderUnavailable
from bot.locale import words


class Service:
    """A video service with one answer."""

    id = "kling"

    def __init__(self, trouble: ProviderError | None) -> None:
        self._trouble = trouble

    async def check(self) -> None:
        if self._trouble is not None:
            raise self._trouble


def fault(code: str, *, detail: str = "") -> OperatorFault:
    return OperatorFault(provider="kling", code=code, detail=detail)


@pytest.mark.parametrize(
    ("trouble", "mark", "said"),
    [
        (None, Mark.GOOD, "takes the key"),
        (fault("1000", detail="Authentication failed"), Mark.BAD, "does not take the key (code 1000, “Authentication"),
        (fault("key_malformed"), Mark.BAD, "Set KLING_API_KEY"),
        (fault("1102"), Mark.BAD, "Top the account up"),
        (fault("http_402"), Mark.BAD, "balance"),
        (fault("1103"), Mark.BAD, "Give it the right"),
        (fault("1304"), Mark.BAD, "refuses this machine's address"),
        (fault("1202"), Mark.BAD, "no such API"),
        (ProviderBusy(provider="kling"), Mark.NOTE, "too much to do"),
        (ProviderUnavailable(provider="kling", code="http_503"), Mark.BAD, "does not answer (code http_503)"),
        (ProviderRejected(provider="kling", code="1200"), Mark.BAD, "answers strangely"),
    ],
)
async def test_each_answer_has_its_words_and_its_cure(trouble: ProviderError | None, mark: Mark, said: str) -> None:
    service: Any = Service(trouble)
    finding = await ask(service, "KLING_API_KEY", words())
    assert finding.mark is mark
    assert said in str(finding)
    assert (mark is Mark.BAD) <= bool(finding.remedy)


def test_a_finding_is_a_line_and_its_cure_another() -> None:
    assert str(good("a", "b")) == "✓ a: b"
    assert str(bad("a", "b", "c")) == "✗ a: b\n    → c"
    assert str(note("a", "b")) == "! a: b"
