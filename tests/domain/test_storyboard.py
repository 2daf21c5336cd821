from collections.abc import Callable
from dataclasses import replace
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain import MAX_SHOTS, AspectRatio, Board, Mode, Shot, Storyboard, VideoRequest
from bot.domain.storyboard import LONGEST, STEPS_BACK, WIDTH, scale, share, tidy
from tests.models import KIRIN_V3

NUMBERS: Final = st.integers(-3, 9)
LENGTHS: Final = st.integers(-5, 40)
TEXTS: Final = st.text(st.characters(codec="utf-8"), max_size=40) | st.sampled_from(["", "狐狸醒来", "a\ud800\0b"])
OPERATIONS: Final[st.SearchStrategy[Callable[[Storyboard], Storyboard]]] = st.one_of(
    st.builds(lambda at: lambda story: story.add(at, KIRIN_V3), NUMBERS),
    st.builds(lambda at: lambda story: story.duplicate(at, KIRIN_V3), NUMBERS),
    st.builds(lambda at: lambda story: story.remove(at), NUMBERS),
    st.builds(lambda at, by: lambda story: story.move(at, by=by), NUMBERS, NUMBERS),
    st.builds(
        lambda at, prompt, seconds: lambda story: story.edit(at, prompt=prompt, seconds=seconds),
        *(NUMBERS, TEXTS, st.none() | LENGTHS),
    ),
    st.builds(lambda total: lambda story: story.changed(total=total), st.integers(3, 15)),
    st.just(lambda story: story.even_out(KIRIN_V3)),
    st.just(lambda story: story.empty()),
)


def board(*seconds: int, total: int = 10) -> Storyboard:
    shots = tuple(Shot(prompt=f"shot {number}", seconds=each) for number, each in enumerate(seconds, start=1))
    return Storyboard(model="kirin_v3_t2v", shots=shots, total=total)


def prompts(story: Storyboard) -> list[str]:
    return [shot.prompt for shot in story.shots]


@given(st.lists(OPERATIONS, max_size=30))
def test_whatever_is_done_a_storyboard_stays_one(operations: list[Callable[[Storyboard], Storyboard]]) -> None:
    story = Storyboard(model="kirin_v3_t2v")
    for operation in operations:
        story = operation(story)
        assert 1 <= len(story.shots) <= MAX_SHOTS
        assert all(1 <= shot.seconds <= LONGEST for shot in story.shots)
        assert set(range(len(story.shots))) <= set(story.timeline())
        assert Storyboard.model_validate_json(story.model_dump_json()) == story
    evened = story.even_out(KIRIN_V3)
    assert evened.seconds == evened.total >= story.total
    assert max(shot.seconds for shot in evened.shots) - min(shot.seconds for shot in evened.shots) <= 1
    assert prompts(evened) == prompts(story)


@given(st.lists(OPERATIONS, max_size=30))
def test_undoing_goes_back_step_by_step(operations: list[Callable[[Storyboard], Storyboard]]) -> None:
    kept = Board(now=Storyboard(model="kirin_v3_t2v"))
    seen = [kept.now]
    for operation in operations:
        kept = kept.changed_to(operation(kept.now))
        if kept.now != seen[-1]:
            seen.append(kept.now)
    assert Board.stored(kept.body()) == kept
    for before in list(reversed(seen[:-1]))[:STEPS_BACK]:
        kept = kept.undo()
        assert kept.now == before
    assert kept.past == ()
    assert kept.undo() is kept


@given(st.integers(1, 30), st.integers(1, 9))
def test_seconds_are_shared_to_the_last_one(seconds: int, parts: int) -> None:
    shares = share(seconds, parts)
    assert sum(shares) == max(seconds, parts)
    assert shares == sorted(shares, reverse=True)
    assert shares[0] - shares[-1] <= 1


@given(st.lists(st.integers(1, 20), min_size=1, max_size=6), st.integers(1, 30))
def test_lengths_are_scaled_to_the_last_second(lengths: list[int], seconds: int) -> None:
    scaled = scale(lengths, seconds)
    assert sum(scaled) == max(seconds, len(lengths))
    assert min(scaled) >= 1
    assert scale(lengths, sum(lengths)) == lengths


def seconds_of(story: Storyboard) -> tuple[list[int], int]:
    return [shot.seconds for shot in story.shots], story.total


def test_a_new_shot_takes_the_seconds_that_are_left() -> None:
    assert seconds_of(board(4, 2).add(0, KIRIN_V3)) == ([4, 4, 2], 10)


def test_the_whole_grows_for_a_new_shot_as_long_as_its_neighbour() -> None:
    assert seconds_of(board(4, 6).add(0, KIRIN_V3)) == ([4, 4, 6], 14)


def test_a_copy_is_as_long_as_its_original_and_the_whole_grows_with_it() -> None:
    assert seconds_of(board(3, 2).duplicate(0, KIRIN_V3)) == ([3, 3, 2], 10)
    assert seconds_of(board(4, 4).duplicate(1, KIRIN_V3)) == ([4, 4, 4], 12)
    assert prompts(board(3, 2).duplicate(0, KIRIN_V3)) == ["shot 1", "shot 1", "shot 2"]


def test_the_whole_grows_no_further_than_the_model_makes_it() -> None:
    assert seconds_of(board(5, 7, total=12).duplicate(1, KIRIN_V3)) == ([5, 7, 3], 15)
    assert seconds_of(board(5, 10, total=15).duplicate(1, KIRIN_V3)) == ([5, 10, 1], 15)
    short = replace(KIRIN_V3, durations=(5, 10))
    assert seconds_of(board(3, 2, total=5).add(1, short)) == ([3, 2, 2], 10)


def test_a_full_storyboard_takes_no_more_shots() -> None:
    full = board(1, 1, 1, 1, 1, 1)
    assert full.full(KIRIN_V3)
    assert full.add(2, KIRIN_V3) == full.duplicate(2, KIRIN_V3) == full
    assert board(1, 1).full(replace(KIRIN_V3, max_shots=2))


def test_a_storyboard_fits_another_length_and_keeps_its_rhythm() -> None:
    assert seconds_of(board(2, 4, 4).fitted(5)) == ([1, 2, 2], 5)
    assert seconds_of(board(2, 4, 4).fitted(15)) == ([3, 6, 6], 15)
    assert seconds_of(board(2, 4, 4).adapted_to([replace(KIRIN_V3, durations=(3, 4, 5))])) == ([1, 2, 2], 5)
    assert seconds_of(board(2, 4).adapted_to([replace(KIRIN_V3, durations=(5,))])) == ([2, 4], 5)


def test_evened_out_the_whole_is_one_that_there_is() -> None:
    assert seconds_of(board(1, 1, 1, 1, total=3).even_out(replace(KIRIN_V3, durations=(3, 6)))) == ([2, 2, 1, 1], 6)


def test_what_was_read_waits_beside_the_storyboard_until_it_is_taken_or_anything_else_is_done() -> None:
    kept = Board(now=board(4, 6)).propose(board(3))
    assert Board.stored(kept.body()) == kept
    assert kept.changed_to(board(3)).undo() == Board(now=board(4, 6))
    assert kept.undo() == kept.changed_to(kept.now) == kept.propose(None) == Board(now=board(4, 6))


def test_shots_move_and_stop_at_the_ends() -> None:
    story = board(1, 2, 3)
    assert prompts(story.move(0, by=1)) == ["shot 2", "shot 1", "shot 3"]
    assert prompts(story.move(2, by=-1)) == ["shot 1", "shot 3", "shot 2"]
    assert story.move(2, by=1) == story


def test_the_last_shot_is_emptied_instead_of_taken_away() -> None:
    assert board(4).remove(0).shots == (Shot(prompt="", seconds=4),)
    assert prompts(board(4, 2).remove(0)) == ["shot 2"]


def test_a_prompt_is_kept_on_one_line_without_what_cannot_be_stored() -> None:
    assert tidy("  a\n fox\u2028\ud800 wa\0kes ") == "a fox wakes"


def test_the_timeline_has_a_mark_for_every_second() -> None:
    assert board(2, 1, total=5).timeline() == [0, 0, 1, None, None]
    assert board(2, 1, total=3).timeline() == [0, 0, 1]
    assert board(2, 4, total=3).timeline() == [0, 0, 1, 1, 1, 1]


def test_a_timeline_that_is_far_too_long_is_shortened_and_forgets_no_shot() -> None:
    marks = board(15, 15, 15, 15, 15, 1).timeline()
    assert len(marks) <= WIDTH
    assert marks.count(5) == 1
    assert marks.count(0) == marks.count(4)


def test_a_storyboard_says_what_keeps_it_from_being_made() -> None:
    def codes(story: Storyboard) -> list[str]:
        return [problem.code for problem in story.problems(KIRIN_V3)]

    assert codes(board(4, 6)) == []
    assert codes(board(4, 5)) == ["shots_do_not_add_up"]
    assert codes(board(10).remove(0)) == ["shot_prompt_empty"]
    assert codes(board(10).edit(0, prompt="x" * 513, seconds=None)) == ["shot_prompt_too_long"]
    assert codes(board(1, 1, total=2)) == ["duration_not_offered"]


def test_a_request_with_shots_becomes_a_storyboard_and_the_same_request_again() -> None:
    request = VideoRequest(
        model="kirin_v3_t2v",
        shots=(Shot(prompt="a", seconds=2), Shot(prompt="b", seconds=3)),
        duration=5,
        mode=Mode.PRO,
        aspect_ratio=AspectRatio.TALL,
        sound=True,
        negative_prompt="rain",
    )
    story = Storyboard.of(request, parent_id="abc")
    assert story.request() == request
    assert story.parent_id == "abc"


def test_a_request_without_shots_becomes_one_shot_of_its_whole_length() -> None:
    story = Storyboard.of(VideoRequest(model="kirin_v3_t2v", prompt="a\nfox", duration=7))
    assert story.shots == (Shot(prompt="a fox", seconds=7),)
    assert story.left == 0


@pytest.mark.parametrize("story", [board(4, 5), Storyboard(model="kirin_v3_t2v", sound=True, mode=Mode.PRO)])
def test_the_price_is_known_before_the_storyboard_is_finished(story: Storyboard) -> None:
    outline = story.draft_request()
    assert (outline.duration, outline.mode, outline.sound) == (story.total, story.mode, story.sound)


def test_what_is_no_board_is_not_read_as_one() -> None:
    assert Board.stored({"now": {"model": "kirin_v3_t2v", "shots": []}}) is None
    assert Board.stored({}) is None
