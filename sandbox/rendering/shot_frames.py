"""Puts a shot's pictures together: scenery seen by the camera, lights, writing, and all that moves with the time."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

from PIL import Image, ImageDraw

from sandbox.rendering import typesetting
from sandbox.rendering.camera import View, view
from sandbox.rendering.overlay import INK, Layout, arm_picture, board_layer, prompt_layer, watermark_layer
from sandbox.rendering.planes import Layer, Planes, even
from sandbox.rendering.scenery import lights, random_of, scenery
from sandbox.rendering.video import Video

CLAP_SECONDS = 0.4  # the arm comes down at the start of each shot
CLAP_DEGREES = 7.0
AMBER, WHITE = (177, 70, 159), (235, 128, 128)  # as Y, U, V
FIGURES = "0123456789:"


@dataclass(frozen=True, slots=True)
class Light:
    """One drifting light: its picture, where it starts (in pictures), how fast it rises and how it sways."""

    sprite: Layer
    x: float
    y: float
    rise: float
    sway: float

    def at(self, seconds: float, width: int, height: int) -> tuple[float, float]:
        """Compute the place of the light's corner; it leaves at the top and comes back at the bottom."""
        side = self.sprite.alpha.width
        x = self.x + 0.012 * math.sin(seconds * self.sway + self.x * math.tau)
        y = (self.y - self.rise * seconds) % 1.2 - 0.1
        return x * width - side / 2, y * height - side / 2


class TimeCode:
    """Lays time code figures, drawn once, on every frame."""

    def __init__(self, place: Layout) -> None:
        face = typesetting.font(place.px(46))
        self._cell = even(max(face.getlength(figure) for figure in FIGURES)) + place.px(2)
        self._right, self._top = place.clock
        self._layers = {figure: self._layer(figure, face, place) for figure in FIGURES}

    def _layer(self, figure: str, face: typesetting.Font, place: Layout) -> Layer:
        cell = Image.new("RGBA", (self._cell + place.px(4), place.px(56)), (*INK, 0))
        draw = ImageDraw.Draw(cell)
        draw.text((cell.width / 2, 0), figure, (*INK, 255), font=face, anchor="ma")
        return Layer.of(cell)

    def show(self, picture: Planes, frame: int, fps: int) -> None:
        """Lay `minutes:seconds:frames` on the picture."""
        seconds, rest = divmod(frame, fps)
        text = f"{seconds // 60:02}:{seconds % 60:02}:{rest:02}"
        left = self._right - self._cell * len(text)
        for number, figure in enumerate(text):
            picture.paste(self._layers[figure], at=(left + number * self._cell, self._top))


class ShotFrames:
    """Draws one shot of a video, frame by frame."""

    def __init__(self, video: Video, number: int, *, first_frame: int) -> None:
        self._video, self._number, self._first = video, number, first_frame
        self._shot = video.shots[number]
        self._place = Layout.of(video)
        self._scenery = scenery(self._shot.prompt, (video.width, video.height))
        self._lights = list(self._scatter())
        self._layers = [prompt_layer(video, number), board_layer(video, number)]
        if video.watermark:
            self._layers.append(watermark_layer(video))
        self._time_code = TimeCode(self._place)
        self._bare_arm = arm_picture(video)
        self._arms = [self._arm(frame) for frame in range(round(CLAP_SECONDS * video.fps) + 1)]
        self._drift = random_of(self._shot.prompt).choice((-1, 1))

    @property
    def frames(self) -> int:
        """How many frames the shot has."""
        return self._shot.seconds * self._video.fps

    def picture(self, frame: int) -> Planes:
        """Draw the picture of a frame of this shot, counted from 0."""
        video = self._video
        picture = self._scenery.seen(self._view(frame), (video.width, video.height))
        for light in self._lights:
            picture.paste(light.sprite, at=light.at(frame / video.fps, video.width, video.height))
        for layer in self._layers:
            picture.paste(layer)
        picture.paste(self._arms[min(frame, len(self._arms) - 1)])
        self._time_code.show(picture, self._first + frame, video.fps)
        self._bar(picture, self._first + frame + 1)
        return picture

    def _view(self, frame: int) -> View:
        """Compute the camera's move, or one pixel a frame sideways when there is none."""
        if self._video.camera is not None:
            return view(self._video.camera, frame / max(1, self.frames - 1))
        return View(right=self._drift * (frame - self.frames // 2) / self._video.width)

    def _scatter(self) -> Iterator[Light]:
        chance = random_of(self._shot.prompt + " lights")
        for sprite in lights(self._shot.prompt, (self._video.width, self._video.height)):
            for _ in range(4):
                yield Light(
                    sprite=sprite,
                    x=chance.random(),
                    y=chance.random() * 1.2,
                    rise=chance.uniform(0.015, 0.05),
                    sway=chance.uniform(0.5, 1.4),
                )

    def _arm(self, frame: int) -> Layer:
        """Draw the arm so many frames after the shot began: it falls faster and faster, hinged at its left end."""
        left, top, right, bottom = self._place.arm
        lift = max(0.0, 1 - (frame / (CLAP_SECONDS * self._video.fps)) ** 2) * CLAP_DEGREES
        above = even((right - left) * math.sin(math.radians(lift)))
        picture = Image.new("RGBA", (right - left, bottom - top + above))
        picture.paste(self._bare_arm, (0, above))
        turned = picture.rotate(lift, Image.Resampling.BILINEAR, center=(0, picture.height)) if lift else picture
        return Layer.of(turned, place=(left, top - above))

    def _bar(self, picture: Planes, done: int) -> None:
        """Draw the bar along the board's foot: how much of the video has been shown, with a notch between shots."""
        left, _, right, bottom = self._place.board
        y, tall = bottom - self._place.px(12), self._place.px(4)
        left, width = left + self._place.px(20), right - left - self._place.px(40)
        total = self._video.seconds * self._video.fps
        reach = even(width * done / total)
        picture.fill((left, y, left + reach, y + tall), AMBER)
        seconds = 0
        for shot in self._video.shots[:-1]:
            seconds += shot.seconds
            x = left + even(width * seconds / self._video.seconds)
            picture.fill((x, y - self._place.px(4), x + self._place.px(2), y + tall), WHITE)
