"""Files: exports of own channels, dropped in a folder or named on the command line.

The engine opens the files and cuts them into rows (`jalon.sync.filed`); here is said how a row is read.

Identity: a record is known by the fields that its shape names (`connectors.templates.shapes`), or by all that it says,
never by the file or line that it stood in. So the same row in two files, or in a file that is dropped again, is one
fact; a row that says something else of the same record is a newer revision of it.
"""

from __future__ import annotations

from typing import ClassVar

from jalon.connectors.base import Capability, Folder
from jalon.connectors.files.mapping import Mapped, sheet_of
from jalon.connectors.files.settings import FilesSettings
from jalon.connectors.templates.doors import streams
from jalon.connectors.unasked import UnaskedConnector

_FILE = "when a file is dropped"
_WHOLE = "what the files hold"


class Files(UnaskedConnector):
    """Files of own channels: tills, mailings, forums, surveys, networks, costs of ads, archives."""

    name = "files"
    title = "Files"
    documentation = "https://www.rfc-editor.org/rfc/rfc4180"
    normalizer = "jalon.normalize.files:normalize"
    settings = FilesSettings
    streams: ClassVar = streams()
    capabilities: ClassVar = (
        Capability("content", "event", _FILE, _WHOLE),
        Capability("product_tags", "event", _FILE, _WHOLE, "tags of contents that a file lists"),
        Capability("tag_clicks", "event", _FILE, _WHOLE, "one by one as touchpoints, or as counts in figures"),
        Capability("native_orders", "event", _FILE, _WHOLE, "archives of Instagram's and Facebook's removed order API"),
        Capability("order_content", "event", _FILE, _WHOLE, "what affiliate networks claim"),
        Capability("refunds", "event", _FILE, _WHOLE),
        Capability("web_orders", "event", _FILE, _WHOLE, "and those of tills, which nobody need be known of"),
        Capability("journeys", "event", _FILE, _WHOLE, "touchpoints join the orders of a person that both name"),
        Capability("measures", "aggregate", _FILE, _WHOLE, "costs of ads, sends of mailings"),
        Capability("products", "event", _FILE, _WHOLE),
        Capability("webhooks", "none", note="a file tells of nothing by itself; events go to the connector `hook`"),
    )
    example = """
[sources.SOURCE.tables.till]            # `jalon templates` lists the templates
files = "till-*.csv"                    # names of files in the folder
template = "till_orders"
delimiter = ";"
encoding = "cp1252"                     # default: UTF-8
decimal = ","
dates = "%d/%m/%Y %H:%M"                # default: ISO 8601
zone = "Europe/Paris"                   # of times without an offset
phone_prefix = "33"                     # calling code of phone numbers without one
columns = { order_id = "Ticket", total = "Montant TTC" }   # where a head is not known by itself
constants = { currency = "EUR" }
words = { status = { "Réglé" = "paid" } }
"""

    unasked = ("files are not asked for", "drop them in the folder")

    def account(self, settings: FilesSettings) -> str:
        """Name the folder."""
        return f"files:{settings.folder}"

    def folder(self, settings: FilesSettings) -> Folder:
        """Return the folder."""
        return Folder(settings.folder, settings.quiet_seconds)

    def sheet(self, settings: FilesSettings, name: str, table: str | None = None) -> Mapped | None:
        """Say how a file is read."""
        return sheet_of(settings, name, table)
