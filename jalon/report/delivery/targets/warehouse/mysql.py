"""MySQL and MariaDB as dlt should make their tables: texts of any length and any character, each as itself.

dlt's own TEXT ends at 64 KiB, which its note of our tables exceeds, and takes the collation of the server, by which
keys that differ by a capital or an accent are mostly one.
"""

from __future__ import annotations

from dlt.common.destination.typing import PreparedTableSchema
from dlt.common.schema.typing import TColumnSchema
from dlt.destinations.impl.sqlalchemy.dialect import MysqlDialectCapabilities, register_dialect_capabilities
from dlt.destinations.impl.sqlalchemy.type_mapper import MysqlVariantTypeMapper
from sqlalchemy.dialects.mysql import LONGTEXT
from sqlalchemy.types import TypeEngine

DIALECTS = ("mysql", "mariadb")


class Types(MysqlVariantTypeMapper):
    def db_type_from_text_type(self, column: TColumnSchema, table: PreparedTableSchema) -> TypeEngine[str]:  # noqa: ARG002 # dlt's
        return LONGTEXT(charset="utf8mb4", collation="utf8mb4_bin")


class Capabilities(MysqlDialectCapabilities):
    def type_mapper_class(self) -> type[Types]:
        return Types


def register() -> None:
    """Tell dlt to make its tables so in this process."""
    for name in DIALECTS:
        register_dialect_capabilities(name, Capabilities)
