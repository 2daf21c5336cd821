"""Checks whether each video service answers and takes our key, and which models it still makes videos with.

No question to a service tells whether a model lives: only a request does, and that costs money. So what tells is what
this bot has seen: the videos that a model has made here, and that its service has given it up.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack
from datetime import datetime
from pathlib import Path
from typing import Final

from bot.clock import utc_now
from bot.domain.finding import Finding, bad, good, note
from bot.errors import OperatorFault, ProviderBusy, ProviderError, ProviderUnavailable, SettingsInvalid, StoreError
from bot.locale import Words
from bot.provider.base import VideoProvider
from bot.settings import Settings
from bot.settings.models import Offered, is_relay, models
from bot.store.jobs.models import ModelStore
from bot.store.migrate import pending
from bot.wiring.database import open_database
from bot.wiring.providers import configured, models_of, open_providers

PATIENCE: Final = 30.0  # seconds for one service's answer

_KEYS: Final = {"kirin": "KIRIN_API_KEY", "kling": "KLING_API_KEY (KLING_ACCESS_KEY, KLING_SECRET_KEY)"}
_BALANCE: Final = frozenset({"http_402", "402", "1100", "1101", "1102"})  # the `kirin` and `kling` documents, "Errors"
_PERMISSION: Final = frozenset({"http_403", "403", "1103"})
_ADDRESS: Final = frozenset({"1304"})
_PATH: Final = frozenset({"http_405", "1202", "http_301", "http_307", "http_308"})


async def check_providers(settings: Settings, say: Words) -> AsyncIterator[Finding]:
    """Check every service there is, also those without a key."""
    async with AsyncExitStack() as stack:
        opened = {each.id: each for each in await open_providers(settings, stack)}
        for name, key in _KEYS.items():
            if name in opened:
                yield await ask(opened[name], key, say)
            else:
                yield note(name, say("check.service.none"), say("check.service.none.cure", key=key))


async def check_provider(settings: Settings, name: str, say: Words) -> Finding:
    """Check one service, whose key there is."""
    async with AsyncExitStack() as stack:
        opened = {each.id: each for each in await open_providers(settings, stack)}
        return await ask(opened[name], _KEYS[name], say)


async def ask(provider: VideoProvider, key: str, say: Words) -> Finding:
    """Ask one service a harmless question; `key` names the settings of its key."""
    name, base = provider.id, f"{provider.id.upper()}_BASE_URL"
    try:
        async with asyncio.timeout(PATIENCE):
            await provider.check()
    except TimeoutError:
        return bad(name, say("check.service.slow"), say("check.service.away.cure", base=base))
    except OperatorFault as exc:
        return _fault(exc, say, key=key, base=base)
    except ProviderBusy:
        return note(name, say("check.service.busy"))
    except ProviderUnavailable as exc:
        return bad(name, say("check.service.away", code=exc.code), say("check.service.away.cure", base=base))
    except ProviderError as exc:
        return bad(name, say("check.service.strange", error=exc), say("check.service.strange.cure", base=base))
    return good(name, say("check.service.good"))


def _fault(exc: OperatorFault, say: Words, *, key: str, base: str) -> Finding:
    said = say("check.service.said", code=exc.code, detail=exc.detail) if exc.detail else exc.code
    if exc.code in _BALANCE:
        return bad(exc.provider, say("check.service.balance", said=said), say("check.service.balance.cure"))
    if exc.code in _PERMISSION:
        return bad(exc.provider, say("check.service.permission", said=said), say("check.service.permission.cure"))
    if exc.code in _ADDRESS:
        return bad(exc.provider, say("check.service.address", said=said), say("check.service.address.cure"))
    if exc.code in _PATH:
        return bad(exc.provider, say("check.service.path", said=said), say("check.service.path.cure", base=base))
    return bad(exc.provider, say("check.service.key", said=said), say("check.service.key.cure", key=key))


async def check_models(settings: Settings, say: Words) -> AsyncIterator[Finding]:
    """List the models on offer, and what is known of each."""
    offered, about = [each.model for each in models_of(settings, configured(settings))], say("check.models")
    made, gone = await _seen(settings)
    yield good(about, say("check.semicolon").join(_lives(offered, made, say)))
    for model in (model for model in offered if model in gone):
        text = say("check.models.given_up", model=model, until=f"{gone[model]:%Y-%m-%d %H:%M} UTC")
        yield note(about, text, say("check.models.given_up.cure"))
    at_relays = {each.model for each in models(settings.model_table).model if each.offered is Offered.RELAYS}
    if not is_relay(settings.kling_base_url):
        for model in (model for model in offered if model in at_relays):
            yield note(about, say("check.models.relays", model=model), say("check.models.relays.cure"))


async def _seen(settings: Settings) -> tuple[Mapping[str, datetime], Mapping[str, datetime]]:
    """Find when each model has last made a video here, and until when those given up are not offered."""
    path = settings.database_path
    if path is not None and not await asyncio.to_thread(Path(path).exists):
        return {}, {}
    try:
        async with open_database(settings) as database:
            if await pending(database):
                return {}, {}
            store = ModelStore(database)
            return await store.last_videos(), await store.given_up(now=utc_now())
    except (SettingsInvalid, StoreError):  # the look at the database says what is wrong with it
        return {}, {}


def _lives(offered: Sequence[str], made: Mapping[str, datetime], say: Words) -> Iterator[str]:
    """Say when each model has last made a video here, and which have made none."""
    for model in offered:
        if model in made:
            yield say("check.models.seen", model=model, day=f"{made[model]:%Y-%m-%d}")
    if unseen := [model for model in offered if model not in made]:
        yield say("check.models.unseen", models=say("comma").join(unseen), n=len(unseen))
