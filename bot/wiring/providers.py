"""Opens the video services of the settings: who is configured, with which keys, and what their models can do."""

from collections.abc import Callable, Collection
from contextlib import AsyncExitStack
from dataclasses import replace
from functools import partial
from typing import Final
from urllib.parse import urlsplit

from bot.domain import Capability
from bot.domain.callback import CallbackAddresses
from bot.provider.base import VideoProvider
from bot.provider.call import Timeouts
from bot.provider.kirin import Kirin
from bot.provider.kling import Kling
from bot.provider.kling_key import Signer
from bot.provider.scan import Scanner
from bot.provider.transport import Transport
from bot.settings import Settings
from bot.settings.models import is_relay, models
from bot.settings.prices import table

SCANNING: Final = Timeouts(read_create=20.0, call=30.0)  # somebody waits for it, or a video does


async def open_providers(settings: Settings, stack: AsyncExitStack) -> list[VideoProvider]:
    """Open the configured providers, in the order in which their models are offered; `stack` closes them."""

    async def transport(provider: str, *, base_url: str, token: Callable[[], str]) -> Transport:
        secrets = settings.secrets()
        opened = Transport(provider=provider, base_url=base_url, token=token, secrets=secrets)
        return await stack.enter_async_context(opened)

    addresses = callback_addresses(settings)
    providers: list[VideoProvider] = []
    if settings.kirin_api_key is not None:
        key = settings.kirin_api_key.get_secret_value
        kirin = Kirin(
            transport=await transport(Kirin.id, base_url=settings.kirin_base_url, token=key),
            find_is_authoritative=settings.kirin_find_is_authoritative,
            create_path=settings.kirin_create_path,
            query_path=settings.kirin_query_path,
            body_form=settings.kirin_body,
            callback_url=partial(addresses.of, Kirin.id) if addresses else None,
        )
        providers.append(kirin)
    if (token := _kling_token(settings)) is not None:
        kling = Kling(
            transport=await transport(Kling.id, base_url=settings.kling_base_url, token=token),
            prefix=settings.kling_path_prefix,
            callback_url=partial(addresses.of, Kling.id) if addresses else None,
            renew=token.renew if isinstance(token, Signer) else None,
            models_without_mode=models(settings.model_table).models_without_mode(),
        )
        providers.append(kling)
    return providers


def callback_addresses(settings: Settings) -> CallbackAddresses | None:
    """Find where the video services call back; None where the settings name no address at which the bot is reached."""
    if settings.public_url is None:
        return None
    return CallbackAddresses(public_url=settings.public_url, secret=settings.discord_token.get_secret_value())


def signing_secrets(settings: Settings) -> dict[str, str]:
    """List the secrets with which video services sign their callbacks, by provider."""
    secret = settings.kling_callback_secret
    return {} if secret is None else {Kling.id: secret.get_secret_value()}


async def open_scanner(settings: Settings, stack: AsyncExitStack) -> Scanner | None:
    """Open what scans texts and videos; None without a key of the gateway. It shares no troubles with the videos."""
    if settings.kirin_api_key is None:
        return None
    transport = Transport(
        provider="scan",
        base_url=settings.kirin_base_url,
        token=settings.kirin_api_key.get_secret_value,
        secrets=settings.secrets(),
        timeouts=SCANNING,
    )
    return Scanner(
        transport=await stack.enter_async_context(transport),
        text_path=settings.kirin_text_scan_path,
        video_path=settings.kirin_video_scan_path,
    )


def configured(settings: Settings) -> list[str]:
    """List the video services that there is a key of."""
    keys = {Kirin.id: settings.kirin_api_key is not None, Kling.id: settings.has_kling}
    return [name for name, has_key in keys.items() if has_key]


def models_of(settings: Settings, providers: Collection[str]) -> list[Capability]:
    """List what the models on offer of these providers can do, and cost; older Kling relays take shorter prompts."""
    known = models(settings.model_table)
    capabilities = known.capabilities()
    prices, limits = table(settings.price_table, capabilities), {Kling.id: settings.kling_prompt_limit}
    relay = is_relay(settings.kling_base_url)
    offered = known.on_offer(providers=providers, named=settings.kling_models, relay=relay)
    names = model_names(settings)
    return [
        replace(
            each,
            name=names[each.model],
            prompt_limit=min(each.prompt_limit, limits.get(each.provider, each.prompt_limit)),
            tariff=prices.tariff(provider=each.provider, model=each.model),
        )
        for each in map(capabilities.__getitem__, offered)
    ]


def model_names(settings: Settings) -> dict[str, str]:
    """Find what each model is called, by its id: all of the table, since videos outlive the offer."""
    return {each.model: each.name for each in models(settings.model_table).model} | dict(settings.model_names)


def trusted_hosts(settings: Settings) -> frozenset[tuple[str, int]]:
    """List the hosts, with ports, whose files may come from private addresses too: the ones in the settings."""
    return frozenset(map(_host_and_port, (settings.kirin_base_url, settings.kling_base_url, settings.discord_api_url)))


def _kling_token(settings: Settings) -> Signer | Callable[[], str] | None:
    """Find what gives the Kling API's bearer token: the API key, or the pair of keys that signs for it."""
    if settings.kling_api_key is not None:
        return settings.kling_api_key.get_secret_value
    access, secret = settings.kling_access_key, settings.kling_secret_key
    if access is None or secret is None:
        return None
    return Signer(access_key=access.get_secret_value(), secret_key=secret.get_secret_value())


def _host_and_port(url: str) -> tuple[str, int]:
    parts = urlsplit(url)
    return parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
