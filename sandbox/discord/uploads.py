"""Reads request bodies: JSON, and forms with files, each of which goes to disk piece by piece."""

import asyncio
import json
import re
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import parse_qsl

from aiohttp import BodyPartReader, web

from sandbox.discord.errors import INVALID_FORM, Refused

PIECE = 1024 * 1024
CHUNK = 64 * 1024
# More than any tier allows: what exceeds it is counted, but no longer kept.
KEPT_BYTES = 101 * 1024 * 1024
JSON_BYTES = 8 * 1024 * 1024
JSON, URL_ENCODED, MULTIPART = "application/json", "application/x-www-form-urlencoded", "multipart/form-data"
_FILE_FIELD = re.compile(r"files?\[(\d+)\]|file")
_BOOLEANS = {"true": True, "false": False}


@dataclass(slots=True, kw_only=True)
class Upload:
    """One file of a request, on disk: `index` is the n of `files[n]`, by which the body speaks of it."""

    index: int
    filename: str
    size: int
    path: Path


async def read_body(request: web.Request, folder: Path, uploads: list[Upload], *, forms: bool) -> Any:
    """Read what a request says; its files go among the uploads, from which the caller removes what is not kept.

    `forms` is whether the route takes forms besides JSON. Without a body the type does not matter.

    Raises:
        Refused: 50109, the JSON is none; 40005, it is far too large; 50035, the route does not take this type.
    """
    kind = request.content_type
    if forms and kind == MULTIPART:
        return await _read_multipart(request, folder, uploads)
    raw = bytearray()
    async for chunk in request.content.iter_any():
        raw += chunk
        if len(raw) > JSON_BYTES:
            raise Refused(40005)
    if raw and kind != JSON and not (forms and kind == URL_ENCODED):
        raise _unexpected(forms=forms)
    return _read_fields(raw) if kind == URL_ENCODED else _parse(raw)


def _unexpected(*, forms: bool) -> Refused:
    """Refuse a body of another type than the route takes."""
    taken = ", ".join(f"'{kind}'" for kind in ((JSON, URL_ENCODED, MULTIPART) if forms else (JSON,)))
    text = f'Expected "Content-Type" header to be one of {{{taken}}}.'
    return Refused(INVALID_FORM, errors={"_errors": [{"code": "CONTENT_TYPE_INVALID", "message": text}]})


def _read_fields(raw: bytes | bytearray) -> Any:
    """Read an url-encoded form: its `payload_json`, or else its fields."""
    try:
        fields = dict(parse_qsl(raw.decode(), keep_blank_values=True))
    except ValueError:
        raise Refused(50109) from None
    payload = fields.get("payload_json")
    return _typed(fields) if payload is None else _parse(payload.encode())


def _typed(fields: dict[str, str]) -> dict[str, Any] | None:
    """Read the fields of a form as what they stand for: in a form everything is text."""
    typed: dict[str, Any] = {key: _BOOLEANS.get(value.lower(), value) for key, value in fields.items()}
    if (flags := fields.get("flags", "")).isdecimal():
        typed["flags"] = int(flags)
    return {**typed, "content": fields["content"]} if "content" in fields else typed or None


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
    return _typed(fields) if body is None else body


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
