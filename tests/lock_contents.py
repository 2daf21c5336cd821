"""Does a lock hold all that its packages require, extras included?

Then nothing is left to resolve when it is installed. What a package requires stands in the metadata of the installed
one; each requirement is asked for under every supported Python and system, since it may count under some of them only.
"""

import itertools
import re
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from importlib import metadata
from typing import Final

from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

Requires = Callable[[str, str], Sequence[str] | None]
"""The requirements of a package, by its name and version; None where it is not installed in that version."""

PYTHONS: Final = ("3.11", "3.12", "3.13", "3.14")
SYSTEMS: Final = (("linux", "Linux", "posix"), ("darwin", "Darwin", "posix"), ("win32", "Windows", "nt"))
_PINNED: Final = re.compile(r"^([\w.-]+)==([^\s;\\]+)(?: ; ([^\\\n]+))?", re.MULTILINE)


def missing(lock: str, wanted: str, *, requires: Requires) -> Iterator[str]:
    """Each requirement that the lock does not meet, once, beginning with the `wanted` one."""
    said = set()
    for environment in _environments():
        for problem in _missing_in(environment, _pins(lock, environment), wanted, requires):
            if problem not in said:
                said.add(problem)
                where = f"Python {environment['python_full_version']} on {environment['sys_platform']}"
                yield f"{problem} ({where})"


@cache  # asked for in each environment
def installed(name: str, version: str) -> Sequence[str] | None:
    """What the installed package says that it requires; None where it is not installed in that version."""
    try:
        found = metadata.distribution(name)
    except metadata.PackageNotFoundError:
        return None
    return (found.requires or []) if found.version == version else None


def _environments() -> Iterator[dict[str, str]]:
    """The running one, then the first and the latest of each supported Python on each system."""
    here = _running()
    yield here
    for python, last, (platform, system, name) in itertools.product(PYTHONS, ("0", "99"), SYSTEMS):
        versions = {"python_version": python, "python_full_version": f"{python}.{last}"}
        yield here | versions | {"sys_platform": platform, "platform_system": system, "os_name": name}


def _running() -> dict[str, str]:
    return {name: str(value) for name, value in default_environment().items()}


def _pins(lock: str, environment: dict[str, str]) -> dict[str, str]:
    """The version of each package that the lock installs there."""
    return {
        canonicalize_name(name): version
        for name, version, marker in _PINNED.findall(lock)
        if _counts(_read(f"{name} ; {marker}" if marker else name), environment)
    }


def _missing_in(environment: dict[str, str], pins: dict[str, str], wanted: str, requires: Requires) -> Iterator[str]:
    here, seen, todo = environment == _running(), set(), [("this project", Requirement(wanted))]
    while todo:
        asker, requirement = todo.pop()
        name, extras = canonicalize_name(requirement.name), frozenset(requirement.extras)
        version = pins.get(name)
        if version is None:
            yield f"lacks {requirement}, which {asker} requires"
            continue
        if not requirement.specifier.contains(version, prereleases=True):
            yield f"has {name}=={version}, but {asker} requires {requirement}"
        if (name, extras) in seen:
            continue
        seen.add((name, extras))
        further = requires(name, version)
        if further is None and here:
            yield f"has {name}=={version}, which is not what is installed: run `make setup`"
        found = map(_read, further or ())
        todo += [(name, each) for each in found if _counts(each, environment, extras)]


@cache
def _read(requirement: str) -> Requirement:
    return Requirement(requirement)


def _counts(requirement: Requirement, environment: dict[str, str], extras: frozenset[str] = frozenset()) -> bool:
    """Whether a requirement applies there, for a package that was asked for with these extras."""
    marker = requirement.marker
    return marker is None or any(marker.evaluate({**environment, "extra": extra}) for extra in ("", *extras))
