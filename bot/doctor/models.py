"""Which models are offered, and as far as that can be told without making a video, which of them still make any.

No question to a service tells whether a model lives: only a request does, and that costs money. So what tells is what
this bot has seen: the videos that a model has made here, and that its service has given it up.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from datetime import datetime
from pathlib import Path

from bot.clock import utc_now
from bot.doctor.finding import Finding, good, note
from bot.errors import StoreError
from bot.settings import Settings
from bot.settings.models import Offered, is_relay, models
from bot.store.jobs.models import ModelStore
from bot.store.migrate import pending
from bot.store.sqlite import SQLiteDatabase
from bot.wiring.providers import configured, models_of


async def check_models(settings: Settings) -> AsyncIterator[Finding]:
    """The models on offer, and what is known of their lives."""
    offered = [each.model for each in models_of(settings, configured(settings))]
    made, gone = await _seen(settings)
    yield good("models", "; ".join(f"{model} {_life(made.get(model))}" for model in offered))
    for model in (model for model in offered if model in gone):
        until = f"{gone[model]:%Y-%m-%d %H:%M} UTC"
        text = f"{model}: its service makes no more videos with it; it is not offered until {until}"
        yield note("models", text, "Leave it out of KLING_MODELS, unless you know that it comes back.")
    at_relays = {each.model for each in models(settings.model_table).model if each.offered is Offered.RELAYS}
    if not is_relay(settings.kling_base_url):
        for model in (model for model in offered if model in at_relays):
            text = f"{model} is made by relays only; the vendor itself, where KLING_BASE_URL leads, has given it up"
            yield note("models", text, "Leave it out of KLING_MODELS.")


async def _seen(settings: Settings) -> tuple[Mapping[str, datetime], Mapping[str, datetime]]:
    """When each model has last made a video here, and until when those given up are not offered."""
    path = settings.database_path
    if not await asyncio.to_thread(Path(path).exists):
        return {}, {}
    try:
        async with SQLiteDatabase(path) as database:
            if await pending(database):
                return {}, {}
            store = ModelStore(database)
            return await store.last_videos(), await store.given_up(now=utc_now())
    except StoreError:  # the look at the database says what is wrong with it
        return {}, {}


def _life(last: datetime | None) -> str:
    if last is None:
        return "has made no video here yet, so whether it still makes any shows with the first"
    return f"made its last video here on {last:%Y-%m-%d}"
