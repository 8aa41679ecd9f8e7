"""Personas: rules of jalon.toml over customers, their maps and figures, few persons hidden; and proposed groups."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jalon.attribution.presets import PRESETS
from jalon.config import load
from jalon.errors import ConfigError
from jalon.normalize.vocabulary import Fact
from jalon.report.page.blocks.map_views import views
from jalon.report.page.blocks.personas import prepared
from jalon.report.page.language import language
from jalon.report.people.clusters import FEWEST_BUYERS, MOST, SMALLEST, proposed
from jalon.report.people.personas import FEWEST_SHOWN
from jalon.report.people.settings import COLUMNS, Condition, Persona, Wanted
from tests.handmade import order, touch
from tests.report.people_made import People

# --- declared -------------------------------------------------------------------------------------------------------


def test_the_first_persona_that_fits_is_a_persons_and_all_conditions_must_hold(in_town: People) -> None:
    rows = in_town.sql("SELECT persona, main_channel, purchases FROM dim_customers WHERE person <> '(none)'")
    for persona, channel, purchases in rows:
        wanted = "mailers" if channel == "email" else "regulars" if (purchases or 0) >= 3 else None
        assert (persona if persona not in ("(none)", "rare") else None) == wanted or channel == "forum"
    sizes = dict(in_town.sql("SELECT persona, persons FROM dim_personas WHERE NOT is_proposed"))
    assert sizes["mailers"] == sum(row[0] == "mailers" for row in rows)
    assert sizes["regulars"] == sum(row[0] == "regulars" for row in rows)


def test_a_persona_of_fewer_than_five_persons_is_told_of_by_its_name_alone(in_town: People) -> None:
    columns = "persons, customers, ambassadors, purchases, net_minor, main_channel"
    ((members,),) = in_town.sql("SELECT count(*) FROM dim_customers WHERE persona = 'rare'")
    assert 0 < members < FEWEST_SHOWN
    assert in_town.sql(f"SELECT {columns} FROM dim_personas WHERE persona = 'rare'") == [(None,) * 6]
    assert in_town.sql("SELECT * FROM rpt_persona_map WHERE persona = 'rare'") == []


def test_a_cell_of_fewer_than_five_persons_has_no_counts_on_the_page_or_in_a_mart(tmp_path: Path) -> None:
    """Six are met in one channel, four of them in another too."""
    facts: list[Fact] = [touch(f"s{n}", 1, f"p{n}", channel="search") for n in range(6)]
    facts += [touch(f"e{n}", 0, f"p{n}", channel="email") for n in range(4)]
    made = People(tmp_path, facts, Wanted({"all": Persona(where=(Condition(column="touchpoints", op=">", value=0),))}))
    cells = made.sql(
        "SELECT channel, touchpoints, persons, persons_onward, too_few FROM rpt_persona_map WHERE preset = 'canonical'"
    )
    assert sorted(cells) == [("email", None, None, None, True), ("search", 6, 6, 0, False)]
    assert list(made.told()["persona_maps"]["all"]["canonical"]["cells"]) == ["search/discovery"]


def test_only_personas_of_enough_persons_have_a_map(in_town: People) -> None:
    told = in_town.told()
    assert set(told["persona_maps"]) == {"mailers", "regulars"}
    cells = [cell for maps in told["persona_maps"].values() for one in maps.values() for cell in one["cells"].values()]
    assert min(cell["persons"] for cell in cells) >= FEWEST_SHOWN


def test_figures_of_a_persona_are_those_of_its_persons(in_town: People) -> None:
    by_hand = in_town.sql(
        "SELECT count(*), count(*) FILTER (is_customer), count(*) FILTER (is_ambassador), avg(purchases), "
        "sum(net_minor), avg(days_since_purchase) FROM dim_customers WHERE persona = 'mailers'"
    )
    told = in_town.sql(
        "SELECT persons, customers, ambassadors, purchases, net_minor, days_since_purchase FROM dim_personas "
        "WHERE persona = 'mailers'"
    )
    assert [float(each) for each in told[0]] == pytest.approx([float(each) for each in by_hand[0]], abs=1e-5)


def test_what_few_customers_of_a_persona_bought_is_not_told(tmp_path: Path) -> None:
    """Of ten persons with one customer the figures would be that customer's; of two currencies each counts its own."""
    names = {"searchers": "search", "mailers": "email"}
    personas = {
        name: Persona(where=(Condition(column="main_channel", value=channel),)) for name, channel in names.items()
    }
    facts: list[Fact] = [
        touch(f"{channel}{n}", 1, f"{channel}{n}", channel=channel) for channel in names.values() for n in range(10)
    ]
    facts += [order("one", 2, 700, person="search0")]
    facts += [order(f"e{n}", 2, 100, person=f"email{n}", currency="EUR" if n < 6 else "JPY") for n in range(10)]
    made = People(tmp_path, facts, Wanted(personas))
    told = "persona, persons, customers, purchases, days_since_purchase, currency, currency_customers, net_minor"
    rows = made.sql(f"SELECT {told} FROM dim_personas WHERE persona <> '(none)' ORDER BY position")
    assert rows == [
        ("searchers", 10, 1, None, None, None, None, None),
        ("mailers", 10, 10, 1, 0, "EUR", 6, 600),
    ]
    shown = prepared(made.told(), language("en"))
    assert shown is not None
    assert [row["net"] for row in shown["declared"]] == [None, "€1.00"]


def test_maps_of_personas_add_up_to_the_map_of_all(in_town: People) -> None:
    """Touchpoints of all months and segments, of each persona and of none, are those of the whole map."""
    cell = "preset, stage, channel"
    monthly = f"SELECT {cell}, sum(touchpoints) FROM fct_journey_map GROUP BY ALL ORDER BY ALL"
    assert in_town.sql(monthly) == in_town.sql(f"SELECT {cell}, touchpoints FROM rpt_journey_map ORDER BY ALL")
    of_one = (
        "SELECT preset, stage, channel, sum(touchpoints) FROM fct_journey_map WHERE persona = 'mailers' GROUP BY ALL"
    )
    mapped = in_town.sql(
        f"SELECT {cell}, touchpoints FROM rpt_persona_map WHERE persona = 'mailers' AND NOT too_few ORDER BY ALL"
    )
    assert mapped
    assert set(mapped) <= set(in_town.sql(of_one))


def test_the_page_has_a_map_of_each_persona_in_each_stage_model(in_town: People) -> None:
    for name, title in (("en", "Mailers"), ("fr", "Abonnés")):
        it = prepared(in_town.told(), language(name))
        assert it is not None
        assert [row["title"] for row in it["declared"]] == [title, "regulars", "rare"]
        chosen = views({**in_town.told(), "map": {}, "segment_maps": {}}, language(name))[1:]
        assert [(view.title, set(view.maps)) for view in chosen] == [(title, set(PRESETS)), ("regulars", set(PRESETS))]
    assert prepared({"personas": []}, language("en")) is None


# --- rules ----------------------------------------------------------------------------------------------------------


def configured(folder: Path, *lines: str) -> Path:
    path = folder / "jalon.toml"
    path.write_text("\n".join(("[personas.some]", *lines)))
    return path


def test_a_rule_is_read_from_jalon_toml(tmp_path: Path) -> None:
    lines = ('title = "Some"', "where = [", '  { column = "is_ambassador", value = true },')
    more = ('  { column = "main_channel", op = "in", value = ["email", "search"] },', "]")
    persona = load(configured(tmp_path, *lines, *more)).personas["some"]
    assert (persona.title, [condition.column for condition in persona.where]) == (
        "Some",
        ["is_ambassador", "main_channel"],
    )


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ('where = [{ column = "purchase", value = 3 }]', "no column that personas are told by"),
        ('where = [{ column = "person", value = "x" }]', "no column that personas are told by"),
        ('where = [{ column = "persona", value = "x" }]', "no column that personas are told by"),
        ('where = [{ column = "sales", value = "3" }]', "compared with a number"),
        ('where = [{ column = "sales", value = true }]', "compared with a number"),
        ('where = [{ column = "is_customer", value = 1 }]', "compared with true or false"),
        ('where = [{ column = "main_channel", op = "<", value = "a" }]', "has no order"),
        ('where = [{ column = "sales", op = "in", value = 3 }]', 'op = "in"'),
        ('where = [{ column = "sales", op = "=", value = [3] }]', 'op = "in"'),
        ('where = [{ column = "sales", op = "~", value = 3 }]', "should be"),
        ("where = []", "at least 1"),
        ("wher = []", "is not a known key"),
    ],
)
def test_a_rule_that_cannot_hold_is_refused_with_its_place(tmp_path: Path, line: str, says: str) -> None:
    with pytest.raises(ConfigError, match=r"jalon\.toml:\d+: \[personas\.some\]") as refused:
        load(configured(tmp_path, line))
    assert says in str(refused.value)


def test_every_column_of_customers_but_keys_and_instants_can_be_asked_for() -> None:
    assert {"purchases", "rfm_segment", "main_channel", "nps", "clv", "is_ambassador", "currency"} <= set(COLUMNS)
    assert Condition(column="net", op=">", value=10).values == (10,)
    assert repr(Condition(column="currency", op="in", value=("EUR", "USD"))) == "currency in EUR, USD"
    assert repr(Condition(column="is_ambassador", value=True)) == "is_ambassador = true"


# --- proposed -------------------------------------------------------------------------------------------------------


def clouds(*middles: tuple[float, float], each: int = 60, spread: float = 0.2) -> np.ndarray:
    chance = np.random.default_rng(4)
    return np.vstack([chance.normal(middle, spread, (each, 2)) for middle in middles])


def test_groups_that_are_there_are_found_with_their_number() -> None:
    found = proposed(np.vstack([clouds((0, 0), (5, 5), (0, 5)), clouds((0, 0), each=40)]))
    assert set(found.group) == {1, 2, 3}
    assert found.silhouette is not None
    assert found.silhouette > 0.8
    assert len(set(found.group[:60])) == 1
    assert [int((found.group == number).sum()) for number in (1, 2, 3)] == [100, 60, 60]


def test_one_cloud_is_no_groups_and_few_buyers_are_none() -> None:
    chance = np.random.default_rng(8)
    whole = proposed(chance.normal(0, 1, (400, 6)))
    assert len(whole.group) == 0
    assert "no distinct groups" in whole.because
    few = proposed(clouds((0, 0), (9, 9), each=20))
    assert (len(few.group), few.silhouette) == (0, None)
    assert str(FEWEST_BUYERS) in few.because
    assert len(proposed(np.ones((80, 3))).group) == 0


def test_a_few_odd_buyers_are_no_group() -> None:
    found = proposed(np.vstack([clouds((0, 0), (4, 4)), [[90.0, -90.0]] * 2]))
    sizes = np.bincount(found.group)[1:]
    assert sizes.size == 0 or sizes.min() >= SMALLEST


@settings(max_examples=15)
@given(st.integers(0, 1000))
def test_the_same_buyers_have_the_same_groups_and_each_has_one(seed: int) -> None:
    features = np.random.default_rng(seed).gamma(1.0, 1.0, (60, 3))
    first, second = proposed(features), proposed(features.copy())
    assert np.array_equal(first.group, second.group)
    assert len(first.group) in (0, 60)
    assert set(first.group) <= set(range(1, MOST + 1))


def test_proposed_groups_are_marked_and_are_of_buyers_alone(in_town: People) -> None:
    rows = in_town.sql(
        "SELECT persona, persons, silhouette, rule FROM dim_personas WHERE is_proposed ORDER BY position"
    )
    assert rows
    assert all(name == f"proposed:{number}" for number, (name, *_) in enumerate(rows, 1))
    assert [row[1] for row in rows] == sorted((row[1] for row in rows), reverse=True)
    assert all(row[3] is None for row in rows)
    assert in_town.sql("SELECT count(*) FROM dim_customers WHERE proposed_persona IS NOT NULL AND NOT is_customer") == [
        (0,)
    ]
