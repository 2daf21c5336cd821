"""Words are found however they are written, and only as words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.wordlist import fold, occurs


def found(words: str, text: str) -> bool:
    return occurs(fold(words), fold(text))


@pytest.mark.parametrize(
    "text",
    [
        "a kraken",
        "KRAKEN!",
        "the kráken sleeps",
        "k\u0336r\u0336a\u0336ken",  # struck through
        "".join(chr(ord(each) + 0xFEE0) for each in "kraken"),  # full width
        "".join(chr(ord(each) - ord("a") + 0x1D4EA) for each in "kraken"),  # letters of mathematics
        "kra\u200bken",
        "kra\u00adken",
        "kra\u2060k\ufe0fen",
        *(f"kra{hidden}ken" for hidden in "\U000e0101\u180b\u17b4\u2065\ufff0\U000e0002\x07\x7f"),
        "(kraken)",
        "看kraken吧",
        "kraken\u3002",
    ],
)
def test_a_word_is_found_in_every_dress(text: str) -> None:
    assert found("Kraken", text)


@pytest.mark.parametrize("text", ["krakens", "unkraken", "kraken_2", "kraken2", "kra ken", "", "krakené"])
def test_a_word_inside_a_longer_one_is_another_word(text: str) -> None:
    assert not found("kraken", text)


def test_a_later_whole_word_is_found_behind_an_earlier_part() -> None:
    assert found("ass", "a glass of ass")
    assert not found("ass", "a glass of grass")


def test_a_phrase_is_found_across_any_gap() -> None:
    assert found("blood  bath", "a blood\n\u3000bath here")
    assert not found("blood bath", "a bloodbath, bloods bath")


@pytest.mark.parametrize(
    ("words", "text"),
    [("血腥", "非常血腥的画面"), ("ばか", "おばかさん"), ("포르노", "포르노를 보여줘"), ("โป๊", "ภาพโป๊มาก")],
)
def test_scripts_without_gaps_need_none(words: str, text: str) -> None:
    assert found(words, text)


def test_marks_that_make_another_letter_stay() -> None:
    assert not found("ばか", "はか")
    assert found("\u0448\u0442\u043e\u0440\u043c", "\u0448\u0442\u043e\u0301\u0440\u043c".upper())  # a stress mark
    assert found("كتاب", "كِتَاب")
    assert found("straße", "STRASSE")
    assert found("istanbul", "İstanbul")


def test_a_word_of_signs_alone_is_found_anywhere() -> None:
    assert found("$$$", "win$$$now")
    assert not found("\u200b", "anything")


@given(st.text())
def test_folding_twice_changes_nothing_more(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@given(st.text(), st.text(min_size=1))
def test_a_text_of_its_own_is_always_found(before: str, words: str) -> None:
    folded = fold(words)
    assert occurs(folded, f"{fold(before)} {folded} ") == bool(folded)
