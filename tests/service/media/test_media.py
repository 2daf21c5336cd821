"""What is found in a file, and what becomes of it. Clips are made on the spot."""

import os
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any, Literal

import av
import pytest

from bot.errors import ResultTooLarge, ResultUnavailable, ResultUnusable
from bot.service.media.child import answer
from bot.service.media.probe import examine
from bot.service.media.service import Media
from bot.service.media.transcode import encode, pack, remux

FASTSTART = {"movflags": "faststart"}
patient = partial(Media, probe_seconds=600)  # the machine of the tests may have other things to do


def clip(
    path: Path,
    *,
    seconds: int = 2,
    size: tuple[int, int] = (64, 48),
    fps: int = 12,
    codec: Literal["libx264", "mpeg4"] | None = "libx264",
    sound: Literal["aac", "libmp3lame"] | None = "aac",
    pixels: str = "yuv420p",
    options: dict[str, str] | None = None,
    form: str = "mp4",
) -> Path:
    """Write a clip of moving stripes and silence; of `codec` None, only the silence."""
    with av.open(path, "w", format=form, options=options or {}) as out:
        video = out.add_stream(codec, rate=fps) if codec else None
        audio = out.add_stream(sound, rate=48_000, layout="stereo") if sound else None
        if video:
            video.width, video.height, video.pix_fmt = *size, pixels
            for number in range(seconds * fps):
                frame = av.VideoFrame(*size, pixels)
                for plane in frame.planes:
                    stripes = bytes((x * 5 + number * 11) % 256 for x in range(256))
                    plane.update((stripes * (plane.buffer_size // 256 + 1))[: plane.buffer_size])
                frame.pts, frame.time_base = number, Fraction(1, fps)
                out.mux(video.encode(frame))
            out.mux(video.encode(None))
        if audio:
            for start in range(0, seconds * 48_000, 1024):
                silence = av.AudioFrame("fltp", "stereo", 1024)
                for channel in silence.planes:
                    channel.update(bytes(4096))
                silence.sample_rate, silence.pts, silence.time_base = 48_000, start, Fraction(1, 48_000)
                out.mux(audio.encode(silence))
            out.mux(audio.encode(None))
    return path


def cut(path: Path, share: float) -> Path:
    """Leave only the first `share` of the file."""
    os.truncate(path, int(path.stat().st_size * share))
    return path


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def verdict(path: Path) -> str:
    with pytest.raises(ResultUnusable) as caught:
        examine(path)
    return caught.value.reason


@pytest.mark.parametrize("sound", ["aac", None])
async def test_a_whole_video_is_described(tmp_path: Path, sound: Literal["aac"] | None) -> None:
    path = clip(tmp_path / "a.mp4", sound=sound, options=FASTSTART)
    found = await patient().probe(path)
    assert (found.width, found.height) == (64, 48)
    assert found.seconds == pytest.approx(2)
    assert (found.video_codec, found.audio_codec, found.size) == ("h264", sound, path.stat().st_size)
    assert found.plain


@pytest.mark.parametrize("share", [0.002, 0.1, 0.5, 0.9, 0.999])
@pytest.mark.parametrize("options", [FASTSTART, {}, {"movflags": "frag_keyframe+empty_moov"}])
def test_a_cut_off_mp4_is_truncated_wherever_the_cut_is(tmp_path: Path, share: float, options: dict[str, str]) -> None:
    assert verdict(cut(clip(tmp_path / "a.mp4", options=options), share)) == "truncated"


async def test_the_child_reports_what_it_finds_wrong(tmp_path: Path) -> None:
    with pytest.raises(ResultUnusable, match="truncated"):
        await patient().probe(cut(clip(tmp_path / "a.mp4"), 0.6))


def test_a_cut_off_matroska_file_is_truncated(tmp_path: Path) -> None:
    assert verdict(cut(clip(tmp_path / "a.webm", form="matroska"), 0.5)) == "truncated"


def test_an_mp4_that_never_got_its_index_is_truncated(tmp_path: Path) -> None:
    path = clip(tmp_path / "a.mp4")
    os.truncate(path, path.read_bytes().index(b"moov") - 4)
    assert verdict(path) == "truncated"


def test_data_that_the_index_names_but_the_file_lacks_is_truncated(tmp_path: Path) -> None:
    path = clip(tmp_path / "a.mp4", options=FASTSTART)
    data = bytearray(path.read_bytes())
    at = data.index(b"mdat")
    data[at - 4 : at] = bytes(4)  # "to the end of the file", so that the box itself is never cut off
    path.write_bytes(data[: at + (len(data) - at) // 2])
    assert verdict(path) == "truncated"


def test_pictures_that_do_not_decode_are_no_video(tmp_path: Path) -> None:
    path = clip(tmp_path / "a.mp4", sound=None, options=FASTSTART)
    data = path.read_bytes()
    start = data.index(b"mdat") + 4
    path.write_bytes(data[:start] + bytes(len(data) - start))
    assert verdict(path) == "not_a_video"


def test_trailing_bytes_after_a_whole_mp4_do_no_harm(tmp_path: Path) -> None:
    path = clip(tmp_path / "a.mp4", options=FASTSTART)
    path.write_bytes(path.read_bytes() + bytes(32))
    assert examine(path).plain


@pytest.mark.parametrize(
    ("content", "reason"),
    [(b"", "empty"), (b"<html>no such file</html>", "not_a_video"), (b"\0\0\0\1mdat", "truncated")],
)
def test_a_file_that_is_no_video_is_named_for_what_it_is(tmp_path: Path, content: bytes, reason: str) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(content)
    assert verdict(path) == reason


def test_a_playlist_leads_nowhere(tmp_path: Path) -> None:
    clip(tmp_path / "secret.mp4")
    path = tmp_path / "a.mp4"
    path.write_text("#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\nsecret.mp4\n#EXT-X-ENDLIST\n")
    assert verdict(path) == "not_a_video"


def test_sound_alone_is_no_video(tmp_path: Path) -> None:
    assert verdict(clip(tmp_path / "a.mp4", codec=None)) == "not_a_video"


@pytest.mark.parametrize("sides", [{"size": (8208, 16), "seconds": 1, "fps": 1}, {"seconds": 601, "fps": 1}])
def test_what_is_too_wide_or_too_long_is_absurd(tmp_path: Path, sides: dict[str, Any]) -> None:
    assert verdict(clip(tmp_path / "a.mp4", sound=None, **sides)) == "absurd"


MARK = "AI-generated video. Model: kling-v1. Id: 7."
CREDENTIALS = bytes.fromhex("0000001c75756964d8fec3d61b0e483c92975828877ec48100000000")  # a "uuid" box of C2PA


def tags_of(path: Path) -> dict[str, str]:
    with av.open(path) as file:
        return dict(file.metadata)


def tagged(path: Path, *, options: dict[str, str], **tags: str) -> Path:
    """The clip again, with tags in its container."""
    clean = clip(path.with_name("clean"), options=FASTSTART)
    with av.open(clean) as source, av.open(path, "w", format="mp4", options=options) as out:
        out.metadata.update(tags)
        video = out.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(source.streams.video[0]):
            if packet.dts is not None:
                packet.stream = video
                out.mux(packet)
    clean.unlink()
    return path


async def test_a_video_that_says_nothing_of_ai_is_made_to_say_it(tmp_path: Path) -> None:
    path = clip(tmp_path / "a.mp4", options=FASTSTART)
    into, _ = await patient().fit(path, limit=100_000, into=tmp_path / "b.mp4", comment=MARK)
    assert tags_of(into)["comment"] == MARK
    assert examine(into).plain
    assert (await patient().fit(into, limit=100_000, into=tmp_path / "c.mp4", comment=MARK))[0] == into


@pytest.mark.parametrize("work", ["pack", "encode"])
def test_the_tags_of_the_service_are_kept_beside_ours(tmp_path: Path, work: str) -> None:
    aigc = '{"Label":"1","ContentProducer":"service","ProduceID":"7"}'
    path = tagged(
        tmp_path / "a.mp4", options={"movflags": "use_metadata_tags"}, AIGC=aigc, comment="Made there", title="Boat"
    )
    request = {"do": work, "source": str(path), "target": str(tmp_path / "b.mp4"), "limit": 10**6, "comment": MARK}
    assert answer(request)["made"]
    kept = tags_of(tmp_path / "b.mp4")
    assert (kept["AIGC"], kept["title"], kept["comment"]) == (aigc, "Boat", f"{MARK} Made there")


def test_a_flood_of_tags_is_not_kept(tmp_path: Path) -> None:
    flood = {f"t{number}": "x" * 100_000 for number in range(100)}
    path = tagged(tmp_path / "a.mp4", options={"movflags": "use_metadata_tags"}, **flood)
    assert pack(path, tmp_path / "b.mp4", limit=10**9, comment=MARK)
    kept = tags_of(tmp_path / "b.mp4")
    assert len(kept) < 100
    assert max(map(len, kept.values())) == 8192
    assert kept["comment"] == MARK


@pytest.mark.parametrize("options", [FASTSTART, {}])
async def test_content_credentials_stay_whole_since_any_change_would_make_them_void(
    tmp_path: Path, options: dict[str, str]
) -> None:
    path = clip(tmp_path / "a.mp4", options=options)
    path.write_bytes(path.read_bytes() + CREDENTIALS)
    before = path.read_bytes()
    assert (await patient().fit(path, limit=100_000, into=tmp_path / "b.mp4", comment=MARK))[0] == path
    assert path.read_bytes() == before


async def test_credentials_that_cannot_stay_whole_give_way_to_our_mark(tmp_path: Path) -> None:
    path = clip(tmp_path / "a.mp4", size=(320, 240), options=FASTSTART)
    limit = path.stat().st_size * 2 // 3
    path.write_bytes(path.read_bytes() + CREDENTIALS)
    into, _ = await patient().fit(path, limit=limit, into=tmp_path / "b.mp4", comment=MARK)
    assert not examine(into).credentials
    assert tags_of(into)["comment"] == MARK


@pytest.mark.parametrize("box", [b"\0\0\0\x08free", b"\0\0\0\x08moof"])
def test_a_file_of_nothing_but_boxes_is_absurd(tmp_path: Path, box: bytes) -> None:
    path = clip(tmp_path / "a.mp4", options=FASTSTART)
    path.write_bytes(path.read_bytes() + 150_000 * box)
    assert verdict(path) == "absurd"


async def test_a_plain_video_within_the_limit_stays_the_file_it_is(tmp_path: Path) -> None:
    path = clip(tmp_path / "a.mp4", options=FASTSTART)
    assert (await patient().fit(path, limit=path.stat().st_size, into=tmp_path / "b.mp4"))[0] == path
    assert names(tmp_path) == ["a.mp4"]


@pytest.mark.parametrize(
    "sides",
    [{}, {"form": "mov"}, {"codec": "mpeg4"}, {"pixels": "yuv444p"}, {"sound": "libmp3lame"}, {"form": "matroska"}],
)
async def test_another_kind_of_video_becomes_a_plain_one(tmp_path: Path, sides: dict[str, Any]) -> None:
    path, into = clip(tmp_path / "a", **sides), tmp_path / "b.mp4"
    (tmp_path / "b.mp4.part").write_bytes(b"left behind by a crash")
    assert (await patient().fit(path, limit=100_000, into=into))[0] == into
    found = examine(into)
    assert found.plain
    assert found.seconds == pytest.approx(2, abs=0.1)
    assert found.audio_codec == "aac"
    assert names(tmp_path) == ["a", "b.mp4"]


@pytest.mark.parametrize("sound", ["aac", None])
async def test_a_video_over_the_limit_is_made_to_fit_and_plays(tmp_path: Path, sound: Literal["aac"] | None) -> None:
    path = clip(tmp_path / "a.mp4", size=(320, 240), sound=sound, options=FASTSTART)
    limit = path.stat().st_size * 2 // 3
    into, _ = await patient().fit(path, limit=limit, into=tmp_path / "b.mp4")
    assert into.stat().st_size <= limit
    found = examine(into)
    assert (found.plain, found.audio_codec) == (True, sound)
    assert found.seconds == pytest.approx(2, abs=0.1)


async def test_what_no_quality_can_fit_is_refused_and_leaves_nothing(tmp_path: Path) -> None:
    path = clip(tmp_path / "a.mp4")
    with pytest.raises(ResultTooLarge, match="cannot_fit"):
        await patient().fit(path, limit=3000, into=tmp_path / "b.mp4")
    assert names(tmp_path) == ["a.mp4"]


async def test_a_file_that_cannot_be_read_or_written_is_this_machines_trouble(tmp_path: Path) -> None:
    with pytest.raises(ResultUnavailable, match="machine"):
        await patient().probe(tmp_path / "gone.mp4")
    with pytest.raises(ResultUnavailable, match="machine"):
        await patient().fit(clip(tmp_path / "a.mp4"), limit=10**6, into=tmp_path / "no folder" / "b.mp4")


def test_damage_that_only_a_decoder_notices_is_not_posted(tmp_path: Path) -> None:
    path = clip(tmp_path / "a.mp4", sound=None, options=FASTSTART, seconds=4)
    data = path.read_bytes()
    middle = (data.index(b"mdat") + len(data)) // 2
    path.write_bytes(data[:middle] + bytes(len(data) - middle))
    assert examine(path).plain
    with pytest.raises(ResultUnusable):
        encode(path, tmp_path / "b.mp4", limit=100_000, comment="")


def test_a_copy_that_loses_pictures_is_not_posted(tmp_path: Path) -> None:
    path = clip(tmp_path / "a.mkv", form="matroska", sound=None)
    with pytest.raises(ResultUnusable):
        remux(path, tmp_path / "b.mp4", info=examine(path), comment="")


def test_the_worker_answers_in_plain_values(tmp_path: Path) -> None:
    path, into = clip(tmp_path / "a.mp4"), tmp_path / "b.mp4"
    assert answer({"do": "probe", "source": str(path)})["info"]["faststart"] is False
    work = {"source": str(path), "target": str(into), "limit": 10**6, "comment": ""}
    assert answer({"do": "pack", **work})["info"]["faststart"] is True
    assert answer({"do": "pack", **work, "limit": 1}) == {"encode": True}
    assert answer({"do": "encode", **work})["made"] is True
    assert answer({"do": "encode", **work, "limit": 1}) == {"too_large": "cannot_fit"}
    assert answer({"do": "probe", "source": str(cut(path, 0.5))}) == {"unusable": "truncated"}
    assert answer({"do": "probe", "source": str(tmp_path / "gone")})["trouble"].startswith("FileNotFoundError")
