"""Runs libav on untrusted bytes, in a child process: one request, one answer, then it ends.

Standard input carries one line of JSON, `{"do": "probe" | "pack" | "encode", "source", "seconds"}`, the last two kinds
with `"target", "limit", "comment"` as well, and is then held open by the parent: its end means that the parent is gone,
and the child ends at once. Standard output carries one line of JSON, one of

- `{"info": {…}}`, the fields of `MediaInfo`, with `"made": true` where they are those of the target, and the source is
  not to be used as it is;
- `{"encode": true}`, packing it anew is not enough;
- `{"unusable": reason}` or `{"too_large": reason}`, a verdict on the file;
- `{"trouble": text}`, this machine or this program failed, and nothing is known of the file.

Imported by name with `python -m`, so it and what it imports at the top must stay light: its start is part of the time
every delivery takes.
"""

import json
import math
import os
import sys
import threading
from dataclasses import asdict
from pathlib import Path
from typing import IO, Any, Final

from bot.errors import ResultTooLarge, ResultUnusable
from bot.service.media.probe import examine
from bot.service.media.transcode import THREADS, encode, pack

MEMORY_BYTES: Final = 1536 << 20  # address space of the child; a re-encode in 4K was seen to take 1.1 GB of it
SPARE_BYTES: Final = (
    16 << 20
)  # that a file may be over its limit before it is cut off: what is too large is tried again
NICENESS: Final = 10  # a re-encode takes what the bot's own process leaves


def answer(request: dict[str, Any]) -> dict[str, Any]:
    """Do what one request asks for; the shapes are those of the module. Never raises."""
    try:
        return _do(request)
    except ResultUnusable as exc:
        return {"unusable": exc.reason}
    except ResultTooLarge as exc:
        return {"too_large": exc.reason}
    except Exception as exc:  # noqa: BLE001 - the process ends here; the parent must learn why
        return {"trouble": f"{type(exc).__name__}: {exc}"[:500]}


def _do(request: dict[str, Any]) -> dict[str, Any]:
    source = Path(request["source"]).absolute()
    if request["do"] == "probe":
        return {"info": asdict(examine(source))}
    work = pack if request["do"] == "pack" else encode
    made = work(source, Path(request["target"]).absolute(), limit=request["limit"], comment=request["comment"])
    return {"encode": True} if made is None else {"info": asdict(made.info), "made": made.new}


def confine(*, seconds: float, file_bytes: int) -> None:
    """Give way to others, leave no core file, and take no more memory, time and disk than a video needs; POSIX only.

    `seconds` is what the parent waits; each of libav's threads may work for that long.
    """
    if sys.platform == "win32":
        return
    import resource  # noqa: PLC0415 - Windows has none

    os.nice(NICENESS)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    for kind, wanted in (
        (resource.RLIMIT_AS, MEMORY_BYTES),
        (resource.RLIMIT_CPU, math.ceil(seconds * THREADS)),
        (resource.RLIMIT_FSIZE, file_bytes),
    ):
        _, most = resource.getrlimit(kind)
        least = wanted if most == resource.RLIM_INFINITY else min(wanted, most)
        resource.setrlimit(kind, (least, most))


def end_with_parent(lines: IO[bytes]) -> None:
    """Block until the parent lets go of `lines`, then end this process, whatever libav is doing."""
    lines.read()
    os._exit(1)


def main() -> None:
    """Run as the child."""
    lines, answers = sys.stdin.buffer, sys.stdout.buffer
    request = json.loads(lines.readline())
    confine(seconds=request["seconds"], file_bytes=2 * request.get("limit", 0) + SPARE_BYTES)
    threading.Thread(target=end_with_parent, args=(lines,), daemon=True).start()
    answers.write(json.dumps(answer(request)).encode() + b"\n")
    answers.flush()
    os._exit(0)  # the thread still reads, and there is nothing to tear down


if __name__ == "__main__":
    main()
