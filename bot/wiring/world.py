"""Collects what the services reach the outside by. Tests put something else in its place."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime

from bot.provider.base import VideoProvider
from bot.provider.scan import Scanner
from bot.service.jobs.cards import PATIENCE as CARD_PATIENCE
from bot.service.jobs.clock_watch import Clock
from bot.service.jobs.copies import ResultPoster
from bot.service.jobs.files import Fetcher
from bot.service.jobs.offered_models import OfferedModels
from bot.service.jobs.provider_health import PATIENCE as PROVIDER_PATIENCE
from bot.service.measures import Measures
from bot.service.media.service import Media
from bot.service.outbox import PATIENCE as OUTBOX_PATIENCE
from bot.service.ports import Names, Notifier, Staff
from bot.service.processes import Processes
from bot.service.signals import OTHERS, Signals
from bot.service.traces import Traces
from bot.store.database import Database
from bot.values import dataclass, field


@dataclass(frozen=True, kw_only=True, slots=True)
class World:
    """The database, the video services, the files of strangers, and Discord in its several parts.

    `purge` overwrites what the database's files hold of deleted rows; False where somebody keeps it from that. The
    `processes` are those of the bot that live.
    """

    database: Database
    purge: Callable[[], Awaitable[bool]]
    providers: Mapping[str, VideoProvider]
    fetcher: Fetcher
    notifier: Notifier
    result_poster: ResultPoster
    staff: Staff
    clock: Clock
    models: OfferedModels
    moment: Callable[[], datetime]  # the present by Discord's clock
    scanner: Scanner | None = None
    names: Names = field(default_factory=Names)
    processes: Processes = field(default_factory=Processes)
    media: Media = field(default_factory=Media)
    measures: Measures = field(default_factory=Measures)
    traces: Traces = field(default_factory=Traces)
    rand: Callable[[], float] = random.random
    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep
    signals: Signals = field(default_factory=Signals)
    seconds: Callable[[], float] = time.monotonic


@dataclass(frozen=True, kw_only=True, slots=True)
class Sizes:
    """How much this process does at once, and for how many seconds it waits for others: no setting says so."""

    steps: int = 256  # of jobs: of each a half is its question, the other what is read and written around it
    deliveries: int = 8
    card_patience: float = CARD_PATIENCE
    provider_patience: float = PROVIDER_PATIENCE
    outbox_patience: float = OUTBOX_PATIENCE
    others_patience: float = OTHERS
