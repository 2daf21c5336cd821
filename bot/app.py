"""The composition root: settings → store → providers → services → client. It owns every lifetime."""

from __future__ import annotations

import asyncio
import logging
import random
import signal
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import aiohttp
import discord

from bot.client import Shotcaller, point_at
from bot.domain.capability import CAPABILITIES
from bot.errors import SettingsInvalid, ShotcallerError
from bot.lockfile import sole_user
from bot.provider.download import Downloader
from bot.provider.kirin import Kirin
from bot.provider.kling import Kling
from bot.provider.kling_key import Signer
from bot.provider.transport import Transport, shared_ssl_context
from bot.service.cards import Cards
from bot.service.choices import Choices
from bot.service.copies import Copies
from bot.service.delivery import Delivery
from bot.service.expectation import Expectation
from bot.service.gallery import Curator, Gallery
from bot.service.health import ProviderHealth
from bot.service.library import Library
from bot.service.media import Media
from bot.service.notices import Notices
from bot.service.operator import OperatorDesk
from bot.service.presets import Presets
from bot.service.results import Results
from bot.service.services import Services
from bot.service.storyboards import Storyboards
from bot.service.submission import Pace, Submission
from bot.service.videos import Limits, Videos
from bot.service.worker import Capacity, Worker
from bot.store.claims import Claims
from bot.store.drafts import Drafts
from bot.store.gallery import GalleryStore
from bot.store.jobs import JobStore
from bot.store.library import Shelf
from bot.store.lookup import Lookup
from bot.store.migrate import migrate
from bot.store.preferences import Preferences
from bot.store.presets import PresetStore
from bot.store.results import ResultStore
from bot.store.sqlite import SQLiteDatabase
from bot.web.health import serve_health
from cogs._answers import PrivateAnswers
from cogs._courier import DiscordCourier
from cogs._notifier import DiscordNotifier
from cogs._replies import explain
from cogs._translator import CatalogueTranslator

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncIterator, Callable, Collection

    from bot.domain.capability import Capability
    from bot.provider.base import VideoProvider
    from bot.service.copies import Courier
    from bot.service.delivery import Fetcher
    from bot.service.notifier import Notifier
    from bot.settings import Settings
    from bot.store.database import Database

log = logging.getLogger(__name__)

STEPS = 16  # job steps at once; open requests, not waiting jobs, are what takes memory
GRACE = 25.0  # seconds for the steps under way when told to stop
MEGABYTE = 1024 * 1024
DRAFTS_KEPT = timedelta(days=90)  # since somebody last touched them; what is older goes when the bot starts


def utc_now() -> datetime:
    """The present, aware."""
    return datetime.now(UTC)


@dataclass(frozen=True, kw_only=True, slots=True)
class Wraps:
    """Seams for tests: each may put something around a collaborator before it is used."""

    database: Callable[[Database], Database] = lambda inner: inner
    provider: Callable[[VideoProvider], VideoProvider] = lambda inner: inner
    notifier: Callable[[Notifier], Notifier] = lambda inner: inner
    fetcher: Callable[[Fetcher], Fetcher] = lambda inner: inner


@dataclass(frozen=True, kw_only=True, slots=True)
class House:
    """Everything that lives while the bot runs."""

    client: Shotcaller
    worker: Worker
    curator: Curator


async def run(settings: Settings, *, wraps: Wraps | None = None) -> None:
    """Run the bot until SIGINT or SIGTERM; steps under way are then given `GRACE` seconds.

    Raises:
        SettingsInvalid: Discord does not accept the token, or another process uses the same database.
        ShotcallerError: Discord cannot be reached, or the database cannot be used.
        Exception: the worker or the Discord client has died; a supervisor should start the process again.
    """
    async with house(settings, wraps=wraps or Wraps()) as built:
        stopping = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, stopping.set)
        async with asyncio.TaskGroup() as lives:
            gateway = lives.create_task(_connect(built.client), name="gateway")
            worker = lives.create_task(built.worker.run(), name="worker")
            curator = lives.create_task(built.curator.run(), name="curator")
            await stopping.wait()
            log.info("stopping")
            built.worker.stop()
            await asyncio.wait([worker], timeout=GRACE)
            for life in (worker, curator, gateway):
                life.cancel()


async def _connect(client: Shotcaller) -> None:
    try:
        await client.connect()
    except discord.ConnectionClosed as exc:
        raise RuntimeError(f"Discord has closed the connection for good (code {exc.code})") from exc


@asynccontextmanager
async def house(settings: Settings, *, wraps: Wraps) -> AsyncIterator[House]:
    """Build everything, logged in to Discord and ready to work; take it down again in the reverse order."""
    async with AsyncExitStack() as stack:
        stack.enter_context(sole_user(settings.database_path))
        sqlite = await stack.enter_async_context(SQLiteDatabase(settings.database_path))
        await migrate(sqlite, now=utc_now())
        await Drafts(sqlite).forget(before=utc_now() - DRAFTS_KEPT)
        database = wraps.database(sqlite)
        context = shared_ssl_context()
        providers = {each.id: wraps.provider(each) for each in await open_providers(settings, stack, context)}
        ours = (settings.kirin_base_url, settings.kling_base_url, settings.discord_api_url)
        trusted = frozenset(map(_host_and_port, ours))
        downloader = await stack.enter_async_context(Downloader(trusted_hosts=trusted, ssl_context=context))
        fetcher = wraps.fetcher(downloader)

        point_at(api=settings.discord_api_url, gateway=settings.discord_gateway_url)
        client = Shotcaller(guild_ids=settings.discord_guild_ids, explain=explain, translator=CatalogueTranslator())
        await stack.enter_async_context(client)
        answers = PrivateAnswers()
        notifier = wraps.notifier(
            DiscordNotifier(
                client,
                answers=answers,
                notify_of=Notices(Preferences(database)).of,
                operator_channel_id=settings.operator_channel_id,
            )
        )
        courier = DiscordCourier(client)
        worker, videos, results, curator = _services(settings, database, providers, fetcher, notifier, courier=courier)
        gallery = Gallery(
            store=GalleryStore(database), preferences=Preferences(database), clock=utc_now, wake=curator.wake
        )
        client.services = Services(
            videos=videos,
            drafts=Drafts(database),
            preferences=Preferences(database),
            choices=Choices(preferences=Preferences(database), models=videos.models),
            library=Library(shelf=Shelf(database), lookup=Lookup(database), gallery=gallery, clock=utc_now),
            gallery=gallery,
            presets=Presets(
                store=PresetStore(database),
                lookup=Lookup(database),
                preferences=Preferences(database),
                videos=videos,
                clock=utc_now,
            ),
            storyboards=Storyboards(
                drafts=Drafts(database), presets=PresetStore(database), models=videos.models, clock=utc_now
            ),
            results=results,
        )
        client.answers = answers
        try:
            await client.login(settings.discord_token.get_secret_value())
        except discord.LoginFailure:
            raise SettingsInvalid([("DISCORD_TOKEN", "Discord does not accept it")]) from None
        except (discord.HTTPException, aiohttp.ClientError, OSError) as exc:
            raise ShotcallerError(f"Discord could not be reached: {exc}") from exc
        await worker.recover()
        if settings.health_port:
            health = serve_health(
                host=settings.health_host, port=settings.health_port, alive=worker.alive, ready=client.is_ready
            )
            await stack.enter_async_context(health)
        yield House(client=client, worker=worker, curator=curator)


def _services(
    settings: Settings,
    database: Database,
    providers: dict[str, VideoProvider],
    fetcher: Fetcher,
    notifier: Notifier,
    *,
    courier: Courier,
) -> tuple[Worker, Videos, Results, Curator]:
    jobs, lookup, media = JobStore(database), Lookup(database), Media()
    folder, cap = settings.data_dir / "results", settings.max_result_megabytes * MEGABYTE
    desk = OperatorDesk(notifier, clock=utc_now)
    expectation = Expectation(lookup=lookup, clock=utc_now)
    cards = Cards(notifier=notifier, jobs=jobs, lookup=lookup, expectation=expectation, clock=utc_now)
    health = {name: ProviderHealth(each, desk=desk, clock=utc_now) for name, each in providers.items()}
    submission = Submission(
        providers=providers,
        health=health,
        jobs=jobs,
        expectation=expectation,
        desk=desk,
        pace=Pace(
            least=timedelta(seconds=settings.poll_seconds_min), most=timedelta(seconds=settings.poll_seconds_max)
        ),
        clock=utc_now,
        rand=random.random,
    )
    delivery = Delivery(
        jobs=jobs,
        lookup=lookup,
        providers=providers,
        fetcher=fetcher,
        media=media,
        notifier=notifier,
        desk=desk,
        folder=folder,
        cap=cap,
        clock=utc_now,
        rand=random.random,
    )
    worker = Worker(
        claims=Claims(database),
        jobs=jobs,
        submission=submission,
        delivery=delivery,
        cards=cards,
        providers=providers,
        capacity=Capacity(
            steps=STEPS,
            per_provider=settings.running_per_provider,
            per_user=settings.running_per_user,
            lease=timedelta(seconds=settings.lease_seconds),
        ),
        clock=utc_now,
        rand=random.random,
    )
    videos = Videos(
        jobs=jobs,
        lookup=lookup,
        cards=cards,
        expectation=expectation,
        health=health,
        desk=desk,
        models=_models(settings, providers),
        limits=Limits(
            allowance=settings.daily_credits,
            jobs_per_user=settings.max_jobs_per_user,
            deadline=timedelta(minutes=settings.job_deadline_minutes),
        ),
        clock=utc_now,
        wake=worker.wake,
    )
    copies = Copies(providers=providers, fetcher=fetcher, media=media, courier=courier, folder=folder, cap=cap)
    results = Results(
        store=ResultStore(database),
        lookup=lookup,
        copies=copies,
        courier=courier,
        delivery=delivery,
        desk=desk,
        clock=utc_now,
        wake=worker.wake,
    )
    curator = Curator(
        store=GalleryStore(database),
        shelf=Shelf(database),
        lookup=lookup,
        copies=copies,
        courier=courier,
        lease=timedelta(seconds=5 * settings.lease_seconds),
        clock=utc_now,
        rand=random.random,
    )
    return worker, videos, results, curator


async def open_providers(settings: Settings, stack: AsyncExitStack, context: ssl.SSLContext) -> list[VideoProvider]:
    """The configured providers, in the order in which their models are offered; `stack` closes their connections."""

    async def transport(provider: str, *, base_url: str, token: Callable[[], str]) -> Transport:
        secrets = settings.secrets()
        opened = Transport(provider=provider, base_url=base_url, token=token, secrets=secrets, ssl_context=context)
        return await stack.enter_async_context(opened)

    providers: list[VideoProvider] = []
    if settings.kirin_api_key is not None:
        key = settings.kirin_api_key.get_secret_value
        kirin = Kirin(
            transport=await transport(Kirin.id, base_url=settings.kirin_base_url, token=key),
            find_is_authoritative=settings.kirin_find_is_authoritative,
            create_path=settings.kirin_create_path,
            query_path=settings.kirin_query_path,
            body_form=settings.kirin_body,
        )
        providers.append(kirin)
    if (token := _kling_token(settings)) is not None:
        kling = Kling(
            transport=await transport(Kling.id, base_url=settings.kling_base_url, token=token),
            prefix=settings.kling_path_prefix,
            renew=token.renew if isinstance(token, Signer) else None,
        )
        providers.append(kling)
    return providers


def _kling_token(settings: Settings) -> Signer | Callable[[], str] | None:
    """What gives the Kling API's bearer token: the API key, or the pair of keys that signs for it."""
    if settings.kling_api_key is not None:
        return settings.kling_api_key.get_secret_value
    access, secret = settings.kling_access_key, settings.kling_secret_key
    if access is None or secret is None:
        return None
    return Signer(access_key=access.get_secret_value(), secret_key=secret.get_secret_value())


def _models(settings: Settings, providers: Collection[str]) -> list[Capability]:
    """What the models of the configured providers can do; older Kling relays take shorter prompts."""
    limits = {Kling.id: settings.kling_prompt_limit}
    return [
        replace(each, prompt_limit=limits.get(each.provider, each.prompt_limit))
        for each in CAPABILITIES.values()
        if each.provider in providers
    ]


def _host_and_port(url: str) -> tuple[str, int]:
    parts = urlsplit(url)
    return parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
