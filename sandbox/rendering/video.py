"""Says what a video shows, as plain frozen values; equal videos are the same file."""

import hashlib
import json
import math
from dataclasses import asdict, dataclass

LOOK = 2  # Raised when the picture changes, so that videos cached by an older version are not served.

SIZES = {
    ("16:9", "std"): (1280, 720),
    ("9:16", "std"): (720, 1280),
    ("1:1", "std"): (720, 720),
    ("16:9", "pro"): (1920, 1080),
    ("9:16", "pro"): (1080, 1920),
    ("1:1", "pro"): (1080, 1080),
    ("16:9", "4k"): (3840, 2160),
    ("9:16", "4k"): (2160, 3840),
    ("1:1", "4k"): (2160, 2160),
}
"""Width and height in pixels by aspect ratio and mode: `std` is 720p, `pro` is 1080p, `4k` is 2160p."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shot:
    """One shot: what it shows, and for how many whole seconds."""

    prompt: str
    seconds: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Camera:
    """A camera move: a composite `type`, or `simple` with amounts from -10 to 10 by axis.

    As the vendor defines them: `horizontal` moves to the right, `vertical` upwards, `pan` turns upwards (around the
    x-axis), `tilt` to the right (around the y-axis), `roll` clockwise, and a positive `zoom` widens the field of view
    (the focal length falls, the picture recedes).
    """

    type: str = "simple"
    horizontal: float = 0
    vertical: float = 0
    pan: float = 0
    tilt: float = 0
    roll: float = 0
    zoom: float = 0

    def label(self) -> str:
        """Describe the move in a few words for the clapperboard, for example `zoom -5`."""
        if self.type != "simple":
            return self.type.replace("_", " ")
        axes = {name: value for name, value in asdict(self).items() if name != "type" and value}
        return ", ".join(f"{name} {value:+g}" for name, value in axes.items())


@dataclass(frozen=True, slots=True, kw_only=True)
class Video:
    """Everything that rendering needs to know; width and height are in pixels and even."""

    shots: tuple[Shot, ...]
    width: int
    height: int
    fps: int = 24
    sound: bool = False
    watermark: bool = False
    camera: Camera | None = None
    model: str = ""
    mode: str = "std"
    negative_prompt: str = ""
    cfg_scale: float | None = None

    @property
    def seconds(self) -> int:
        """The whole length."""
        return sum(shot.seconds for shot in self.shots)

    @property
    def aspect(self) -> str:
        """The shape in lowest terms, for example `16:9`."""
        common = math.gcd(self.width, self.height)
        return f"{self.width // common}:{self.height // common}"

    def digest(self) -> str:
        """Compute a hash of everything that is seen and heard."""
        content = json.dumps([LOOK, asdict(self)], sort_keys=True)
        return hashlib.sha256(content.encode()).hexdigest()
