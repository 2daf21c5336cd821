"""What a server's limits leave of the panels: a member sees nothing that would be refused there."""

from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

import discord

from bot.domain import Account, AspectRatio, Capability, Forecast, Member, Price, Storyboard, VideoRequest, Who
from bot.domain.policy import GuildLimits
from bot.domain.terms import allowed_models
from bot.locale import words
from bot.service.jobs.types import Balances, Estimate, FundingSource
from cogs.storyboard.forms import settings_form
from cogs.ui.job_views import MenuReader, result_menu
from cogs.video.studio_panel import StudioPanel, panel_view
from tests.acceptance.controls import walk
from tests.cogs.ui.test_texts import job
from tests.models import CAPABILITIES

SAY: Final = words()
ANA: Final = Member(user_id=1, guild_id=7)


def here(**limits: Any) -> list[Capability]:
    return list(allowed_models(list(CAPABILITIES.values()), ANA, GuildLimits(**limits)))


def choices(models: list[Capability]) -> dict[str, list[str]]:
    """What the form of the storyboard's settings has to choose from, by field."""
    story = Storyboard(model=models[0].model).adapted_to(models)
    makers = {each.model: each for each in models if each.max_shots}
    form = settings_form("x", story, makers, SAY).to_dict()
    selects = [each["component"] for each in form["components"] if "options" in each["component"]]
    return {each["custom_id"]: [option["value"] for option in each["options"]] for each in selects}


def test_the_storyboard_offers_only_what_the_server_allows() -> None:
    free, strict = choices(here()), choices(here(pro=Who.NOBODY, sound=False, longest=5, watermark=True))
    assert free["quality"] == ["kirin_v3_t2v std", "kirin_v3_t2v pro"]
    assert free["extras"] == ["sound", "watermark", "private"]
    assert strict == {
        "quality": ["kirin_v3_t2v std"],
        "aspect": free["aspect"],
        "total": ["3", "4", "5"],
        "extras": ["private"],
    }


def switches(models: list[Capability], **options: Any) -> dict[str, bool]:
    """The studio's switches by what stands on them, and whether they can be pressed."""
    request = models[0].nearest(VideoRequest(model=models[0].model, prompt="p", **options))
    assert request is not None
    span, account = timedelta(minutes=1), Account(owner="user", period="all", allowance=100)
    estimate = Estimate(
        price=Price(credits=1, usd_micros=1),
        balances=Balances(sources=(FundingSource(account=account, renews_at=None),)),
        expected=Forecast(usual=span, late=span),
    )
    panel = StudioPanel(
        draft_id="0" * 16,
        request=request,
        private=False,
        adjusted=(),
        kept=(),
        models=models,
        estimate=estimate,
        say=SAY,
    )
    buttons = [each for each in panel_view(panel).walk_children() if isinstance(each, discord.ui.Button)]
    return {each.label or "": not each.disabled for each in buttons if ":watermark=" in (each.custom_id or "")}


def test_a_watermark_that_the_server_puts_on_every_video_is_no_switch() -> None:
    assert switches(here()) == {SAY("studio.watermark.off"): True}
    assert switches(here(watermark=True)) == {SAY("studio.watermark.always"): False}


def test_a_view_for_one_member_offers_pro_only_where_they_may_have_it() -> None:
    assert actions(here()) - actions(here(pro=Who.NOBODY)) == {"pro"}


def test_a_video_of_a_model_with_one_shape_has_no_button_for_others() -> None:
    wide = [replace(each, aspect_ratios=(AspectRatio.WIDE,)) for each in here()]
    assert actions(here()) - actions(wide) == {"shape"}


def actions(models: list[Capability]) -> set[str]:
    """What the buttons of a result can do."""
    made = job(VideoRequest(model="kirin_v3_t2v", prompt="p"))
    reader = MenuReader(author=True, moderates=False, direct=False, hidden=True, message_id=1)
    view = result_menu(made, SAY, reader, models={each.model: each for each in models})
    return {part["custom_id"].split(":")[1] for part in walk(view.to_components()) if "custom_id" in part}
