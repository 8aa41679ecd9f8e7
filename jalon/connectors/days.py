"""Local days as the engine's clock sees them: which one it is, when one ended, and in whose zone."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta, tzinfo
from zoneinfo import ZoneInfo

from jalon.connectors.base import Session


def zone_of(session: Session) -> ZoneInfo:
    """Return the zone that windows are cut by: of the settings where they name one, else the account's own."""
    settings = session.settings
    own = session.account.get("zone") or settings.timezone
    return ZoneInfo(settings.timezone if "timezone" in settings.model_fields_set else own)


def today(session: Session, zone: tzinfo) -> date:
    """Return the day that it is in a zone."""
    return datetime.fromtimestamp(session.now(), zone).date()


def end_of(day: date, zone: tzinfo) -> float:
    """Return the unix time at which a local day ends."""
    return datetime.combine(day + timedelta(days=1), time(), zone).timestamp()


def age_of(session: Session, day: date, zone: tzinfo) -> timedelta:
    """Return how long ago a local day ended; below zero while it lasts."""
    return timedelta(seconds=session.now() - end_of(day, zone))
