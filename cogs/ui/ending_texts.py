"""What a requester is told when a job ends without a video."""

from bot.locale import Words
from bot.service.ports.notifier import Card, Phase
from cogs.ui.text import DENIED, failure, link


def private_ending(card: Card, say: Words) -> str:
    """Say how a job ended and why, for its requester alone."""
    if card.phase is Phase.FAILED:
        reason = failure(card.job, say)
    elif card.phase is Phase.KEPT and card.job.destination.private:
        reason = say("inbox.kept")
    else:
        reason = say(f"card.{card.phase}.text")
    return f"**{say(f'card.{card.phase}')}**\n{reason}"


def public_ending(card: Card, say: Words) -> str:
    """Say how a job ended where everybody may read it, and where its requester finds the rest.

    The job's id in the small print makes the text this ending's own.
    """
    job = card.job
    denied = job.failure == DENIED
    ending = "denied" if denied else "given_up" if job.given_up else card.phase
    text = say(f"ending.{ending}", mention=f"<@{job.user_id}>")
    if denied or job.card_channel_id is None or job.card_message_id is None:
        why = say("ending.ask")
    else:
        card_link = link(job.destination.guild_id, job.card_channel_id, job.card_message_id)
        why = say("ending.card", card=card_link)
    return f"{text} {why}\n-# {job.id}"
