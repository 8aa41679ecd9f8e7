"""What a user sets for any source that is read through the Graph API."""

from __future__ import annotations

from pydantic import Field, SecretStr

from jalon.connectors import base

VERSION = "v26.0"
"""https://developers.facebook.com/docs/graph-api/changelog: usable since 2026-07-29."""
FACEBOOK_HOST = "https://graph.facebook.com"
INSTAGRAM_HOST = "https://graph.instagram.com"


class Settings(base.Settings):
    """Token, app and version; every platform of Meta adds its own ids."""

    access_token: SecretStr = Field(min_length=1)
    """A token of a system user, a person or a page. It is exchanged for one that lives longer where that helps."""
    app_id: str | None = Field(default=None, pattern=r"^[0-9]+$", examples=["102030405060708"])
    """The app's id: with `app_secret` tokens are renewed and their life is known."""
    app_secret: SecretStr | None = Field(default=None, min_length=1)
    """Proves requests (`appsecret_proof`), renews tokens, and signs deliveries."""
    app_secret_old: SecretStr | None = Field(default=None, min_length=1)
    """The secret before a rotation, while deliveries may still be signed with it."""
    verify_token: SecretStr | None = Field(default=None, min_length=8)
    """The word that Meta repeats when it asks whether the address for deliveries is ours."""
    version: str = Field(default=VERSION, pattern=r"^v[0-9]{2}\.[0-9]$")
    """API version. https://developers.facebook.com/docs/graph-api/changelog"""
    api_url: str = FACEBOOK_HOST
    """Base address of the API."""
