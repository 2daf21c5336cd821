"""What videos cost, and the table that says so."""

import re
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain import USD_MICROS, Mode, Price, PriceTable, Rate, VideoRequest, to_micros
from bot.domain.price import Tariff, unpriced
from bot.settings.prices import missing, table
from bot.settings.tables import TableUnusable
from tests.models import CAPABILITIES, KIRIN_V3, KLING_V1, SHIPPED

durations = st.integers(1, 1000)
kinds = st.sampled_from(KIRIN_V3.kinds())
# USD a second, as the document has them.
LISTED = {(Mode.STD, False): "0.084", (Mode.PRO, False): "0.112", (Mode.STD, True): "0.126", (Mode.PRO, True): "0.168"}


def request_of(duration: int, mode: Mode = Mode.STD, *, sound: bool = False) -> VideoRequest:
    return VideoRequest(model="kirin_v3_t2v", prompt="a fox", duration=duration, mode=mode, sound=sound)


def rate(**changes: Any) -> Rate:
    fields = {"provider": "kirin", "model": "kirin_v3_t2v", "mode": "std", "credits": 1, "usd": "0.084"}
    return Rate.model_validate({**fields, **changes})


def file(folder: Path, text: str) -> Path:
    path = folder / "prices.toml"
    path.write_text(text, encoding="utf-8")
    return path


RATE = """
[[rate]]
provider = "kirin"
model = "kirin_v3_t2v"
mode = "std"
credits = {credits}
usd = {usd}
"""


@pytest.mark.parametrize(
    ("duration", "mode", "sound", "cost", "usd"),
    [
        (5, "std", False, 5, "0.42"),
        (5, "pro", False, 7, "0.56"),
        (5, "std", True, 8, "0.63"),
        (5, "pro", True, 10, "0.84"),
        (3, "pro", False, 4, "0.336"),
        (15, "pro", True, 30, "2.52"),
    ],
)
def test_what_a_video_costs(duration: int, mode: str, sound: Any, cost: int, usd: str) -> None:
    found = KIRIN_V3.price(request_of(duration, Mode(mode), sound=sound))
    assert (found.credits, found.usd) == (cost, Decimal(usd))


@given(durations, kinds)
@settings(deadline=None)
def test_prices_are_rounded_up_by_less_than_one(duration: int, kind: tuple[Mode, bool]) -> None:
    found = KIRIN_V3.price(request_of(duration, kind[0], sound=kind[1]))
    exact = duration * Fraction(LISTED[kind])
    assert 0 <= found.credits - exact / Fraction("0.084") < 1
    assert 0 <= found.usd_micros - exact * USD_MICROS < 1


@given(durations, durations, kinds)
@settings(deadline=None)
def test_a_longer_video_never_costs_less(one: int, two: int, kind: tuple[Mode, bool]) -> None:
    shorter, longer = (KIRIN_V3.price(request_of(each, kind[0], sound=kind[1])) for each in sorted((one, two)))
    assert shorter.credits <= longer.credits
    assert shorter.usd_micros <= longer.usd_micros


@given(durations)
@settings(deadline=None)
def test_a_credit_is_a_second_of_standard_silent_video(duration: int) -> None:
    assert KIRIN_V3.price(request_of(duration)).credits == duration


@given(st.decimals(0, 10**6, places=9))
@settings(deadline=None)
def test_dollars_become_whole_millionths_rounded_up(usd: Decimal) -> None:
    micros = to_micros(usd)
    assert 0 <= micros - Fraction(usd) * USD_MICROS < 1


@given(st.integers(0, 10**12))
@settings(deadline=None)
def test_millionths_survive_the_way_to_dollars_and_back(micros: int) -> None:
    assert to_micros(Price(credits=1, usd_micros=micros).usd) == micros


def test_a_price_for_exactly_that_length_outranks_the_one_for_each_second() -> None:
    tariff = Tariff(rates=(rate(), rate(seconds=5, credits=3, usd="0.3")))
    assert [tariff.price(request_of(each)).credits for each in (4, 5, 6)] == [4, 3, 6]
    assert tariff.price(request_of(5)).usd_micros == 300_000


def test_with_fixed_lengths_alone_others_are_estimated_as_the_next_longer_one() -> None:
    tariff = Tariff(rates=(rate(seconds=10, credits=9), rate(seconds=5, credits=5)))
    assert [tariff.price(request_of(each)).credits for each in (3, 5, 7, 10, 12)] == [5, 5, 9, 9, 9]
    assert list(unpriced(tariff, kinds=[(Mode.STD, False)], durations=(5, 7, 10))) == [(Mode.STD, False, [7])]


def test_what_has_no_price_is_not_free() -> None:
    with pytest.raises(LookupError):
        Tariff(rates=(rate(),)).price(request_of(5, sound=True))
    with pytest.raises(LookupError):
        Tariff().price(request_of(5))


def test_every_model_there_is_has_a_price_for_all_it_can_do() -> None:
    assert list(missing(table(None, SHIPPED), SHIPPED.values())) == []
    gone = PriceTable(rate=tuple(each for each in table(None, SHIPPED).rate if each.mode is Mode.STD))
    assert list(missing(gone, [KLING_V1])) == ["a price for kling-v1, pro, without sound, 5, 10 seconds"]
    assert len(list(missing(PriceTable(), CAPABILITIES.values()))) == 6


def test_the_operators_rates_replace_those_of_the_same_kind_and_no_others(tmp_path: Path) -> None:
    prices = table(file(tmp_path, RATE.format(credits='"3/2"', usd=0.1)), SHIPPED)
    tariff = prices.tariff(provider="kirin", model="kirin_v3_t2v")
    assert tariff.price(request_of(5)) == Price(credits=8, usd_micros=500_000)
    assert tariff.price(request_of(5, Mode.PRO)) == KIRIN_V3.price(request_of(5, Mode.PRO))
    assert len(prices.rate) == len(table(None, SHIPPED).rate)


def test_a_decimal_of_the_file_is_taken_as_it_is_written(tmp_path: Path) -> None:
    prices = table(file(tmp_path, RATE.format(credits=0.1, usd=0.1)), SHIPPED)
    assert prices.tariff(provider="kirin", model="kirin_v3_t2v").price(request_of(10)) == Price(
        credits=1, usd_micros=1_000_000
    )


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        ("[[rate]", ["a TOML file"]),
        ("rate = 5", ['^rate: a list, not "5"$']),
        ("price = 5", ['^price: nothing under this name, not "5"$']),
        (RATE.format(credits=-1, usd=-0.1), ["rate 1 credits: ", "rate 1 usd: "]),
        (RATE.format(credits="nan", usd="inf"), ["rate 1 credits: ", "rate 1 usd: "]),
        (RATE.format(credits=1, usd=1) * 2, ["one rate for kirin kirin_v3_t2v, std, without sound, each second"]),
        (RATE.format(credits=1, usd=1).replace("v3_t2v", "v9"), ["kirin kirin_v9, .*: one of the models kirin kirin"]),
        (RATE.format(credits=1, usd=1) + "seconds = 16", ["16 seconds: seconds that the model makes"]),
        (
            RATE.format(credits=1, usd=1).replace("kirin_v3_t2v", "kling-v1").replace("kirin", "kling")
            + "sound = true",
            ["kling kling-v1, std, with sound, each second: a mode and sound that the model has"],
        ),
    ],
)
def test_a_table_that_cannot_be_used_says_everything_that_is_wrong(
    tmp_path: Path, text: str, problems: list[str]
) -> None:
    with pytest.raises(TableUnusable) as caught:
        table(file(tmp_path, text), SHIPPED)
    assert len(caught.value.problems) == len(problems)
    for said, expected in zip(caught.value.problems, problems, strict=True):
        assert re.search(expected, said), said


def test_a_file_that_is_not_there_or_no_text_is_said_so(tmp_path: Path) -> None:
    for path in (tmp_path / "none.toml", tmp_path):
        with pytest.raises(match="a file that can be read"):
            table(path, SHIPPED)
    (tmp_path / "binary.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(match="a TOML file"):
        table(tmp_path / "binary.toml", SHIPPED)
