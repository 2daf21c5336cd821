from dataclasses import dataclass
from typing import Any

import jwt
import pytest

from bot.errors import OperatorFault
from bot.provider.kling_key import EARLY, LIFETIME, Signer

ACCESS = "ak-0123456789abcdef0123456789abcdef"
SECRET = "sk-0123456789abcdef0123456789abcdef"


@dataclass
class Clock:
    seconds: float = 1_800_000_000.5

    def __call__(self) -> float:
        return self.seconds


def claims(token: str) -> dict[str, Any]:
    payload: dict[str, Any] = jwt.decode(
        token, SECRET, algorithms=["HS256"], options={"verify_exp": False, "verify_nbf": False}
    )
    return payload


def test_a_token_is_signed_as_documented() -> None:
    token = Signer(access_key=ACCESS, secret_key=SECRET, now=Clock())()
    assert jwt.get_unverified_header(token) == {"alg": "HS256", "typ": "JWT"}
    assert claims(token) == {"iss": ACCESS, "exp": 1_800_000_000 + 1800, "nbf": 1_800_000_000 - 5}
    assert (LIFETIME, EARLY) == (1800, 5)


def test_a_token_serves_many_calls_and_is_signed_afresh_before_it_runs_out() -> None:
    clock = Clock()
    signer = Signer(access_key=ACCESS, secret_key=SECRET, now=clock)
    first = signer()
    clock.seconds += 1200
    assert signer() == first
    clock.seconds += 400
    fresh = signer()
    assert claims(fresh)["exp"] == int(clock.seconds) + LIFETIME
    assert claims(first)["exp"] > clock.seconds


def test_a_clock_set_back_makes_a_token_that_holds_then() -> None:
    clock = Clock()
    signer = Signer(access_key=ACCESS, secret_key=SECRET, now=clock)
    signer()
    clock.seconds -= 3600
    assert claims(signer())["nbf"] < clock.seconds


def test_a_token_that_is_said_to_have_run_out_is_not_used_again() -> None:
    clock = Clock()
    signer = Signer(access_key=ACCESS, secret_key=SECRET, now=clock)
    first = signer()
    clock.seconds += 1
    signer.renew()
    assert signer() != first


@pytest.mark.parametrize("secret", ["", "-----BEGIN PUBLIC KEY-----\nabc\n-----END PUBLIC KEY-----"])
def test_a_secret_that_signs_nothing_is_the_operators_fault_and_is_not_shown(secret: str) -> None:
    with pytest.raises(OperatorFault) as caught:
        Signer(access_key=ACCESS, secret_key=secret, now=Clock())()
    assert (caught.value.provider, caught.value.code) == ("kling", "key_malformed")
    assert caught.value.__context__ is None
