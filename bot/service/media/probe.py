"""Finds out what a downloaded file really is: its outline as boxes, its streams, and whether all of it is there.

Runs in the child process of `bot.service.media.child`, never in the bot's own: libav reads untrusted bytes here.
"""

from __future__ import annotations

import dataclasses
import errno
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final, NamedTuple, cast

from bot.errors import ResultUnusable
from bot.values import dataclass

if TYPE_CHECKING:
    from av import AudioStream, Packet, VideoStream
    from av.container import InputContainer
    from av.stream import Stream

MAX_SIDE: Final = 8192  # pixels
MAX_SECONDS: Final = 600.0
MAX_BOXES: Final = 100_000  # at the top level: ten minutes in fragments of a picture each have fewer
SLACK_SECONDS: Final = 0.25  # what a header may promise beyond the last packet: rounding, encoder delay

# The tags of a container that are kept: how many, and how long their names and texts may be; and those which say how
# it was packed, so that the next packing writes its own.
TAGS: Final = 64
TAG_NAME: Final = 64
TAG_TEXT: Final = 8192
_PACKING: Final = frozenset({"major_brand", "minor_version", "compatible_brands", "encoder"})

# A playlist or a concat script would make libav open other files and addresses; only containers that say how long
# they are get in: MP4 and its kin, Matroska and WebM.
FORMATS: Final = "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm"
OPEN_OPTIONS: Final = {"format_whitelist": FORMATS, "protocol_whitelist": "file"}

# What libav reports of this machine, not of the file; its other "system" errors are made of the file's bytes.
_MACHINE: Final = frozenset({errno.ENOSPC, errno.EMFILE, errno.ENFILE, errno.ENOENT, errno.EACCES, errno.EROFS})

# ISO 14496-12 §4.2: a box is its size (32 bits), its type (4 characters), and, where the size is 1, a 64-bit size.
# A box of the type "uuid" has 16 bytes more, which say what it is.
_BOX_HEADER: Final = 8
_USER_TYPE: Final = 16
_BOXES: Final = frozenset(
    {b"ftyp", b"styp", b"moov", b"mdat", b"moof", b"mfra", b"sidx", b"free", b"skip", b"wide", b"uuid"}
)

# C2PA specification 2.1, A.5: signed Content Credentials stand in a "uuid" box of this type.
_CREDENTIALS: Final = bytes.fromhex("d8fec3d61b0e483c92975828877ec481")


@dataclass(frozen=True, kw_only=True, slots=True)
class MediaInfo:
    """A playable video file: pixels, seconds, bytes, and libav's names of codecs and pixel format.

    `container` is "mp4", "mov" or libav's name; `faststart` tells that an MP4's index stands before its data in
    one piece, so that a player need not fetch the whole file first. `comment` is the container's tag of that name;
    `credentials` tells that it carries signed Content Credentials, which any change of the file makes void.
    """

    width: int
    height: int
    seconds: float
    video_codec: str
    audio_codec: str | None
    size: int
    fps: float
    container: str
    pixel_format: str
    faststart: bool
    comment: str = ""
    credentials: bool = False

    @property
    def common(self) -> bool:
        """Say whether every phone and browser decodes the streams: H.264 in yuv420p, with AAC or silent."""
        return (self.video_codec, self.pixel_format) == ("h264", "yuv420p") and self.audio_codec in {"aac", None}

    @property
    def plain(self) -> bool:
        """Say whether the file can be posted as it is: common streams in a faststart MP4."""
        return self.common and self.container == "mp4" and self.faststart

    @property
    def signed(self) -> bool:
        """Say whether the file has Content Credentials and every phone plays it as it is, if not always at once."""
        return self.credentials and self.common and self.container == "mp4"

    @property
    def copyable(self) -> bool:
        """Say whether copying the packets makes a plain file; Matroska does not say in which order to decode them."""
        return self.common and self.container in {"mp4", "mov"}


@dataclass(frozen=True, kw_only=True, slots=True)
class BoxOutline:
    """The top level of an MP4: the types of its boxes in order, its brand, and whether the last one is cut off.

    `credentials` tells that one of them holds Content Credentials.
    """

    boxes: tuple[bytes, ...]
    brand: bytes
    cut: bool
    credentials: bool

    @property
    def whole(self) -> bool:
        """Say whether no box is cut off and the index is there."""
        return not self.cut and b"moov" in self.boxes

    @property
    def container(self) -> str:
        """Name which of the two kinds the file is, by its brand."""
        return "mov" if self.brand in {b"qt  ", b""} else "mp4"

    @property
    def faststart(self) -> bool:
        """Say whether the index stands before the data, in one piece."""
        order = [box for box in self.boxes if box in {b"moov", b"mdat", b"moof"}]
        return order[:1] == [b"moov"] and b"moof" not in order


@dataclasses.dataclass(slots=True)
class _Coverage:
    """What the packets of one stream cover, in seconds."""

    start: float = float("inf")
    end: float = float("-inf")
    packets: int = 0

    @property
    def seconds(self) -> float:
        return max(self.end - self.start, 0.0)

    @property
    def slack(self) -> float:
        """Allow for how much less than promised is still whole: a Matroska file's last packet has no length."""
        return SLACK_SECONDS + self.seconds / max(self.packets, 1)

    def add(self, packet: Packet[Stream]) -> None:
        if packet.pts is None:
            return
        begin = float(packet.pts * packet.time_base)
        self.start = min(self.start, begin)
        self.end = max(self.end, begin + float((packet.duration or 0) * packet.time_base))
        self.packets += 1


def outline(path: Path) -> BoxOutline | None:
    """Read the boxes of an MP4 or QuickTime file; None when the file is neither.

    Raises:
        ResultUnusable: "absurd", it is made of more boxes than any video.
        OSError: the file cannot be read.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        found = list(islice(_walk(file, size), MAX_BOXES + 1))
        file.seek(_BOX_HEADER)
        brand = file.read(4)
    if not found:
        return None
    if len(found) > MAX_BOXES:
        raise ResultUnusable("absurd")
    return BoxOutline(
        boxes=tuple(box.kind for box in found),
        brand=brand if found[0].kind == b"ftyp" else b"",
        cut=found[-1].end > size,
        credentials=any(box.credentials for box in found),
    )


class _Box(NamedTuple):
    """A top-level box: its type, where it ends in the file, and whether it holds Content Credentials."""

    kind: bytes
    end: int
    credentials: bool


def _walk(file: BinaryIO, size: int) -> Iterator[_Box]:
    """Walk through the top-level boxes, until one is unknown (padding, or no MP4) or the file ends."""
    at = 0
    while at < size:
        file.seek(at)
        header = file.read(2 * _BOX_HEADER + _USER_TYPE)
        length, kind, rest = int.from_bytes(header[:4]), header[4:_BOX_HEADER], header[_BOX_HEADER:]
        if kind not in _BOXES:
            return
        if length == 1:
            length, rest = int.from_bytes(rest[:_BOX_HEADER]), rest[_BOX_HEADER:]
        if length == 0:  # to the end of the file
            length = size - at
        if length < _BOX_HEADER:
            return
        at += length
        yield _Box(kind, at, kind == b"uuid" and rest[:_USER_TYPE] == _CREDENTIALS)


@contextmanager
def untrusted() -> Iterator[None]:
    """Turn whatever hostile bytes do to libav, or to our own reading of them, into our own error.

    An `OSError` of this machine (disk full, file gone) passes: the video may still be good.

    Raises:
        ResultUnusable: "not_a_video", or "absurd" when it wants more memory than a child may have.
    """
    from av.error import FFmpegError  # noqa: PLC0415 - importing libav takes 90 ms

    try:
        yield
    except MemoryError as exc:
        raise ResultUnusable("absurd") from exc
    except (FFmpegError, ValueError, ArithmeticError, LookupError) as exc:
        number = exc.errno if isinstance(exc, OSError) else None
        if number in _MACHINE:
            raise
        if number == errno.EFBIG:  # more than the child may write
            raise ResultUnusable("absurd") from exc
        raise ResultUnusable("not_a_video") from exc


def examine(path: Path) -> MediaInfo:
    """Read the whole file as packets, decode its first picture, and say what it is.

    Raises:
        ResultUnusable: "empty", "not_a_video", "truncated" or "absurd".
        OSError: the file cannot be read.
    """
    import av  # noqa: PLC0415 - importing libav takes 90 ms

    size = path.stat().st_size
    if size == 0:
        raise ResultUnusable("empty")
    with untrusted():
        boxes = outline(path)
    if boxes and not boxes.whole:
        raise ResultUnusable("truncated")
    with untrusted(), av.open(path, "r", options=OPEN_OPTIONS) as source:
        video, audio = chosen_streams(source)
        _check_bounds(source, video)
        seconds = _measure(source, video, audio)
        return MediaInfo(
            width=video.codec_context.width,
            height=video.codec_context.height,
            seconds=seconds,
            video_codec=video.codec_context.name,
            audio_codec=audio.codec_context.name if audio else None,
            size=size,
            fps=float(video.average_rate or 0) or 24.0,
            container=boxes.container if boxes else source.format.name,
            pixel_format=video.codec_context.pix_fmt or "",
            faststart=bool(boxes and boxes.faststart),
            comment=tags(source).get("comment", ""),
            credentials=bool(boxes and boxes.credentials),
        )


def tags(source: InputContainer) -> dict[str, str]:
    """Read what the container says of itself, as far as it is worth keeping: not how it was packed, and no floods."""
    told = ((name[:TAG_NAME], text[:TAG_TEXT]) for name, text in source.metadata.items() if name not in _PACKING)
    return dict(islice(told, TAGS))


def chosen_streams(source: InputContainer) -> tuple[VideoStream, AudioStream | None]:
    """Choose picture and sound as a player would; a cover picture is no video, unknown codecs do not count.

    Raises:
        ResultUnusable: "not_a_video", there is no picture.
    """
    from av.stream import Disposition  # noqa: PLC0415 - importing libav takes 90 ms

    video, audio = (_decodable(source.streams.best(kind)) for kind in ("video", "audio"))
    if video is None or video.disposition & Disposition.attached_pic:
        raise ResultUnusable("not_a_video")
    return cast("VideoStream", video), cast("AudioStream | None", audio)


def _decodable(stream: Stream | None) -> Stream | None:
    """Give back the stream, if this libav has a decoder for it: it has no codec context otherwise."""
    return stream if stream and stream.codec_context else None


def _check_bounds(source: InputContainer, video: VideoStream) -> None:
    """Refuse by the header alone what would be too much to decode."""
    width, height = video.codec_context.width, video.codec_context.height
    if min(width, height) < 1:
        raise ResultUnusable("not_a_video")
    if max(width, height) > MAX_SIDE or max(_promised(video), (source.duration or 0) / 1e6) > MAX_SECONDS:
        raise ResultUnusable("absurd")


def _measure(source: InputContainer, video: VideoStream, audio: AudioStream | None) -> float:
    """Measure the seconds of picture that are really there, and check them against what the header promises."""
    covers: dict[Stream, _Coverage] = {stream: _Coverage() for stream in (video, audio) if stream is not None}
    decoded = False
    for packet in source.demux(*covers):
        if packet.is_corrupt:
            raise ResultUnusable("truncated")
        covers[packet.stream].add(packet)
        if not decoded and packet.stream is video:
            decoded = bool(packet.decode())
    seconds = covers[video].seconds
    promises = {stream: _promised(stream) for stream in covers}
    if not promises[video]:
        promises[video] = (source.duration or 0) / 1e6
    if any(promises[stream] - cover.seconds > cover.slack for stream, cover in covers.items()):
        raise ResultUnusable("truncated" if seconds else "empty")
    if not decoded:
        raise ResultUnusable("not_a_video")
    if seconds > MAX_SECONDS:
        raise ResultUnusable("absurd")
    return seconds


def _promised(stream: Stream) -> float:
    """Read the seconds that a stream's header promises, 0 when it says nothing."""
    return float((stream.duration or 0) * (stream.time_base or 0))
