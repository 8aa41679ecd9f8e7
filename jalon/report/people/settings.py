"""`[personas.NAME]` and `[targets]` of jalon.toml, checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    FiniteFloat,
    StrictBool,
    StrictFloat,
    StrictInt,
    StrictStr,
    model_validator,
)

from jalon.report.marts.dimension_tables import DIM_CUSTOMERS

Value = StrictBool | StrictInt | StrictFloat | StrictStr
Operator = Literal["=", "!=", "<", "<=", ">", ">=", "in"]
ORDERED = ("<", "<=", ">", ">=")
KINDS: dict[str, tuple[type, ...]] = {
    "text": (str,), "boolean": (bool,), "integer": (int, float), "decimal": (int, float),
}  # fmt: skip
"""Type of a column -> what it may be compared with."""
PERSONAS = ("persona", "proposed_persona")
COLUMNS = {
    each.name: each.type
    for each in DIM_CUSTOMERS.columns
    if each.type in KINDS and each.name not in ("person", "is_told", *PERSONAS)
}
"""Columns of `dim_customers` that personas may be told by -> type."""


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class Condition(_Table):
    """One line of `where`. Where the column is empty, it does not hold."""

    column: str
    op: Operator = "="
    value: Annotated[Value | tuple[Value, ...], Field(union_mode="left_to_right")]

    @model_validator(mode="after")
    def _fits_the_column(self) -> Condition:
        if self.column not in COLUMNS:
            raise ValueError(f"{self.column!r} is no column that personas are told by; known are: {', '.join(COLUMNS)}")
        if (self.op == "in") != isinstance(self.value, tuple):
            raise ValueError('a list of values goes with op = "in", and only with it')
        if self.op in ORDERED and COLUMNS[self.column] in ("text", "boolean"):
            raise ValueError(f"{self.column} has no order: use =, != or in")
        wanted = KINDS[COLUMNS[self.column]]
        for value in self.values:
            if not isinstance(value, wanted) or (isinstance(value, bool) and bool not in wanted):
                raise ValueError(f"{self.column} is compared with {_CALLED[COLUMNS[self.column]]}")
        return self

    def __repr__(self) -> str:
        said = (str(value).lower() if isinstance(value, bool) else str(value) for value in self.values)
        return f"{self.column} {self.op} {', '.join(said)}"

    @property
    def values(self) -> tuple[Value, ...]:
        """The value, or each of several."""
        return self.value if isinstance(self.value, tuple) else (self.value,)


_CALLED = {"text": "a text", "boolean": "true or false", "integer": "a number", "decimal": "a number"}


class Persona(_Table):
    """`[personas.NAME]`: a segment of customers. Of several that fit, the first in the file is a person's."""

    title: str = ""
    """What people call it; default: NAME."""
    title_fr: str = ""
    """The same in French; default: `title`."""
    where: Annotated[tuple[Condition, ...], Field(min_length=1)]
    """What must hold, all of it, as [{ column = "purchases", op = ">=", value = 3 }]; columns are dim_customers'."""


class Target(_Table):
    """What is wanted of one measure of a stage, or of one cell of the journey map."""

    stage: str
    channel: str = ""
    measure: str
    target: FiniteFloat
    preset: str = "canonical"
    member: str = ""
    """Of a measure that is told by platform: the platform; where several of its sources tell it, `platform:source`."""
    model: str = ""
    currency: str = ""


class Targets(_Table):
    """`[targets]`."""

    file: Path | None = None
    """CSV of targets, relative to jalon.toml, with the columns stage, channel, measure, target: docs/measures.md."""
    cells: tuple[Target, ...] = ()
    """Targets as [[targets.cells]], with the columns of that file as keys: docs/measures.md."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the marts are told of personas and targets."""

    personas: Mapping[str, Persona]
    targets: tuple[Target, ...] = ()


NOTHING_WANTED = Wanted({})
