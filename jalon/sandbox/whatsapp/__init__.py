"""WhatsApp Business, played: an account with one number, whose messages come by signed webhooks alone."""

from __future__ import annotations

import hashlib
from array import array
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from typing import Any

from jalon.sandbox.clock import Clock
from jalon.sandbox.faults import Faults
from jalon.sandbox.graph_api.door import LIMITS, Door, Route, Usage
from jalon.sandbox.graph_api.hooks import Hooks, Subscription
from jalon.sandbox.graph_api.tokens import DAY, Token, Tokens
from jalon.sandbox.graph_api.words import Call, Row, shown
from jalon.sandbox.webhooks import Deliverer, Event
from jalon.sandbox.whatsapp.chats import Act, acts, told
from jalon.sandbox.whatsapp.words import NUMBER_ID, echo, receipt, value
from jalon.sandbox.world import World

APP_ID = "2211334455667788"
ACCOUNT = "102290129340398"
OBJECT = "whatsapp_business_account"
SCOPES = frozenset({"whatsapp_business_management", "whatsapp_business_messaging"})
OFFERED = frozenset({"messages", "automatic_events", "smb_message_echoes", "message_template_status_update"})
MANAGES = "whatsapp_business_management"
RETRIES = (60.0, 600.0, 3600.0, 6 * 3600.0, 86_400.0, 2 * 86_400.0, 3 * 86_400.0)
"""Seconds between tries: ever more seldom, for up to seven days."""
ACCOUNT_FIELDS = frozenset({"id", "name", "currency", "timezone_id", "status"})
NUMBER_FIELDS = frozenset({"id", "display_phone_number", "verified_name", "status", "quality_rating"})


class WhatsAppPart:
    """One WhatsApp Business account behind the Graph API. `limits`: those of `graph_api.door`."""

    def __init__(self, world: World, clock: Clock, _: Faults, __: Deliverer) -> None:
        self.limits: dict[str, float] = dict(LIMITS)
        self._verify = f"canary-verify-{world.seed}"
        self._secret = f"canary-app-secret-whatsapp-{world.seed}"
        self._token = f"EAAG-canary-whatsapp-{world.seed}"
        self.tokens = Tokens(clock, APP_ID, self._secret)
        self.tokens.add(Token(self._token, "SYSTEM_USER", SCOPES, consent_until=clock.wall() + 90 * DAY))
        self.hooks = Hooks(clock, APP_ID, self._secret, OFFERED)
        self.number_state = "CONNECTED"
        self._acts = acts(world)
        self._times = array("q", (act.at for act in self._acts))
        usage = Usage(clock, self.limits, "whatsapp", 80008, ACCOUNT)
        self.apps = {"api": Door(self.tokens, usage, self.limits).app(self._routes())}

    def settings(self, addresses: Mapping[str, str]) -> dict[str, Any]:
        """Return the source's settings and secrets."""
        return {
            "connector": "whatsapp",
            "api_url": addresses["whatsapp.api"],
            "app_id": APP_ID,
            "business_account_id": ACCOUNT,
            "timezone": "Europe/Paris",
            "secrets": {"access_token": self._token, "app_secret": self._secret, "verify_token": self._verify},
        }

    def truth(self, now: float, /) -> dict[str, Any]:
        """Return what persons did on WhatsApp by now."""
        return {"acts": [told(act) for act in self._acts if act.at <= now]}

    # --- questions

    def _routes(self) -> list[Route]:
        return [
            Route("GET", "oauth/access_token", None, self.tokens.exchange, public=True),
            Route("GET", "debug_token", None, self.tokens.debug),
            Route("GET", f"{APP_ID}/subscriptions", None, self.hooks.subscribed),
            Route("POST", f"{APP_ID}/subscriptions", None, self.hooks.subscribe),
            Route("GET", f"({ACCOUNT})", MANAGES, _account),
            Route("GET", f"({ACCOUNT})/phone_numbers", MANAGES, self._numbers),
            Route("GET", f"({ACCOUNT})/subscribed_apps", MANAGES, self._installed),
            Route("POST", f"({ACCOUNT})/subscribed_apps", MANAGES, self._install),
        ]

    def _numbers(self, call: Call) -> Row:
        row = {
            "id": NUMBER_ID,
            "display_phone_number": "+1 555-078-3881",
            "verified_name": "Atelier Jalon",
            "status": self.number_state,
            "quality_rating": "GREEN",
        }
        fields = call.fields("id,display_phone_number,verified_name,quality_rating")
        return {"data": [shown(row, fields, "WhatsAppBusinessPhoneNumber", NUMBER_FIELDS)]}

    def _install(self, call: Call) -> Row:
        """Answer POST subscribed_apps: all fields that the app wants, for the account names none of its own."""
        self.hooks.accounts[call.path[0]] = tuple(OFFERED)
        return {"success": True}

    def _installed(self, call: Call) -> Row:
        app = {"whatsapp_business_api_data": {"id": APP_ID, "link": "https://jalon.example", "name": "jalon"}}
        return {"data": [app] if call.path[0] in self.hooks.accounts else []}

    # --- deliveries

    def events(self, after: float, until: float) -> list[Event]:
        """Return the deliveries due in (after, until]; some hold a message that came before, or a receipt, as well."""
        wants = self.hooks.wants(OBJECT, ACCOUNT, "messages")
        if wants is None:
            return []
        first, last = bisect_right(self._times, after), bisect_right(self._times, until)
        return [event for number in range(first, last) for event in self._of(number, wants)]

    def _of(self, number: int, wants: Subscription) -> Iterator[Event]:
        act = self._acts[number]
        field = "automatic_events" if act.kind == "inferred" else "messages"
        if field not in wants.fields and field != "messages":
            return
        changes = [{"field": field, "value": value(act)}]
        if number % 4 == 1:
            changes.append({"field": "messages", "value": receipt(act)})
        if number % 5 == 2 and self._acts[number - 1].kind != "inferred":
            changes.append({"field": "messages", "value": value(self._acts[number - 1])})
        yield self._event(act, wants, changes)
        if number % 7 == 3 and "smb_message_echoes" in wants.fields:
            yield self._event(act, wants, [{"field": "smb_message_echoes", "value": echo(act)}])

    def _event(self, act: Act, wants: Subscription, changes: list[Row]) -> Event:
        entry = {"id": ACCOUNT, "changes": changes}
        key = f"whatsapp {hashlib.blake2b(repr(changes).encode(), digest_size=8).hexdigest()}"
        return self.hooks.event(act.at, key, wants, [entry], retries=RETRIES)


def _account(call: Call) -> Row:
    row = {"id": ACCOUNT, "name": "Atelier Jalon", "currency": "EUR", "timezone_id": "57", "status": "ACTIVE"}
    return shown(row, call.fields("id,name,timezone_id"), "WhatsAppBusinessAccount", ACCOUNT_FIELDS)
