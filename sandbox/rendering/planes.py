"""Keeps pictures as three planes (Y, U, V at 4:2:0): how a video frame is stored, and cheapest to change."""

import math
from dataclasses import dataclass
from typing import Self

import av
from PIL import Image

from sandbox.rendering.camera import View

Size = tuple[int, int]

# The eye is blunt to colour: the chromas are resampled in the quick way.
BILINEAR, NEAREST = Image.Resampling.BILINEAR, Image.Resampling.NEAREST


@dataclass(frozen=True, slots=True)
class Planes:
    """Holds a picture of even size: luma at full, both chromas at half resolution (BT.709, limited range)."""

    y: Image.Image
    u: Image.Image
    v: Image.Image

    @classmethod
    def of(cls, picture: Image.Image) -> Self:
        """Convert an RGB picture of even width and height."""
        packed = picture.convert("RGBA").tobytes()
        frame = av.VideoFrame.from_bytes(packed, *picture.size).reformat(
            format="yuv420p",
            dst_colorspace="ITU709",
            dst_color_range="MPEG",
        )
        return cls(
            *(Image.frombytes("L", (p.width, p.height), bytes(p), "raw", "L", p.line_size) for p in frame.planes)
        )

    def seen(self, view: View, size: Size) -> "Planes":
        """Draw what the camera sees of this scenery: a new picture of the given size."""
        width, height = size
        half = (width // 2, height // 2)
        return Planes(
            _seen(self.y, view, size, BILINEAR),
            _seen(self.u, view, half, NEAREST),
            _seen(self.v, view, half, NEAREST),
        )

    def paste(self, layer: "Layer", *, at: tuple[float, float] = (0, 0)) -> None:
        """Lay a layer over this picture, in place; `at` moves it, in pixels, and is rounded down to even ones."""
        x, y = (even(place + move) for place, move in zip(layer.place, at, strict=True))
        self.y.paste(layer.ink.y, (x, y), layer.alpha)
        self.u.paste(layer.ink.u, (x // 2, y // 2), layer.alpha_half)
        self.v.paste(layer.ink.v, (x // 2, y // 2), layer.alpha_half)

    def fill(self, box: tuple[int, int, int, int], colour: tuple[int, int, int]) -> None:
        """Fill a box of even pixels (left, top, right, bottom) with a colour given as Y, U, V."""
        left, top, right, bottom = (side // 2 for side in box)
        self.y.paste(colour[0], box)
        self.u.paste(colour[1], (left, top, right, bottom))
        self.v.paste(colour[2], (left, top, right, bottom))

    def frame(self) -> av.VideoFrame:
        """Build a video frame that shows this picture."""
        frame = av.VideoFrame(*self.y.size, "yuv420p")
        for plane, image in zip(frame.planes, (self.y, self.u, self.v), strict=True):
            plane.update(image.tobytes("raw", "L", plane.line_size, 1))
        return frame


@dataclass(frozen=True, slots=True)
class Layer:
    """A part of a picture that lies over another: its colours, how opaque it is, and its place in pixels."""

    ink: Planes
    alpha: Image.Image
    alpha_half: Image.Image
    place: tuple[int, int] = (0, 0)

    @classmethod
    def of(cls, picture: Image.Image, *, place: tuple[int, int] = (0, 0)) -> Self:
        """Convert an RGBA picture that lies at a place, cut to what is not transparent."""
        left, top, right, bottom = picture.getchannel("A").getbbox() or (0, 0, 2, 2)
        box = (even(left), even(top), even(right + 1), even(bottom + 1))
        part = picture.crop(box)
        alpha = part.getchannel("A")
        return cls(Planes.of(part), alpha, alpha.reduce(2), (place[0] + box[0], place[1] + box[1]))


def even(value: float) -> int:
    """Round down to an even number: chroma has half the resolution, so places and sizes are even."""
    return math.floor(value) // 2 * 2


def _seen(plane: Image.Image, view: View, size: Size, how: Image.Resampling) -> Image.Image:
    """Draw one plane of a view: a crop where nothing turns or grows, which costs a tenth of resampling."""
    width, height = size
    across, down = width / view.scale, height / view.scale
    centre_x = plane.width / 2 + view.right * width
    centre_y = plane.height / 2 - view.up * height
    left = min(max(centre_x - across / 2, 0), plane.width - across)
    top = min(max(centre_y - down / 2, 0), plane.height - down)
    if view.degrees:
        return _rolled(plane, view, size, how)
    if view.scale == 1:
        x, y = math.floor(left), math.floor(top)
        return plane.crop((x, y, x + width, y + height))
    return plane.resize(size, how, box=(left, top, left + across, top + down))


def _rolled(plane: Image.Image, view: View, size: Size, how: Image.Resampling) -> Image.Image:
    """Draw one plane seen by a camera rolled clockwise: the picture turns the other way."""
    width, height = size
    turn = math.radians(view.degrees)
    cos, sin = math.cos(turn) / view.scale, math.sin(turn) / view.scale
    centre_x = plane.width / 2 + view.right * width
    centre_y = plane.height / 2 - view.up * height
    start_x = centre_x - cos * width / 2 + sin * height / 2
    start_y = centre_y - sin * width / 2 - cos * height / 2
    return plane.transform(size, Image.Transform.AFFINE, (cos, -sin, start_x, sin, cos, start_y), how)
