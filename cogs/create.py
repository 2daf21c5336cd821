"""`/video create`: from typed options to an accepted job, or to the reasons why not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import discord
from discord import app_commands

from bot.domain.problem import Problem
from bot.domain.request import AXES, AspectRatio, CameraControl, CameraType, Mode, VideoRequest
from bot.errors import InvalidRequest
from bot.locale import words
from bot.service.videos import Asking
from cogs._destination import destination_of
from cogs._replies import acknowledge, answer
from cogs._text import link

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.client import Answers, Shotcaller
    from bot.domain.capability import Capability
    from bot.locale import Words
    from bot.service.videos import Accepted, Videos

_MOVES: Final = ("zoom", *(axis for axis in AXES if axis != "zoom"), *list(CameraType)[1:])


async def setup(bot: Shotcaller) -> None:
    """Add the command to the `/video` group."""
    bot.video.add_command(_command(bot.videos, bot.answers, words()))


def _command(videos: Videos, answers: Answers, say: Words) -> app_commands.Command[Any, ..., None]:
    @app_commands.command(name="create", description=say("command.video.create"))
    @app_commands.describe(**{option: say(f"option.{option}") for option in _OPTIONS})
    @app_commands.choices(
        model=_models(list(videos.models.values())),
        mode=[app_commands.Choice(name=say(f"choice.mode.{each}"), value=str(each)) for each in Mode],
        aspect=[app_commands.Choice(name=say(f"choice.aspect.{each}"), value=str(each)) for each in AspectRatio],
    )
    @app_commands.autocomplete(camera=_camera_moves)
    async def create(  # noqa: PLR0917 (Discord's options are the command's interface)
        interaction: discord.Interaction[Any],
        prompt: str,
        model: str | None = None,
        mode: str | None = None,
        aspect: str | None = None,
        duration: int | None = None,
        sound: bool = False,  # noqa: FBT001, FBT002
        negative: str | None = None,
        watermark: bool = False,  # noqa: FBT001, FBT002
        cfg: float | None = None,
        camera: str | None = None,
        strength: float | None = None,
        private: bool = False,  # noqa: FBT001, FBT002
    ) -> None:
        await acknowledge(interaction)
        wish = VideoRequest(
            model=videos.capability(model).model,
            prompt=prompt,
            negative_prompt=negative or "",
            mode=Mode(mode or Mode.STD),
            aspect_ratio=AspectRatio(aspect or AspectRatio.WIDE),
            duration=5 if duration is None else duration,
            sound=sound,
            watermark=watermark,
            cfg_scale=cfg,
            camera=_camera(camera, strength),
        )
        destination = destination_of(interaction, private=private)
        with answers.expected(interaction):
            accepted = await videos.request(
                wish,
                Asking(
                    key=str(interaction.id),
                    user_id=interaction.user.id,
                    locale=str(interaction.locale),
                    public_locale=str(interaction.guild_locale or interaction.locale),
                    destination=destination,
                ),
            )
        await answer(interaction, _accepted(accepted, words(str(interaction.locale))))

    return create


_OPTIONS: Final = (
    *("prompt", "model", "mode", "aspect", "duration", "sound"),
    *("negative", "watermark", "cfg", "camera", "strength", "private"),
)


def _models(models: Sequence[Capability]) -> list[app_commands.Choice[str]]:
    return [app_commands.Choice(name=each.model, value=each.model) for each in models]


def _camera(name: str | None, strength: float | None) -> CameraControl | None:
    if name is not None:
        return CameraControl.named(name, strength=strength)
    if strength is not None:
        raise InvalidRequest([Problem(code="strength_without_camera", field="strength")])
    return None


async def _camera_moves(interaction: discord.Interaction[Any], typed: str) -> list[app_commands.Choice[str]]:
    """The camera's moves whose name or description begins like what is typed."""
    say, typed = words(str(interaction.locale)), typed.strip().lower()
    named = [(move, say(f"camera.{move}")) for move in _MOVES]
    return [
        app_commands.Choice(name=name, value=str(move))
        for move, name in named
        if not typed or typed in name.lower() or typed in move
    ]


def _accepted(accepted: Accepted, say: Words) -> str:
    job, price = accepted.job, say("credits", n=accepted.price.credits)
    if accepted.account is not None:
        price = say("accepted.left", price=price, left=say("credits", n=accepted.account.balance))
    values = {"price": price, "time": say.span(accepted.expected)}
    if job.destination.private:
        return say("accepted.private", **values)
    if job.card_channel_id is None or job.card_message_id is None:
        return say("accepted.no_card", **values)
    card = link(job.destination.guild_id, job.card_channel_id, job.card_message_id)
    return say("accepted" if accepted.new else "accepted.again", card=card, **values)
