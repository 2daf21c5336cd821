"""The child process in which libav meets untrusted bytes: one request, one answer, then it ends.

Standard input carries one line of JSON, `{"do": "probe" | "remux" | "encode", "source", "target"?, "limit"?}`, and is
then held open by the parent: its end means that the parent is gone, and the child ends at once. Standard output
carries one line of JSON, one of

- `{"info": {…}}`, the fields of `MediaInfo`, or `{"done": true}`;
- `{"unusable": reason}` or `{"too_large": reason}`, a verdict on the file;
- `{"trouble": text}`, this machine or this program failed, and nothing is known of the file.

Imported by name with `python -m`, so it and what it imports at the top must stay light: its start is part of the time
every delivery takes.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from pathlib import Path
from typing import IO, Any, Final

from bot.errors import ResultTooLarge, ResultUnusable
from bot.service.media_fit import encode, remux
from bot.service.media_probe import examine

MEMORY_BYTES: Final = 4 << 30  # address space of the child, most of it never touched
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
        info = examine(source)
        return {"info": {name: getattr(info, name) for name in info.__slots__}}
    target = Path(request["target"]).absolute()
    if request["do"] == "remux":
        remux(source, target)
    else:
        encode(source, target, limit=request["limit"])
    return {"done": True}


def confine() -> None:
    """Give way to others, leave no core file, and take no more memory than a film needs; POSIX only."""
    if sys.platform == "win32":
        return
    import resource  # noqa: PLC0415 - Windows has none

    os.nice(NICENESS)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    _, most = resource.getrlimit(resource.RLIMIT_AS)
    least = MEMORY_BYTES if most == resource.RLIM_INFINITY else min(MEMORY_BYTES, most)
    resource.setrlimit(resource.RLIMIT_AS, (least, most))


def end_with_parent(lines: IO[bytes]) -> None:
    """Block until the parent lets go of `lines`, then end this process, whatever libav is doing."""
    lines.read()
    os._exit(1)


def main() -> None:
    """Run as the child."""
    confine()
    lines, answers = sys.stdin.buffer, sys.stdout.buffer
    request = json.loads(lines.readline())
    threading.Thread(target=end_with_parent, args=(lines,), daemon=True).start()
    answers.write(json.dumps(answer(request)).encode() + b"\n")
    answers.flush()
    os._exit(0)  # the thread still reads, and there is nothing to tear down


if __name__ == "__main__":
    main()
