"""Where visits come from: the rows of the table, their precedence, and any address at all."""

from __future__ import annotations

from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jalon.normalize.channel_rules import RULES
from jalon.normalize.channels import CHANNELS, NETWORKS, Origin, origin
from jalon.normalize.vocabulary import Evidence, TouchKind

SITE = "https://shop.example/products/tee"
SOCIAL = {"tiktok", "instagram", "facebook", "pinterest", "youtube", "snapchat", "x", "threads", "linkedin", "social"}


def from_host(referrer: str, landing: str = SITE) -> Origin:
    return origin(landing, referrer)


def from_campaign(query: str, referrer: str | None = None) -> Origin:
    return origin(f"{SITE}?{query}", referrer)


# --- referrers --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("referrer", "channel", "kind"),
    [
        ("https://www.google.com/", "search", "search_click"),
        ("https://www.google.fr/search", "search", "search_click"),
        ("https://google.co.uk", "search", "search_click"),
        ("https://news.google.com/", "search", "search_click"),
        ("https://fr.search.yahoo.com/", "search", "search_click"),
        ("https://duckduckgo.com/", "search", "search_click"),
        ("android-app://com.google.android.googlequicksearchbox/", "search", "search_click"),
        ("https://mail.google.com/", "email", "visit"),
        ("android-app://com.google.android.gm", "email", "visit"),
        ("https://webmail.free.example/", "email", "visit"),
        ("https://gemini.google.com/app", "ai_assistant", "visit"),
        ("https://chatgpt.com/", "ai_assistant", "visit"),
        ("https://www.perplexity.ai/search/x", "ai_assistant", "visit"),
        ("https://www.tiktok.com/@brand/video/7412345678901234567", "tiktok", "content_click"),
        ("android-app://com.zhiliaoapp.musically/", "tiktok", "content_click"),
        ("https://l.instagram.com/", "instagram", "content_click"),
        ("https://lm.facebook.com/l.php", "facebook", "content_click"),
        ("https://www.pinterest.co.uk/pin/1", "pinterest", "content_click"),
        ("https://pin.it/abc", "pinterest", "content_click"),
        ("https://youtu.be/abc", "youtube", "content_click"),
        ("https://t.co/abc", "x", "content_click"),
        ("https://linktr.ee/brand", "social", "content_click"),
        ("https://out.reddit.com/", "forum", "visit"),
        ("https://forum.bikes.example/t/1", "forum", "visit"),
        ("https://web.whatsapp.com/", "messaging", "visit"),
        ("https://m.me/brand", "messaging", "visit"),
        ("https://blog.example/review", "referral", "visit"),
        ("HTTPS://WWW.TikTok.COM./", "tiktok", "content_click"),
    ],
)
def test_a_referrer_names_its_channel(referrer: str, channel: str, kind: str) -> None:
    found = from_host(referrer)
    assert (found.channel, found.kind, found.evidence) == (channel, kind, "referrer")


@pytest.mark.parametrize(
    "referrer",
    [
        "https://google.evil.example/",
        "https://notgoogle.com/",
        "https://tiktok.com.evil.example/",
        "https://faketiktok.com/",
        "https://mytiktok.example/",
    ],
)
def test_a_host_that_only_looks_like_one_is_a_referral(referrer: str) -> None:
    assert from_host(referrer).channel == "referral"


@pytest.mark.parametrize(
    "referrer",
    [
        None,
        "",
        "not an address",
        "https://[broken",
        "https://shop.example/cart",
        "https://www.shop.example/",
        "https://www.paypal.com/checkout",
        "https://accounts.google.com/",
        "https://checkout.shopify.com/x",
    ],
)
def test_what_is_no_origin_is_direct(referrer: str | None) -> None:
    found = origin(SITE, referrer)
    assert (found.channel, found.kind, found.evidence, found.selling_mode) == (
        "direct",
        "visit",
        "none",
        "communication",
    )


# --- campaigns --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "channel", "kind", "evidence"),
    [
        ("utm_source=tiktok&utm_medium=paid", "tiktok", "ad_click", "utm"),
        ("utm_source=TikTok&utm_medium=social", "tiktok", "content_click", "utm"),
        ("utm_source=ig&utm_medium=social&utm_content=link_in_bio", "instagram", "content_click", "utm"),
        ("utm_source=google&utm_medium=cpc", "search", "ad_click", "utm"),
        ("utm_source=google&utm_medium=organic", "search", "search_click", "utm"),
        ("utm_source=klaviyo&utm_medium=email", "email", "visit", "utm"),
        ("utm_source=instagram&utm_medium=email", "email", "visit", "utm"),
        ("utm_source=summer-sale&utm_medium=email", "email", "visit", "utm"),
        ("utm_source=chatgpt.com", "ai_assistant", "visit", "utm"),
        ("utm_source=somebody&utm_medium=affiliate", "affiliate", "visit", "utm"),
        ("utm_source=somebody&utm_medium=influencer", "social", "content_click", "utm"),
        ("utm_source=flyer&utm_medium=qr", "shop", "visit", "utm"),
        ("utm_source=somebody&utm_medium=whatever", "referral", "visit", "utm"),
        ("ttclid=h&utm_source=google&utm_medium=cpc", "tiktok", "ad_click", "click_id"),
        ("gclid=h", "search", "ad_click", "click_id"),
        ("gclid=h&utm_source=youtube", "youtube", "ad_click", "click_id"),
        ("fbclid=h", "facebook", "content_click", "click_id"),
        ("fbclid=h&utm_source=ig", "instagram", "content_click", "click_id"),
        ("fbclid=h&utm_source=fb&utm_medium=paid_social", "facebook", "ad_click", "click_id"),
        ("fbclid=h&gclid=h", "search", "ad_click", "click_id"),
        ("epik=h", "pinterest", "content_click", "click_id"),
        ("jclid=h&utm_source=tiktok", "tiktok", "content_click", "own_click"),
        ("jclid=h", "direct", "visit", "own_click"),
        ("ttclid=", "direct", "visit", "none"),
        ("ScCid=h", "snapchat", "ad_click", "click_id"),
        ("gbraid=1", "search", "ad_click", "click_id"),
        ("srsltid=h", "direct", "visit", "none"),
        ("utm_source=IGShopping&utm_medium=Social", "social", "content_click", "utm"),
        ("utm_source=IGShopping&utm_medium=Social&cart_origin=facebook", "facebook", "content_click", "utm"),
        ("cart_origin=instagram&products=1%3A2", "instagram", "content_click", "utm"),
        ("cart_origin=elsewhere", "direct", "visit", "none"),
        ("fbclid=h&utm_source=IGShopping&cart_origin=instagram", "instagram", "content_click", "click_id"),
        ("page=2&ref=abc", "direct", "visit", "none"),
    ],
)
def test_marks_of_a_link_name_its_channel(query: str, channel: str, kind: str, evidence: str) -> None:
    found = from_campaign(query)
    assert (found.channel, found.kind, found.evidence) == (channel, kind, evidence)


def test_a_shared_click_id_is_narrowed_by_the_referrer() -> None:
    assert from_campaign("fbclid=h", "https://l.instagram.com/").channel == "instagram"
    assert from_campaign("fbclid=h", "https://www.google.com/").channel == "facebook"


def test_a_shop_of_meta_is_told_by_the_referrer_where_nothing_else_does() -> None:
    found = from_campaign("utm_source=IGShopping&utm_medium=Social", "https://l.instagram.com/")
    assert (found.channel, found.evidence) == ("instagram", "referrer")


def test_a_referrer_says_more_than_a_medium_alone() -> None:
    assert from_campaign("utm_source=brand&utm_medium=social", "https://www.tiktok.com/").channel == "tiktok"


def test_the_shops_own_word_is_the_last_resort() -> None:
    assert origin(SITE, None, None, "pinterest")[:4] == ("pinterest", "content_click", "pin", "declared")
    assert origin(SITE, "https://www.google.com/", None, "pinterest").channel == "search"
    assert origin(SITE, None, None, "direct").channel == "direct"


def test_an_advertisement_that_the_shop_knows_of_is_one() -> None:
    assert origin(SITE, "https://www.tiktok.com/", paid=True).kind == "ad_click"


@pytest.mark.parametrize(
    ("query", "surface"),
    [
        ("utm_source=ig&utm_content=link_in_bio", "profile"),
        ("utm_source=ig&utm_medium=stories", "story"),
        ("utm_source=tiktok&utm_content=live", "live"),
        ("utm_source=youtube", "video"),
        ("utm_source=pinterest", "pin"),
        ("utm_source=tiktok", None),
    ],
)
def test_a_surface_is_read_where_it_is_named(query: str, surface: str | None) -> None:
    assert from_campaign(query).surface == surface


def test_campaign_and_content_are_unquoted_and_kept() -> None:
    found = from_campaign("utm_source=tiktok&utm_campaign=%C3%A9t%C3%A9+2026&utm_content=7412345678901234567#x")
    assert (found.campaign, found.content, found.landing_path) == ("été 2026", "7412345678901234567", "/products/tee")


def test_marks_given_apart_stand_for_those_of_the_address() -> None:
    found = origin(f"{SITE}?utm_source=google", None, {"source": "tiktok", "medium": None, "campaign": ""})
    assert (found.channel, found.campaign) == ("tiktok", None)
    assert origin(f"{SITE}?utm_source=google", None, {}).channel == "search"


# --- the table --------------------------------------------------------------------------------------------------------


def test_what_comes_from_a_network_is_selling_by_link() -> None:
    assert NETWORKS == SOCIAL
    assert from_host("https://www.tiktok.com/").selling_mode == "linked"
    assert from_host("https://www.google.com/").selling_mode == "communication"


def test_every_word_of_the_table_leads_to_its_row_or_one_above() -> None:
    places = {rule.channel: place for place, rule in reversed(list(enumerate(RULES)))}
    for place, rule in enumerate(RULES):
        found = [from_host(f"https://{host}/") for host in rule.hosts.split()]
        found += [from_host(f"https://www.{brand}.com/") for brand in rule.brands.split()]
        found += [from_campaign(f"utm_source={name}") for name in rule.names.split()]
        found += [from_campaign(f"{name}=h") for name in (rule.ad_ids + " " + rule.click_ids).split()]
        assert all(places[one.channel] <= place for one in found), rule.channel


marks = st.dictionaries(
    st.sampled_from(["source", "medium", "campaign", "content", "term"]), st.none() | st.text(max_size=20)
)
pieces = st.sampled_from(
    [
        "https://",
        "android-app://",
        "//",
        "[",
        "]",
        ":",
        "@",
        "?",
        "#",
        "&",
        "=",
        "%",
        "utm_source",
        "ttclid",
        "tiktok.com",
        "google",
        ".",
        "/",
        "\x00",
        "é",
    ]
)
addresses = st.none() | st.text(max_size=60) | st.lists(pieces, max_size=12).map("".join)


@given(addresses, addresses, st.none() | marks, st.none() | st.text(max_size=20), st.booleans())
def test_any_visit_has_an_origin(landing: Any, referrer: Any, utm: Any, source: Any, paid: bool) -> None:
    found = origin(landing, referrer, utm, source, paid=paid)
    assert found.channel in CHANNELS
    assert found.kind in get_args(TouchKind)
    assert found.evidence in get_args(Evidence)
    assert (found.evidence == "none") == (found.channel == "direct" and found.evidence != "own_click")
    assert found == origin(landing, referrer, utm, source, paid=paid)
