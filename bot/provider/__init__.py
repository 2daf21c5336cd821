"""Reaches the video services. httpx lives here and nowhere else."""

import logging

# Both log whole addresses and headers below this level, and the address of a signed URL is a secret.
for _chatty in ("httpx", "httpcore"):
    logging.getLogger(_chatty).setLevel(logging.WARNING)
