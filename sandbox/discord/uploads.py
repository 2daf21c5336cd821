"""Reads request bodies with files: each file goes to disk piece by piece and is never whole in memory."""

import asyncio
import json
import re
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from aiohttp import BodyPartReader, web

from sandbox.discord.errors import Refused

PIECE = 1024 * 1024
CHUNK = 64 * 1024
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


async def read_body(request: web.Request, folder: Path, uploads: list[Upload]) -> Any:
    """Read the JSON of a request; its files go among the uploads, from which the caller removes what is not kept.

    Raises:
        Refused: 50109, the JSON is none; 40005, it is far too large.
    """
    if request.content_type == "multipart/form-data":
        return await _read_multipart(request, folder, uploads)
    raw = bytearray()
    async for chunk in request.content.iter_any():
        raw += chunk
        if len(raw) > JSON_BYTES:
            raise Refused(40005)
    return _parse(raw)


def _parse(raw: bytes | bytearray) -> Any:
    if not raw:
        return None
    try:
        return json.loads(raw)
    except ValueError:
        raise Refused(50109) from None


async def _read_multipart(request: web.Request, folder: Path, uploads: list[Upload]) -> Any:
    body: Any = None
    fields: dict[str, str] = {}
    reader = await request.multipart()
    async for part in reader:
        if not isinstance(part, BodyPartReader):
            raise Refused(50109)
        name = part.name or ""
        if name == "payload_json":
            body = _parse(await part.read(decode=True))
        elif part.filename is None:
            fields[name] = await part.text()
        elif found := _FILE_FIELD.fullmatch(name):
            index = int(found[1]) if found[1] else len(uploads)
            uploads.append(await _save(part, folder, index))
        else:
            await part.release()
    return (fields or None) if body is None else body


async def _save(part: BodyPartReader, folder: Path, index: int) -> Upload:
    """Stream one file to disk, a megabyte at a time; a file that does not arrive whole is not kept."""
    path = folder / secrets.token_hex(16)
    try:
        with await asyncio.to_thread(path.open, "wb") as file:
            size = await _copy(part, file)
    except BaseException:
        await asyncio.to_thread(path.unlink, missing_ok=True)
        raise
    return Upload(index=index, filename=part.filename or "", size=size, path=path)


async def _copy(part: BodyPartReader, file: BinaryIO) -> int:
    """Write what arrives, up to the most that is kept; gives how much came in all."""
    size, piece = 0, bytearray()
    while chunk := await part.read_chunk(CHUNK):
        size += len(chunk)
        if size <= KEPT_BYTES:
            piece += chunk
        if len(piece) >= PIECE:
            await asyncio.to_thread(file.write, bytes(piece))
            piece.clear()
    await asyncio.to_thread(file.write, bytes(piece))
    return size


async def remove(uploads: list[Upload]) -> None:
    """Delete the files that nobody kept."""

    def delete() -> None:
        for upload in uploads:
            upload.path.unlink(missing_ok=True)

    if uploads:
        await asyncio.to_thread(delete)
