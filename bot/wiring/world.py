"""What the services reach the outside by."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from bot.provider.base import VideoProvider
from bot.provider.scan import Scanner
from bot.service.jobs.clock_watch import Clock
from bot.service.jobs.copies import ResultPoster
from bot.service.jobs.delivery import Fetcher
from bot.service.jobs.offered_models import OfferedModels
from bot.service.ports.notifier import Notifier
from bot.service.ports.staff import Staff
from bot.store.database import Database


@dataclass(frozen=True, kw_only=True, slots=True)
class World:
    """The database, the video services, the files of strangers, and Discord in its several parts.

    `purge` overwrites what the database's files hold of deleted rows; False where somebody keeps it from that.
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
