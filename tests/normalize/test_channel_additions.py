"""What another distribution may say of channels: it adds, and takes nothing away from anybody."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jalon.added_channels import Brought
from jalon.errors import ConfigError
from jalon.normalize.channel_additions import checked
from jalon.normalize.channel_rules import RULES, Rule
from jalon.normalize.channel_table import Table

ETAL = Rule("etal", "content_click", click_ids="etclid", names="etal", brands="etal", hosts="etal.example")


def bring(*rules: Any) -> list[Brought]:
    return [Brought(getattr(rule, "channel", "etal"), f"jalon-{number}", rule) for number, rule in enumerate(rules)]


def refusal(*rules: Any) -> str:
    with pytest.raises(ConfigError) as refused:
        checked(bring(*rules))
    assert refused.value.remedy
    return refused.value.message


def test_a_network_is_added_and_has_its_marks() -> None:
    (added,) = checked(bring(ETAL))
    assert added == ("jalon-0", ETAL)
    table = Table((*RULES, added.rule))
    assert table.channels[-1] == "etal"
    assert table.click_ids["etclid"] is ETAL
    assert {table.of_host(host) for host in ("etal.example", "www.etal.example", "etal.fr")} == {ETAL}


def test_words_are_added_to_a_channel_that_is_there_and_may_be_known_already() -> None:
    more = Rule("snapchat", "content_click", ad_ids="sccid", names="snap_ads", hosts="snapchat.com snap.example")
    assert len(checked(bring(more, more))) == 2


def test_a_network_may_have_a_forum_of_its_own() -> None:
    (added,) = checked(bring(ETAL._replace(hosts="forum.etal.example")))
    assert Table((*RULES, added.rule)).of_host("forum.etal.example") is added.rule


@pytest.mark.parametrize(
    ("rule", "told"),
    [
        ("etal", "it must be a `jalon.normalize.channel_rules.Rule`"),
        (ETAL._replace(hosts=("etal.example",)), "all that its rule says must be texts"),
        (ETAL._replace(channel="Etal"), "`channel` 'Etal' must be small letters"),
        (ETAL._replace(channel="direct"), "neither of site and direct"),
        (ETAL._replace(kind="click"), "`kind` 'click' is none of "),
        (ETAL._replace(channel="search"), "`kind` of search is search_click in jalon, and 'content_click' here"),
        (ETAL._replace(click_ids="EtClid"), "`click_ids`: 'EtClid' must be in small letters"),
        (ETAL._replace(click_ids="utm_id"), "`click_ids`: 'utm_id' has a meaning of its own in every address"),
        (ETAL._replace(ad_ids="jclid"), "`ad_ids`: 'jclid' has a meaning of its own in every address"),
        (ETAL._replace(brands="etal.example"), "`brands`: 'etal.example' must be the name alone"),
        (ETAL._replace(hosts="example"), "`hosts`: 'example' must be a host"),
        (ETAL._replace(hosts="https://etal.example"), "`hosts`: 'https://etal.example' must be a host"),
        (ETAL._replace(hosts="pay.paypal.com"), "is where visitors are sent back from"),
        (ETAL._replace(ad_ids="ttclid"), "`ad_ids`: 'ttclid' speaks for tiktok in jalon"),
        (ETAL._replace(click_ids="ttclid"), "`click_ids`: 'ttclid' speaks for tiktok in jalon (`ad_ids`)"),
        (ETAL._replace(names="ig"), "`names`: 'ig' speaks for instagram in jalon"),
        (ETAL._replace(media="sms"), "`media`: 'sms' speaks for messaging in jalon"),
        (ETAL._replace(hosts="snapchat.com"), "`hosts`: 'snapchat.com' speaks for snapchat in jalon as a part of it"),
        (ETAL._replace(hosts="etal.reddit.com"), "'etal.reddit.com' speaks for forum in jalon as a part of it"),
        (
            Rule("facebook", "content_click", ad_ids="fbclid"),
            "`ad_ids`: 'fbclid' speaks for facebook in jalon (`click_ids`)",
        ),
    ],
)
def test_a_rule_that_cannot_be_is_refused_with_what_is_wrong(rule: Any, told: str) -> None:
    said = refusal(rule)
    assert told in said
    assert "of jalon-0: " in said


def test_two_distributions_that_claim_one_word_are_both_named() -> None:
    said = refusal(ETAL, Rule("stall", "content_click", hosts="shop.etal.example"))
    assert said.startswith("channel 'stall' of jalon-1: `hosts`: 'shop.etal.example' speaks for etal in jalon-0")


def test_an_entry_point_is_called_as_its_channel() -> None:
    with pytest.raises(ConfigError, match="leads to a rule of 'etal', and both names must be equal"):
        checked([Brought("stall", "jalon-etal", ETAL)])


words = st.sampled_from([*(word for rule in RULES for word in rule.names.split()), "etal", "étal", "stall"])
hosts = st.sampled_from(
    [*(host for rule in RULES for host in rule.hosts.split()), "www.youtube.com", "google.fr", "etal.example"]
)


@given(st.sets(words, max_size=2), st.sets(hosts, max_size=2))
def test_whatever_is_added_no_word_changes_its_channel(names: set[str], places: set[str]) -> None:
    rule = Rule("etal", "content_click", names=" ".join(names), hosts=" ".join(places))
    try:
        added = checked(bring(rule))
    except ConfigError:
        return
    before, after = Table(RULES), Table((*RULES, *(each.rule for each in added)))
    assert {word: after.names[word] for word in before.names} == before.names
    for place in places:
        assert before.of_host(place) is None
        assert after.of_host(place) is rule
