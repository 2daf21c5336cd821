import json
import logging
import traceback
from collections.abc import Callable
from functools import partial

import httpx
import pytest
from pydantic import BaseModel

from bot.errors import ProviderError
from bot.provider.refusal import Complaint
from bot.redaction import HIDDEN
from tests.provider.conftest import Reach

KEY = "sk-live-fedcba9876543210"
ACCESS = "access/key+1="


class LibraryQuery(BaseModel):
    id: str


def explain(_status: int, body: bytes) -> Complaint:
    return Complaint(code=f"code {KEY}", detail=body.decode())


def shown(exc: BaseException) -> str:
    """Everything that a log could make of the error, what is behind it included."""
    texts = traceback.format_exception(exc)
    link: BaseException | None = exc
    while link is not None:
        texts += [str(link), repr(link), repr(vars(link)), repr(link.args)]
        link = link.__cause__ or link.__context__
    return "\n".join(texts)


def hidden(text: str) -> bool:
    spellings = (KEY, ACCESS, "access%2Fkey%2B1%3D", r"access\/key+1=")
    return not any(spelling in text for spelling in spellings)


def behind() -> Exception:
    exc = httpx.ReadError("trouble")
    exc.__cause__ = ValueError(f"Bearer {KEY}")
    return exc


ANSWERS: dict[str, Callable[[], httpx.Response | Exception]] = {
    "error body": lambda: httpx.Response(400, text=f"the key {KEY} is wrong, so is {ACCESS}"),
    "error body, other spellings": lambda: httpx.Response(400, text=r"access%2Fkey%2B1%3D access\/key+1="),
    "answer that can't be read": lambda: httpx.Response(200, text=f"{KEY} is not JSON"),
    "answer without what is wanted": lambda: httpx.Response(200, json={"key": KEY, "more": ACCESS}),
    "redirect": lambda: httpx.Response(302, headers={"Location": f"https://api.example/?key={KEY}"}),
    "exception": lambda: httpx.RemoteProtocolError(f"illegal header {KEY}"),
    "exception behind": behind,
}


@pytest.mark.parametrize("case", ANSWERS)
@pytest.mark.parametrize("create", [True, False])
async def test_no_secret_gets_into_an_error_or_the_log(
    reach: Reach,
    caplog: pytest.LogCaptureFixture,
    case: str,
    create: bool,  # noqa: FBT001 - a parameter of pytest's
) -> None:
    def handler(_request: httpx.Request) -> httpx.Response:
        answer = ANSWERS[case]()
        if isinstance(answer, Exception):
            raise answer
        return answer

    caplog.set_level(logging.DEBUG)
    transport = reach(handler, token=lambda: KEY, secrets=(ACCESS,))
    call = partial(transport.create, body={}) if create else transport.query
    with pytest.raises(ProviderError) as caught:
        await call(f"/v1?key={KEY}", read=LibraryQuery.model_validate_json, explain=explain)
    assert hidden(shown(caught.value))
    assert hidden(caplog.text)


async def test_a_call_that_goes_well_leaves_no_address_in_the_log(
    reach: Reach, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    transport = reach(lambda _: httpx.Response(200, json={}), token=lambda: KEY)
    await transport.query(f"/v1?key={KEY}", read=json.loads, explain=explain)
    assert hidden(caplog.text)


def test_the_check_of_these_tests_can_fail() -> None:
    exc = ProviderError(provider="kirin")
    exc.__cause__ = ValueError(KEY)
    assert not hidden(shown(exc))


async def test_an_unset_secret_garbles_no_text(reach: Reach) -> None:
    transport = reach(lambda _: httpx.Response(400, text="a plain complaint"), secrets=("", "a", "complaint "))
    assert transport.redact("a plain complaint") == f"a plain {HIDDEN}"
