"""Tokens of the Graph API: exchanged, refreshed, looked into; and how a page's own token is found."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from jalon.connectors.base import Answer, Connector, Credentials, Request, Stop, Wait
from jalon.connectors.facebook import Facebook
from jalon.connectors.facebook import Settings as FacebookSettings
from jalon.connectors.graph_api import tokens
from jalon.connectors.graph_api.tokens import Life
from jalon.connectors.instagram import Instagram
from jalon.connectors.instagram import Settings as InstagramSettings
from tests.connectors.graph_session import APP, NOW, TOKEN, GraphSession, good, refused

DAY = 86_400.0
GIVEN = "EAAG-canary-given"
Play = Callable[[Request], Answer]


def instagram(play: Play, **more: Any) -> GraphSession:
    given = {"connector": "instagram", "access_token": GIVEN, **APP, **more}
    return GraphSession(Instagram(), InstagramSettings(**given), play)


def facebook(play: Play, **more: Any) -> GraphSession:
    given = {"connector": "facebook", "access_token": GIVEN, **APP, **more}
    return GraphSession(Facebook(), FacebookSettings(**given), play)


def by_path(**answers: Answer) -> Play:
    """Return a play that answers by the last part of the path."""
    return lambda request: answers[request.path.rpartition("/")[2]]


def life(kind: str = "USER", expires: float = NOW + 1000, **more: Any) -> Answer:
    return good({"data": {"is_valid": True, "type": kind, "expires_at": int(expires), "scopes": [], **more}})


LONGER = good({"access_token": "EAAG-canary-longer", "token_type": "bearer", "expires_in": 5_183_944})


async def renewed(session: GraphSession, credentials: Credentials | None = None) -> Credentials:
    connector: Connector = session.connector
    return await connector.renew(session, credentials)


# --- Facebook Login ---------------------------------------------------------------------------------------------------


async def test_a_token_that_ends_is_exchanged_for_one_of_sixty_days() -> None:
    session = instagram(by_path(debug_token=life(), access_token=LONGER))
    held = await renewed(session)
    assert held == Credentials("EAAG-canary-longer", access_expires_at=NOW + 5_183_944)
    looked, exchanged = session.asked
    assert looked.query == {"input_token": GIVEN}
    assert looked.headers["authorization"] == "Bearer 111222333|canary-app-secret"
    assert exchanged.query == {
        "grant_type": "fb_exchange_token",
        "client_id": "111222333",
        "client_secret": "canary-app-secret",
        "fb_exchange_token": GIVEN,
    }


async def test_a_held_token_is_exchanged_and_not_the_first_one_again() -> None:
    session = instagram(by_path(debug_token=life(), access_token=LONGER))
    await renewed(session, Credentials("EAAG-canary-held"))
    assert session.asked[-1].query["fb_exchange_token"] == "EAAG-canary-held"


async def test_a_token_that_never_ends_is_kept() -> None:
    session = instagram(by_path(debug_token=life("SYSTEM_USER", 0)))
    assert await renewed(session) == Credentials(GIVEN)
    assert len(session.asked) == 1


async def test_without_the_apps_secret_the_token_is_taken_as_it_is() -> None:
    session = instagram(by_path(), app_id=None, app_secret=None)
    assert await renewed(session) == Credentials(GIVEN)
    assert session.asked == []


async def test_a_dead_token_stops_the_source() -> None:
    session = instagram(by_path(debug_token=good({"data": {"is_valid": False, "error": {"code": 190}}})))
    with pytest.raises(Stop) as stop:
        await renewed(session)
    assert stop.value.kind == "auth"


async def test_a_token_service_that_gives_none_is_told() -> None:
    session = instagram(by_path(debug_token=life(), access_token=good({"token_type": "bearer"})))
    with pytest.raises(Stop):
        await renewed(session)


async def test_the_token_in_use_is_looked_into_without_being_known_here() -> None:
    session = instagram(by_path(debug_token=life(data_access_expires_at=int(NOW + 5 * DAY))))
    deadline = await tokens.consent_of(session, "17841")
    (asked,) = session.asked
    assert asked.query == {"input_token": TOKEN.access_token}
    assert asked.headers["authorization"] == "Bearer 111222333|canary-app-secret"
    assert (deadline.key, deadline.at) == ("data_access/17841", NOW + 5 * DAY)


async def test_a_consent_without_end_is_no_deadline() -> None:
    session = instagram(by_path(debug_token=life(data_access_expires_at=0)))
    assert (await tokens.consent_of(session, "1")).at == 0.0


# --- Instagram Login --------------------------------------------------------------------------------------------------


async def test_a_token_of_instagram_login_is_refreshed() -> None:
    session = instagram(by_path(refresh_access_token=LONGER), login="instagram")
    assert (await renewed(session)).access_expires_at == NOW + 5_183_944
    (asked,) = session.asked
    assert asked.path == "/refresh_access_token"
    assert asked.query == {"grant_type": "ig_refresh_token", "access_token": GIVEN}


async def test_one_that_is_too_young_is_used_and_refreshed_after_a_day() -> None:
    session = instagram(by_path(refresh_access_token=refused(190)), login="instagram")
    held = await renewed(session)
    assert held.access_token == GIVEN
    assert held.access_expires_at is not None
    assert DAY < held.access_expires_at - NOW < 2 * DAY


async def test_one_that_was_in_use_and_is_refused_is_over() -> None:
    session = instagram(by_path(refresh_access_token=refused(190)), login="instagram")
    with pytest.raises(Stop):
        await renewed(session, Credentials(GIVEN))


@pytest.mark.parametrize("answer", [refused(2, status=500), refused(4)])
async def test_what_is_temporary_says_nothing_about_the_token(answer: Answer) -> None:
    session = instagram(by_path(refresh_access_token=answer), login="instagram")
    with pytest.raises(Wait):
        await renewed(session)


# --- a page's own token -----------------------------------------------------------------------------------------------

PAGE = {"id": "1098", "name": "Atelier", "access_token": "EAAG-canary-page"}


def accounts(*rows: dict[str, Any]) -> Answer:
    return good({"data": list(rows)})


async def test_a_page_is_read_under_its_own_token_which_does_not_end() -> None:
    session = facebook(by_path(debug_token=life(), access_token=LONGER, accounts=accounts(PAGE)))
    assert await renewed(session) == Credentials("EAAG-canary-page")
    assert session.asked[-1].headers["authorization"] == "Bearer EAAG-canary-longer", (
        "made from the one that lives long"
    )


async def test_the_page_that_the_settings_name_is_asked_for_its_token() -> None:
    session = facebook(by_path(debug_token=life("SYSTEM_USER", 0), **{"1098": good(PAGE)}), page_id="1098")
    assert (await renewed(session)).access_token == "EAAG-canary-page"
    assert session.asked[-1].query["fields"] == "access_token"


async def test_a_page_token_is_known_and_kept() -> None:
    session = facebook(by_path(debug_token=life("PAGE", 0)))
    assert await renewed(session) == Credentials(GIVEN)


async def test_a_page_token_is_known_without_the_apps_secret_too() -> None:
    nothing = refused(100, message="Tried accessing nonexisting field (accounts) on node type (Page)")
    session = facebook(by_path(accounts=nothing), app_id=None, app_secret=None)
    assert await renewed(session) == Credentials(GIVEN)


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([], "opens no page"),
        ([PAGE, {**PAGE, "id": "1099"}], "opens 2 pages"),
        ([{"id": "1098", "name": "Atelier"}], "does not open its page"),
    ],
)
async def test_where_it_is_not_clear_which_page_it_is_said(rows: list[dict[str, Any]], said: str) -> None:
    session = facebook(by_path(debug_token=life("SYSTEM_USER", 0), accounts=accounts(*rows)))
    with pytest.raises(Stop, match=said) as stop:
        await renewed(session)
    assert "canary" not in stop.value.reason + stop.value.remedy


async def test_a_page_without_a_role_is_told() -> None:
    session = facebook(by_path(debug_token=life("SYSTEM_USER", 0), **{"1098": good({"id": "1098"})}), page_id="1098")
    with pytest.raises(Stop, match="does not open the page"):
        await renewed(session)


# --- what doctor says -------------------------------------------------------------------------------------------------

WANTED = {"a": "nothing can be read", "b|c": "some is left out"}


def told(found: Life | None) -> dict[str, str]:
    return {finding.name: finding.level for finding in tokens.findings(found, WANTED, NOW)}


def test_a_token_of_unknown_life_is_warned_of() -> None:
    assert told(None) == {"token": "warn"}


def test_a_dead_one_fails() -> None:
    assert told(Life(False, "USER", None, None, frozenset())) == {"token": "fail"}


def test_each_missing_permission_is_named_with_what_it_costs() -> None:
    found = Life(True, "USER", NOW + DAY, NOW + 3 * DAY, frozenset({"c"}))
    assert told(found) == {"token": "ok", "data access": "warn", "permission a": "warn"}
    whole = Life(True, "SYSTEM_USER", None, None, frozenset({"a", "b"}))
    assert told(whole) == {"token": "ok", "data access": "ok", "permissions": "ok"}


def test_a_consent_that_has_ended_fails_though_the_token_looks_alive() -> None:
    found = Life(True, "USER", None, NOW - DAY, frozenset({"a", "b"}))
    assert told(found)["data access"] == "fail"


def test_secrets_are_not_shown() -> None:
    assert "canary" not in repr(instagram(by_path()).settings)
