"""`/video studio`: a video put together step by step, on one private message that survives any restart."""

from __future__ import annotations

import asyncio
from secrets import token_hex
from typing import TYPE_CHECKING, Any, Final

import discord
from discord import app_commands

from bot.domain.offer import bent
from bot.domain.request import PROMPT_LIMIT
from bot.errors import DraftGone, StoreUnavailable
from bot.locale import words
from cogs._buttons import Lasting
from cogs._defaults import place_of
from cogs._modals import QUICK, Form, values_of
from cogs._replies import acknowledge
from cogs._rescue import Typed, remember
from cogs._studio import NOTHING, Panel, panel_view
from cogs._submit import submit
from cogs._wish import given, options_of, wish_of

if TYPE_CHECKING:
    import re
    from collections.abc import Mapping

    from bot.client import FormHandler, Shotcaller
    from bot.domain.draft import Draft
    from bot.domain.request import VideoRequest
    from bot.locale import Words

KIND: Final = "studio"  # of the drafts
FORM: Final = "studio"
_TRIES: Final = 5  # to change a draft that other devices change at the same time
_PATTERN: Final = r"studio:(?P<draft>[0-9a-f]{16}):(?P<what>[a-z]{1,16})(?:=(?P<value>[\w:.-]{1,40}))?"


async def setup(bot: Shotcaller) -> None:
    """Add the command to the `/video` group, the controls of its panels and their form."""
    bot.video.add_command(_command(bot, words()))
    bot.add_dynamic_items(Control)
    bot.forms[FORM] = _written(bot)


def _command(bot: Shotcaller, say: Words) -> app_commands.Command[Any, ..., None]:
    @app_commands.command(name="studio", description=say("command.video.studio"))
    @app_commands.describe(prompt=say("option.prompt"))
    async def studio(interaction: discord.Interaction[Any], prompt: str | None = None) -> None:
        await acknowledge(interaction)
        remember(interaction, Typed(options=given({"prompt": prompt})))
        user = interaction.user.id
        draft = await bot.services.drafts.latest(user_id=user, kind=KIND) or await _begun(bot, interaction)
        if prompt is not None:
            draft = await _changed(bot, interaction, draft, {"prompt": prompt})
        await _show(bot, interaction, draft)

    return studio


class Control(Lasting[discord.ui.Item[Any]], template=_PATTERN):
    """A button or a select of a panel."""

    def __init__(self, item: discord.ui.Item[Any], *, draft: str, what: str, value: str | None) -> None:
        super().__init__(item)
        self._draft, self._what, self._value = draft, what, value

    @classmethod
    async def from_custom_id(
        cls, _interaction: discord.Interaction[Any], item: discord.ui.Item[Any], match: re.Match[str], /
    ) -> Control:
        """Called by discord.py."""
        return cls(item, draft=match["draft"], what=match["what"], value=match["value"])

    async def pressed(self, bot: Shotcaller, interaction: discord.Interaction[Any]) -> None:
        """See `Lasting`."""
        match self._what:
            case "prompt":
                await _ask_for_words(bot, interaction, self._draft)
            case "generate":
                await _generate(bot, interaction, self._draft)
            case _:
                await interaction.response.defer()
                draft = await _kept(bot, interaction, self._draft)
                await _show(bot, interaction, await self._apply(bot, interaction, draft))

    async def _apply(self, bot: Shotcaller, interaction: discord.Interaction[Any], draft: Draft) -> Draft:
        if self._what == "reset":
            return await _saved(bot, interaction, draft, _body(await _fresh(bot, interaction)))
        data: dict[str, Any] = dict(interaction.data or {})
        value = next(iter(data.get("values", ())), self._value or "")
        return await _changed(bot, interaction, draft, _meaning(self._what, value))


def _meaning(option: str, value: str) -> dict[str, Any]:
    """The options that a control's value stands for; a value nobody was offered means nothing."""
    match option:
        case "sound" | "watermark" | "private":
            return {option: value == "1"}
        case "duration" if value.isdecimal():
            return {option: int(value)}
        case "strength" if value.lstrip("-").isdecimal():
            return {option: float(value)}
        case "camera":
            return {option: None if value == NOTHING else value, "strength": None}
        case "model" | "mode" | "aspect":
            return {option: value}
    return {}


async def _changed(
    bot: Shotcaller, interaction: discord.Interaction[Any], draft: Draft, options: Mapping[str, Any]
) -> Draft:
    """Put choices into a draft; what does not go with them gives way, and is noted."""
    private = bool(options.get("private", draft.body["private"]))
    wanted = wish_of({**options_of(_wish(bot, draft)), **options}, model=bot.services.videos.capability(None).model)
    near = bent(wanted, list(bot.services.videos.models.values()))
    before, after = options_of(wanted), options_of(near)
    gave_way = [name for name in {**before, **after} if before.get(name) != after.get(name)]
    return await _saved(bot, interaction, draft, _body(near, private=private, gave_way=gave_way))


async def _saved(
    bot: Shotcaller, interaction: discord.Interaction[Any], draft: Draft, body: Mapping[str, Any]
) -> Draft:
    """Keep a panel's state; of two devices that choose at once, the later one wins."""
    for _ in range(_TRIES):
        saved = await bot.services.drafts.save(draft, body, now=interaction.created_at)
        if saved is not None:
            return saved
        draft = await _kept(bot, interaction, draft.id)
    raise StoreUnavailable("the draft never rests")


def _body(wish: VideoRequest, *, private: bool = False, gave_way: list[str] | None = None) -> dict[str, Any]:
    return {"options": options_of(wish), "private": private, "bent": gave_way or []}


def _wish(bot: Shotcaller, draft: Draft) -> VideoRequest:
    """The request a draft stands for; a model that is gone since gives way to one that is there."""
    videos = bot.services.videos
    options = {**draft.body["options"], "model": draft.body["options"].get("model")}
    if options["model"] not in videos.models:
        options["model"] = None
    return bent(wish_of(options, model=videos.capability(None).model), list(videos.models.values()))


async def _fresh(bot: Shotcaller, interaction: discord.Interaction[Any]) -> VideoRequest:
    """A request with nothing but the defaults of whoever asks."""
    wish = wish_of({"prompt": NOTHING}, model=bot.services.videos.capability(None).model)
    return (await bot.services.choices.fill(wish, typed=(), place=place_of(interaction))).request


async def _begun(bot: Shotcaller, interaction: discord.Interaction[Any]) -> Draft:
    return await bot.services.drafts.begin(
        token_hex(8),
        user_id=interaction.user.id,
        guild_id=interaction.guild_id,
        kind=KIND,
        body=_body(await _fresh(bot, interaction)),
        now=interaction.created_at,
    )


async def _kept(bot: Shotcaller, interaction: discord.Interaction[Any], draft_id: str) -> Draft:
    draft = await bot.services.drafts.read(draft_id, user_id=interaction.user.id)
    if draft is None or draft.kind != KIND:
        raise DraftGone
    return draft


async def _show(bot: Shotcaller, interaction: discord.Interaction[Any], draft: Draft) -> None:
    """Put the panel as it stands into the answer, or in place of the one that was pressed."""
    wish, videos = _wish(bot, draft), bot.services.videos
    panel = Panel(
        draft_id=draft.id,
        request=wish,
        private=bool(draft.body["private"]),
        bent=draft.body["bent"],
        models=list(videos.models.values()),
        estimate=await videos.estimate(wish, user_id=interaction.user.id, guild_id=interaction.guild_id),
        say=words(str(interaction.locale)),
    )
    await interaction.edit_original_response(view=panel_view(panel), allowed_mentions=discord.AllowedMentions.none())


async def _generate(bot: Shotcaller, interaction: discord.Interaction[Any], draft_id: str) -> None:
    """Ask for the video. Pressed twice for the same state it is asked for once."""
    await acknowledge(interaction)
    draft = await _kept(bot, interaction, draft_id)
    wish = _wish(bot, draft)
    if wish.prompt == NOTHING:
        wish_of({**options_of(wish), "prompt": ""}, model=wish.model)
    key = f"studio-{draft.id}-{draft.version}"
    await submit(bot, interaction, wish, private=bool(draft.body["private"]), key=key)
    await bot.services.drafts.save(draft, draft.body, now=interaction.created_at)


async def _ask_for_words(bot: Shotcaller, interaction: discord.Interaction[Any], draft_id: str) -> None:
    try:
        async with asyncio.timeout(QUICK):
            wish = _wish(bot, await _kept(bot, interaction, draft_id))
    except TimeoutError as exc:
        raise StoreUnavailable("slow") from exc
    say = words(str(interaction.locale))
    form = Form(name=FORM, state=draft_id, title=say("studio.prompt"))
    prompt = "" if wish.prompt == NOTHING else wish.prompt
    form.text("prompt", say("sheet.prompt"), value=prompt, long=True, required=True, most=PROMPT_LIMIT)
    form.text("negative", say("sheet.negative"), value=wish.negative_prompt, long=True, most=PROMPT_LIMIT)
    await interaction.response.send_modal(form)


def _written(bot: Shotcaller) -> FormHandler:
    """What happens when the form with the prompt comes back."""

    async def written(interaction: discord.Interaction[Any], draft_id: str, data: dict[str, Any]) -> None:
        await interaction.response.defer()
        entries = values_of(data)
        draft = await _kept(bot, interaction, draft_id)
        texts = {"prompt": entries.get("prompt") or "", "negative": entries.get("negative") or None}
        await _show(bot, interaction, await _changed(bot, interaction, draft, texts))

    return written
