"""Draws what is written and stands still during a shot: the prompt, the clapperboard, the watermark."""

import math
from dataclasses import dataclass
from typing import Self

from PIL import Image, ImageDraw, ImageFilter

from sandbox.rendering import typesetting
from sandbox.rendering.planes import Layer, even
from sandbox.rendering.video import Video

INK = (246, 242, 232)
FAINT = (170, 166, 160)
BOARD = (16, 16, 20, 222)
PROMPT_SIZES = (76, 68, 60, 54, 48, 42, 37, 33, 29)
ROW, NOTE, FOOT = 86, 34, 22  # heights on the board: a row of captions, the note, the bar
NOTE_SIZE = 22
STRIPES = 14  # pairs of a light and a dark stripe on the arm
NARROW = 1.3  # below this width over height the captions need two rows


@dataclass(frozen=True, slots=True)
class Layout:
    """Says where things are on a picture of this size, in pixels."""

    width: int
    height: int
    noted: bool = False  # whether the board has a line about what else was asked
    marked: bool = False  # whether a watermark stands above the board

    @classmethod
    def of(cls, video: Video) -> Self:
        """Compute the layout of a video."""
        return cls(video.width, video.height, bool(_note(video)), video.watermark)

    def px(self, length: float) -> int:
        """Scale a length on a picture whose short side is 720 to this one."""
        return even(length * min(self.width, self.height) / 720)

    @property
    def margin(self) -> int:
        """From the rim to everything written."""
        return self.px(36)

    @property
    def narrow(self) -> bool:
        """Whether the captions need two rows."""
        return self.width < NARROW * self.height

    @property
    def board(self) -> tuple[int, int, int, int]:
        """The clapperboard without its arm: left, top, right, bottom."""
        bottom = self.height - self.margin
        tall = (ROW if not self.narrow else 2 * ROW) + (NOTE if self.noted else 0) + FOOT
        return self.margin, bottom - self.px(tall), self.width - self.margin, bottom

    @property
    def arm(self) -> tuple[int, int, int, int]:
        """The striped arm when it lies on the board."""
        left, top, right, _ = self.board
        return left, top - self.px(26), right, top

    @property
    def clock(self) -> tuple[int, int]:
        """The right and the top end of the clock's figures."""
        _, top, right, _ = self.board
        return right - self.px(20), top + self.px(22)


def prompt_layer(video: Video, number: int) -> Layer:
    """Draw the prompt of a shot (counted from 0) in large type, over a shadow that keeps it legible on any sky."""
    place = Layout.of(video)
    top = place.margin + place.px(8)
    block = typesetting.fit(
        video.shots[number].prompt,
        width=video.width - 2 * place.margin,
        height=place.arm[1] - top - place.px(64 if place.marked else 32),
        sizes=[place.px(size) for size in PROMPT_SIZES],
    )
    written = Image.new("L", (video.width, video.height))
    draw = ImageDraw.Draw(written)
    for row, line in enumerate(block.lines):
        draw.text((place.margin, top + row * block.leading), line, 255, font=block.font, stroke_width=place.px(2) / 2)
    picture = Image.new("RGBA", written.size, (6, 6, 14, 0))
    picture.putalpha(_shadow(written, place.px(24)))
    picture.paste((*INK, 255), (0, 0), written)
    return Layer.of(picture)


def board_layer(video: Video, number: int) -> Layer:
    """Draw the board during a shot (counted from 0): captions, a note of what else was asked, room for the clock."""
    place = Layout.of(video)
    left, top, right, bottom = place.board
    picture = Image.new("RGBA", (video.width, video.height))
    draw = ImageDraw.Draw(picture)
    draw.rounded_rectangle((left, top, right - 1, bottom - 1), place.px(10), BOARD, corners=(False, False, True, True))
    x, y = left + place.px(20), top + place.px(16)
    for row in _captions(video, number, narrow=place.narrow):
        _caption_row(draw, place, (x, y), row)
        y += place.px(ROW)
    if place.noted:
        width, sizes = right - left - place.px(40), [place.px(NOTE_SIZE)]
        note = typesetting.fit(_note(video), width=width, height=round(sizes[0] * typesetting.LEADING), sizes=sizes)
        draw.text((x, y - place.px(8)), note.lines[0], FAINT, font=note.font)
    return Layer.of(picture)


def arm_picture(video: Video) -> Image.Image:
    """Draw the striped arm by itself (RGBA), as wide as the board."""
    left, top, right, bottom = Layout.of(video).arm
    width, height = right - left, bottom - top
    large = Image.new("RGBA", (width * 2, height * 2), (*BOARD[:3], 255))
    draw = ImageDraw.Draw(large)
    step = width * 2 / STRIPES
    for stripe in range(-1, STRIPES + 1):
        x, slant = stripe * step, height * 2
        draw.polygon([(x + slant, 0), (x + slant + step / 2, 0), (x + step / 2, slant), (x, slant)], (*INK, 255))
    return large.reduce(2)


def watermark_layer(video: Video) -> Layer:
    """Draw the mark of a watermarked result: two frames and a word, half transparent, above the board."""
    place = Layout.of(video)
    picture = Image.new("RGBA", (video.width, video.height))
    draw = ImageDraw.Draw(picture)
    face = typesetting.font(place.px(32))
    right, bottom = video.width - place.margin - place.px(8), place.arm[1] - place.px(18)
    word = "SANDBOX"
    draw.text((right, bottom), word, (255, 255, 255, 170), font=face, anchor="rb", stroke_width=place.px(2) / 2)
    x, y, side = right - face.getlength(word) - place.px(46), bottom - place.px(31), place.px(22)
    for move in (0, place.px(8)):
        box = (x + move, y + move, x + move + side, y + move + side)
        draw.rectangle(box, outline=(255, 255, 255, 190), width=place.px(4))
    return Layer.of(picture)


def _captions(video: Video, number: int, *, narrow: bool) -> list[list[tuple[str, str]]]:
    first = [("SHOT", f"{number + 1}/{len(video.shots)}"), ("MODEL", video.model)]
    second = [
        ("MODE", f"{video.mode} {min(video.width, video.height)}p"),
        ("ASPECT", video.aspect),
        ("LENGTH", f"{video.seconds} s"),
        ("SOUND", "on" if video.sound else "off"),
    ]
    return [first, second] if narrow else [first + second]


def _caption_row(draw: ImageDraw.ImageDraw, place: Layout, at: tuple[int, int], row: list[tuple[str, str]]) -> None:
    x, y = at
    small, large = typesetting.font(place.px(18)), typesetting.font(place.px(30 if place.narrow else 34))
    for label, value in row:
        draw.text((x, y), label, FAINT, font=small)
        draw.text((x, y + place.px(24)), value, INK, font=large)
        x += round(max(small.getlength(label), large.getlength(value))) + place.px(30)


def _note(video: Video) -> str:
    """Write what else was asked for, in one line; empty when nothing was."""
    parts = []
    if video.camera is not None:
        parts.append(f"camera: {video.camera.label()}")
    if video.cfg_scale is not None:
        parts.append(f"cfg: {video.cfg_scale:g}")
    if video.negative_prompt:
        parts.append(f"without: {video.negative_prompt}")
    return "  ·  ".join(parts)


def _shadow(written: Image.Image, reach: int) -> Image.Image:
    """Blur the written to a soft cloud (at an eighth of the size: it costs next to nothing)."""
    small = written.reduce(8).filter(ImageFilter.BoxBlur(max(1, math.ceil(reach / 8))))
    return small.resize(written.size, Image.Resampling.BICUBIC).point(lambda value: min(150, round(value * 1.5)))
