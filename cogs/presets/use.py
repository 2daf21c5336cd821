"""Use a preset: list those there are with buttons, ask for the gaps in a form, and submit the request."""

import contextlib
from collections.abc import AsyncIterator, Mapping
from typing import Any, Final

import discord

from bot.client import Shotcaller
from bot.domain import Capability, Draft, Preset
from bot.errors import InvalidRequest, StoreError
from bot.locale import Words, words
from bot.service.member.presets import fill_gaps, gaps, request_of
from bot.values import dataclass, replace
from cogs import ui
from cogs.request import submit
from cogs.ui import CONTENT, acknowledge, answer, cut, in_time, open_form, safe, settings
from cogs.ui.error_texts import describe
from cogs.ui.limits import BUTTON, FORM_FIELDS

FORM: Final = ui.CustomId("preset:{preset_id}[:{private}]", preset_id=ui.DRAFT_ID, private=ui.Part("private"))
PAGE_FORM: Final = ui.CustomId("preset:{draft_id}:{page}", draft_id=ui.DRAFT_ID, page=ui.digits(1))
AGAIN: Final = ui.CustomId("preset:again:{draft_id}[:{page}]", draft_id=ui.DRAFT_ID, page=ui.digits(1))
DRAFT: Final = "preset"  # the kind of the drafts that keep what was entered
VALUE: Final = 1000  # characters of one value
NAME: Final = 32  # characters of a name shown
SHOWN: Final = 40  # characters of a value shown

_GAP: Final = "gap:"


@dataclass(frozen=True, kw_only=True, slots=True)
class Filling:
    """A preset with what has been entered for its gaps so far, by their names in small letters; `draft` keeps it."""

    preset: Preset
    values: Mapping[str, str]
    private: bool
    draft: Draft | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the gaps."""
        return gaps(request_of(self.preset))

    @property
    def pages(self) -> list[tuple[str, ...]]:
        """The names of the gaps, as many at a time as a form has fields."""
        return [self.names[start : start + FORM_FIELDS] for start in range(0, len(self.names), FORM_FIELDS)]

    def value(self, name: str) -> str:
        """Read what has been entered for a gap; empty for nothing."""
        return self.values.get(name.casefold(), "").strip()

    def done(self, page: int) -> bool:
        """Whether every gap of a page has a value."""
        return all(map(self.value, self.pages[page]))

    def next_page(self) -> int:
        """The first page on which something is missing; the first one where nothing is."""
        return next((page for page in range(len(self.pages)) if not self.done(page)), 0)

    def body(self) -> dict[str, Any]:
        """Write this as a draft's body."""
        return {"preset": self.preset.id, "values": dict(self.values), "private": self.private}


async def use_preset(
    bot: Shotcaller,
    interaction: discord.Interaction[Any],
    name_or_id: str,
    *,
    private: bool = False,
    tapped: bool = False,
    seen: int | None = None,
) -> None:
    """Ask for a preset's gaps, or make its video at once. A form can't be sent after an acknowledgement.

    `seen` is the price in credits that the button said, if one was `tapped`.

    Raises:
        PresetUnknown: the person may use none of that id or name here.
        PriceUnseen: the button said no price, or another one: its author may have changed the preset.
    """
    async with in_time(interaction):
        preset = await _find(bot, interaction, name_or_id)
        filling = await _begun(bot, interaction, preset, private=private)
    if filling.names:
        custom_id = FORM(preset_id=preset.id, private="private" if private else None)
        await open_form(interaction, _form(custom_id, filling, page=0))
        return
    await acknowledge(interaction)
    request = fill_gaps(request_of(preset), {})
    if tapped:
        ui.remember(interaction, ui.TypedRequest(options=ui.options_of(request), key=str(interaction.id)))
        bot.services.videos.check_price(request, said=seen)
    await submit(bot, interaction, request, private=private, at_a_tap=True)
    await bot.services.presets.used(preset)


async def _begun(bot: Shotcaller, interaction: discord.Interaction[Any], preset: Preset, *, private: bool) -> Filling:
    """What somebody had entered for a preset and not finished, however long ago."""
    draft = await bot.services.drafts.latest(DRAFT, user_id=interaction.user.id)
    if draft is None or draft.body["preset"] != preset.id:
        return Filling(preset=preset, values={}, private=private)
    return Filling(preset=preset, values=draft.body["values"], private=private, draft=draft)


async def fill_in(bot: Shotcaller, interaction: discord.Interaction[Any], preset_id: str, private: str | None) -> None:
    """Go on with what was entered in a preset's first form."""
    async with _given_back(bot, interaction):
        preset = await _find(bot, interaction, preset_id)
        filling = _with_entered(interaction, await _begun(bot, interaction, preset, private=bool(private)))
        await _go_on(bot, interaction, filling)


async def fill_page(bot: Shotcaller, interaction: discord.Interaction[Any], draft_id: str, page: int) -> None:  # noqa: ARG001
    """Go on with what was entered in another form of a preset."""
    async with _given_back(bot, interaction):
        await _go_on(bot, interaction, _with_entered(interaction, await _read(bot, interaction, draft_id)))


@contextlib.asynccontextmanager
async def _given_back(bot: Shotcaller, interaction: discord.Interaction[Any]) -> AsyncIterator[None]:
    """Give back as a file what was entered, where the database can't keep it."""
    try:
        yield
    except StoreError as exc:
        await bot.explain(interaction, exc)
        entered = ui.entered(interaction).items()
        text = "\n".join(f"{name.removeprefix(_GAP)}: {value}" for name, value in entered)
        said = words(str(interaction.locale))("typed.attached")
        await ui.follow_up(interaction, said, files=[ui.file_of(text, "what-you-typed.txt")])


async def reopen_form(bot: Shotcaller, interaction: discord.Interaction[Any], draft_id: str, page: int | None) -> None:
    """Open a form of a preset, with what was entered before."""
    async with in_time(interaction):
        filling = await _read(bot, interaction, draft_id)
    page = filling.next_page() if page is None or page >= len(filling.pages) else page
    await open_form(interaction, _form(PAGE_FORM(draft_id=draft_id, page=page), filling, page=page))


async def _read(bot: Shotcaller, interaction: discord.Interaction[Any], draft_id: str) -> Filling:
    draft = await bot.services.drafts.read(draft_id, DRAFT, user_id=interaction.user.id)
    preset = await _find(bot, interaction, draft.body["preset"])
    return Filling(preset=preset, values=draft.body["values"], private=draft.body["private"], draft=draft)


async def _find(bot: Shotcaller, interaction: discord.Interaction[Any], name_or_id: str) -> Preset:
    return await bot.services.presets.find(name_or_id, user_id=interaction.user.id, guild_id=interaction.guild_id)


def _with_entered(interaction: discord.Interaction[Any], filling: Filling) -> Filling:
    entered = {name.removeprefix(_GAP).casefold(): str(value or "") for name, value in ui.entered(interaction).items()}
    return replace(filling, values={**filling.values, **entered})


async def _go_on(bot: Shotcaller, interaction: discord.Interaction[Any], filling: Filling) -> None:
    """Make the video where every gap is filled; else keep what was entered, and show what is still missing."""
    try:
        request = fill_gaps(request_of(filling.preset), filling.values)
    except InvalidRequest as refused:
        await _show(interaction, await _keep(bot, interaction, filling), refused)
        return
    if ui.changes_what_was_used(interaction):
        filling = await _keep(bot, interaction, filling)
        await answer(interaction, words(str(interaction.locale))("storyboard.sending"), view=None)
        try:
            await submit(bot, interaction, request, private=filling.private, at_a_tap=True)
        except Exception as exc:  # noqa: BLE001 (whatever it is, it is explained, and what was entered is there again)
            await bot.explain(interaction, exc)
            await _show(interaction, filling)
            return
    else:
        await submit(bot, interaction, request, private=filling.private, at_a_tap=True)
    await bot.services.presets.used(filling.preset)
    await _forget(bot, filling)


async def _keep(bot: Shotcaller, interaction: discord.Interaction[Any], filling: Filling) -> Filling:
    """Keep what was entered, in place of what was kept before."""
    drafts, draft = bot.services.drafts, filling.draft
    saved = None if draft is None else await drafts.save(draft, filling.body())
    if saved is None:
        saved = await drafts.begin(DRAFT, filling.body(), user_id=interaction.user.id, guild_id=interaction.guild_id)
    return replace(filling, draft=saved)


async def _forget(bot: Shotcaller, filling: Filling) -> None:
    """Forget what was kept of a preset whose video is asked for; if that fails, nobody is told."""
    if filling.draft is not None:
        with contextlib.suppress(StoreError):
            await bot.services.drafts.end(filling.draft.id)


async def _show(interaction: discord.Interaction[Any], filling: Filling, refused: InvalidRequest | None = None) -> None:
    """Show what has been entered, with a button for every form; or say what is wrong with it."""
    say = words(str(interaction.locale))
    draft_id = filling.draft.id if filling.draft else ""
    if len(filling.pages) == 1:
        text, labels = (describe(refused, say) or "") if refused else "", [say("preset.form.again")]
    else:
        missing = any(not filling.value(name) for name in filling.names)
        text = _progress(filling, say)
        text += f"\n{describe(refused, say)}" if refused and not missing else ""
        labels = [_page_label(filling, page, say) for page in range(len(filling.pages))]
    buttons = [
        discord.ui.Button[Any](
            emoji="✏️",
            label=label,
            style=discord.ButtonStyle.secondary if filling.done(page) else discord.ButtonStyle.primary,
            custom_id=AGAIN(draft_id=draft_id, page=page),
        )
        for page, label in enumerate(labels)
    ]
    await answer(interaction, cut(text, CONTENT), view=ui.stateless(*buttons))


def _progress(filling: Filling, say: Words) -> str:
    """List the gaps with what has been entered for them."""
    filled = sum(map(bool, map(filling.value, filling.names)))
    title = say("preset.form.filled", name=safe(filling.preset.name, NAME), n=filled, count=len(filling.names))
    lines = [
        f"{'✅' if filling.value(name) else '▫️'} **{safe(name, NAME)}** {safe(filling.value(name), SHOWN)}".rstrip()
        for name in filling.names
    ]
    return "\n".join([f"### {title}", *lines])


def _page_label(filling: Filling, page: int, say: Words) -> str:
    first, last = page * FORM_FIELDS + 1, page * FORM_FIELDS + len(filling.pages[page])
    which = str(first) if first == last else f"{first}–{last}"
    return say("preset.form.change" if filling.done(page) else "preset.form.fill", which=which)


def _form(custom_id: str, filling: Filling, *, page: int) -> ui.Form:
    """The form that asks for the gaps of one page; of several pages each may be sent with something missing."""
    several = len(filling.pages) > 1
    form = ui.Form(
        custom_id, f"{filling.preset.name} · {page + 1}/{len(filling.pages)}" if several else filling.preset.name
    )
    for name in filling.pages[page]:
        form.text(f"{_GAP}{name}", name, value=filling.value(name)[:VALUE], required=not several, most=VALUE)
    return form


PAGE: Final = 5  # presets; a row of buttons
PROMPT: Final = 100  # characters of a prompt in the list

USE: Final = ui.CustomId("preset:use:{preset_id}[:{price}]", preset_id=ui.DRAFT_ID, price=ui.digits(9))
PAGE_OF: Final = ui.CustomId("preset:page:{page}:{direction}", page=ui.digits(2), direction=ui.one_of("<", ">"))


def setup(bot: Shotcaller) -> None:
    """Let the buttons do what they are for."""
    ui.on_press(bot, USE, _use)
    ui.on_press(bot, PAGE_OF, _turn_page, first=ui.acknowledge_in_place)


async def _use(bot: Shotcaller, interaction: discord.Interaction[Any], preset_id: str, price: int | None) -> None:
    await use_preset(bot, interaction, preset_id, tapped=True, seen=price)


async def _turn_page(bot: Shotcaller, interaction: discord.Interaction[Any], page: int, **_: Any) -> None:
    await show_list(bot, interaction, page=page)


async def show_list(bot: Shotcaller, interaction: discord.Interaction[Any], *, page: int = 0) -> None:
    """Show a page of the presets that the person may use here."""
    presets = await bot.services.presets.visible(user_id=interaction.user.id, guild_id=interaction.guild_id)
    say = words(str(interaction.locale))
    last = max(0, (len(presets) - 1) // PAGE)
    page = min(page, last)
    shown = presets[page * PAGE : (page + 1) * PAGE]
    title = f"### {say('preset.list', n=len(presets))}" if presets else say("preset.list.none")
    buttons = [_button(preset, bot.services.videos.models) for preset in shown]
    if page > 0:
        buttons.append(
            discord.ui.Button(label=say("preset.page.back"), custom_id=PAGE_OF(page=page - 1, direction="<"))
        )
    if page < last:
        buttons.append(discord.ui.Button(label=say("preset.page.on"), custom_id=PAGE_OF(page=page + 1, direction=">")))
    text = "\n".join([title, *(_entry(preset, say) for preset in shown)])
    await answer(interaction, cut(text, CONTENT), view=ui.stateless(*buttons))


def _button(preset: Preset, models: Mapping[str, Capability]) -> discord.ui.Button[Any]:
    """The button of a preset: of one without gaps, which makes a video at one tap, with its price."""
    request, price = request_of(preset), None
    if request.model in models and not gaps(request):
        price = models[request.model].price(request).credits
    said = "" if price is None else f" · {price}"
    return discord.ui.Button(
        label=f"{cut(preset.name, BUTTON - len(said))}{said}",
        emoji="🎬",
        style=discord.ButtonStyle.primary,
        custom_id=USE(preset_id=preset.id, price=price),
    )


def _entry(preset: Preset, say: Words) -> str:
    request = request_of(preset)
    whose = say("preset.shared", author=f"<@{preset.user_id}>") if preset.shared else say("preset.own")
    made = " · ".join([settings(request, say), *([say("preset.uses", n=preset.uses)] if preset.uses else [])])
    return f"**{safe(preset.name, 32)}** · {whose}\n> {safe(request.text(), PROMPT)}\n-# {made}"
