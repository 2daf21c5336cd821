"""Scripts as people and chat assistants write them: read to the letter, and nothing of them lost."""

from collections import Counter

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from bot.domain import MAX_SHOTS, Shot
from bot.domain.script import USUAL, Script, read, write
from bot.domain.script_lines import unfold
from bot.domain.storyboard import LONGEST, tidy

CHINESE = st.text("狐狸在雪地里醒来，跑过山坡。：、（）1234秒s第一镜头", max_size=30)
ANYTHING = st.text(max_size=60) | CHINESE | st.from_regex(r"(\d{1,2}[.)、]? ?\d{0,3} ?(s|秒)?[:： ]*.{0,9}\n?){0,9}")
SHOTS = st.lists(
    st.builds(Shot, prompt=ANYTHING.map(tidy), seconds=st.integers(1, LONGEST)), min_size=1, max_size=MAX_SHOTS
)
# Letters that none of the words has which are read as something else than text.
LETTERS = "bjkvxy狐狸雪"
MARKS = " \n\n0123456789:：.,-–*_#>|`\"'“”()（）[]{}\t/~秒s一二、"


def parsed(text: str, *, total: int = 10) -> list[tuple[int, str]]:
    return [(shot.seconds, shot.prompt) for shot in read(text, total=total).shots]


def everything_in(script: Script) -> str:
    return " ".join([*(shot.prompt for shot in script.shots), *script.left_out, *script.beside])


@given(SHOTS)
@example([Shot(prompt="3s 2. 4s x", seconds=4), Shot(prompt="", seconds=1), Shot(prompt="：狐狸", seconds=2)])
@example([Shot(prompt="**a** (3s)", seconds=4), Shot(prompt='"b"', seconds=1)])
def test_a_script_says_what_it_was_written_from(shots: list[Shot]) -> None:
    assume(len(shots) > 1 or unfold([write(shots)]) == [write(shots)])  # it could be several on one line
    found = read(write(shots), total=10)
    assert [shot.prompt for shot in found.shots] == [shot.prompt for shot in shots]
    if sum(shot.seconds for shot in shots) in USUAL:
        assert list(found.shots) == shots


@pytest.mark.parametrize(
    "text",
    [
        '[{"prompt": "A fox' + " " * 3900 + 'wakes"}]',
        '[{"prompt": "A fox' + r"\t" * 1900 + 'wakes"}]',
        "Visuals\n---|---\nA fox" + "\N{NO-BREAK SPACE}" * 3900 + "wakes|",
    ],
)
def test_blanks_in_a_row_are_one(text: str) -> None:
    """Each number of them in each place would take hours, in which nobody else is answered."""
    assert [prompt for _, prompt in parsed(text)] == ["A fox wakes"]


@given(
    st.text(max_size=400) | st.text(LETTERS + MARKS, max_size=120) | ANYTHING,
    st.integers(3, 15),
    st.sampled_from([USUAL, (5, 10), (5,)]),
)
@example("1. " * 500, 5, USUAL)
@example("\ud800\n" * 9 + "1. 9999s \0", 5, USUAL)
@example("[" * 4000, 5, USUAL)
@example("9" * 4000 + "s", 5, USUAL)
@example('[{"seconds": 1e999, "prompt": "a"}]', 5, USUAL)
@example('[{"prompt": ' + "[" * 900 + "]" * 900 + "}]", 5, USUAL)
@example('{"a": ' * 500 + "1" + "}" * 500, 5, USUAL)
def test_no_script_breaks_anything(text: str, total: int, lengths: tuple[int, ...]) -> None:
    total = min(lengths, key=lambda length: abs(length - total))
    script = read(text, total=total, lengths=lengths)
    assert len(script.shots) <= MAX_SHOTS
    assert all(1 <= shot.seconds <= max(*lengths, LONGEST) for shot in script.shots)
    assert all(shot.prompt == tidy(shot.prompt) for shot in script.shots)
    assert script.total in lengths
    if script.shots and len(script.shots) <= max(lengths):
        assert sum(shot.seconds for shot in script.shots) == script.total


PIECES = [
    *(
        "Shot 1",
        "Scene 2:",
        "镜头一",
        "- ",
        "* ",
        "1. ",
        "2) ",
        "(3s)",
        "（4秒）",
        "0:00-0:03",
        "Duration: 3s",
        "Visual: ",
    ),
    *("|", "---", "```", "\n", "\n\n", "**", "> ", "# ", "[", "]", "{", "}", '"prompt":', '"seconds": 3', ",", "\t"),
    *("“", "”", '"', ":", "bjk", "vx yk", "狐狸", "雪"),
]


@given(st.text(LETTERS + MARKS, max_size=200) | st.lists(st.sampled_from(PIECES), max_size=40).map("".join))
@example("狐狸\n\n1. 3s b\n\nx")
@example("| b | j |\n|---|---|\n| k | v | x |")
@example("| b | j |\n|---|---|\n| 4s | |")
@example("\n|---")
@example("| b |\n|---|")
@example('{"b": "j", "shots": [{"k": "v"}], "x": [{"y": "b"}]}')
@example('[{"b": "j"}, {"b": [1, {"k": null}]}]\nv')
@settings(max_examples=400)
def test_nothing_that_was_written_is_lost(text: str) -> None:
    found = everything_in(read(text, total=10))
    wanted, kept = (Counter(each for each in said if each in LETTERS) for said in (text, found))
    assert wanted - kept == Counter()


WORDS = st.text("bjkvxy", min_size=2, max_size=8)
BODY = st.lists(WORDS, min_size=1, max_size=4).map(" ".join)
HEADS = ["{n}. {s}s ", "Shot {n} - {s}s - ", "**Scene {n}:** ({s} seconds) ", "第{n}镜（{s}秒）：", "{n}) [{s} sec] "]


@given(st.lists(st.tuples(BODY, st.integers(1, 2)), min_size=2, max_size=6), st.sampled_from(HEADS), BODY)
def test_every_way_of_naming_shots_gives_the_same_shots(wanted: list[tuple[str, int]], head: str, title: str) -> None:
    lines = [head.format(n=number, s=seconds) + prompt for number, (prompt, seconds) in enumerate(wanted, start=1)]
    found = read("\n".join([f"# {title}", "", *lines]), total=10)
    assert [shot.prompt for shot in found.shots] == [prompt for prompt, _ in wanted]
    assert found.beside == (title,)
    if found.asked is None:
        assert [shot.seconds for shot in found.shots] == [seconds for _, seconds in wanted]


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
        "0:00-0:04 A fox wakes\n0:04-0:10 It runs",
        "[00:00 – 00:04] A fox wakes\n[00:04 – 00:10] It runs",
        "[0:00-0:04] Shot 1: A fox wakes\n[0:04-0:10] Shot 2: It runs",
        "0:00-0:04\nA fox wakes\n\n0:04-0:10\nIt runs",
        "0-4s: A fox wakes\n4-10s: It runs",
        "1. **0s–4s**: A fox wakes\n2. **4s–10s**: It runs",
        "- A fox wakes (4s)\n- It runs (6 seconds)",
        "* A fox wakes – 4 seconds\n* It runs – 6 seconds",
        "1. 4s A fox wakes 2. 6s It runs",
        "Shot 1 (4s): A fox wakes Shot 2 (6s): It runs",
        "镜头一：4秒 A fox wakes 镜头二：6秒 It runs",
        "0:00-0:04 A fox wakes 0:04-0:10 It runs",
        "• 4s: A fox wakes\n• 6s: It runs",
        "Scene 1: A fox wakes (4 seconds)\nScene 2: It runs (6 seconds)",
        "Shot 1 - 4s - A fox wakes\nShot 2 - 6s - It runs",
        "Shot 1 - A fox wakes (4s)\nShot 2 - It runs (6s)",
        "Shot one: (4s) A fox wakes\nShot two: (6s) It runs",
        '**Shot 1 (4s):** “A fox wakes”\n**Shot 2 (6s):** "It runs"',
        "### Scene 1 (4 seconds)\n> A fox wakes\n\n### Scene 2 (6 seconds)\n> It runs",
        "**Shot 1**\n- Duration: 4 seconds\n- Visual: A fox wakes\n\n**Shot 2**\n- Duration: 6s\n- Visual: It runs",
        "Here is your storyboard:\n\n1. *A fox wakes* (4s)\n2. _It runs_ (6s)",
        "① A fox wakes（4秒）\n② It runs（6秒）",
        "（一）A fox wakes（四秒）\n（二）It runs（六秒钟）",
        "镜头1/2：A fox wakes（4秒）\n镜头2/2：It runs（6秒）",
        "| Shot | Time | Visual |\n|---|:---:|---|\n| 1 | 0:00–0:04 | A fox wakes |\n| 2 | 0:04–0:10 | **It runs** |",
        "Time | Visual\n--- | ---\n4s | A fox wakes\n6 seconds | It runs",
        "| 镜号 | 时长 | 画面 |\n|---|---|---|\n| 1 | 4秒 | A fox wakes |\n| 2 | 6秒 | It runs |",
        "| 1 | 4s | A fox wakes |\n| 2 | 6s | It runs |",
        "Shot\tSeconds\tVisual\n1\t4\tA fox wakes\n2\t6\tIt runs",
        '```json\n[{"seconds": 4, "prompt": "A fox wakes"}, {"seconds": 6, "prompt": "It runs"}]\n```',
        '[{"duration": "4s", "description": "A fox wakes"},\n {"duration": "6s", "description": "It runs"}]',
        '{"shots": [{"time": "0:00-0:04", "visual": "A fox wakes"}, {"time": "0:04-0:10", "visual": "It runs"}]}',
        '{"storyboard": {"scenes": [{"时长": "4秒", "画面": "A fox wakes"}, {"时长": "6秒", "画面": "It runs"}]}}',
        '["4s: A fox wakes", "It runs (6s)"]',
        '[{"start": 0, "end": 4, "prompt": "A fox wakes"}, {"start": 4, "end": 10, "prompt": "It runs"}]',
        '{"1": {"seconds": 4, "prompt": "A fox wakes"}, "2": {"seconds": 6, "prompt": "It runs"}}',
        '{"seconds": 4, "prompt": "A fox wakes"}\n{"seconds": 6, "prompt": "It runs"}',
        "Sure!\n```\nShot 1 (4s): A fox wakes\nShot 2 (6s): It runs\n```\nWould you like more?",
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
        "My film:\n- A fox wakes\n- It runs\n- It sleeps",
        '["A fox wakes", "It runs", "It sleeps"]',
        "0:00 A fox wakes\n0:04 It runs\n0:07 It sleeps",
    ],
)
def test_shots_without_seconds_share_them(text: str) -> None:
    assert parsed(text) == [(4, "A fox wakes"), (3, "It runs"), (3, "It sleeps")]


def test_what_is_said_about_a_shot_becomes_part_of_its_prompt() -> None:
    lines = "**Shot 1: The den** (4s)\n- Visual: A fox wakes\n- Camera: slow zoom\n\n**Shot 2** (6s)\n- It runs"
    table = "| Time | Visual | Camera |\n|---|---|---|\n| 4s | A fox wakes | slow zoom |\n| 6s | It runs | |"
    assert parsed(lines) == [(4, "The den. A fox wakes. Camera: slow zoom"), (6, "It runs")]
    assert parsed(table) == [(4, "A fox wakes. Camera: slow zoom"), (6, "It runs")]
    assert parsed("镜头一：雪洞（4秒）\n- 画面：狐狸醒来\n- 运镜：推近\n镜头二（6秒）：它跑了") == [
        (4, "雪洞。狐狸醒来。运镜：推近"),
        (6, "它跑了"),
    ]


def test_shots_without_seconds_share_what_the_others_leave() -> None:
    assert parsed("1. 4s a\n2. b\n3. c", total=10) == [(4, "a"), (3, "b"), (3, "c")]


def test_a_script_in_which_every_shot_has_its_seconds_says_how_long_the_whole_is() -> None:
    assert read("1. 4s a\n2. 4s b", total=10).total == 8
    assert read("a\nb", total=10).total == 10
    assert read("a\nb\nc\nd\ne", total=3).total == 5
    assert read("1. 2.5s a\n2. 2.5s b", total=10).total == 5


def test_a_script_of_a_length_that_there_is_not_is_fitted_and_says_what_it_asked_for() -> None:
    long = read("1. 20s a\n2. 10s b", total=10)
    assert ([shot.seconds for shot in long.shots], long.total, long.asked) == ([10, 5], 15, 30)
    short = read("1. 1s a\n2. 1s b", total=10)
    assert ([shot.seconds for shot in short.shots], short.total, short.asked) == ([2, 1], 3, 2)
    odd = read("1. 4s a\n2. 3s b", total=5, lengths=(5, 10))
    assert ([shot.seconds for shot in odd.shots], odd.total, odd.asked) == ([6, 4], 10, 7)


@pytest.mark.parametrize(
    "text",
    [
        "3.5 m of snow\n12:30 at night",
        "第二天，狐狸醒来\n镜头一转，它跑了",
        "1984. A dark city\nRain",
        "It waits for 3 seconds\nIt runs 100 m in 9 seconds",
        "A part 2 of it\nPart two of the journey begins",
        'A sign says "STOP"\n["red"] fox',
    ],
)
def test_numbers_within_a_sentence_are_no_shots(text: str) -> None:
    assert [prompt for _, prompt in parsed(text)] == text.splitlines()


def test_shots_beyond_the_sixth_are_left_out_and_what_is_no_shot_is_beside() -> None:
    script = read(
        "A film\n" + "\n".join(f"{number}. 1s shot {number}" for number in range(1, 10)) + "\n\nBye", total=10
    )
    assert len(script.shots) == 6
    assert script.left_out == ("shot 7", "shot 8", "shot 9")
    assert script.beside == ("A film", "Bye")


def test_a_blank_script_has_no_shots() -> None:
    assert read(" \n\n ", total=10).shots == ()
