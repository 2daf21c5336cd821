"""Renders a video to an MP4: H.264 in yuv420p, AAC when it has sound, ready to play before it is wholly there."""

from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path

import av
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.video.stream import VideoStream

from sandbox.rendering import melody
from sandbox.rendering.shot_frames import ShotFrames
from sandbox.rendering.video import Video

# The fastest preset: four times the bytes of `veryfast` for half the time, and still a video of 15 s below 10 MB.
ENCODING = {"preset": "ultrafast", "crf": "23", "x264-params": "keyint=48"}


class RenderingStopped(Exception):
    """The video is no longer wanted."""


def render(video: Video, path: Path, *, wanted: Callable[[], bool] = lambda: True) -> None:
    """Write the video to a file; blocks, so call it in a thread.

    Raises:
        RenderingStopped: `wanted`, asked before each frame, said no.
    """
    with av.open(str(path), "w", format="mp4", options={"movflags": "+faststart"}) as box:
        picture_stream = _video(box, video)
        audio = _audio(box) if video.sound else None
        sound = melody.samples(video) if video.sound else []
        for number, picture in enumerate(_frames(video)):
            if not wanted():
                raise RenderingStopped
            second, rest = divmod(number, video.fps)
            if audio is not None and rest == 0:
                box.mux(audio.encode(_sound(sound[second], second)))
            picture.pts, picture.time_base = number, Fraction(1, video.fps)
            box.mux(picture_stream.encode(picture))
        box.mux(picture_stream.encode(None))
        if audio is not None:
            box.mux(audio.encode(None))


def _frames(video: Video) -> Iterator[av.VideoFrame]:
    first = 0
    for number in range(len(video.shots)):
        shot_frames = ShotFrames(video, number, first_frame=first)
        for frame in range(shot_frames.frames):
            yield shot_frames.picture(frame).frame()
        first += shot_frames.frames


def _video(box: OutputContainer, video: Video) -> VideoStream:
    stream = box.add_stream("libx264", rate=video.fps, options=ENCODING)
    stream.width, stream.height, stream.pix_fmt = video.width, video.height, "yuv420p"
    codec = stream.codec_context
    codec.thread_count = 1  # the rest of the machine is busy with what is being shown
    codec.color_range, codec.colorspace, codec.color_primaries, codec.color_trc = 1, 1, 1, 1  # BT.709, limited
    return stream


def _audio(box: OutputContainer) -> AudioStream:
    return box.add_stream("aac", rate=melody.RATE, layout="stereo", options={"b": "128k"})


def _sound(pcm: bytes, second: int) -> av.AudioFrame:
    frame = av.AudioFrame(format="s16", layout="stereo", samples=melody.RATE)
    frame.planes[0].update(pcm)
    frame.sample_rate, frame.pts, frame.time_base = melody.RATE, second * melody.RATE, Fraction(1, melody.RATE)
    return frame
