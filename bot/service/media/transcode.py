"""Makes a good video fit: the plan (pure arithmetic), the remux and the re-encode.

Runs in the child process of `bot.service.media.child`, never in the bot's own. Memory stays flat: packets and
pictures pass through one at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from bot.errors import ResultTooLarge, ResultUnusable
from bot.service.media.probe import OPEN_OPTIONS, SLACK_SECONDS, MediaInfo, chosen_streams, examine, tags, untrusted
from bot.values import dataclass

if TYPE_CHECKING:
    from av import AudioFrame, AudioStream, VideoFrame, VideoStream
    from av.container import InputContainer, OutputContainer
    from av.stream import Stream

LARGEST: Final = 2160  # pixels of the short side; more would take more memory than a child has
SHORT_SIDES: Final = (720, 480, 360)  # pixels: the steps down when the bits do not carry the picture as it is
GOOD: Final = 0.05  # bits a pixel at which x264 looks clean enough to keep the size
FLOOR: Final = 0.015  # bits a pixel below which nobody wants to see it
QUALITY: Final = 21  # x264's constant rate factor: it stops spending here, however large the limit
PRESET: Final = "veryfast"  # a third of the processor time of the default for a tenth more bits
MARGIN: Final = 0.96  # encoders overshoot a little
AUDIO_BPS: Final = (32_000, 128_000)  # the least and the most for sound
AUDIO_SHARE: Final = 0.12  # of all bits
SAMPLE_RATE: Final = 48_000

# What an MP4 costs besides the streams, in bytes: its header, and its tables for each picture and each AAC frame.
_HEADER: Final = 2048
_PER_PICTURE: Final = 24
_PER_SOUND: Final = 12
_AAC_FRAME: Final = 1024  # samples

_MUX: Final = {"movflags": "+faststart+use_metadata_tags"}  # or libav drops the tags that it does not know
THREADS: Final = 4  # of libav; each has pictures of its own, and a child has only so much memory


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """What to encode to: pixels, and bits a second of picture and of sound (0: silent)."""

    width: int
    height: int
    video_bps: int
    audio_bps: int


def plan(info: MediaInfo, *, limit: int, factor: float = 1.0) -> Plan:
    """Plan the largest picture that `limit` bytes (times `factor`) carry well; no more than 720p when they are short.

    Raises:
        ResultTooLarge: "cannot_fit", not even the smallest picture would be worth seeing.
    """
    sounds = info.seconds * SAMPLE_RATE / _AAC_FRAME if info.audio_codec else 0
    overhead = _HEADER + _PER_PICTURE * info.seconds * info.fps + _PER_SOUND * sounds
    bits = (limit * factor - overhead) * 8 * MARGIN
    least, most = AUDIO_BPS
    audio = min(max(bits * AUDIO_SHARE / info.seconds, least), most) if info.audio_codec else 0
    # Of the rate buffer of one second (see `_add_picture`), half is what x264 was seen to use up at most.
    video = (bits - audio * info.seconds) / (info.seconds + 0.5)
    sizes = [_scaled(info, side) for side in (min(info.width, info.height, LARGEST), *SHORT_SIDES)]
    for bar, candidates in ((GOOD, sizes), (FLOOR, sizes[-1:])):
        for width, height in candidates:
            if video >= bar * width * height * info.fps:
                return Plan(width=width, height=height, video_bps=int(video), audio_bps=int(audio))
    raise ResultTooLarge("cannot_fit")


def _scaled(info: MediaInfo, side: int) -> tuple[int, int]:
    """Scale the picture to a short side of `side` pixels, never larger than it is; even, as yuv420p needs."""
    ratio = side / min(info.width, info.height)
    width, height = (min(round(full * ratio / 2), full // 2) * 2 for full in (info.width, info.height))
    return max(width, 2), max(height, 2)


class FittedFile(NamedTuple):
    """A video that can be posted: what it is, and whether it is a new file or the source itself."""

    info: MediaInfo
    new: bool


def pack(source: Path, target: Path, *, limit: int, comment: str) -> FittedFile | None:
    """Leave the video as it is, or pack it anew with its comment; None where only a re-encode can make it fit.

    Raises:
        ResultUnusable, OSError: as `examine` and `remux`.
    """
    info = examine(source)
    if info.size > limit:
        return None
    if info.signed or (info.plain and info.comment.startswith(comment)):
        return FittedFile(info, new=False)
    if not info.copyable:
        return None
    packed = remux(source, target, info=info, comment=comment)
    return FittedFile(packed, new=True) if packed.size <= limit else None


def remux(source: Path, target: Path, *, info: MediaInfo, comment: str) -> MediaInfo:
    """Copy picture and sound of an MP4 or QuickTime file, as they are, into a faststart MP4; its tags too.

    `info` is what the source is, and what the target is comes back; `comment` is put before what its comment says.

    Raises:
        ResultUnusable: libav cannot read it, or part of it was lost on the way.
        OSError: the target cannot be written.
    """
    import av  # noqa: PLC0415 - importing libav takes 90 ms

    with (
        untrusted(),
        av.open(source, "r", options=OPEN_OPTIONS) as incoming,
        av.open(target, "w", format="mp4", options=_MUX) as out,
    ):
        out.metadata.update(_tags(incoming, comment))
        pairs: dict[Stream, Stream] = {
            stream: out.add_stream_from_template(stream) for stream in chosen_streams(incoming) if stream is not None
        }
        for packet in incoming.demux(*pairs):
            if packet.dts is not None:  # the last one of each stream is empty and only flushes decoders
                packet.stream = pairs[packet.stream]
                out.mux(packet)
    return _whole(target, info)


def encode(source: Path, target: Path, *, limit: int, comment: str) -> FittedFile:
    """Re-encode to at most `limit` bytes of H.264 and AAC; once more, lower, if the first try is over.

    The tags are kept as in `remux`.

    Raises:
        ResultTooLarge: "cannot_fit".
        ResultUnusable: libav cannot decode it, or part of it was lost on the way.
        OSError: the target cannot be written.
    """
    info = examine(source)

    def attempt(factor: float) -> int:
        _encode(source, target, plan(info, limit=limit, factor=factor), fps=info.fps, comment=comment)
        return target.stat().st_size

    at_most_twice(attempt, limit=limit)
    return FittedFile(_whole(target, info), new=True)


def at_most_twice(attempt: Callable[[float], int], *, limit: int) -> None:
    """Make a file with all of `limit` (1.0), and if its size is over, with as much less of it as that asks for.

    Raises:
        ResultTooLarge: "cannot_fit", both were over.
    """
    size = attempt(1.0)
    if size > limit:
        size = attempt(0.9 * limit / size)
    if size > limit:
        raise ResultTooLarge("cannot_fit")


def _tags(source: InputContainer, comment: str) -> dict[str, str]:
    """Keep the tags of the source, with a comment before its own."""
    kept = tags(source)
    said = kept.get("comment", "")
    if comment and not said.startswith(comment):
        kept["comment"] = f"{comment} {said}".strip()
    return kept


def _whole(target: Path, info: MediaInfo) -> MediaInfo:
    """Probe what came out; refused if shorter than what went in: damage that only a decoder notices."""
    made = examine(target)
    if made.seconds < info.seconds - 2 / info.fps - SLACK_SECONDS:
        raise ResultUnusable("truncated")
    return made


def _encode(source: Path, target: Path, to: Plan, *, fps: float, comment: str) -> None:
    import av  # noqa: PLC0415 - importing libav takes 90 ms

    with (
        untrusted(),
        av.open(source, "r", options=OPEN_OPTIONS) as incoming,
        av.open(target, "w", format="mp4", options=_MUX) as out,
    ):
        out.metadata.update(_tags(incoming, comment))
        video, audio = chosen_streams(incoming)
        video.codec_context.thread_count = THREADS
        picture = _add_picture(out, video, to, fps=fps)
        sound = _add_sound(out, audio, to) if audio else None
        for frame in _frames(incoming, video, audio):
            if isinstance(frame, av.VideoFrame):
                out.mux(picture.encode(frame.reformat(to.width, to.height, "yuv420p")))
            elif sound:
                out.mux(sound.encode(frame))
        for stream in (picture, sound):
            if stream:
                out.mux(stream.encode(None))


def _add_picture(out: OutputContainer, video: VideoStream, to: Plan, *, fps: float) -> VideoStream:
    """Add an H.264 stream as planned, with the clock and the colours of the one it is made of.

    Constant quality under a rate cap: a plain scene stays far below the limit, and the buffer of one second lets a
    busy moment borrow from the quiet ones before it.
    """
    options = {
        "preset": PRESET,
        "crf": str(QUALITY),
        "maxrate": str(to.video_bps),
        "bufsize": str(to.video_bps),
    }
    stream = out.add_stream("libx264", rate=Fraction(fps).limit_denominator(1001), options=options)
    stream.width, stream.height, stream.pix_fmt = to.width, to.height, "yuv420p"
    context, model = stream.codec_context, video.codec_context
    context.thread_count = THREADS
    if video.time_base:
        context.time_base = video.time_base
    if model.sample_aspect_ratio:
        context.sample_aspect_ratio = model.sample_aspect_ratio
    context.color_primaries, context.color_trc = model.color_primaries, model.color_trc
    context.colorspace = model.colorspace
    return stream


def _add_sound(out: OutputContainer, audio: AudioStream, to: Plan) -> AudioStream:
    """Add an AAC stream as planned; mono stays mono, more channels than two become two."""
    stream = out.add_stream("aac", rate=SAMPLE_RATE, layout="mono" if audio.layout.nb_channels == 1 else "stereo")
    stream.bit_rate = to.audio_bps
    return stream


def _frames(source: InputContainer, video: VideoStream, audio: AudioStream | None) -> Iterator[VideoFrame | AudioFrame]:
    """Decode all frames in file order, on a clock that starts at 0; a picture that goes back in time is left out."""
    import av  # noqa: PLC0415 - importing libav takes 90 ms

    start = Fraction(source.start_time or 0, 1_000_000)
    last = -1
    for packet in source.demux(*(stream for stream in (video, audio) if stream is not None)):
        for frame in packet.decode():
            if not isinstance(frame, av.VideoFrame | av.AudioFrame) or frame.pts is None or not frame.time_base:
                continue
            frame.pts -= round(start / frame.time_base)
            if isinstance(frame, av.VideoFrame):
                if frame.pts <= last:
                    continue
                last = frame.pts
            yield frame
