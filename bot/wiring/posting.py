"""Puts together what posts: the outbox, and copies, shares and deletions of finished videos."""

from bot.service.admin.budget_alerts import BudgetAlerts
from bot.service.admin.credits import DecisionPoster, GrantPoster
from bot.service.admin.policies import AuditPoster
from bot.service.jobs.copies import Copies, RepostFinder, Reposts
from bot.service.jobs.copies_elsewhere import CopiesElsewhere
from bot.service.jobs.covering import CoverHandler
from bot.service.jobs.removal import RemovalHandler, RemovalNotes, Removals
from bot.service.jobs.results import Results
from bot.service.member.feedback import FeedbackPoster
from bot.service.member.gallery import Gallery, GalleryPoster
from bot.service.moderation.case_poster import CasePoster
from bot.service.outbox import OutboxPoster, UnrecordedPosts
from bot.service.upkeep.welcome import WelcomePoster
from bot.store.privacy.left_guilds import LeftGuildStore
from bot.values import dataclass
from bot.wiring.jobs import JobParts
from bot.wiring.stores import Stores
from bot.wiring.waking import Waking
from bot.wiring.world import Sizes, World


@dataclass(frozen=True, kw_only=True, slots=True)
class PostingParts:
    """What becomes of finished videos, and the outbox of everything else that is posted."""

    copies: Copies
    copies_elsewhere: CopiesElsewhere
    gallery: Gallery
    outbox: OutboxPoster
    results: Results


def build_posting(world: World, *, stores: Stores, waking: Waking, made: JobParts, sizes: Sizes) -> PostingParts:
    """Build the outbox with a handler for each kind of its items, and what serves people with finished videos."""
    clock, moment, signals = world.clock, world.moment, world.signals
    copies = Copies(files=made.files, result_poster=world.result_poster)
    posts = UnrecordedPosts(store=stores.outbox, moment=moment)
    outbox = OutboxPoster(
        store=stores.outbox,
        handlers=(
            AuditPoster(guilds=stores.guilds, audit=stores.audit, staff=world.staff, posts=posts),
            WelcomePoster(store=LeftGuildStore(world.database), staff=world.staff, posts=posts),
            BudgetAlerts(store=stores.budgets, audit=stores.audit, notifier=world.notifier, posts=posts),
            DecisionPoster(cases=stores.cases, notifier=world.notifier, posts=posts),
            GrantPoster(audit=stores.audit, lookup=stores.lookup, notifier=world.notifier, posts=posts),
            CasePoster(
                cases=stores.cases,
                guilds=stores.guilds,
                lookup=stores.lookup,
                copies=copies,
                staff=world.staff,
                operator_alerts=made.operator_alerts,
                moment=moment,
            ),
            FeedbackPoster(store=stores.feedback, outbox=stores.outbox, staff=world.staff, moment=moment),
            GalleryPoster(
                outbox=stores.outbox,
                library_store=stores.library,
                lookup=stores.lookup,
                copies=copies,
                result_poster=world.result_poster,
                clock=clock,
                moment=moment,
            ),
            CoverHandler(
                messages=stores.messages,
                cases=stores.cases,
                lookup=stores.lookup,
                result_poster=world.result_poster,
                clock=clock,
            ),
            RemovalHandler(messages=stores.messages, lookup=stores.lookup, result_poster=world.result_poster),
            RemovalNotes(lookup=stores.lookup, result_poster=world.result_poster, posts=posts),
            RepostFinder(messages=stores.messages, lookup=stores.lookup, result_poster=world.result_poster),
        ),
        clock=clock,
        rand=world.rand,
        processes=world.processes,
        signals=signals,
        measures=world.measures,
        woken=waking.outbox,
        patience=sizes.outbox_patience,
        others_patience=sizes.others_patience,
    )
    removals = Removals(results=stores.results, messages=stores.messages, outbox=outbox, clock=clock)
    reposts = Reposts(
        messages=stores.messages, outbox=stores.outbox, result_poster=world.result_poster, clock=clock, moment=moment
    )
    copies_elsewhere = CopiesElsewhere(
        lookup=stores.lookup,
        copies=copies,
        reposts=reposts,
        processes=world.processes,
        signals=signals,
        patience=sizes.outbox_patience,
    )
    results = Results(
        store=stores.results,
        lookup=stores.lookup,
        copies=copies,
        result_poster=world.result_poster,
        files=made.files,
        removals=removals,
        reposts=reposts,
        elsewhere=copies_elsewhere,
        messages=stores.messages,
        clock=clock,
        moment=moment,
        wake=waking.wake_worker,
    )
    gallery = Gallery(outbox=stores.outbox, preferences=stores.preferences, clock=clock, wake=waking.wake_outbox)
    return PostingParts(
        copies=copies,
        copies_elsewhere=copies_elsewhere,
        gallery=gallery,
        outbox=outbox,
        results=results,
    )
