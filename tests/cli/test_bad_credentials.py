"""Wrong configuration, credentials or clock: named with the source and the remedy, and nothing is lost by it."""

from __future__ import annotations

import time

import pytest

from jalon import errors
from tests.cli.played import DAY, Desk, Played, Said

SECOND_REFRESH = "ROW_canary-refresh-second"


def outcome(said: Said, source: str) -> dict[str, str]:
    """Return how a source's run ended, out of the JSON of a sync."""
    return next(each for each in said.data["sources"] if each["source"] == source)


def test_a_wrong_key_is_named_with_its_line(desk: Desk) -> None:
    desk.edit("shop = ", "shpo = ")
    said = desk("sync", "--json")
    assert said.status == errors.USAGE
    assert "jalon.toml:" in said.err
    assert "[sources.shopify] shpo is not a known key" in said.err
    assert "Did you mean 'shop'?" in said.data["error"]["remedy"]
    assert said.data["error"]["exit_status"] == said.status
    desk.edit("shpo = ", "shop = ")
    desk.settled()


def test_a_missing_secret_says_where_it_is_looked_for(desk: Desk) -> None:
    secret = desk.folder / "secrets" / "shopify.access_token"
    held = secret.read_text()
    secret.unlink()
    said = desk("sync", "--json")
    assert said.status == errors.USAGE
    assert (outcome(said, "shopify")["outcome"], outcome(said, "tiktok_shop")["outcome"]) == ("config", "ok")
    assert {source for source, _ in desk.orders()} == {"tiktok_shop"}
    assert "[sources.shopify] access_token needs the file secrets/shopify.access_token" in said.err
    assert "mode 0600" in said.err
    desk.edit('{ file = "secrets/shopify.access_token" }', '{ env = "SHOP_TOKEN" }')
    for words in (("sync", "shopify"), ("status",), ("doctor", "--offline")):
        said = desk(*words)
        assert "needs the environment variable SHOP_TOKEN, which is not set" in said.err + said.out, words
    assert desk("status").status == desk.here("report").status == errors.OK
    assert desk("sync", "shopify", "--no-normalize", env={"SHOP_TOKEN": held.strip()}).status == 0


def test_an_address_without_tls_stops_its_source_alone(desk: Desk, lived: Desk) -> None:
    with desk.config.open("a") as config:
        config.write('\n[sources.boutique]\nconnector = "woocommerce"\nurl = "http://boutique.example"\n')
        config.write('consumer_key = { env = "KEY" }\nconsumer_secret = { env = "KEY" }\n')
    env = {"KEY": "canary-consumer"}
    said = desk("sync", "--json", env=env)
    assert said.status == errors.USAGE
    assert outcome(said, "boutique")["outcome"] == "config"
    assert {outcome(said, name)["outcome"] for name in ("shopify", "tiktok_shop")} == {"ok"}
    assert "boutique: boutique.example would be reached without TLS. Use an https:// address." in said.err
    assert desk.orders() == lived.orders()
    doctor = desk("doctor", "--json", env=env)
    found = {each["name"]: each for each in doctor.data["findings"]}
    assert doctor.status == errors.PARTIAL
    assert (found["boutique: account"]["level"], found["shopify: shop"]["level"]) == ("fail", "ok")
    assert "without TLS" in found["boutique: account"]["detail"]
    day = time.strftime("%Y-%m-%d", time.gmtime(time.time() - 4 * DAY))
    back = desk("backfill", "--from", day, "--to", day, "--json", env=env)
    assert back.status == errors.USAGE
    assert {outcome(back, name)["outcome"] for name in ("shopify", "tiktok_shop")} == {"ok"}


def test_an_expired_authorisation_stops_its_source_alone(desk: Desk, played: Played, lived: Desk) -> None:
    tokens = played.sandbox.parts["tiktok_shop"].tokens
    played.inside(lambda _: setattr(tokens, "refresh_token", SECOND_REFRESH))
    said = desk("sync", "--json")
    assert said.status == errors.AUTH
    assert (outcome(said, "tiktok_shop")["outcome"], outcome(said, "shopify")["outcome"]) == ("auth", "ok")
    assert "tiktok_shop: the authorisation code or refresh token is refused" in said.err
    assert "Let the seller authorise the app again" in said.err
    assert {source for source, _ in desk.orders()} == {"shopify"}
    (desk.folder / "secrets" / "tiktok_shop.refresh_token").write_text(SECOND_REFRESH)
    desk.settled()
    assert desk.orders() == lived.orders()


def test_a_token_that_was_taken_back_says_how_to_get_another(desk: Desk, played: Played, lived: Desk) -> None:
    desk.settled()
    played.inside(lambda sandbox: setattr(sandbox.parts["shopify"].tokens, "revoked", True))
    # A sync that follows another at once has nothing to ask for; a back-fill has.
    days = [time.strftime("%Y-%m-%d", time.gmtime(time.time() - ago * DAY)) for ago in (5, 4)]
    said = desk("backfill", "shopify", "--from", days[0], "--to", days[1], "--json")
    assert said.status == errors.AUTH
    assert "shopify: Shopify does not accept the access token" in said.err
    assert outcome(said, "shopify")["remedy"]
    assert desk.orders() == lived.orders()
    found = {each["name"]: each for each in desk("doctor", "--json", "shopify").data["findings"]}
    assert found["shopify: account"]["level"] == "fail"
    played.mended()
    desk.settled()


def test_a_scope_that_was_revoked_is_named(desk: Desk, played: Played, lived: Desk) -> None:
    scopes = played.sandbox.parts["tiktok_shop"].tokens.scopes
    played.inside(lambda _: scopes.discard("seller.order.info"))
    said = desk("sync", "tiktok_shop", "--json")
    assert said.status == errors.AUTH
    assert "tiktok_shop: the scope seller.order.info is not granted" in said.err
    assert "Add seller.order.info to the app" in said.err
    doctor = desk("doctor", "tiktok_shop")
    assert doctor.status == errors.PARTIAL
    assert "seller.order.info" in next(line for line in doctor.out.splitlines() if line.startswith("FAIL"))
    played.mended()
    desk.settled()
    assert desk.orders() == lived.orders()


def test_a_source_does_without_an_optional_scope_until_it_is_granted(desk: Desk, played: Played) -> None:
    scopes = played.sandbox.parts["tiktok_shop"].tokens.scopes
    played.inside(lambda _: scopes.discard("seller.product.basic"))
    assert desk("sync", "tiktok_shop").status == errors.OK
    assert "without products: " in desk("status").out
    assert "seller.product.basic" in desk("status").out
    played.mended()
    desk.settled()
    assert "seller.product.basic" not in desk("status").out
    assert desk.rows("SELECT count(*) FROM {products} WHERE source = 'tiktok_shop'")[0][0] > 0


def test_a_wrong_clock_is_told_as_such(desk: Desk, played: Played, lived: Desk) -> None:
    played.inside(lambda sandbox: sandbox.parts["tiktok_shop"].limits.update(clock_skew=3600))
    said = desk("sync", "--json")
    assert said.status == errors.USAGE
    assert "tiktok_shop: the time of the request is refused" in said.err
    assert "Set this machine's clock" in said.err
    found = desk("doctor", "tiktok_shop")
    assert found.status == errors.PARTIAL
    assert "clock" in found.out
    played.mended()
    desk.settled()
    assert desk.orders() == lived.orders()


@pytest.mark.parametrize("key", ["", "short", "jalon"])
def test_an_installation_key_that_is_none_is_refused(desk: Desk, key: str) -> None:
    (desk.folder / "jalon.key").write_text(key)
    said = desk("status", "--json")
    assert said.status == errors.USAGE
    assert "installation key" in said.data["error"]["message"]
    assert said.data["error"]["remedy"].startswith(
        "Put your copy of it back, or, if nothing is stored yet, move it away"
    )
    init = desk("init", "--source", "woocommerce", "--json")
    assert (init.status, init.data["error"]["remedy"]) == (errors.USAGE, said.data["error"]["remedy"])
    (desk.folder / "jalon.key").rename(desk.folder / "damaged.key")
    assert desk("init").status == errors.OK
    assert desk("status").status == errors.OK


def test_a_lost_installation_key_is_not_made_anew_beside_its_store(desk: Desk) -> None:
    assert desk("status").status == errors.OK  # makes the store
    key, text = desk.folder / "jalon.key", desk.config.read_text()
    key.rename(desk.folder / "copy.key")
    for words in (("status",), ("init",), ("init", "--source", "woocommerce")):
        said = desk(*words, "--json")
        assert said.status == errors.USAGE
        assert "the store" in said.data["error"]["message"]
        assert said.data["error"]["remedy"] == "Put your copy of the key back there, or in JALON_KEY."
    assert desk.config.read_text() == text
    copy = (desk.folder / "copy.key").read_text().strip()
    assert desk("init", env={"JALON_KEY": copy}).status == errors.OK
    assert not key.exists()
    (desk.folder / "copy.key").rename(key)
    assert desk("status").status == errors.OK


def test_a_command_without_a_key_leaves_no_store_behind(desk: Desk) -> None:
    """Beside one, `jalon init`, which the command asks for, would make no key."""
    (desk.folder / "jalon.key").unlink()
    assert "Run `jalon init`" in desk("status").err
    assert desk("init").status == errors.OK
    assert desk("status").status == errors.OK


def test_another_installation_key_is_refused_before_it_mixes_persons(desk: Desk, played: Played) -> None:
    assert desk("sync", "shopify", "--no-normalize").status == 0
    other = desk("sync", env={"JALON_KEY": "5" * 64})
    assert other.status == errors.USAGE
    assert "was made with another installation key" in other.err
    assert "Put that key back" in other.err
