"""Checks whether each video service answers and takes our key, and which models it still makes videos with.

No question to a service tells whether a model lives: only a request does, and that costs money. So what tells is what
this bot has seen: the videos that a model has made here, and that its service has given it up.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack
from datetime import datetime
from pathlib import Path
from typing import Final

from bot.clock import utc_now
from bot.doctor.finding import Finding, bad, good, note
from bot.errors import OperatorFault, ProviderBusy, ProviderError, ProviderUnavailable, SettingsInvalid, StoreError
from bot.provider.base import VideoProvider
from bot.provider.boundary import shared_ssl_context
from bot.settings import Settings
from bot.settings.models import Offered, is_relay, models
from bot.store.jobs.models import ModelStore
from bot.store.migrate import pending
from bot.wiring.database import open_database
from bot.wiring.providers import configured, models_of, open_providers

PATIENCE: Final = 30.0  # seconds for one service's answer

_KEYS: Final = {"kirin": "KIRIN_API_KEY", "kling": "KLING_API_KEY (or KLING_ACCESS_KEY and KLING_SECRET_KEY)"}
_BALANCE: Final = frozenset({"http_402", "402", "1100", "1101", "1102"})  # the `kirin` and `kling` documents, "Errors"
_PERMISSION: Final = frozenset({"http_403", "403", "1103"})
_ADDRESS: Final = frozenset({"1304"})
_PATH: Final = frozenset({"http_405", "1202", "http_301", "http_307", "http_308"})


async def check_providers(settings: Settings) -> AsyncIterator[Finding]:
    """Check every service there is, also those without a key."""
    async with AsyncExitStack() as stack:
        context = await asyncio.to_thread(shared_ssl_context)
        opened = {each.id: each for each in await open_providers(settings, stack, context)}
        for name, key in _KEYS.items():
            if name in opened:
                yield await ask(opened[name], key)
            else:
                yield note(name, "has no key, so its models are not offered", f"Set {key} if you want them.")


async def check_provider(settings: Settings, name: str) -> Finding:
    """Check one service, whose key there is."""
    async with AsyncExitStack() as stack:
        context = await asyncio.to_thread(shared_ssl_context)
        opened = {each.id: each for each in await open_providers(settings, stack, context)}
        return await ask(opened[name], _KEYS[name])


async def ask(provider: VideoProvider, key: str) -> Finding:
    """Ask one service a harmless question; `key` names the settings of its key."""
    base = f"{provider.id.upper()}_BASE_URL"
    try:
        async with asyncio.timeout(PATIENCE):
            await provider.check()
    except TimeoutError:
        return bad(provider.id, "does not answer in time", f"Look at {base} and the network.")
    except OperatorFault as exc:
        return _fault(provider.id, exc, key=key, base=base)
    except ProviderBusy:
        return note(provider.id, "answers and takes the key, but has too much to do just now")
    except ProviderUnavailable as exc:
        return bad(provider.id, f"does not answer (code {exc.code})", f"Look at {base} and the network.")
    except ProviderError as exc:
        return bad(provider.id, f"answers strangely ({exc})", f"Look at {base}: is it this service's address?")
    return good(provider.id, "answers and takes the key")


def _fault(name: str, exc: OperatorFault, *, key: str, base: str) -> Finding:
    said = f"code {exc.code}" + (f", “{exc.detail}”" if exc.detail else "")
    if exc.code in _BALANCE:
        return bad(name, f"takes the key, but the account's balance does not suffice ({said})", "Top the account up.")
    if exc.code in _PERMISSION:
        return bad(name, f"refuses the key this API or model ({said})", "Give it the right in the service's console.")
    if exc.code in _ADDRESS:
        return bad(name, f"refuses this machine's address ({said})", "Allow the address in the service's console.")
    if exc.code in _PATH:
        return bad(name, f"has no such API at that address ({said})", f"Look at {base} and the paths in the settings.")
    return bad(name, f"does not take the key ({said})", f"Set {key} to a key that is valid.")


async def check_models(settings: Settings) -> AsyncIterator[Finding]:
    """List the models on offer, and what is known of each."""
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


def _life(last: datetime | None) -> str:
    if last is None:
        return "has made no video here yet, so whether it still makes any shows with the first"
    return f"made its last video here on {last:%Y-%m-%d}"
