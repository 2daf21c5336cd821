"""Moves credits that come from people: grants of admins, gifts of members, requests for more. Each counts once."""

from collections import Counter
from collections.abc import Mapping
from datetime import datetime

from bot.domain import AuditEntry, Case, CaseState, Fund, OutboxKind, millis
from bot.domain.quota import NO_END, extra_of
from bot.errors import CaseDecided, GiftTooLarge
from bot.store.community.audit import record
from bot.store.community.cases import announce_case, body_of, decide, open_case
from bot.store.database import Store, Transaction, transaction
from bot.store.locks import credit_requests_of
from bot.store.money import ledger
from bot.store.money.ledger import LedgerLine
from bot.store.outbox import announce
from bot.values import dataclass, replace


@dataclass(frozen=True, kw_only=True, slots=True)
class Gift:
    """Credits that one member gives to another, out of the giver's `sources`, one after the other.

    Each part keeps the period of what it is drawn from: it expires when that does, whoever has it by then. `key` lets
    the gift count once.
    """

    key: str
    guild_id: int
    giver_id: int
    receiver_id: int
    credits: int
    sources: tuple[Fund, ...]


class GrantStore(Store):
    """Keeps grants and gifts of one database. Every method is one transaction and may raise `StoreUnavailable`."""

    @transaction
    async def grant(self, tx: Transaction, entry: AuditEntry, *, user_id: int, amount: int, note: str) -> int:
        """Give a member credits that never expire, or take back at most what is left; give back what they have now.

        The record says how many credits have moved; where none could be taken, nothing is written. Who has been given
        some is told.
        """
        moved, left = await _grant(tx, entry, user_id=user_id, amount=amount, note=note, key=entry.id)
        if moved:
            await record(tx, replace(entry, detail={**entry.detail, "credits": abs(moved)}))
        if moved > 0:
            await announce(tx, OutboxKind.GRANT, entry.id, guild_id=entry.guild_id, place_id=user_id, now=entry.at)
        return left

    @transaction
    async def give(self, tx: Transaction, gift: Gift, *, now: datetime) -> int:
        """Let one member give credits to another; give back what the giver has left to give.

        Raises:
            GiftTooLarge: the giver has less.
        """
        sources = await ledger.existing(tx, gift.sources)
        theirs = {fund.period: _extra(gift.receiver_id, gift.guild_id, fund.period) for fund in sources}
        accounts = await ledger.lock(tx, (*sources, *theirs.values()))
        balances = {fund: accounts[fund.owner, fund.period].balance for fund in sources}
        balance = sum(balances.values())
        if await _given(tx, gift):
            return balance
        if balance < gift.credits:
            raise GiftTooLarge(price=gift.credits, balance=balance)
        for line in _gift_lines(gift, balances, theirs):
            await ledger.enter(tx, line, now=now)
        return balance - gift.credits

    @transaction
    async def ask_for_more(self, tx: Transaction, case: Case, *, stale: datetime) -> bool:
        """Open a request for more credits, or put it in place of the member's open one; say whether one was opened.

        A stale one is not changed but left behind: one from before that time, or one that could not be posted where
        somebody would have decided it.
        """
        await tx.alone(credit_requests_of(case.guild_id, case.user_id))
        expired = await tx.one(
            "UPDATE cases SET state = 'expired', decided_at = $3 "
            "WHERE guild_id = $1 AND user_id = $2 AND kind = 'more' AND state = 'open' "
            "AND (created_at <= $4 OR EXISTS (SELECT 1 FROM outbox "
            "WHERE outbox.kind = 'case' AND subject_id = cases.id AND given_up IS NOT NULL)) RETURNING *",
            *(case.guild_id, case.user_id, millis(case.created_at), millis(stale)),
        )
        changed = await tx.one(
            "UPDATE cases SET body = $3 "
            "WHERE guild_id = $1 AND user_id = $2 AND kind = 'more' AND state = 'open' RETURNING *",
            *(case.guild_id, case.user_id, body_of(case)),
        )
        for row in (expired, changed):
            if row is not None:
                await announce_case(tx, row, now=case.created_at)
        return changed is None and await open_case(tx, case)

    @transaction
    async def decide(self, tx: Transaction, case: Case, entry: AuditEntry, *, given: int) -> Case:
        """Decide a request for more credits, and grant what is `given`, or nothing; give back the decided case.

        Raises:
            CaseDecided: somebody has decided it before.
        """
        if given:  # the account before the case, in the order of all locks; it comes to nothing where that is decided
            await _grant(tx, entry, user_id=case.user_id, amount=given, note="", key=case.id)
        state = CaseState.APPROVED if given else CaseState.DENIED
        decided = await decide(tx, case.id, state, by=entry.actor_id, now=entry.at)
        if decided is None:
            row = await tx.one("SELECT state FROM cases WHERE id = $1", case.id)
            raise CaseDecided(state=row["state"] if row else str(CaseState.WITHDRAWN))
        if given:
            decided = replace(decided, body={**decided.body, "given": given})
            await tx.execute("UPDATE cases SET body = $2 WHERE id = $1", case.id, body_of(decided))
        await record(tx, entry)
        await announce(tx, OutboxKind.DECISION, case.id, guild_id=case.guild_id, place_id=case.user_id, now=entry.at)
        return decided


async def _grant(
    tx: Transaction, entry: AuditEntry, *, user_id: int, amount: int, note: str, key: str
) -> tuple[int, int]:
    """Change what a member was granted, once for a key; give back by how much, and what they have then."""
    fund = _extra(user_id, entry.guild_id)
    account = (await ledger.lock(tx, [fund]))[fund.owner, fund.period]
    granted = max(amount, -account.balance)
    if not granted:
        return 0, account.balance
    line = LedgerLine(
        id=_id(key, "grant", fund),
        owner=fund.owner,
        period=fund.period,
        kind="grant",
        granted=granted,
        actor_id=entry.actor_id,
        note=note,
    )
    new = await ledger.enter(tx, line, now=entry.at)
    return (granted, account.balance + granted) if new else (0, account.balance)


async def _given(tx: Transaction, gift: Gift) -> bool:
    """Say whether a gift was given before, in whatever period."""
    owners = (fund.owner for fund in (*gift.sources, _extra(gift.receiver_id, gift.guild_id)))
    for owner in dict.fromkeys(owners):
        if await tx.one("SELECT id FROM ledger WHERE owner = $1 AND id LIKE $2", owner, f"{gift.key}:gift:%"):
            return True
    return False


def _gift_lines(gift: Gift, balances: Mapping[Fund, int], theirs: Mapping[str, Fund]) -> list[LedgerLine]:
    """Write a gift as lines: the giver's allowance is spent, or their gifts shrink; the receiver's gifts grow."""
    missing, lines, parts = gift.credits, [], Counter[str]()
    for source, balance in balances.items():
        part = min(missing, balance)
        missing -= part
        parts[source.period] += part
        settled, granted = (0, -part) if source.allowance is None else (part, 0)
        line = _gift_line(gift, source, granted=granted)
        lines.append(replace(line, settled=settled, note=str(gift.receiver_id)))
    lines += [_gift_line(gift, theirs[period], granted=part) for period, part in parts.items()]
    return [line for line in lines if line.settled or line.granted]


def _gift_line(gift: Gift, place: Fund, *, granted: int) -> LedgerLine:
    return LedgerLine(
        id=_id(gift.key, "gift", place),
        owner=place.owner,
        period=place.period,
        kind="gift",
        actor_id=gift.giver_id,
        granted=granted,
    )


def _extra(user_id: int, guild_id: int, period: str = NO_END) -> Fund:
    return Fund(owner=extra_of(user_id=user_id, guild_id=guild_id), period=period)


def _id(key: str, kind: str, place: Fund) -> str:
    return ledger.line_id(key, kind, owner=place.owner, period=place.period)
