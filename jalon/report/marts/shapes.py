"""What a mart's shape is told in: tables, keys, columns, and what the columns refer to."""

from __future__ import annotations

from typing import Literal, NamedTuple

Type = Literal["text", "integer", "decimal", "instant", "date", "boolean"]
DIMENSION = "dim_"
"""What the name of a dimension begins with."""
NONE = "(none)"
"""Key of the member that every dimension of texts has for what names none, or where it is not known."""


class Column(NamedTuple):
    """A column: `unit` is empty where there is none; `references` names the mart whose key it holds."""

    name: str
    type: Type
    meaning: str
    unit: str = ""
    references: str = ""

    @property
    def names_member(self) -> bool:
        """Whether it names a member of a dimension. Such a column is never empty."""
        return self.references.startswith(DIMENSION)


class Mart(NamedTuple):
    """A table that other tools read. Rows that a key refers to exist: every build checks it."""

    name: str
    meaning: str
    primary_key: tuple[str, ...]
    columns: tuple[Column, ...]

    @property
    def names(self) -> list[str]:
        """The names of the columns, in order."""
        return [column.name for column in self.columns]

    @property
    def key(self) -> str:
        """The one column of the key, of a mart that others refer to."""
        (name,) = self.primary_key
        return name

    @property
    def foreign_keys(self) -> list[Column]:
        """The columns that hold keys of other marts."""
        return [column for column in self.columns if column.references]

    @property
    def filled(self) -> list[str]:
        """The names of the columns that are never empty: the key, and what names a member of a dimension."""
        return [each.name for each in self.columns if each.name in self.primary_key or each.names_member]

    @property
    def is_dimension(self) -> bool:
        return self.name.startswith(DIMENSION)


def money(name: str, meaning: str) -> tuple[Column, Column]:
    """Return an amount twice: in minor units, to calculate with, and as a decimal, to look at."""
    return (
        Column(f"{name}_minor", "integer", meaning, "minor units of `currency`"),
        Column(name, "decimal", f"The same, {meaning[0].lower()}{meaning[1:]}", "`currency`"),
    )


def day(name: str, meaning: str, unit: str = "local day of the account") -> Column:
    """Return a column that names a day of `dim_dates`."""
    return Column(name, "date", meaning, unit, references="dim_dates")


CURRENCY = Column("currency", "text", "ISO 4217 code of the money in the row, as it was told")
SOURCE = Column("source", "text", "Name of the source in jalon.toml", references="dim_accounts")
PRESET = Column("preset", "text", "The stage model: canonical, five-phases, six-steps, classic or lifecycle")
MODEL = Column("model", "text", "The attribution model", references="dim_models")
PERSON = Column("person", "text", f"Pseudonym; {NONE}: not known", references="dim_customers")
CHANNEL = Column("channel", "text", "Where: a network, search, email, direct, ...", references="dim_channels")
STAGE = Column("stage", "text", "Canonical stage of the journey", references="dim_stages")
CONTENT = Column("content_id", "text", f"The platform's id of the content; {NONE}: none", references="dim_content")
CREATOR = Column("creator_id", "text", f"The platform's id of the creator; {NONE}: none", references="dim_creators")
PRODUCT = Column("product_id", "text", f"The platform's id of the product; {NONE}: none", references="dim_products")
CREDITED_TO = (
    Column("touch_uid", "text", "The touchpoint; empty: none, or it is modelled", references="fct_touchpoints"),
    Column(
        "estimate_uid",
        "text",
        "Where modelled: the content that its order was shared out to",
        references="rpt_content_estimates",
    ),
)
"""What a row of credit belongs to: at most one of the two is filled."""
OBSERVED = Column("observed_at", "instant", "When the platform's answer was asked for that the row is made from", "UTC")


def stage_key(name: str = "stage_key", what: str = "The stage") -> Column:
    """Return a column that names a stage of a stage model by one key."""
    return Column(name, "text", f"{what}: `preset/stage`, and of the canonical ones `stage`", references="dim_stages")
