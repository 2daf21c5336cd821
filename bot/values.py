"""Makes frozen dataclasses like the standard library's, but builds their methods when the first of them is called.

The standard library compiles six methods for each class where it is imported: with 150 classes that is a quarter of the
CPU of a start, and most of them are not used for hours, if ever.
"""

import dataclasses
from collections.abc import Callable
from dataclasses import asdict, field, replace
from typing import TYPE_CHECKING, Any, Final, TypeVar

__all__ = ["asdict", "dataclass", "field", "replace"]

_T = TypeVar("_T")

if TYPE_CHECKING:
    from dataclasses import dataclass  # to its users ours is the same
else:

    def dataclass(*, frozen: bool, slots: bool, kw_only: bool = False) -> Callable[[type[_T]], type[_T]]:
        """Make a frozen dataclass with slots: no other is made here."""
        assert frozen  # noqa: S101 (of the code, not of what comes from outside)
        return lambda cls: _made(cls, slots=slots, kw_only=kw_only)


def _made(cls: type[_T], *, slots: bool, kw_only: bool) -> type[_T]:
    """Make the dataclass with stand-ins for its methods, but for those that its body has."""
    own = vars(cls)
    late = [name for name in _STAND_INS if own.get(name) is None]
    cls.__doc__ = cls.__doc__ or cls.__name__  # else its signature is worked out for it
    made = dataclasses.dataclass(init=False, repr=False, eq=False, slots=slots, kw_only=kw_only)(cls)
    shared = {
        "__setattr__": _refuse_to_set,
        "__delattr__": _refuse_to_delete,
        "__getstate__": _state,
        "__setstate__": _restore,
    }
    for name, method in shared.items():
        setattr(made, name, method)
    for name in late:
        setattr(made, name, _STAND_INS[name])
    return made


def _stand_in(name: str) -> Callable[..., Any]:
    """Write a method, for every dataclass, that builds the late ones and then does what the one of its name does."""

    def stand_in(self: Any, /, *args: Any, **values: Any) -> Any:
        of = type(self)
        late = next((each for each in of.__mro__ if vars(each).get(name) is stand_in), None)
        if late is not None:  # else another thread was quicker
            _build(late)
        return getattr(late or of, name)(self, *args, **values)

    stand_in.__name__ = stand_in.__qualname__ = name
    return stand_in


_STAND_INS: Final = {name: _stand_in(name) for name in ("__init__", "__repr__", "__eq__", "__hash__")}


def _build(cls: type[Any]) -> None:
    """Take the late methods from a dataclass of the same fields; to do so twice at once does no harm."""
    whole = dataclasses.make_dataclass(
        cls.__name__,
        [(each.name, each.type, _alike(each)) for each in dataclasses.fields(cls)],
        namespace={"__doc__": cls.__doc__},
        frozen=True,
    )
    for name, stand_in in _STAND_INS.items():
        if vars(cls).get(name) is stand_in:
            setattr(cls, name, vars(whole)[name])


def _alike(one: "dataclasses.Field[Any]") -> Any:
    """Describe a field as another's: that one belongs to its class."""
    described: dict[str, Any] = {
        name: getattr(one, name)
        for name in ("default", "default_factory", "init", "repr", "hash", "compare", "kw_only")
        if getattr(one, name) is not dataclasses.MISSING
    }
    return field(**described)


def _refuse_to_set(_self: object, name: str, _value: object) -> None:
    raise dataclasses.FrozenInstanceError(f"cannot assign to field {name!r}")


def _refuse_to_delete(_self: object, name: str) -> None:
    raise dataclasses.FrozenInstanceError(f"cannot delete field {name!r}")


def _state(self: Any) -> list[Any]:
    """List the values of a dataclass that is copied."""
    return [getattr(self, each.name) for each in dataclasses.fields(self)]


def _restore(self: Any, state: list[Any]) -> None:
    """Put the values into the copy."""
    for each, value in zip(dataclasses.fields(self), state, strict=True):
        object.__setattr__(self, each.name, value)
