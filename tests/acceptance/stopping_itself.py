"""Runs the real bot as a process whose submissions are short, and may stop in their middle.

    python stopping_itself.py [MARK]

With MARK, the first process that is about to send a submission makes that file and stops (SIGSTOP) until somebody has
it go on; then the file says whether it could still be sent. A submission has ended after `LONGEST` seconds, where the
bot's own would after 90.
"""

import asyncio
import os
import signal
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Final

from bot import log
from bot.app import run
from bot.domain import VideoRequest
from bot.provider.base import Task
from bot.provider.call import Timeouts
from bot.provider.kling import Kling
from bot.provider.transport import Transport
from bot.settings import Settings
from bot.wiring.world import World

LONGEST: Final = 2.0


class Stopping(Kling):
    """The Kling API, at which a process stops at the last moment before something is sent."""

    mark: str | None = None

    async def submit(
        self, request: VideoRequest, *, external_id: str, may_send: Callable[[], bool] = lambda: True
    ) -> Task:
        def stop_and_ask() -> bool:
            if self.mark is None or not self._is_first():
                return may_send()
            os.kill(os.getpid(), signal.SIGSTOP)
            may = may_send()
            Path(self.mark).write_text(str(may), encoding="utf-8")
            return may

        return await super().submit(request, external_id=external_id, may_send=stop_and_ask)

    def _is_first(self) -> bool:
        try:
            Path(self.mark or "").touch(exist_ok=False)
        except FileExistsError:
            return False
        return True


def main(mark: str | None = None) -> None:
    settings = Settings.load(env_file=None)

    def stopping(world: World) -> World:
        if settings.kling_api_key is None:
            raise RuntimeError("there is no key of the sandbox's")
        transport = Transport(
            provider="kling",
            base_url=settings.kling_base_url,
            token=settings.kling_api_key.get_secret_value,
            timeouts=Timeouts(call=LONGEST),
        )
        kling = Stopping(transport=transport, prefix=settings.kling_path_prefix)
        kling.mark = mark
        assert kling.longest_create == timedelta(seconds=LONGEST)
        return replace(world, providers={"kling": kling})

    with log.setup(level=settings.log_level, format=settings.log_format, secrets=settings.secrets()):
        asyncio.run(run(settings, substitute=stopping))


if __name__ == "__main__":
    main(*sys.argv[1:])
