"""Say how a source stands: its account, its tokens, the clock."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator

from jalon.connectors.base import Fault, Finding, Stop
from jalon.errors import JalonError
from jalon.store import deadlines, files, sources
from jalon.sync.folder import NoFile, Place, listing
from jalon.sync.halt import Halt, Halted
from jalon.sync.redact import REDACTOR, sayable
from jalon.sync.retry import utc
from jalon.sync.session import SKEW, SourceSession, skewed
from jalon.sync.source import Counts, Source, Workshop

log = logging.getLogger("jalon.sync")

DAY = 86_400
WARN_DAYS = 14


async def examine(source: Source, shop: Workshop) -> list[Finding]:
    """Return what `doctor` should say about a source: its account, its tokens, the clock. A failure is a finding."""
    try:
        session = SourceSession(source, shop, (shop.halt or Halt(shop.clock)).part(), Counts())
    except Exception as error:
        return [_failure(source.name, error), *_file_findings(source, shop), *_deadline_findings(source, shop)]
    findings = await _account_findings(source, shop, session)
    findings += _file_findings(source, shop)
    findings += _token_findings(session, shop.clock.now())
    findings += _deadline_findings(source, shop)
    return findings + _clock_findings(session)


async def _account_findings(source: Source, shop: Workshop, session: SourceSession) -> list[Finding]:
    """Ask the platform, and close the session."""
    with shop.store.read() as db:
        session.account = sources.account(db, source.name)
    try:
        session.account = session.account or await source.connector.greet(session)
        return [finding async for finding in source.connector.examine(session)]
    except Halted:
        raise
    except Exception as error:
        return [_failure(source.name, error)]
    finally:
        await session.close()


def _failure(source: str, error: Exception) -> Finding:
    """Return the finding that an examination has failed; what nobody foresaw is logged with its traceback."""
    if isinstance(error, JalonError):
        return Finding("account", "fail", REDACTOR.clean(error.message), error.remedy)
    if isinstance(error, Fault):
        remedy = REDACTOR.clean(error.remedy) if isinstance(error, Stop) else "run it again in a while"
        return Finding("account", "fail", sayable(error), remedy)
    log.debug("%s: the examination ended early", source, exc_info=error)
    return Finding(
        "account", "fail", sayable(error), "report it to those who wrote the connector; `jalon -vv` says more"
    )


def _deadline_findings(source: Source, shop: Workshop) -> list[Finding]:
    with shop.store.read() as db:
        due = deadlines.noted(db, source.name, shop.clock.now())
    return [Finding("deadline", "warn", f"{each.what} at {utc(each.at)}", each.remedy) for each in due]


def _file_findings(source: Source, shop: Workshop) -> Iterator[Finding]:
    """Say whether the source's folder can be read, and what in it is not."""
    folder = source.connector.folder(source.settings)
    if folder is None or folder.path is None:
        return
    try:
        places, strange = listing(folder.path)
    except Stop as fault:
        yield Finding("folder", "fail", fault.reason, fault.remedy)
        return
    yield Finding("folder", "ok", f"{len(places)} files in {folder.path}")
    for text in strange:
        yield Finding("folder", "warn", text, "put the file itself there")
    yield from _unopened(places)
    with shop.store.read() as db:
        refused = [file for file in files.listed(db, source.name) if file.state == "refused"]
    there = {place.name for place in places}
    for file in refused:
        if file.name in there:
            yield Finding("file", "warn", file.note, "mend the file or its table; the next run reads it")


def _unopened(places: Iterable[Place]) -> Iterator[Finding]:
    """Name the files that cannot be opened."""
    for place in places:
        try:
            place.open().close()
        except NoFile as error:
            yield Finding("file", "fail", f"{place.name} {error}", "put the file itself there")
        except OSError as error:
            remedy = "let jalon's user read it, or take it out of the folder"
            yield Finding("file", "fail", f"{place.name} cannot be opened: {error.strerror}", remedy)


def _token_findings(session: SourceSession, now: float) -> list[Finding]:
    held = session.tokens.state()
    if held is None or held.credentials.refresh_expires_at is None:
        return []
    days = (held.credentials.refresh_expires_at - now) / DAY
    if days < 0:
        return [Finding("token", "fail", "the authorisation has run out", "authorise jalon again")]
    detail = f"the authorisation holds for {days:.0f} more days"
    if days < WARN_DAYS:
        return [Finding("token", "warn", detail, "authorise jalon again before it ends")]
    return [Finding("token", "ok", detail)]


def _clock_findings(session: SourceSession) -> list[Finding]:
    if session.skew is None:
        return []
    if abs(session.skew) <= SKEW:
        return [Finding("clock", "ok", "agrees with the platform's")]
    return [Finding("clock", "fail", f"this machine's clock is {skewed(session.skew)} the platform's", "set the clock")]
