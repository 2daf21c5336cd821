"""Lets those who run the bot, or a guild, sign in to the operator's page, for as long as they do run it."""

import hashlib
import hmac
import logging
import secrets
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from bot.domain import EVERYWHERE, AuditEntry
from bot.domain.visitor import Lifetimes, Visitor
from bot.errors import PageNotOffered
from bot.service.ports import Staff
from bot.store.community.page_sessions import PageSessionStore
from bot.values import dataclass

log = logging.getLogger(__name__)

LINK_LIFE: Final = timedelta(minutes=5)
LIFETIMES: Final = Lifetimes(idle=timedelta(hours=1), whole=timedelta(hours=8))
RIGHTS_FRESH: Final = timedelta(seconds=30)  # for which what Discord said of somebody's rights is believed
CROWD: Final = 1000  # answers about rights that are remembered

_BYTES: Final = 32  # of a secret: nobody guesses 256 bits
_PROOF: Final = 32  # digits of a proof
# These keep the uses of secrets apart.
_LINK: Final = b"shotcaller page link 1 "
_SESSION: Final = b"shotcaller page session 1 "
_FORM: Final = b"shotcaller page form 1"  # keeps this use of a session's id apart from every other


@dataclass(frozen=True, kw_only=True, slots=True)
class PageOffer:
    """Where the operator's page is reached, and whether those who run a guild may use it too. None: there is none."""

    address: str | None = None
    for_admins: bool = False


class PageAccess:
    """Makes links, sessions and the proofs of forms. Every method that waits may raise `StoreUnavailable`.

    Secrets are handed out and never kept: the database has their hashes. Each bears a proof, made with the bot's `key`,
    that this bot has made it: what somebody has made up is refused at once, however much of it there is.
    """

    def __init__(
        self, *, store: PageSessionStore, staff: Staff, offer: PageOffer, key: bytes, clock: Callable[[], datetime]
    ) -> None:
        self._key = key
        self._store, self._staff, self._offer, self._clock = store, staff, offer, clock
        self._rights: dict[tuple[int, int], tuple[datetime, bool]] = {}

    async def invite(self, entry: AuditEntry, *, locale: str) -> str:
        """Make the address with which whoever acts in an entry can sign in once, for its guild, in a few minutes.

        The secret is in the fragment, which browsers send to nobody. That they may is for the caller to have asked.

        Raises:
            PageNotOffered: the operator has not set the page up, or not for those who run guilds.
        """
        if self._offer.address is None or not self._is_for(entry.guild_id):
            raise PageNotOffered
        secret = self._made(_LINK)
        until = self._clock() + LINK_LIFE
        await self._store.add_link(entry, link=_hash(secret), locale=locale, until=until)
        return f"{self._offer.address}/sign-in#{secret}"

    def link_number(self, secret: str) -> int | None:
        """Number the link that a secret is of; None where this bot has not made it."""
        return int(_hash(secret)[:16], 16) if self._is_ours(secret, _LINK) else None

    async def sign_in(self, secret: str) -> str | None:
        """Make a session of a link's secret, and give its id; None where the link was used, or is too old, or none."""
        if not self._is_ours(secret, _LINK):
            return None
        session = self._made(_SESSION)
        visitor = await self._store.use_link(
            _hash(secret), session=_hash(session), entry_id=_entry_id(), now=self._clock(), lifetimes=LIFETIMES
        )
        if visitor is None:
            return None
        log.info("signed in to the page", extra={"user": visitor.user_id, "guild": visitor.guild_id})
        return session

    async def visitor(self, session: str, *, used: bool) -> Visitor | None:
        """Tell who is signed in by a session's id, if they still may; what is not `used` by hand keeps no session open.

        Raises:
            DestinationBusy: Discord does not say whether they may.
        """
        if not self._is_ours(session, _SESSION):
            return None
        now = self._clock()
        visitor = await self._store.visitor(_hash(session), now=now, idle=LIFETIMES.idle, used=used)
        if visitor is None or (self._is_for(visitor.guild_id) and await self._may(visitor)):
            return visitor
        await self._store.end(_hash(session), action="page_shut_out", entry_id=_entry_id(), now=now)
        log.warning("shut out of the page", extra={"user": visitor.user_id, "guild": visitor.guild_id})
        return None

    async def sign_out(self, session: str) -> None:
        """End a session."""
        await self._store.end(_hash(session), action="page_signed_out", entry_id=_entry_id(), now=self._clock())

    async def forget(self) -> int:
        """Forget what is over, and count it."""
        return await self._store.forget(now=self._clock())

    def _made(self, use: bytes) -> str:
        """Make a secret of a use."""
        random = secrets.token_urlsafe(_BYTES)
        return f"{random}.{self._proof(random, use)}"

    def _is_ours(self, secret: str, use: bytes) -> bool:
        random, _, proof = secret.rpartition(".")
        return hmac.compare_digest(proof.encode(errors="replace"), self._proof(random, use).encode())

    def _proof(self, random: str, use: bytes) -> str:
        return hmac.digest(self._key, use + random.encode(errors="replace"), hashlib.sha256).hex()[:_PROOF]

    def _is_for(self, guild_id: int) -> bool:
        return guild_id == EVERYWHERE or self._offer.for_admins

    async def _may(self, visitor: Visitor) -> bool:
        """Ask Discord whether they still run what they signed in for, unless it has said so just now."""
        key, now = (visitor.user_id, visitor.guild_id), self._clock()
        asked_at, may = self._rights.get(key, (None, False))
        if asked_at is not None and timedelta() <= now - asked_at < RIGHTS_FRESH:
            return may
        may = await self._staff.runs(visitor.user_id, guild_id=visitor.guild_id)
        if len(self._rights) >= CROWD:
            self._rights.clear()
        self._rights[key] = now, may
        return may


def form_proof(session: str) -> str:
    """Derive what a form of a session's page has to bring along; nobody knows it who cannot read that page."""
    return hmac.digest(session.encode(errors="replace"), _FORM, hashlib.sha256).hex()


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode(errors="replace")).hexdigest()


def _entry_id() -> str:
    return f"page-{secrets.token_hex(8)}"
