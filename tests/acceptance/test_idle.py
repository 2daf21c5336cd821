"""What a bot has loaded that has started, has told the operator what is left of their packs, and waits."""

import asyncio
import os
import sys

from tests.acceptance.people import Json
from tests.acceptance.system import ROOT, System
from tests.test_start import HEAVY

LIVE = (
    "import sys; from bot.__main__ import main; main(['run']); "
    f"print([each for each in {HEAVY} if each in sys.modules])"
)


async def test_a_bot_that_waits_has_loaded_nothing_that_only_a_video_needs(system: System) -> None:
    system.sandbox.providers.stock([{"total": 10, "used": 9.5}])
    await system.database.prepare()
    bot = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        LIVE,
        env={**os.environ, **system.environment(operator_channel_id=system.id_of("channels", "showcase"))},
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
    )

    async def warning() -> Json | None:
        messages = await system.people.messages("showcase")
        return next((each for each in messages if "Video units (pack-1)" in each["content"]), None)

    try:
        await system.people.online()
        await system.people.until(warning, what="the warning about the packs")
        bot.terminate()
        loaded, _ = await bot.communicate()
    finally:
        if bot.returncode is None:
            bot.kill()
            await bot.wait()
    assert loaded.decode().strip() == "[]"
