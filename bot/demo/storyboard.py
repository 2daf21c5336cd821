"""Demonstrates the storyboard builder: Ana presses and types, the board changes, and the video has her shots."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import av
from PIL import Image

from bot.demo.show import POLL_SECONDS, DemoFailed, Show

LENGTH: Final = 12  # seconds, unless told otherwise
FIRST: Final = "A paper boat sets out in a gutter, rain on cobblestones"
SCRIPT: Final = (
    f"1. 4s {FIRST}\n"
    "2. 2s It shoots over a little waterfall\n"
    "3. 3s Neon signs glide past, mirrored in the water\n"
    "4. 3s It comes to rest at the feet of a child, who smiles"
)


class StoryboardShow(Show):
    """Plays as the demo does, but asks with the builder, and holds the video against what was built."""

    _message: Mapping[str, Any]

    async def _ask(self, options: Mapping[str, Any]) -> str:
        wanted = options.get("duration", LENGTH)
        await self._see(await self._type("video storyboard", {"seconds": wanted}), edited=True)
        await self._enter("edit", prompt=FIRST, seconds="4")
        await self._enter("script", script=SCRIPT)
        await self._press("use")
        await self._press("pick", "2")
        await self._press("up")
        extras = [name for name in ("sound", "watermark", "private") if options.get(name)]
        await self._enter(
            "settings",
            quality=[self._quality(await self._form("settings"), options)],
            aspect=[options.get("aspect", "16:9")],
            total=[str(wanted)],
            extras=extras,
            negative=options.get("negative", ""),
        )
        await self._press("even")
        await self._press("ask")
        self._screen.done("ana", f"presses [{self._part('make')['label']}]")
        return await self._act("component", {"message_id": self._message["id"], "custom_id": self._id("make")})

    async def check(self, path: Path, message: Mapping[str, Any], options: Mapping[str, Any]) -> None:
        """Check what `Show` does, and that the provider got the shots of the board; print and save each shot.

        Raises:
            DemoFailed: naming everything that is not as it should be.
        """
        await super().check(path, message, {"duration": LENGTH, **options})
        (task,) = await self._get("tasks")
        shots = task["request"]["input"][0]["params"]["multi_prompt"]
        sent = [shot["prompt"] for shot in shots]
        if sorted(sent) != sorted(line.partition("s ")[2] for line in SCRIPT.splitlines()):
            raise DemoFailed(f"the provider was told other shots: {sent}")
        begins, middles = 0, []
        for shot in shots:
            seconds = int(shot["duration"])
            self._screen.say(f"  shot {shot['index']} · {begins}-{begins + seconds} s · {shot['prompt']}")
            middles.append(begins + seconds / 2)
            begins += seconds
        stills = await asyncio.to_thread(_save_stills, path, middles)
        self._screen.say(f"  a still of each shot: {stills[0].name} … {stills[-1].name}")

    def _quality(self, form: Mapping[str, Any], options: Mapping[str, Any]) -> str:
        """Name the model and the mode as the form does: the board's own model, unless told otherwise."""
        select = next(part["component"] for part in form["components"] if "options" in part["component"])
        chosen: str = next(option["value"] for option in select["options"] if option["default"])
        return f"{options.get('model', chosen.partition(' ')[0])} {options.get('mode', 'std')}"

    async def _press(self, action: str, *values: str) -> None:
        part = self._part(action)
        label = part.get("label") or f"shot {int(values[0]) + 1} of the list"
        self._screen.done("ana", f"presses [{label}]")
        body = {"message_id": self._message["id"], "custom_id": part["custom_id"], "values": list(values) or None}
        await self._see(await self._act("component", body), edited=True)

    async def _enter(self, action: str, **fields: Any) -> None:
        """Open a form, fill it in and send it."""
        part = self._part(action)
        opened = await self._open(action)
        lines = (f"{name}: {', '.join(value) if isinstance(value, list) else value}" for name, value in fields.items())
        self._screen.done("ana", f"presses [{part['label']}] and enters", "\n".join(lines))
        await self._see(await self._act("modal", {"interaction_id": opened, "fields": fields}), edited=True)

    async def _open(self, action: str) -> str:
        """Press the button of a form; the interaction that opened it."""
        body = {"message_id": self._message["id"], "custom_id": self._id(action)}
        opened = await self._act("component", body)
        await self._see(opened, edited=False)
        return opened

    async def _form(self, action: str) -> Mapping[str, Any]:
        """Look at a form."""
        form: Mapping[str, Any] = (await self._get(f"interactions/{await self._open(action)}"))["modal"]
        return form

    async def _see(self, interaction_id: str, *, edited: bool) -> None:
        """Wait until the form is there, or the board has changed; show the board."""
        end = time.monotonic() + 10
        while time.monotonic() < end:
            seen = await self._get(f"interactions/{interaction_id}")
            if not edited and seen["modal"]:
                return
            if edited and seen["edits"]:
                self._message = seen["edits"][-1]
                self._screen.message("Shotcaller (only ana sees this)", self._text())
                return
            await asyncio.sleep(POLL_SECONDS / 5)
        raise DemoFailed("the builder did not answer")

    def _text(self) -> str:
        boards = (embed["description"] for embed in self._message["embeds"])
        return "\n".join([self._message["content"], *boards]).strip()

    def _id(self, action: str) -> str:
        return str(self._part(action)["custom_id"])

    def _part(self, action: str) -> Mapping[str, Any]:
        """Find a button of the board, or the list of shots ("pick")."""
        start = "story:" if action == "pick" else f"story-{action}:"
        parts = [part for row in self._message["components"] for part in row["components"]]
        for part in parts:
            if part["custom_id"].startswith(start) and not part.get("disabled"):
                return dict(part)
        raise DemoFailed(f"there is nothing to press for {action!r}")


def _save_stills(video: Path, moments: Sequence[float]) -> list[Path]:
    """Save the frame of each moment (seconds) beside the video."""
    waiting, saved = list(moments), list[Path]()
    with av.open(str(video)) as container:
        for frame in container.decode(video=0):
            if waiting and frame.time is not None and frame.time >= waiting[0]:
                del waiting[0]
                still = video.with_name(f"{video.stem}-shot-{len(saved) + 1}.jpg")
                _picture(frame).save(still, quality=85)
                saved.append(still)
    if waiting:
        raise DemoFailed(f"the video ends before {waiting[0]} s")
    return saved


def _picture(frame: av.VideoFrame) -> Image.Image:
    plane = frame.reformat(format="rgb24").planes[0]
    return Image.frombytes("RGB", (frame.width, frame.height), bytes(plane), "raw", "RGB", plane.line_size)
