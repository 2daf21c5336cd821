import asyncio
import struct
from collections.abc import Callable, Iterable
from dataclasses import asdict, fields, replace
from pathlib import Path
from typing import Any

import av
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageChops, ImageStat

from bot.domain.camera import CameraControl
from bot.service.media.service import Media
from sandbox.rendering import melody, typesetting
from sandbox.rendering.camera import COMPOSITES, ROLL, SHIFT, ZOOM, View, view
from sandbox.rendering.overlay import prompt_layer, watermark_layer
from sandbox.rendering.render import RenderingStopped, render
from sandbox.rendering.shot_frames import ShotFrames
from sandbox.rendering.video import SIZES, Camera, Shot, Video
from sandbox.rendering.video_cache import VideoCache

AXES = ("horizontal", "vertical", "pan", "tilt", "roll", "zoom")
SMALL = Video(shots=(Shot(prompt="A red fox", seconds=1),), width=320, height=180, model="kling-v1")
STORYBOARD = replace(SMALL, shots=(Shot(prompt="A fox wakes", seconds=1), Shot(prompt="It runs", seconds=2)))
OPEN = (80, 50, 240, 110)  # of the small video: below its short prompt and above the board


def along(axis: str, amount: float) -> Camera:
    move: dict[str, Any] = {axis: amount}
    return Camera(**move)


def luma(frame: av.VideoFrame) -> Image.Image:
    plane = frame.planes[0]
    return Image.frombytes("L", (plane.width, plane.height), bytes(plane), "raw", "L", plane.line_size)


def names_in(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()] if folder.exists() else []


def difference(one: Image.Image, other: Image.Image) -> float:
    return ImageStat.Stat(ImageChops.difference(one, other)).mean[0]


def best(candidates: Iterable[float], miss: Callable[[float], float]) -> float:
    return min(candidates, key=miss)


def ends(camera: Camera | None) -> tuple[Image.Image, Image.Image]:
    """Two frames of the small video a second apart, in the middle of three seconds so that the arm lies still."""
    video = replace(SMALL, camera=camera, shots=(Shot(prompt="A red fox", seconds=3),))
    shot_frames = ShotFrames(video, 0, first_frame=0)
    return shot_frames.picture(24).y, shot_frames.picture(48).y


PART = 24 / 71  # of a three-second move that lies between those two frames


def moved(camera: Camera | None) -> tuple[float, float]:
    """How far the picture went to the right and down, in pixels, by where it fits best."""
    before, after = ends(camera)
    left, top, right, bottom = OPEN
    target = after.crop(OPEN)

    def miss(x: float, y: float) -> float:
        place = (left - round(x), top - round(y), right - round(x), bottom - round(y))
        return difference(before.crop(place), target)

    right_by = best(range(-36, 37), lambda x: miss(x, 0))
    down_by = best(range(-24, 25), lambda y: miss(0, y))
    return right_by, down_by


@pytest.mark.parametrize(("aspect", "mode"), SIZES)
def test_a_video_is_h264_of_the_size_and_length_asked_for(aspect: str, mode: str, tmp_path: Path) -> None:
    width, height = SIZES[aspect, mode]
    path = tmp_path / "video.mp4"
    video = Video(shots=(Shot(prompt="Dawn", seconds=1),), width=width, height=height, mode=mode, model="m", fps=6)
    render(video, path)
    with av.open(str(path)) as box:
        stream = box.streams.video[0]
        assert (stream.codec_context.name, stream.codec_context.pix_fmt) == ("h264", "yuv420p")
        assert (stream.width, stream.height) == SIZES[aspect, mode]
        assert sum(1 for _ in box.decode(stream)) == video.fps
        assert not box.streams.audio
        assert abs((box.duration or 0) / 1_000_000 - 1) < 0.1
    assert video.aspect == aspect


def test_a_video_can_be_played_before_it_is_wholly_there(tmp_path: Path) -> None:
    path = tmp_path / "video.mp4"
    render(SMALL, path)
    content, names, place = path.read_bytes(), [], 0
    while place < len(content):
        size, name = struct.unpack(">I4s", content[place : place + 8])
        names.append(name)
        place += size
    assert names.index(b"moov") < names.index(b"mdat")


def test_sound_is_heard_in_stereo_for_the_whole_video(tmp_path: Path) -> None:
    path = tmp_path / "video.mp4"
    render(replace(STORYBOARD, sound=True), path)
    with av.open(str(path)) as box:
        audio = box.streams.audio[0]
        assert (audio.codec_context.name, audio.codec_context.channels) == ("aac", 2)
        assert abs((box.duration or 0) / 1_000_000 - 3) < 0.1
        loudest: dict[int, float] = {}
        for frame in box.decode(audio):
            second = int(frame.time or 0)
            peak = max(map(abs, struct.unpack(f"{frame.samples}f", bytes(frame.planes[0])[: 4 * frame.samples])))
            loudest[second] = max(loudest.get(second, 0), peak)
    assert all(0.1 < loudest[second] < 1 for second in range(3))


def test_the_melody_changes_with_the_shot_and_lasts_to_the_sample() -> None:
    seconds = melody.samples(STORYBOARD)
    assert [len(second) for second in seconds] == [melody.RATE * 4] * 3
    assert seconds[0] != seconds[1]


@pytest.mark.parametrize("axis", ["horizontal", "tilt"])
@pytest.mark.parametrize("amount", [10, 5, -5])
def test_a_camera_that_goes_right_moves_the_picture_left(axis: str, amount: float) -> None:
    right, _ = moved(along(axis, amount))
    assert right == pytest.approx(-amount / 10 * SHIFT * 320 * PART, abs=2)


@pytest.mark.parametrize("axis", ["vertical", "pan"])
@pytest.mark.parametrize("amount", [10, -10])
def test_a_camera_that_goes_up_moves_the_picture_down(axis: str, amount: float) -> None:
    _, down = moved(along(axis, amount))
    assert down == pytest.approx(amount / 10 * SHIFT * 180 * PART, abs=2)


@pytest.mark.parametrize("amount", [10, -10])
def test_a_camera_that_rolls_clockwise_turns_the_picture_the_other_way(amount: float) -> None:
    before, after = ends(Camera(roll=amount))
    turn = best(
        [number / 2 for number in range(-24, 25)],
        lambda degrees: difference(before.rotate(degrees).crop(OPEN), after.crop(OPEN)),
    )
    assert turn == pytest.approx(amount / 10 * ROLL * PART, abs=1.5)


@pytest.mark.parametrize("amount", [10, -10])
def test_a_positive_zoom_widens_the_view(amount: float) -> None:
    before, after = ends(Camera(zoom=amount))

    def miss(scale: float) -> float:
        across, down = before.width / scale, before.height / scale
        box = (160 - across / 2, 90 - down / 2, 160 + across / 2, 90 + down / 2)
        grown = before.transform(before.size, Image.Transform.EXTENT, box, Image.Resampling.BILINEAR)
        return difference(grown.crop(OPEN), after.crop(OPEN))

    grown = best([number / 100 for number in range(70, 140)], miss)
    assert grown == pytest.approx(ZOOM ** (-amount / 10 * PART), abs=0.04)


@pytest.mark.parametrize("kind", COMPOSITES)
def test_a_composite_move_moves_and_scales_the_picture(kind: str) -> None:
    before, after = ends(Camera(type=kind))
    still = difference(*(picture.crop(OPEN) for picture in ends(Camera())))
    assert difference(before.crop(OPEN), after.crop(OPEN)) > 2 * still
    start, end = view(Camera(type=kind), 0), view(Camera(type=kind), 1)
    right, up, closer = COMPOSITES[kind]
    assert (end.right - start.right, end.up - start.up) == pytest.approx((right * SHIFT, up * SHIFT))
    assert (end.scale > start.scale) is (closer > 0)


def test_without_a_camera_move_the_picture_drifts_a_pixel_a_frame() -> None:
    assert abs(moved(None)[0]) == 24


@given(st.sampled_from(AXES), st.floats(-10, 10))
def test_every_move_passes_the_middle_halfway(axis: str, amount: float) -> None:
    camera = along(axis, amount)
    assert view(camera, 0.5) == View()
    assert camera.label() in (f"{axis} {amount:+g}", "")


def test_the_prompt_of_the_shot_is_written_in_light_on_dark() -> None:
    for number in range(2):
        written = prompt_layer(STORYBOARD, number)
        picture = ShotFrames(STORYBOARD, number, first_frame=0).picture(20).y
        x, y = written.place
        part = picture.crop((x, y, x + written.alpha.width, y + written.alpha.height))
        letters = written.alpha.point(lambda alpha: 255 if alpha == 255 else 0)
        around = ImageChops.invert(written.alpha.point(lambda alpha: 255 if alpha > 0 else 0))
        assert ImageStat.Stat(part, letters).mean[0] > 190
        assert ImageStat.Stat(part, around).mean[0] < 150


def test_another_prompt_reads_differently_in_the_file(tmp_path: Path) -> None:
    path = tmp_path / "video.mp4"
    render(STORYBOARD, path)
    with av.open(str(path)) as box:
        frames = [luma(frame) for frame in box.decode(video=0)]
    assert len(frames) == 72
    text = prompt_layer(STORYBOARD, 0)
    x, y = text.place
    box_of_text = (x, y, x + text.alpha.width, y + text.alpha.height)
    in_shot = difference(frames[14].crop(box_of_text), frames[20].crop(box_of_text))
    across = difference(frames[20].crop(box_of_text), frames[40].crop(box_of_text))
    assert across > 2 * in_shot


def test_a_watermark_is_seen_where_it_was_asked_for() -> None:
    marked = replace(SMALL, watermark=True)
    mark = watermark_layer(marked)
    x, y = mark.place
    box = (x, y, x + mark.alpha.width, y + mark.alpha.height)
    plain, seen = (ShotFrames(video, 0, first_frame=0).picture(20).y.crop(box) for video in (SMALL, marked))
    strokes = mark.alpha.point(lambda alpha: 255 if alpha > 100 else 0)
    assert ImageStat.Stat(seen, strokes).mean[0] > ImageStat.Stat(plain, strokes).mean[0] + 30


def test_the_clock_and_the_bar_run() -> None:
    shot_frames = ShotFrames(STORYBOARD, 1, first_frame=24)
    assert shot_frames.frames == 48
    board = (10, 120, 310, 172)
    assert difference(shot_frames.picture(20).y.crop(board), shot_frames.picture(40).y.crop(board)) > 0.5


def test_a_video_with_everything_is_captioned_in_every_shape(tmp_path: Path) -> None:
    path = tmp_path / "video.mp4"
    video = replace(
        STORYBOARD,
        width=180,
        height=320,
        camera=Camera(type="down_back"),
        cfg_scale=0.5,
        negative_prompt="blur, " * 80,
        watermark=True,
    )
    render(video, path)
    assert path.stat().st_size > 10_000
    assert video.camera is not None
    assert video.camera.label() == "down back"


def test_videos_that_differ_in_anything_have_different_digests() -> None:
    other: dict[str, Any] = {
        "shots": STORYBOARD.shots,
        "width": 640,
        "height": 360,
        "fps": 12,
        "sound": True,
        "watermark": True,
        "camera": Camera(zoom=1),
        "model": "other",
        "mode": "pro",
        "negative_prompt": "blur",
        "cfg_scale": 0.5,
    }
    assert set(other) == {field.name for field in fields(Video)}
    changed: list[dict[str, Any]] = [{name: value} for name, value in other.items()]
    digests = {SMALL.digest(), *(replace(SMALL, **change).digest() for change in changed)}
    assert len(digests) == len(other) + 1
    assert replace(SMALL).digest() == SMALL.digest()


@settings(max_examples=60)
@given(st.text(max_size=300), st.integers(60, 300), st.integers(30, 200))
def test_text_always_fits_its_box(text: str, width: int, height: int) -> None:
    block = typesetting.fit(text, width=width, height=height, sizes=(24, 16, 12))
    assert block.height <= height
    assert all(block.font.getlength(line) <= width for line in block.lines)
    shown = "".join(block.lines)
    if not shown.endswith("…"):
        assert shown.replace(" ", "") == typesetting.clean(text).replace(" ", "")


def test_text_that_is_too_long_is_cut_and_says_so() -> None:
    block = typesetting.fit("word " * 500, width=200, height=60, sizes=(24, 20))
    assert block.lines[-1].endswith("…")
    assert len(block.lines) == 2


@given(st.integers(90, 400))
def test_chinese_breaks_between_characters_but_not_before_a_full_stop(width: int) -> None:
    block = typesetting.fit("一只「红色的」狐狸。穿过结冰的湖面。" * 2, width=width, height=900, sizes=(20,))
    assert len(block.lines) > 1
    assert not any(line.startswith(("。", "」")) or line.endswith("「") for line in block.lines)


@pytest.mark.parametrize(
    "text", ["一只红色的狐狸，穿过结冰的湖面。", "きつね", "여우", "лиса", "αλεπού", "café – ñ", "狐狸 fox 12 s"]
)
def test_prompts_in_other_scripts_are_drawn_with_no_font_of_the_machine(text: str) -> None:
    face = typesetting.face_for(text)
    assert face is typesetting.Face.NOTO
    nothing = bytes(typesetting.font(40, face).getmask(typesetting.NOWHERE))
    drawn = [bytes(typesetting.font(40, face).getmask(letter)) for letter in set(text) - {" "}]
    assert nothing not in drawn
    assert len(set(drawn)) == len(drawn)


def test_english_is_drawn_with_the_face_in_pillow() -> None:
    assert typesetting.face_for("A red fox, 12 s: it runs…") is typesetting.Face.PILLOW
    assert typesetting.face_for("") is typesetting.Face.PILLOW


def test_without_the_extra_package_everything_is_drawn_as_far_as_pillow_goes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(typesetting, "_noto", lambda: None)
    assert typesetting.face_for("狐狸") is typesetting.Face.PILLOW


def test_control_and_format_characters_are_not_drawn() -> None:
    assert typesetting.clean("a\u200bb\x07\n\tc\u202e ") == "ab c"


async def test_the_cache_renders_a_video_once_for_all_who_wait(tmp_path: Path) -> None:
    async with VideoCache(folder=tmp_path) as video_cache:
        one, other = await asyncio.gather(video_cache.file_of(SMALL), video_cache.file_of(SMALL))
        written = one.stat().st_mtime_ns
        assert one == other
        assert (await video_cache.file_of(SMALL)).stat().st_mtime_ns == written
    async with VideoCache(folder=tmp_path) as later:
        assert (await later.file_of(SMALL)).stat().st_mtime_ns == written
    assert names_in(tmp_path) == [f"{SMALL.digest()}.mp4"]


async def test_a_cache_can_draw_few_frames_of_the_same_length(tmp_path: Path) -> None:
    async with VideoCache(folder=tmp_path, fps=1) as video_cache:
        found = await Media().probe(await video_cache.file_of(SMALL))
    assert (found.fps, found.seconds, found.width) == (1, SMALL.seconds, SMALL.width)


async def test_a_cache_without_a_folder_leaves_nothing_behind() -> None:
    async with VideoCache() as video_cache:
        path = await video_cache.file_of(SMALL)
        assert path.is_file()
    assert not names_in(path.parent)


async def test_closing_the_cache_stops_what_is_being_rendered(tmp_path: Path) -> None:
    long = replace(SMALL, shots=(Shot(prompt="Long", seconds=600),))
    video_cache = VideoCache(folder=tmp_path)
    waiting = asyncio.create_task(video_cache.file_of(long))
    while not names_in(tmp_path):  # noqa: ASYNC110 - the worker thread has no event to wait for
        await asyncio.sleep(0.01)
    await video_cache.close()
    with pytest.raises(RenderingStopped):
        await waiting
    assert not names_in(tmp_path)


SEEN = {
    "zoom_in": ("scale", 1),
    "zoom_out": ("scale", -1),
    "pan_left": ("right", -1),
    "pan_right": ("right", 1),
    "tilt_up": ("up", 1),
    "tilt_down": ("up", -1),
    "move_left": ("right", -1),
    "move_right": ("right", 1),
    "move_up": ("up", 1),
    "move_down": ("up", -1),
    "roll_left": ("degrees", -1),
    "roll_right": ("degrees", 1),
}


@pytest.mark.parametrize("name", SEEN)
def test_what_the_bot_calls_a_move_is_what_is_seen(name: str) -> None:
    config = CameraControl.named(name).config
    assert config is not None
    camera = Camera(**config.model_dump())
    first, last = asdict(view(camera, 0)), asdict(view(camera, 1))
    part, way = SEEN[name]
    assert {each for each in first if first[each] != last[each]} == {part}
    assert (last[part] - first[part]) * way > 0
