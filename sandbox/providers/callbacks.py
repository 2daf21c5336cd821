"""Calls a client back when a task changes: best effort, and only ever on this machine."""

import base64
import hashlib
import hmac
import json
import logging
import secrets
from collections.abc import Mapping
from typing import Any

import aiohttp

from sandbox.loopback import is_loopback

log = logging.getLogger(__name__)

TIMEOUT_SECONDS = 3


def signature(body: bytes, *, secret: str, now: float) -> dict[str, str]:
    """Sign a body: the three `webhook-…` headers, HMAC-SHA256 over `id.timestamp.body`.

    A secret that starts with `whsec_` is base64 after that, as the Standard Webhooks convention has it.
    """
    key = base64.b64decode(secret[6:]) if secret.startswith("whsec_") else secret.encode()
    name, stamp = f"msg_{secrets.token_hex(12)}", str(int(now))
    digest = hmac.digest(key, f"{name}.{stamp}.".encode() + body, hashlib.sha256)
    return {
        "webhook-id": name,
        "webhook-timestamp": stamp,
        "webhook-signature": f"v1,{base64.b64encode(digest).decode()}",
    }


async def call_back(url: str, content: Mapping[str, Any], *, secret: str | None, now: float) -> dict[str, Any]:
    """POST a task; returns what came of it: `{"url", "status": HTTP status or None, "error": text or None}`."""
    outcome: dict[str, Any] = {"url": url, "status": None, "error": None}
    if not is_loopback(url):
        return outcome | {"error": "not called: the sandbox calls nothing but this machine"}
    body = json.dumps(content, ensure_ascii=False).encode()
    headers = {"Content-Type": "application/json"}
    if secret:
        headers |= signature(body, secret=secret, now=now)
    timeout = aiohttp.ClientTimeout(total=TIMEOUT_SECONDS)
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout) as session,
            session.post(url, data=body, headers=headers, allow_redirects=False) as answer,
        ):
            return outcome | {"status": answer.status}
    except (aiohttp.ClientError, TimeoutError, OSError) as exc:
        log.info("a callback was not taken: %s", type(exc).__name__)
        return outcome | {"error": type(exc).__name__}
