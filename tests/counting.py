"""Pauses the coverage of this process where lines run that other tests count.

Noting every step of the interpreter takes half as long as the steps do, and a line counts once however often it runs.
"""

import os
from collections.abc import Hashable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from importlib import import_module
from pkgutil import walk_packages
from typing import Final

import coverage

# Modules whose lines other tests count, all but two hundred branches of forty thousand: they repeat what others do, on
# another database, in another language, after a kill or so many times that nothing is left out.
UNCOUNTED: Final = (
    "tests/acceptance/test_admin_access.py",
    "tests/acceptance/test_command_tree.py",
    "tests/acceptance/test_confirming.py",
    "tests/acceptance/test_defaults.py",
    "tests/acceptance/test_error_words.py",
    "tests/acceptance/test_every_press.py",
    "tests/acceptance/test_forgetting.py",
    "tests/acceptance/test_gallery.py",
    "tests/acceptance/test_happy_path.py",
    "tests/acceptance/test_kill_matrix.py",
    "tests/acceptance/test_kill_results.py",
    "tests/acceptance/test_kill_reviews.py",
    "tests/acceptance/test_leaving.py",
    "tests/acceptance/test_library.py",
    "tests/acceptance/test_many_processes.py",
    "tests/acceptance/test_on_postgres.py",
    "tests/acceptance/test_outage.py",
    "tests/acceptance/test_private_log.py",
    "tests/acceptance/test_rest_proxy.py",
    "tests/acceptance/test_restore.py",
    "tests/acceptance/test_scans.py",
    "tests/acceptance/test_spanish.py",
    "tests/acceptance/test_stopping.py",
    "tests/acceptance/test_trouble_discord.py",
    "tests/acceptance/test_trouble_file.py",
    "tests/acceptance/test_trouble_provider.py",
    "tests/acceptance/test_turns.py",
    "tests/acceptance/test_user_install.py",
    "tests/acceptance/test_waiting_time.py",
    "tests/acceptance/test_watching.py",
    "tests/browser/test_living_together.py",
    "tests/browser/test_making_videos.py",
    "tests/domain/test_polling.py",
    "tests/domain/test_sharing.py",
    "tests/domain/test_template.py",
    "tests/domain/test_waiting.py",
    "tests/domain/test_watching.py",
    "tests/provider/test_kirin_untrusted.py",
    "tests/provider/test_kling_sandbox.py",
    "tests/provider/test_kling_untrusted.py",
    "tests/sandbox/discord/test_client.py",
    "tests/sandbox/rendering/test_render.py",
    "tests/service/jobs/test_callbacks.py",
    "tests/simulation/",
    "tests/store/jobs/test_accept.py",
    "tests/store/jobs/test_claims.py",
    "tests/store/jobs/test_claims_together.py",
    "tests/store/jobs/test_dead_letters.py",
    "tests/store/jobs/test_fair_queue.py",
    "tests/store/jobs/test_jobs.py",
    "tests/store/jobs/test_next_step.py",
    "tests/store/jobs/test_provider_rests.py",
    "tests/store/jobs/test_results.py",
    "tests/store/jobs/test_transitions.py",
    "tests/store/member/test_library.py",
    "tests/store/money/test_money_machine.py",
    "tests/store/test_counts_upgrade.py",
    "tests/store/test_deadlocks.py",
    "tests/store/test_every_upgrade.py",
    "tests/store/test_outbox.py",
    "tests/store/test_plans.py",
    "tests/store/test_upgrade.py",
    "tests/test_architecture_page.py",
    "tests/test_catalogues.py",
    "tests/test_soak.py",
    "tests/torture/",
    "tests/wiring/test_spending.py",
)

PACKAGES: Final = ("bot", "cogs", "sandbox")  # whose lines are counted
MAIN: Final = "__main__"  # how a module is called that does its work when it is imported

_counted: Final[set[Hashable]] = set()


@contextmanager
def uncounted() -> Iterator[None]:
    """Pause this process's coverage, where there is any; inside a pause nothing changes.

    pytest-cov measures twice in each process of a run with several, and what is stopped first has the other go on.
    """
    stopped: list[coverage.Coverage] = []
    while measured := coverage.Coverage.current():
        measured.stop()
        stopped.append(measured)
    try:
        yield
    finally:
        for each in reversed(stopped):
            each.start()


def counted_once(what: Hashable) -> AbstractContextManager[None]:
    """Count what most tests do alike when a process does it for the first time, and pause coverage ever after."""
    if what in _counted:
        return uncounted()
    _counted.add(what)
    return nullcontext()


def count_imports() -> None:
    """Import all that is counted, so that the lines that run then count: in one process of a run, which is enough."""
    if coverage.Coverage.current() is None or os.environ.get("PYTEST_XDIST_WORKER", "gw0") != "gw0":
        return
    for name in PACKAGES:
        for module in walk_packages(import_module(name).__path__, f"{name}."):
            if not module.name.endswith(MAIN):
                import_module(module.name)
