"""Composes the bot: settings → store → providers → services → client. Owns the lifetime of each."""

import asyncio
import logging
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Final

from bot import __version__
from bot.client import Shotcaller, use_addresses
from bot.clock import utc_now
from bot.connection import log_in, stay_connected
from bot.discord_answers import Acknowledgements, DiscordClock, trace_answers
from bot.discord_pace import Pace
from bot.domain.sharing import Process, Role, new_process_id
from bot.errors import LockTaken, SettingsInvalid, ShardsDiffer, ShotcallerError, StoreLost
from bot.locale import name_models
from bot.log import RecentLines
from bot.provider.late_download import LateDownloader
from bot.service.admin.policies import GuildLanguages
from bot.service.answer_tokens import AnswerTokens, RememberedTokens, Seal, SharedTokens
from bot.service.jobs.offered_models import OfferedModels
from bot.service.measures import Measures
from bot.service.media.service import Media
from bot.service.member.defaults import NotifyPreferences
from bot.service.processes import Processes
from bot.service.traces import Traces
from bot.service.upkeep.figures import RecentFigures
from bot.settings import Settings
from bot.sharded_client import new_client
from bot.store.community.guilds import GuildStore
from bot.store.figures import FigureStore
from bot.store.member.preferences import PreferenceStore
from bot.store.member.private_answers import PrivateAnswerStore
from bot.wiring.build import Bot, build, page_address
from bot.wiring.database import OpenDatabase, bring_up_to_date, only_user, open_database
from bot.wiring.measured import LoopWatch, MeasuredDatabase, measured_provider
from bot.wiring.processes import Together, open_together
from bot.wiring.providers import (
    callback_addresses,
    configured,
    model_names,
    models_of,
    open_providers,
    open_scanner,
    signing_secrets,
    trusted_hosts,
)
from bot.wiring.spending import spending_text
from bot.wiring.world import World
from cogs.adapters.names import DiscordNames
from cogs.adapters.notifier import DiscordNotifier
from cogs.adapters.private_answers import PrivateAnswers, edit_answer
from cogs.adapters.reposter import DiscordResultPoster
from cogs.adapters.staff_channel import DiscordStaff
from cogs.ui.explain import explain
from cogs.ui.translator import in_every_language

if TYPE_CHECKING:
    from bot.web.metrics import Metrics

log = logging.getLogger(__name__)

GRACE: Final = 6.0  # seconds for the steps and commands under way when told to stop: most supervisors kill after 10

# What discord.py calls the tasks in which commands, buttons and forms are answered, and events taken note of.
_ANSWERING: Final = ("CommandTree-invoker", "discord.py: on_")


async def run(
    settings: Settings,
    *,
    substitute: Callable[[World], World] = lambda world: world,
    wall: Callable[[], datetime] = utc_now,
    lines: RecentLines | None = None,
) -> None:
    """Run the bot until SIGINT or SIGTERM; what is under way is then given `GRACE` seconds.

    The operator's page shows the `lines` of the log about a job. Tests may `substitute` parts of what it reaches the
    outside by, and its `wall` clock.

    Raises:
        StoreLost: the file of the database was deleted or replaced.
        LockTaken, ShardsDiffer: another process does what this one does.
        SettingsInvalid: Discord does not accept the token, or another process uses the same database.
        ShotcallerError: Discord cannot be reached, or the database cannot be used.
        Exception: the worker or the Discord client has died; a supervisor should start the process again.
    """
    try:
        await _live(settings, substitute=substitute, wall=wall, lines=lines)
    except BaseExceptionGroup as group:
        raise _reason(group) or group from None


def _reason(exc: BaseException) -> ShotcallerError | None:
    """Find, however deep among what has ended everything, what nobody but the operator can mend."""
    if isinstance(exc, BaseExceptionGroup):
        return next(filter(None, map(_reason, exc.exceptions)), None)
    return exc if isinstance(exc, (StoreLost, LockTaken, ShardsDiffer)) else None


async def _live(
    settings: Settings,
    *,
    substitute: Callable[[World], World],
    wall: Callable[[], datetime],
    lines: RecentLines | None,
) -> None:
    async with AsyncExitStack() as stack:
        stopping, starting = asyncio.Event(), asyncio.timeout(None)
        _stop_on_signals(stopping, starting)
        try:
            async with starting:
                running = running_bot(settings, substitute=substitute, wall=wall, stopping=stopping, lines=lines)
                bot, client, together = await stack.enter_async_context(running)
                _stop_on_signals(stopping)
        except TimeoutError:
            if not stopping.is_set():
                raise
            log.info("stopped before it had started")
            return
        bot.scheduler.wake()  # for what a dead process was about to do
        async with asyncio.TaskGroup() as group:
            worker = group.create_task(bot.worker.run(), name="worker")
            others = [
                group.create_task(together.run(), name="together"),
                group.create_task(bot.outbox.run(), name="outbox"),
                group.create_task(bot.callbacks.run(), name="callbacks"),
                group.create_task(bot.copies_elsewhere.run(), name="copies"),
                group.create_task(bot.watcher.run(), name="watcher"),
                group.create_task(bot.scheduler.run(), name="scheduler"),
            ]
            if together.processes.this.role is not Role.WORKER:
                others.append(group.create_task(stay_connected(client), name="gateway"))
            await stopping.wait()
            log.info("stopping")
            bot.worker.stop()
            await asyncio.wait([worker, *answering()], timeout=GRACE)
            for task in (worker, *others):
                task.cancel()


def _stop_on_signals(stopping: asyncio.Event, starting: asyncio.Timeout | None = None) -> None:
    """Have SIGINT and SIGTERM stop the bot; while it is `starting`, by breaking that off."""
    loop = asyncio.get_running_loop()

    def stop() -> None:
        if starting is not None and not stopping.is_set():
            starting.reschedule(loop.time())
        stopping.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop)


def answering() -> list[asyncio.Task[object]]:
    """List the tasks in which somebody is being answered, or noted that guilds came or went, right now."""
    return [task for task in asyncio.all_tasks() if task.get_name().startswith(_ANSWERING)]


@asynccontextmanager
async def running_bot(
    settings: Settings,
    *,
    substitute: Callable[[World], World],
    wall: Callable[[], datetime],
    stopping: asyncio.Event,
    lines: RecentLines | None = None,
) -> AsyncIterator[tuple[Bot, Shotcaller, Together]]:
    """Build everything, logged in to Discord and ready to work; take it down again in the reverse order.

    From the moment that it is `stopping`, `/readyz` says so.
    """
    async with AsyncExitStack() as stack:
        stack.enter_context(only_user(settings))
        log.info("spending: %s", spending_text(settings))
        await bring_up_to_date(settings, now=wall())
        process_id = new_process_id()
        database = await stack.enter_async_context(open_database(settings, process_id=process_id))
        moment = DiscordClock()
        together = await stack.enter_async_context(open_together(settings, database, process_id=process_id, wall=wall))
        this, pace = together.processes.this, Pace()
        metrics = _metrics(FigureStore(database), together) if settings.metrics else None
        measures: Measures = metrics or Measures()
        if metrics is not None:
            database = MeasuredDatabase(database, measures=measures)
            stack.enter_context(LoopWatch(measures=measures))
        client = await stack.enter_async_context(_client(settings, moment, pace, this, measures))
        tokens = _answer_tokens(settings, database, moment, together.processes)
        answers = PrivateAnswers(tokens=tokens, edit=partial(edit_answer, client), moment=moment)
        world = await _world(
            settings,
            stack,
            database,
            client,
            answers=answers,
            moment=moment,
            together=together,
            measures=measures,
            traces=await stack.enter_async_context(_traces(settings, this)),
        )
        pace.part = lambda: world.processes.pace
        bot = build(settings, substitute(world))
        client.services, client.answers = bot.services, answers
        if metrics is not None:
            metrics.latencies = lambda: client.shard_latencies
        if settings.health_port:
            from bot.web.health import serve_health  # noqa: PLC0415 - a server is slow to import, and many run without

            health = serve_health(
                host=settings.health_host,
                port=settings.health_port,
                alive=lambda: client.user is None or bot.worker.alive(),  # until it is logged in, trying is its work
                ready=lambda: (
                    not stopping.is_set() and bot.worker.ready() and (this.role is Role.WORKER or client.in_touch)
                ),
                metrics=None if metrics is None else metrics.answer,
            )
            await stack.enter_async_context(health)
        if (addresses := callback_addresses(settings)) is not None:
            from bot.web.callbacks import serve_callbacks  # noqa: PLC0415 - likewise

            callbacks = serve_callbacks(
                host=settings.callback_host,
                port=settings.callback_port,
                addresses=addresses,
                secrets=signing_secrets(settings),
                receive=bot.callbacks.receive,
            )
            await stack.enter_async_context(callbacks)
        if settings.page_port:
            from bot.doctor import findings  # noqa: PLC0415 - likewise
            from bot.web.page.site import serve_page  # noqa: PLC0415 - likewise
            from cogs.admin.doctor import look_at  # noqa: PLC0415 - likewise

            page = serve_page(
                bot.services,
                host=settings.page_host,
                port=settings.page_port,
                address=page_address(settings),
                examine=partial(findings, settings),
                examine_guild=partial(look_at, client),
                lines=lines,
            )
            await stack.enter_async_context(page)
        await log_in(client, settings.discord_token.get_secret_value())
        await bot.given_up.recall()
        await bot.worker.recover()
        await bot.services.left_guilds.work()  # before what waits there is begun
        stack.push_async_callback(together.leave)  # before all that is slow to close
        yield bot, client, together


def _metrics(store: FigureStore, together: Together) -> "Metrics":
    """Make what counts, in a registry of its own."""
    from bot.web.metrics import Metrics  # noqa: PLC0415 - only who asks for it loads it

    return Metrics(
        figures=RecentFigures(store=store, clock=together.clock).read,
        clock=together.clock,
        version=__version__,
        role=str(together.processes.this.role),
    )


@asynccontextmanager
async def _traces(settings: Settings, this: Process) -> AsyncIterator[Traces]:
    """Follow jobs where the settings name a collector, and nothing else.

    Raises:
        SettingsInvalid: what is needed for that is not installed.
    """
    address, headers = settings.otel_exporter_otlp_endpoint, settings.otel_exporter_otlp_headers
    if address is None:
        yield Traces()
        return
    try:
        from bot.wiring.traces import collected  # noqa: PLC0415 - only who asks for it loads it
    except ImportError as exc:
        problem = f"expected its packages beside it: pip install 'shotcaller[otel]' ({exc.name} is missing)"
        raise SettingsInvalid([("OTEL_EXPORTER_OTLP_ENDPOINT", problem)]) from exc
    secret = headers.get_secret_value() if headers else ""
    async with collected(address, headers=secret, version=__version__, instance=this.id) as traces:
        yield traces


def _client(settings: Settings, moment: DiscordClock, pace: Pace, this: Process, measures: Measures) -> Shotcaller:
    use_addresses(api=settings.discord_api_url, gateway=settings.discord_gateway_url)
    trace = trace_answers(moment, api=settings.discord_api_url)
    pace.watch(trace, api=settings.discord_api_url)
    acknowledgements = Acknowledgements(measures=measures)
    if settings.metrics:
        acknowledgements.watch(trace)
    return new_client(
        this,
        guild_ids=settings.discord_guild_ids,
        user_install=settings.user_install,
        trace=trace,
        measures=measures,
        arrived=acknowledgements.arrived,
        explain=explain,
        translate=in_every_language,
    )


def _answer_tokens(
    settings: Settings, database: OpenDatabase, moment: DiscordClock, processes: Processes
) -> AnswerTokens:
    """Choose who remembers the private answers: the database, where several processes may use it."""
    if settings.database_path is not None:
        return RememberedTokens(moment=moment)
    seal = Seal(settings.discord_token.get_secret_value())
    return SharedTokens(PrivateAnswerStore(database), seal=seal, moment=moment, others=lambda: processes.others)


async def _world(
    settings: Settings,
    stack: AsyncExitStack,
    database: OpenDatabase,
    client: Shotcaller,
    *,
    answers: PrivateAnswers,
    moment: DiscordClock,
    together: Together,
    measures: Measures,
    traces: Traces,
) -> World:
    """Open the video services, the files of strangers, and Discord, as the services reach them."""
    name_models(model_names(settings))
    offered = OfferedModels(models_of(settings, configured(settings)), clock=together.clock)
    providers = await open_providers(settings, stack)
    if settings.metrics:
        providers = [measured_provider(each, measures) for each in providers]
    downloader = LateDownloader(trusted_hosts=trusted_hosts(settings))
    return World(
        database=database,
        purge=database.purge,
        providers={each.id: each for each in providers},
        fetcher=await stack.enter_async_context(downloader),
        notifier=DiscordNotifier(
            client,
            answers=answers,
            notify_of=NotifyPreferences(PreferenceStore(database)).of,
            models=offered,
            moment=moment,
            operator_channel_id=settings.operator_channel_id,
        ),
        result_poster=DiscordResultPoster(client, models=offered),
        staff=DiscordStaff(
            client,
            language_of=GuildLanguages(GuildStore(database)).of,
            operator_channel_id=settings.operator_channel_id,
        ),
        names=DiscordNames(client),
        clock=together.clock,
        models=offered,
        moment=moment,
        processes=together.processes,
        signals=together.signals,
        media=Media(measures=measures),
        measures=measures,
        traces=traces,
        scanner=await open_scanner(settings, stack),
    )
