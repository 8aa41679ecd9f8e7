"""The brand's own short links, for people: made, listed, drawn, switched off."""

from __future__ import annotations

import csv
import io
import time
from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

from jalon import errors
from jalon.commands import placements, printed
from jalon.commands.console import Console, day_and_time, table
from jalon.connectors.site import SiteSettings
from jalon.connectors.site.addresses import Misplaced, checked
from jalon.connectors.site.names import Misnamed, Names, named
from jalon.errors import ConfigError, StoreError
from jalon.store import links
from jalon.store.links import Link
from jalon.workplace import Workplace

COLUMNS = ("url", "content", "product", "placement", "campaign")
"""Of a file of links; `url` and `placement` are needed."""
LARGEST_FILE = 64 * 1024 * 1024
_SLICE = 500
_ALIKE = 0.8
"""How like a column's name must be to one of `COLUMNS` to be taken for a slip."""
_BORDER = 4


class _Source(NamedTuple):
    name: str
    settings: SiteSettings


def run_add(console: Console, place: Workplace, url: str, source: str | None, names: Mapping[str, str]) -> int:
    """Make a link, or find the one that says the same."""
    of = _source(place, source)
    try:
        link = _made(place, of, url, named(names))
    except (Misplaced, Misnamed) as error:
        raise ConfigError(f"this cannot be a link: {error}", "See docs/connectors/site.md.") from None
    kept = place.store.write(lambda db: links.add(db, link))
    if kept.disabled:
        console.say(f"it is disabled; `jalon links disable {kept.code} --undo` lets it lead again")
    console.data({"link": _shown(place, kept)}, _address(place, kept.code))
    return errors.OK


def run_import(console: Console, place: Workplace, file: Path, source: str | None) -> int:
    """Make the links of a CSV file; bad lines are named and left out. Reading it again changes nothing."""
    of = _source(place, source)
    good: list[Link] = []
    bad: list[dict[str, Any]] = []
    columns, rows = _read(file)
    unread = [name for name in columns if name not in COLUMNS]
    for line, row in rows:
        try:
            good.append(_made(place, of, row.get("url") or "", named(row)))
        except (Misplaced, Misnamed) as error:
            bad.append({"line": line, "reason": str(error)})
    kept = [one for start in range(0, len(good), _SLICE) for one in _add_all(place, good[start : start + _SLICE])]
    shown = list({link.code: _shown(place, link) for link in kept}.values())
    lines = [f"{link['address']}  {link['url']}" for link in shown]
    console.data({"links": shown, "bad": bad, "unread": unread}, lines)
    if unread:
        console.warn(f"{file.name}: not read, since no link has such a column: {', '.join(unread)}")
    for each in bad:
        console.warn(f"{file.name}, line {each['line']}: {each['reason']}")
    return errors.PARTIAL if bad else errors.OK


def run_list(console: Console, place: Workplace, source: str | None) -> None:
    """Print all links."""
    with place.store.read() as db:
        found = [_shown(place, link) for link in links.all_of(db, source)]
    header = ("code", "placement", "content", "product", "campaign", "url", "made", "state")
    rows = [[str(link[name]) for name in header] for link in found]
    console.data({"links": found}, table(header, rows) if rows else "there are no links; `jalon links add` makes one")


def run_draw(console: Console, place: Workplace, code: str, out: Path) -> None:
    """Write the QR code of a link as SVG or PNG."""
    import segno

    kind = out.suffix.lower().removeprefix(".")
    if kind not in ("svg", "png"):
        raise ConfigError(f"{out.name} is neither .svg nor .png", "Name the file so that its end says which it is.")
    link = _existing(place, code)
    if place.config.main.public_url is None:
        raise ConfigError(
            "a printed code needs the address that it will be scanned at", "Set public_url in [jalon] of jalon.toml."
        )
    address = _address(place, link.code)
    drawing = io.BytesIO()
    segno.make(address, error="m", micro=False).save(drawing, kind=kind, scale=10, border=_BORDER)
    try:
        out.write_bytes(drawing.getvalue())
    except OSError as error:
        raise StoreError(f"{out} cannot be written: {error.strerror}", "Name another file.") from None
    console.data({"file": str(out), "address": address}, f"{out}: {address}")


def run_disable(console: Console, place: Workplace, code: str, *, undo: bool) -> None:
    """Switch a link off or on again; `serve` follows within a second or two."""
    link = _existing(place, code)
    place.store.write(lambda db: links.disable(db, link.code, not undo))
    shown = _shown(place, link._replace(disabled=int(not undo)))
    console.data({"link": shown}, f"{shown['address']} {'leads again' if undo else 'leads nowhere any more'}")


def addresses(place: Workplace, source: str, rows: Iterable[Mapping[str, str]]) -> list[str]:
    """Make the links of these rows (see `COLUMNS`), or find those that say the same, and return their addresses.

    Raises `Misplaced`, `Misnamed` or `ConfigError`.
    """
    of = _source(place, source)
    kept = _add_all(place, [_made(place, of, row["url"], named(row)) for row in rows])
    return [_address(place, link.code) for link in kept]


# --- what they have in common ---------------------------------------------------------------------------------------


def _source(place: Workplace, name: str | None) -> _Source:
    """Return the source that the links are of: the named one, or the only one. Raises `ConfigError`."""
    found = {key: own for key, own in place.config.sources.items() if isinstance(own, SiteSettings)}
    if name is None and len(found) == 1:
        name = next(iter(found))
    if name is None or name not in found:
        which = f"{name!r} is no source of own links" if name else "no source of own links is named"
        remedy = f"Name one with --source: {', '.join(found)}." if found else "Add one: `jalon init --source site`."
        raise ConfigError(which, remedy)
    return _Source(name, found[name])


def _made(place: Workplace, of: _Source, url: str, names: Names) -> Link:
    """Return a link. Raises `Misplaced` or `Misnamed`."""
    target = checked(url.strip(), of.settings.allowed_hosts)
    code = links.code_of(place.keyring, of.name, target, *names)
    link = Link(code, of.name, target, *names, created_at=time.time())
    placements.check(link)
    return link


def _add_all(place: Workplace, made: list[Link]) -> list[Link]:
    return place.store.write(lambda db: [links.add(db, link) for link in made])


def _existing(place: Workplace, text: str) -> Link:
    """Return the link with a code, also if it is given as a whole address. Raises `ConfigError`."""
    code = links.read_code(text.rstrip("/").rpartition("/")[2])
    with place.store.read() as db:
        link = links.get(db, code) if code else None
    if link is None:
        raise ConfigError(f"there is no link {text[:80]!r}", "`jalon links list` shows all.")
    return link


def _address(place: Workplace, code: str) -> str:
    """Return the address of a link; without a public_url, that of `serve` on this machine."""
    serve = place.config.serve
    base = (place.config.main.public_url or f"http://{serve.host}:{serve.port}").rstrip("/")
    return f"{base}/l/{quote(code)}"


def _shown(place: Workplace, link: Link) -> dict[str, Any]:
    return {
        "code": link.code,
        "address": _address(place, link.code),
        "source": link.source,
        "url": link.target,
        "content": link.content,
        "product": link.product,
        "placement": link.placement,
        "campaign": link.campaign,
        "made": day_and_time(link.created_at),
        "state": _state(place, link),
    }


def _state(place: Workplace, link: Link) -> str:
    """Return what a link does now: `jalon doctor` says why one that is not disabled leads nowhere."""
    settings = place.config.sources.get(link.source)
    allowed = settings.allowed_hosts if isinstance(settings, SiteSettings) else ()
    if link.disabled:
        return "disabled"
    return "leads" if printed.is_open(link, allowed) else "leads nowhere"


def _read(path: Path) -> tuple[list[str], Iterator[tuple[int, dict[str, str]]]]:
    """Return the columns of a CSV file, and its rows with the number of their line. Raises `ConfigError`."""
    content = _content(path)
    head, _, _ = content.partition("\n")
    reader = csv.DictReader(
        io.StringIO(content, newline=""), delimiter=";" if head.count(";") > head.count(",") else ","
    )
    columns = [name for name in reader.fieldnames or () if name.strip()]
    for name in columns:
        meant = get_close_matches(name.strip().lower(), set(COLUMNS) - set(columns), n=1, cutoff=_ALIKE)
        if meant and name not in COLUMNS:
            raise ConfigError(
                f"{path.name} has a column {name[:80]!r}, and none {meant[0]!r}",
                f"Write {meant[0]!r} if that is meant; if not, leave the column out.",
            )
    missing = {"url", "placement"} - set(columns)
    if missing:
        raise ConfigError(
            f"{path.name} has no column {' and no column '.join(sorted(missing))}",
            f"Its first line must name the columns, out of {', '.join(COLUMNS)}.",
        )
    return columns, _rows(reader)


def _content(path: Path) -> str:
    """Return what a file of links holds. Raises `ConfigError` for what is no such file."""
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise ConfigError(f"{path.name} is larger than {LARGEST_FILE >> 20} MiB", "Split it.")
        return path.read_text("utf-8-sig")
    except UnicodeDecodeError:
        raise ConfigError(f"{path.name} is not UTF-8", "Save it as CSV in UTF-8.") from None
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}", "Name a file that is there.") from None


def _rows(reader: csv.DictReader[str]) -> Iterator[tuple[int, dict[str, str]]]:
    for row in reader:
        if any(row.get(name) for name in COLUMNS):
            yield reader.line_num, {name: row.get(name) or "" for name in COLUMNS}
