"""Plays the sound of a video: a quiet plucked melody that changes with the shot."""

import math
from array import array
from functools import lru_cache

from sandbox.rendering.scenery import random_of
from sandbox.rendering.video import Shot, Video

RATE = 48_000  # samples a second
NOTES_A_SECOND = 3
PENTATONIC = (0, 2, 4, 7, 9, 12, 14, 16)
LOUDNESS = 9_000  # of 32,767: well heard, far from clipping


def samples(video: Video) -> list[bytes]:
    """Play the sound of each second of the video: interleaved stereo, signed 16 bits, `RATE` samples a second."""
    return [second for shot in video.shots for second in _shot(shot)]


def _shot(shot: Shot) -> list[bytes]:
    chance = random_of(shot.prompt)
    root = 196.0 * 2 ** (chance.randrange(12) / 12)
    tune = [chance.choice(PENTATONIC) for _ in range(8)]
    plucked = [_note(round(root * 2 ** (step / 12), 2), step % 3) for step in tune]
    count = shot.seconds * NOTES_A_SECOND
    notes = [plucked[number % len(plucked)] for number in range(count)]
    starts = range(0, count, NOTES_A_SECOND)
    return [b"".join(notes[start : start + NOTES_A_SECOND]) for start in starts]


@lru_cache(maxsize=64)
def _note(pitch: float, side: int) -> bytes:
    """Play one note with a soft start and a full decay, a little to the left, the middle or the right."""
    count = RATE // NOTES_A_SECOND
    left, right = ((1.0, 0.55), (0.8, 0.8), (0.55, 1.0))[side]
    turn = math.tau * pitch / RATE
    pcm = array("h")
    for n in range(count):
        swell = min(1.0, n / 240) * (1 - n / count) ** 2
        wave = math.sin(turn * n) + 0.4 * math.sin(2 * turn * n) + 0.2 * math.sin(3 * turn * n)
        value = LOUDNESS * swell * wave
        pcm.append(round(value * left))
        pcm.append(round(value * right))
    return pcm.tobytes()
