"""Hears what the bot does, so that it can be counted; nothing is counted unless the settings ask for it.

Each is told at a boundary that everything of its kind passes: the calls of a video service, the transactions of the
database, the steps of a job, the answers to people. What a name or a class may be is bounded: no server, no person and
nothing that anybody wrote is ever told.
"""

from bot.domain import Job


class Measures:
    """Forgets all that it is told. `bot/web/metrics.py` has the one that counts; times are in seconds."""

    def provider_called(self, provider: str, call: str, *, seconds: float, outcome: str) -> None:
        """Hear that a call of a video service has ended: "ok", or by the class of its error."""

    def transaction_ended(self, *, seconds: float, outcome: str) -> None:
        """Hear that a transaction has ended: "ok", "rolled_back" by its work, or by the class of its error."""

    def booked(self, kind: str, *, credits_: int = 0, micros: int = 0) -> None:
        """Hear what a transaction has booked: credits, or millionths of a USD, of a kind.

        That is "hold" when a job is accepted, then "settle" or "release"; "lost" is what a released one has cost all
        the same. Credits are also a "grant" or a "gift".
        """

    def job_moved(self, before: Job, after: Job) -> None:
        """Hear what one step has made of a job."""

    def video_fitted(self, how: str) -> None:
        """Hear how a video came to fit its place: "as_is", "copied" into another container, or "encoded" anew."""

    def item_given_up(self, kind: str) -> None:
        """Hear that an item of the outbox was given up."""

    def command_ended(self, name: str, *, outcome: str) -> None:
        """Hear how a command, button or form ended: "done", "refused", "turned_away" or "failed"."""

    def acknowledged(self, *, seconds: float) -> None:
        """Hear how long an interaction has waited for its first answer."""

    def loop_was_late(self, *, seconds: float) -> None:
        """Hear by how much the event loop was late for something that it had to do."""
