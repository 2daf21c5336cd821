import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.domain import MAX_SHOTS, Shot
from bot.domain.script import read, write
from bot.domain.storyboard import LONGEST, tidy

CHINESE = st.text("狐狸在雪地里醒来，跑过山坡。：、（）1234秒s第一镜头", max_size=30)
ANYTHING = st.text(max_size=60) | CHINESE | st.from_regex(r"(\d{1,2}[.)、]? ?\d{0,3} ?(s|秒)?[:： ]*.{0,9}\n?){0,9}")
SHOTS = st.lists(
    st.builds(Shot, prompt=ANYTHING.map(tidy), seconds=st.integers(1, LONGEST)), min_size=1, max_size=MAX_SHOTS
)


def parsed(text: str, *, total: int = 10) -> list[tuple[int, str]]:
    return [(shot.seconds, shot.prompt) for shot in read(text, total=total).shots]


@given(SHOTS)
@example([Shot(prompt="3s 2. 4s x", seconds=4), Shot(prompt="", seconds=1), Shot(prompt="：狐狸", seconds=2)])
def test_a_script_says_what_it_was_written_from(shots: list[Shot]) -> None:
    assert list(read(write(shots), total=10).shots) == shots


@given(st.text(max_size=400) | ANYTHING, st.integers(3, 15))
@example("1. " * 500, 5)
@example("\ud800\n" * 9 + "1. 9999s \0", 5)
def test_no_script_breaks_anything(text: str, total: int) -> None:
    script = read(text, total=total)
    assert len(script.shots) <= MAX_SHOTS
    assert all(1 <= shot.seconds <= LONGEST for shot in script.shots)
    assert all(shot.prompt == tidy(shot.prompt) for shot in script.shots)
    assert 3 <= script.total <= 15


@pytest.mark.parametrize(
    "text",
    [
        "1. 4s A fox wakes\n2. 6s It runs",
        "1) 4 sec A fox wakes\n2) 6 seconds: It runs",
        "Shot 1 (4s): A fox wakes\n\nShot 2 [6 s]: It runs",
        "My little film\n\n1. (4s) A fox\nwakes\n2. (6s) It runs",
        "4s A fox wakes\n6s It runs",
        "1. 4秒 A fox wakes\n2. 6秒：It runs",
        "第1镜（4秒）：A fox wakes\n第二镜（6秒）：It runs",
        "镜头一：4秒 A fox wakes\n镜头二：6秒 It runs",
        "1.4s A fox wakes\n2.6s It runs",
    ],
)
def test_scripts_are_read_as_people_write_them(text: str) -> None:
    assert parsed(text) == [(4, "A fox wakes"), (6, "It runs")]


@pytest.mark.parametrize(
    "text",
    [
        "A fox wakes\nIt runs\nIt sleeps",
        "A fox\nwakes\n\nIt runs\n\nIt sleeps",
        "一、A fox wakes\n二、It runs\n三、It sleeps",
    ],
)
def test_shots_without_seconds_share_them(text: str) -> None:
    assert parsed(text) == [(4, "A fox wakes"), (3, "It runs"), (3, "It sleeps")]


def test_shots_without_seconds_share_what_the_others_leave() -> None:
    assert parsed("1. 4s a\n2. b\n3. c", total=10) == [(4, "a"), (3, "b"), (3, "c")]


def test_a_script_in_which_every_shot_has_its_seconds_says_how_long_the_whole_is() -> None:
    assert read("1. 4s a\n2. 4s b", total=10).total == 8
    assert read("1. 15s a\n2. 15s b", total=10).total == 10
    assert read("a\nb", total=10).total == 10
    assert read("a\nb\nc\nd\ne", total=3).total == 5


@pytest.mark.parametrize(
    "text", ["3.5 m of snow\n12:30 at night", "第二天，狐狸醒来\n镜头一转，它跑了", "1984. A dark city\nRain"]
)
def test_numbers_within_a_sentence_are_no_shots(text: str) -> None:
    assert [prompt for _, prompt in parsed(text)] == text.splitlines()


def test_shots_beyond_the_sixth_are_left_out_and_counted() -> None:
    script = read("\n".join(f"{number}. 1s shot" for number in range(1, 10)), total=10)
    assert (len(script.shots), script.left_out) == (6, 3)


def test_a_blank_script_has_no_shots() -> None:
    assert read(" \n\n ", total=10).shots == ()
