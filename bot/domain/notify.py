"""Describes how a person wants to hear that a video is ready."""

from enum import StrEnum
from typing import Final

PREFERENCE: Final = "notify"  # its name among a person's preferences


class Notify(StrEnum):
    """What happens when a result is posted in a channel."""

    PING = "ping"  # the message mentions its requester
    SILENT = "silent"  # it names them, and nobody's device makes a sound
    DM = "dm"  # it mentions them, and a short direct message links to it


def parse_notify(value: object) -> Notify:
    """Read the choice that a preference stands for; the default for anything else."""
    return Notify(value) if isinstance(value, str) and value in list(Notify) else Notify.PING
