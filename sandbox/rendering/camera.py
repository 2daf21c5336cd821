"""Moves the camera: where it looks at each moment of a shot."""

from dataclasses import dataclass

from sandbox.rendering.video import Camera

SHIFT = 0.24  # of the picture's width or height, over the whole shot, at amount 10
ROLL = 20.0  # degrees, likewise
ZOOM = 1.6  # factor, likewise
FULL = 10.0  # the largest amount

# The composite moves as (right, up, closer), each a share of the full reach.
COMPOSITES = {
    "down_back": (0.0, -0.7, -0.8),
    "forward_up": (0.0, 0.7, 0.8),
    "right_turn_forward": (0.7, 0.0, 0.8),
    "left_turn_forward": (-0.7, 0.0, 0.8),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """A look at the scenery: its centre moved right and up (in pictures), how close, and how far rolled.

    `scale` above 1 is closer; `degrees` is the camera's roll clockwise.
    """

    right: float = 0.0
    up: float = 0.0
    scale: float = 1.0
    degrees: float = 0.0


def view(camera: Camera, moment: float) -> View:
    """Compute the view at a moment from 0 (first frame) to 1 (last); each move is centred on the middle of the shot."""
    way = moment - 0.5
    if camera.type in COMPOSITES:
        right, up, closer = COMPOSITES[camera.type]
        return View(right=right * SHIFT * way, up=up * SHIFT * way, scale=ZOOM ** (closer * way))
    return View(
        right=(camera.horizontal + camera.tilt) / FULL * SHIFT * way,
        up=(camera.vertical + camera.pan) / FULL * SHIFT * way,
        scale=ZOOM ** (-camera.zoom / FULL * way),
        degrees=camera.roll / FULL * ROLL * way,
    )
