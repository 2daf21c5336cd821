"""What starting the bot does not import: libraries that are slow to import, and needed later or by few."""

import subprocess
import sys
from typing import Final

HEAVY: Final = (
    "PIL",
    "aiohttp.web",
    "av",
    "babel",
    "discord.ext.commands",
    "filelock",
    "jwt",
    "matplotlib",
    "numpy",
    "regex",
    "tzdata",
)


def test_importing_the_app_imports_nothing_heavy() -> None:
    program = f"import sys, bot.app; print([each for each in {HEAVY} if each in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)  # noqa: S603 (ourselves)
    assert done.stdout.strip() == "[]"
