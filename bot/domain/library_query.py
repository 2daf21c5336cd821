"""Which videos of a library somebody wants to see."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class LibraryQuery:
    """Which videos somebody wants to see: with a text in the prompt, of a model, starred. Nothing said is all."""

    text: str = ""
    model: str | None = None
    favourites: bool = False
