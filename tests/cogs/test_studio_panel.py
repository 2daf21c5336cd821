"""What stands on the studio's panel: what it is set to in words, and controls for the rest."""

from datetime import timedelta
from typing import Any

import discord
import pytest

from bot.domain import Account, Forecast, Price, VideoRequest
from bot.domain.camera import MOVES, CameraControl
from bot.locale import locales, words
from bot.service.jobs.types import Balances, Estimate, FundingSource
from cogs.ui.limits import BUTTON
from cogs.video.studio_panel import NOTHING, StudioPanel, kept_texts, panel_view
from tests.models import CAPABILITIES, SHIPPED

SAY = words()
MOST_COMPONENTS = 40  # of a message's, as Discord counts them
FOX = VideoRequest(model="kling-v1", prompt="A fox")


def panel(request: VideoRequest = FOX, *, locale: str = "en-US", **changes: Any) -> discord.ui.LayoutView:
    span, account = timedelta(minutes=1), Account(owner="user", period="all", allowance=100)
    estimate = Estimate(
        price=Price(credits=5, usd_micros=1),
        balances=Balances(sources=(FundingSource(account=account, renews_at=None),)),
        expected=Forecast(usual=span, late=span),
    )
    values = {"private": False, "adjusted": (), "kept": (), "models": list(CAPABILITIES.values()), **changes}
    return panel_view(StudioPanel(draft_id="0" * 16, request=request, estimate=estimate, say=words(locale), **values))


def text(view: discord.ui.LayoutView) -> str:
    return "\n".join(each.content for each in view.walk_children() if isinstance(each, discord.ui.TextDisplay))


def buttons(view: discord.ui.LayoutView) -> dict[str, discord.ui.Button[Any]]:
    return {each.label or "": each for each in view.walk_children() if isinstance(each, discord.ui.Button)}


def select(view: discord.ui.LayoutView, option: str) -> discord.ui.Select[Any]:
    found = [each for each in view.walk_children() if isinstance(each, discord.ui.Select)]
    return next(each for each in found if each.custom_id.endswith(f":{option}"))


def moved(name: str, strength: str | float | None = None) -> VideoRequest:
    return FOX.model_copy(update={"camera": CameraControl.named(name, strength=strength)})


def test_the_prompt_is_the_first_thing_to_press_until_there_is_one() -> None:
    empty = buttons(panel(FOX.model_copy(update={"prompt": NOTHING})))
    assert next(iter(empty)) == "Write the prompt"
    assert empty["🎬 Generate (5 credits)"].disabled
    names = list(buttons(panel()))
    assert "Write the prompt" not in names
    assert names[-4:] == ["🎬 Generate (5 credits)", "Change the prompt", "Only to me: off", "Start fresh"]


def test_it_says_in_words_what_it_is_set_to_and_who_will_see_it() -> None:
    assert "**Set to:** Kling 1 · standard · 16:9 · 5 seconds · gentle pan left · posted in this channel" in text(
        panel(moved("pan_left", "gentle"))
    )
    assert "sent only to you" in text(panel(private=True))
    direct = panel(private=None)
    assert "channel" not in text(direct)
    assert not any("Only to me" in label for label in buttons(direct))


def test_models_are_listed_with_what_they_are_for() -> None:
    listed = {each.label: each.description for each in select(panel(), "model").options}
    assert listed["Kling 1"] == "camera moves · from 1 credit a second"
    assert listed["Kirin 3"] == "sound, 3–15 s, storyboards · from 1 credit a second"


def test_lengths_are_listed_with_their_price() -> None:
    assert [(each.label, each.description) for each in select(panel(), "duration").options] == [
        ("5 seconds", "5 credits"),
        ("10 seconds", "10 credits"),
    ]


def test_every_move_is_listed_by_what_one_sees_and_has_three_strengths() -> None:
    view = panel(moved("zoom_in", "strong"))
    assert [each.value for each in select(view, "camera").options] == [NOTHING, *MOVES]
    assert [each.label for each in select(view, "camera").options if each.default] == ["Zoom in"]
    styles = {label: buttons(view)[label].style for label in ("Gentle", "Clear", "Strong")}
    assert [label for label, style in styles.items() if style is discord.ButtonStyle.primary] == ["Strong"]
    assert "Gentle" not in buttons(panel(moved("down_back")))


def test_a_number_of_an_older_version_is_said_in_the_nearest_word_and_kept() -> None:
    older = FOX.model_copy(update={"camera": CameraControl.named("zoom", strength=-3.3)})
    assert "gentle zoom in" in text(panel(older))
    assert buttons(panel(older))["Gentle (3.3)"].style is discord.ButtonStyle.primary


def test_what_comes_back_is_said_with_its_choices_by_name() -> None:
    fresh = VideoRequest(model="kirin_v3_t2v", prompt=NOTHING, sound=True)
    kept = kept_texts(moved("zoom_in").model_copy(update={"negative_prompt": "people"}), fresh, SAY)
    assert kept == ["your prompt", "your negative prompt", "Kling 1, no sound, Zoom in, a clear move"]
    assert "From last time: your prompt, your negative prompt, Kling 1" in text(panel(kept=kept))
    assert kept_texts(fresh, fresh, SAY) == []


@pytest.mark.parametrize("locale", locales())
def test_the_fullest_panel_is_one_that_discord_takes(locale: str) -> None:
    view = panel(moved("zoom_in", 3.3), locale=locale, models=list(SHIPPED.values()), adjusted=("model",), kept=("x",))
    assert len(list(view.walk_children())) <= MOST_COMPONENTS
    assert all(len(label) <= BUTTON for label in buttons(view))
