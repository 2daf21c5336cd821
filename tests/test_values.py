"""Frozen dataclasses are what the standard library's are, though their methods come later."""

import copy
import dataclasses
import pickle
from typing import Any

import pytest

from bot.values import asdict, dataclass, field, replace


@dataclass(frozen=True, kw_only=True, slots=True)
class Ours:
    """A place on a map."""

    x: int
    y: int = 2
    tags: list[str] = field(default_factory=list, compare=False)


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Theirs:
    """A place on a map."""

    x: int
    y: int = 2
    tags: list[str] = dataclasses.field(default_factory=list, compare=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class Higher(Ours):
    z: int

    def __repr__(self) -> str:
        return f"up {self.z}"


@dataclass(frozen=True, slots=True)
class Pair:
    first: int
    second: int


def test_its_methods_are_built_when_the_first_is_called() -> None:
    @dataclass(frozen=True, kw_only=True, slots=True)
    class Fresh:
        x: int

    before = vars(Fresh)["__init__"]
    assert repr(Fresh(x=1)).endswith("Fresh(x=1)")
    assert vars(Fresh)["__init__"] is not before
    assert [each.name for each in dataclasses.fields(Fresh)] == ["x"]


def test_it_is_shown_compared_hashed_and_taken_apart_as_theirs() -> None:
    ours, theirs = Ours(x=1), Theirs(x=1)
    other: object = theirs
    assert repr(ours) == repr(theirs).replace("Theirs", "Ours")
    assert ours == Ours(x=1, tags=["not compared"]) != Ours(x=2)
    assert ours != other
    assert hash(ours) == hash(theirs)
    assert asdict(ours) == dataclasses.asdict(theirs)
    assert replace(ours, y=3) == Ours(x=1, y=3)


def test_a_default_is_made_anew_for_each() -> None:
    assert Ours(x=1).tags is not Ours(x=1).tags


def test_nothing_of_it_is_changed_or_added_later() -> None:
    ours: Any = Ours(x=1)
    for name in ("x", "another"):
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(ours, name, 3)
        with pytest.raises(dataclasses.FrozenInstanceError):
            delattr(ours, name)
    assert not hasattr(ours, "__dict__")


def test_what_is_missing_unknown_or_out_of_place_is_refused() -> None:
    make: Any = Ours
    for arguments, values in (((), {}), ((1,), {}), ((), {"x": 1, "w": 2})):
        with pytest.raises(TypeError):
            make(*arguments, **values)


def test_one_that_is_built_upon_another_has_its_fields_and_the_methods_of_its_body() -> None:
    assert repr(Higher(x=1, z=3)) == "up 3"
    assert Higher(x=1, z=3) == Higher(x=1, y=2, z=3) != Ours(x=1)


def test_values_may_come_in_their_order_where_they_need_no_names() -> None:
    assert Pair(1, 2) == Pair(first=1, second=2)
    match Pair(1, 2):
        case Pair(first, second):
            assert (first, second) == (1, 2)


def test_copies_are_equal() -> None:
    higher = Higher(x=1, z=3)
    assert copy.deepcopy(higher) == higher
    assert pickle.loads(pickle.dumps(Pair(1, 2))) == Pair(1, 2)  # noqa: S301 (our own)
