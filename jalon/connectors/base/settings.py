"""What the user may set."""

from __future__ import annotations

from datetime import date
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, Field, field_validator


class Settings(BaseModel):
    """One `[sources.NAME]` table of jalon.toml. A connector adds its own fields; secrets are `SecretStr`."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    connector: str
    """Name of the connector; `jalon connectors` lists them."""
    timezone: str = "UTC"
    """IANA zone of the account: where its days begin. Left out: the account's own where the platform tells it."""
    since: date | None = None
    """First day wanted on the first sync; the platform's own limit where later. Default: 60 days back."""
    requests_per_second: float | None = Field(default=None, gt=0)
    """Known budget of the account; None: the connector's own starting point."""
    in_flight: int = Field(default=12, ge=1, le=64)
    """Requests that may be on their way at one time."""

    @field_validator("timezone")
    @classmethod
    def _is_a_zone(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise ValueError(f"{name!r} is no time zone: name one as IANA does, such as Europe/Paris") from None
        return name
