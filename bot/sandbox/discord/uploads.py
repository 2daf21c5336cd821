"""Request bodies with files: each file goes to disk piece by piece and is never whole in memory."""

from __future__ import annotations

import asyncio
import json
import re
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aiohttp import BodyPartReader, web

from bot.sandbox.discord.errors import Refused

if TYPE_CHECKING:
    from pathlib import Path

PIECE = 1024 * 1024
# More than any tier allows: what exceeds it is counted, but no longer kept.
KEPT_BYTES = 101 * 1024 * 1024
JSON_BYTES = 8 * 1024 * 1024
_FILE_FIELD = re.compile(r"files?\[(\d+)\]|file")


@dataclass(slots=True, kw_only=True)
class Upload:
    """One file of a request, on disk: `index` is the n of `files[n]`, by which the body speaks of it."""

    index: int
    filename: str
    size: int
    path: Path


async def read_body(request: web.Request, folder: Path) -> tuple[Any, list[Upload]]:
    """The JSON of a request and its files; the caller removes the files it does not keep.

    Raises:
        Refused: 50109, the JSON is none.
    """
    if request.content_type == "multipart/form-data":
        return await _read_multipart(request, folder)
    raw = await request.content.read(JSON_BYTES) if request.body_exists else b""
    while raw and not request.content.at_eof():
        more = await request.content.read(JSON_BYTES)
        raw += more
        if len(raw) > JSON_BYTES:
            raise Refused(40005)
    return _parse(raw), []


def _parse(raw: bytes) -> Any:
    if not raw:
        return None
    try:
        return json.loads(raw)
    except ValueError:
        raise Refused(50109) from None


async def _read_multipart(request: web.Request, folder: Path) -> tuple[Any, list[Upload]]:
    body: Any = None
    fields: dict[str, str] = {}
    uploads: list[Upload] = []
    reader = await request.multipart()
    async for part in reader:
        if not isinstance(part, BodyPartReader):
            raise Refused(50109)
        name = part.name or ""
        if name == "payload_json":
            body = _parse(bytes(await part.read(decode=True)))
        elif part.filename is None:
            fields[name] = await part.text()
        elif found := _FILE_FIELD.fullmatch(name):
            index = int(found[1]) if found[1] else len(uploads)
            uploads.append(await _save(part, folder, index))
        else:
            await part.release()
    return (fields or None) if body is None else body, uploads


async def _save(part: BodyPartReader, folder: Path, index: int) -> Upload:
    """Stream one file to disk, a megabyte at a time."""
    path = folder / secrets.token_hex(16)
    size, piece = 0, bytearray()
    with await asyncio.to_thread(path.open, "wb") as file:
        while True:
            chunk = await part.read_chunk(64 * 1024)
            size += len(chunk)
            if size <= KEPT_BYTES:
                piece += chunk
            if len(piece) >= PIECE or (piece and not chunk):
                await asyncio.to_thread(file.write, bytes(piece))
                piece.clear()
            if not chunk:
                break
    return Upload(index=index, filename=part.filename or "", size=size, path=path)


async def remove(uploads: list[Upload]) -> None:
    """Delete the files that nobody kept."""

    def delete() -> None:
        for upload in uploads:
            upload.path.unlink(missing_ok=True)

    if uploads:
        await asyncio.to_thread(delete)
