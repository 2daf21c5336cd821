"""What benchmarks measure: figures with their bounds, and what was found of each."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Figure:
    """Something that is measured, in a `unit`, against a `floor` in the same run.

    `at_most` and `at_least` bound it; without them it is only to be known. `before` is what it was when it was bounded.
    """

    name: str
    unit: str = "×"
    floor: str = ""
    at_most: float | None = None
    at_least: float | None = None
    before: str = ""

    def found(self, value: float, *, floor: str = "") -> "Measured":
        """Make a measurement of a value; `floor` says what was found of the floor."""
        return Measured(figure=self, value=value, floor=floor)

    @property
    def bound(self) -> str:
        """Write the bound, as the page has it; nothing where there is none."""
        bounds = (("≤", self.at_most), ("≥", self.at_least))
        return " ".join(f"{sign} {limit:g} {self.unit}" for sign, limit in bounds if limit is not None)


@dataclass(frozen=True, kw_only=True, slots=True)
class Measured:
    """What was found of a figure."""

    figure: Figure
    value: float
    floor: str = ""

    @property
    def text(self) -> str:
        """Write the value to three digits, with its unit."""
        digits = 0 if self.value >= 100 else 1 if self.value >= 10 else 2
        return f"{self.value:,.{digits}f} {self.figure.unit}"

    @property
    def met(self) -> str:
        """Say whether the value is within the bounds, as it is written; nothing where there are none."""
        if not self.figure.bound:
            return ""
        value = float(self.text.split()[0].replace(",", ""))
        above = self.figure.at_most is not None and value > self.figure.at_most
        below = self.figure.at_least is not None and value < self.figure.at_least
        return "no" if above or below else "yes"

    @property
    def against(self) -> str:
        """Say what the value stands against, and what was found of that."""
        return ": ".join(each for each in (self.figure.floor, self.floor) if each)

    @property
    def line(self) -> str:
        """Write the measurement for a terminal."""
        bound = f"; wanted {self.figure.bound}: {self.met}" if self.figure.bound else ""
        against = f"; against {self.against}" if self.against else ""
        return f"{self.figure.name}: {self.text}{bound}{against}"
