"""One reason why a request cannot be: a code that the catalogues have words for, and the numbers for the words."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Problem:
    """A rule that a request breaks.

    `code` picks the words, `field` is the option a person would change, `values` fill the words' gaps.
    """

    code: str
    field: str
    values: Mapping[str, Any] = dataclasses.field(default_factory=dict)
