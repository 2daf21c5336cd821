"""A video service that costs next to nothing to serve: every task is in progress, or is finished at once.

Arguments: the file that finished tasks give, or nothing for tasks that never finish; how many seconds a query takes.
Prints its port.
"""

import argparse
import asyncio
import sys
from pathlib import Path
from typing import Final

from aiohttp import web

_PARSER: Final = argparse.ArgumentParser()
_PARSER.add_argument("file", nargs="?")
_PARSER.add_argument("--latency", type=float, default=0)
_ARGUMENTS: Final = _PARSER.parse_args()


async def _create(_: web.Request) -> web.Response:
    return web.json_response({"id": "task-1", "status": "in_queue"})


async def _query(request: web.Request) -> web.Response:
    task = request.match_info["id"]
    if task == "nothing":
        return web.json_response({"message": "not found"}, status=404)
    if _ARGUMENTS.latency:
        await asyncio.sleep(_ARGUMENTS.latency)
    if _ARGUMENTS.file is None:
        return web.json_response({"id": task, "status": "in_progress"})
    content = {"type": "video", "url": f"http://{request.host}/file.mp4", "duration": 3}
    return web.json_response({"id": task, "status": "completed", "output": [{"content": [content]}]})


async def _file(_: web.Request) -> web.FileResponse:
    return web.FileResponse(Path(_ARGUMENTS.file))


async def main() -> None:
    """Serve until ended."""
    app = web.Application()
    app.router.add_post("/model/v1/generation", _create)
    app.router.add_get("/model/v1/generation/task/{id}", _query)
    app.router.add_get("/file.mp4", _file)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    sys.stdout.write(f"{runner.addresses[0][1]}\n")
    sys.stdout.flush()
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
