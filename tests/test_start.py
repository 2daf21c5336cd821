"""What starting the bot does not import: libraries that are slow to import, and needed later or by few."""

import ctypes
import subprocess
import sys
from typing import Final

import pytest

HEAVY: Final = (
    "PIL",
    "aiohttp.web",
    "av",
    "babel",
    "discord.ext.commands",
    "httpx",
    "jwt",
    "matplotlib",
    "numpy",
    "opentelemetry",
    "prometheus_client",
    "regex",
    "tzdata",
)


def test_importing_the_app_imports_nothing_heavy() -> None:
    assert _printed(f"import sys, bot.app; print([each for each in {HEAVY} if each in sys.modules])") == "[]"


def test_the_texts_that_people_read_are_found_without_babel() -> None:
    program = "import sys; from bot.locale import locales, words; [words(each) for each in locales()]"
    assert _printed(f"{program}; print('babel' in sys.modules)") == "False"


def test_a_language_is_read_when_it_is_first_spoken_and_once_for_all_its_readers() -> None:
    program = (
        "import sys; from bot.locale import words; from cogs.ui.translator import in_every_language; "
        "read = []; sys.addaudithook(lambda event, about: event == 'open' and read.append(str(about[0]))); "
        "told = in_every_language([{'type': 1, 'name': 'video'}]); assert told[0]['name_localizations']; read.clear(); "
        "spoken = lambda: sorted({each.split('/')[-2] for each in read if each.endswith('.po')}); "
        "[words(each) for each in ('en-US', 'en-GB', 'de')]; print(spoken()); "
        "[words(each) for each in ('zh-CN', 'zh-TW')]; print(spoken()); read.clear(); words('zh-TW'); print(spoken())"
    )
    assert _printed(program) == "[]\n['zh-CN']\n[]"


def test_what_is_read_from_outside_is_described_to_pydantic_when_it_first_comes() -> None:
    program = "import bot.app; from bot.domain import Allowance, Policy, VideoRequest as Request"
    assert _printed(f"{program}; print([each.__pydantic_complete__ for each in (Allowance, Policy, Request)])") == (
        "[False, False, False]"
    )


def test_nobody_looks_for_garbage_in_what_the_app_is_made_of() -> None:
    found = _printed(
        "import gc; from bot.__main__ import import_app; before = gc.get_freeze_count(); import_app(); "
        "print(gc.isenabled(), before, gc.get_freeze_count() > 100_000)"
    )
    assert found == "True 0 True"


def test_what_the_imports_have_left_behind_is_dropped_before_the_bot_starts() -> None:
    found = _printed(
        "import gc; from bot.__main__ import drop_garbage, import_app; import_app(); before = gc.get_freeze_count(); "
        "drop_garbage(); print(gc.isenabled(), gc.get_freeze_count() < before)"
    )
    assert found == "True True"


def test_no_methods_are_built_that_nothing_has_called_yet() -> None:
    program = (
        "import dataclasses, sys, bot.app; "
        "ours = [each for name, module in sys.modules.items() if name.startswith(('bot', 'cogs')) "
        "for each in vars(module).values() if isinstance(each, type) and dataclasses.is_dataclass(each)]; "
        "print({each.__name__ for each in ours "
        "if each.__dataclass_params__.frozen and each.__module__.startswith(('bot', 'cogs'))})"
    )
    assert _printed(program) == "{'Problem'}"  # the errors import nothing of ours


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "malloc_info"), reason="arenas are glibc's")
def test_threads_share_one_arena_of_memory() -> None:
    # Ten threads ask for memory, each while the others are there.
    told = _printed(
        "import ctypes, threading; from bot.__main__ import share_arena; share_arena(); "
        "libc = ctypes.CDLL(None); libc.fopen.restype = ctypes.c_void_p; "
        "met = threading.Barrier(10); meet = lambda: (met.wait(), libc.malloc(1000), met.wait()); "
        "threads = [threading.Thread(target=meet) for _ in range(10)]; "
        "[each.start() for each in threads]; [each.join() for each in threads]; "
        "out = ctypes.c_void_p(libc.fopen(b'/dev/stdout', b'w')); libc.malloc_info(0, out); libc.fflush(out)"
    )
    assert told.count("<heap nr=") == 1


def _printed(program: str) -> str:
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)  # noqa: S603 (ourselves)
    return done.stdout.strip()
