"""Paints what a shot's camera looks at: an evening landscape whose colours and hills come from the prompt."""

import colorsys
import hashlib
import math
import random
from dataclasses import dataclass

from PIL import Image, ImageChops, ImageDraw

from sandbox.rendering.planes import Layer, Planes, Size, even

OVERSIZE = 1.5  # the scenery over the picture, each way: room for every camera move
RIDGES = 6
Colour = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Palette:
    """The colours of one landscape, from the top of the sky to the nearest hill."""

    zenith: Colour
    middle: Colour
    horizon: Colour
    light: Colour
    near: Colour


def random_of(prompt: str) -> random.Random:
    """Make a generator of chance that falls the same way for the same prompt."""
    return random.Random(hashlib.sha256(prompt.encode("utf-8", "replace")).digest())  # noqa: S311 - paints, guards nothing


def palette(prompt: str) -> Palette:
    """Choose the colours for a prompt: deep blue to purple above, warm or rosy at the horizon."""
    chance = random_of(prompt)
    hue = 0.5 + 0.36 * chance.random()
    glow = chance.choice((0.02, 0.05, 0.09, 0.12, 0.93, 0.98)) + 0.02 * chance.random()
    return Palette(
        zenith=_colour(hue, 0.72, 0.26),
        middle=_colour(hue + 0.07, 0.5, 0.56),
        horizon=_colour(glow, 0.52, 0.97),
        light=_colour(glow + 0.04, 0.22, 1.0),
        near=_colour(hue + 0.02, 0.6, 0.1),
    )


def scenery(prompt: str, size: Size) -> Planes:
    """Draw the whole landscape, `OVERSIZE` times the picture's size."""
    chance, colours = random_of(prompt), palette(prompt)
    width, height = even(size[0] * OVERSIZE), even(size[1] * OVERSIZE)
    unit = min(size) / 720
    picture = _sky(colours, (width, height))
    _stars(picture, chance, unit)
    _sun(picture, chance, colours, unit)
    _clouds(picture, chance, colours, unit)
    for ridge in range(RIDGES):
        _ridge(picture, chance, colours, ridge / (RIDGES - 1), unit)
    return Planes.of(picture)


def lights(prompt: str, size: Size) -> list[Layer]:
    """Draw a few soft lights of falling size, each at place (0, 0), that drift over the picture."""
    colour = palette(prompt).light
    unit = min(size) / 720
    layers = []
    for radius, strength in ((46, 0.2), (30, 0.3), (13, 0.5), (6, 0.85)):
        side = even(2 * radius * unit) + 2
        glow = _glow((side, side)).point(lambda value, by=strength: round(value * by))
        sprite = Image.new("RGBA", (side, side), colour)
        sprite.putalpha(glow)
        layers.append(Layer.of(sprite))
    return layers


def _colour(hue: float, saturation: float, value: float) -> Colour:
    red, green, blue = colorsys.hsv_to_rgb(hue % 1, saturation, value)
    return round(red * 255), round(green * 255), round(blue * 255)


def _mix(one: Colour, other: Colour, share: float) -> Colour:
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(one, other, strict=True))
    return red, green, blue


def _glow(size: Size) -> Image.Image:
    """Draw a glow: white in the middle, nothing at the rim, soft between."""
    disc = Image.radial_gradient("L").point(lambda value: round(max(0.0, 1 - value / 181) ** 2 * 255))
    return disc.resize(size, Image.Resampling.BICUBIC)


def _sky(colours: Palette, size: Size) -> Image.Image:
    """Draw the sky, from zenith to horizon, with a little grain so that the gradient shows no bands."""
    column = Image.new("RGB", (1, 64))
    for row in range(64):
        share = min(1.0, row / 64 / 0.62)
        low, high, part = (
            (colours.zenith, colours.middle, share * 2)
            if share < 0.5  # noqa: PLR2004 - the middle
            else (colours.middle, colours.horizon, share * 2 - 1)
        )
        column.putpixel((0, row), _mix(low, high, part))
    sky = column.resize(size, Image.Resampling.BICUBIC)
    grain = Image.effect_noise((size[0] // 2, size[1] // 2), 3).resize(size)
    return ImageChops.add(sky, Image.merge("RGB", (grain, grain, grain)), 1, -128)


def _stars(picture: Image.Image, chance: random.Random, unit: float) -> None:
    draw = ImageDraw.Draw(picture, "RGBA")
    for _ in range(260):
        x, y = chance.random() * picture.width, chance.random() ** 1.6 * picture.height * 0.5
        radius = (0.5 + chance.random() ** 3 * 1.9) * unit
        faint = round((1 - y / picture.height * 2) * chance.uniform(90, 230))
        draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=(255, 255, 255, faint))


def _sun(picture: Image.Image, chance: random.Random, colours: Palette, unit: float) -> None:
    x = round(picture.width * chance.uniform(0.42, 0.74))
    y = round(picture.height * chance.uniform(0.4, 0.52))
    halo, disc = round(420 * unit), round(62 * unit)
    glow = _glow((2 * halo, 2 * halo)).point(lambda value: round(value * 0.75))
    picture.paste(colours.light, (x - halo, y - halo), glow)
    mask = Image.new("L", (8 * disc, 8 * disc))
    ImageDraw.Draw(mask).ellipse((8, 8, 8 * disc - 8, 8 * disc - 8), fill=255)
    picture.paste(_mix(colours.light, (255, 255, 255), 0.5), (x - disc, y - disc), mask.reduce(4))


def _clouds(picture: Image.Image, chance: random.Random, colours: Palette, unit: float) -> None:
    """Draw long thin streaks lit from below."""
    for _ in range(9):
        width, height = round(chance.uniform(260, 760) * unit), round(chance.uniform(8, 22) * unit)
        x = round(chance.uniform(-0.1, 0.9) * picture.width)
        y = round(chance.uniform(0.16, 0.5) * picture.height)
        strength = chance.uniform(0.25, 0.6)
        streak = _glow((width, height)).point(lambda value, by=strength: round(value * by))
        picture.paste(_mix(colours.horizon, colours.light, 0.4), (x, y), streak)


def _ridge(picture: Image.Image, chance: random.Random, colours: Palette, near: float, unit: float) -> None:
    """Draw one line of hills, 0 is the farthest: paler and smoother far away, dark and wooded close by."""
    width, height = picture.size
    base = height * (0.5 + 0.34 * near)
    reach = (0.6 * height + 260 * unit) * (0.042 + 0.03 * near)
    waves = [(chance.uniform(0.6, 1.2) * 2**k, chance.random() * math.tau, 0.55**k) for k in range(7)]
    step = max(2, round(3 * unit))

    def top(x: float) -> float:
        return base - reach * sum(a * math.sin(f * math.tau * x / width * 1.4 + p) for f, p, a in waves)

    mask = Image.new("L", (width * 2, height * 2))
    draw = ImageDraw.Draw(mask)
    line = [(2 * x, 2 * top(x)) for x in range(0, width + step, step)]
    draw.polygon([(0, 2 * height), *line, (2 * width, 2 * height)], fill=255)
    if near > 0.5:  # noqa: PLR2004 - the nearer half is wooded
        for _ in range(round(90 + 120 * near)):
            x, tall = chance.random() * width, chance.uniform(10, 26) * unit * near * 1.5
            foot = top(x) + 4 * unit
            _tree(draw, 2 * x, 2 * foot, 2 * tall)
    far = _mix(colours.horizon, colours.middle, 0.35 + 0.4 * near)
    colour = _mix(far, colours.near, near**0.8)
    picture.paste(colour, (0, 0), mask.reduce(2))
    start = round(base + reach * 0.2)
    mist = Image.linear_gradient("L").resize((width, max(1, height - start)))
    veil = mist.point(lambda value: round(value * 0.5 * (1 - near)))
    picture.paste(colours.horizon, (0, start), veil)


def _tree(draw: ImageDraw.ImageDraw, x: float, foot: float, tall: float) -> None:
    for part in range(3):
        top, low = foot - tall * (1 - 0.22 * part), foot - tall * (0.5 - 0.25 * part)
        half = tall * (0.13 + 0.06 * part)
        draw.polygon([(x, top), (x - half, low), (x + half, low)], fill=255)
