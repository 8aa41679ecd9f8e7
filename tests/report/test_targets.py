"""Targets: wanted against lived, from jalon.toml and from a file, with words for what does not exist."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from jalon.config import Config, load
from jalon.errors import ConfigError
from jalon.normalize.vocabulary import Fact
from jalon.report.page.blocks.targets import in_cells, met, prepared
from jalon.report.page.language import language
from jalon.report.people.intervals import Estimate
from jalon.report.people.settings import Target, Wanted
from jalon.report.people.targets import CELLS, Lived, _compared, _once, checked
from jalon.report.people.wanted import read_targets, wanted
from tests.handmade import order, touch
from tests.report.people_made import WANTED, People


def test_each_target_stands_beside_what_was_measured(in_town: People) -> None:
    rows = in_town.sql(
        "SELECT measure, member, target, lived, gap, is_met, is_clear, better FROM rpt_targets ORDER BY position"
    )
    told = {row[0]: (row[1], *(None if each is None else float(each) for each in row[2:5]), *row[5:]) for row in rows}
    assert len(rows) == len(WANTED.targets)
    assert told["nps"] == ("", 20.0, 40.0, 20.0, True, False, "more"), "19.7 to 55.8 holds 20"
    assert told["cart_loss"][4:] == (False, True, "less")
    place = "preset = 'canonical' AND stage = 'discovery' AND channel"
    ((touchpoints,),) = in_town.sql(f"SELECT touchpoints FROM rpt_journey_map WHERE {place} = 'search'")
    assert told["touchpoints"][1:] == (1000.0, touchpoints, touchpoints - 1000, False, None, "more")
    ((net,),) = in_town.sql(f"SELECT net FROM rpt_journey_credit WHERE {place} = 'email' AND model = 'linear'")
    assert told["net"][:3] == ("linear EUR", 5000.0, float(net))
    assert told["order_value"][5] is True
    assert told["persons"][2] == 0, "nobody was met there: that is counted, and is no gap in what is known"


def test_what_was_not_measured_is_neither_met_nor_missed(in_town: People) -> None:
    rows = in_town.sql("SELECT lived, gap, is_met, is_clear FROM rpt_targets WHERE measure = 'clv'")
    assert rows == [(None, None, None, None)]


def test_shares_of_orders_in_two_currencies_that_are_just_enough_are_enough(tmp_path: Path) -> None:
    """As floats 0.7 and 0.1 are a hair less than 0.8."""
    facts: list[Fact] = []
    for person, currency, searches in (("a", "EUR", 7), ("b", "JPY", 1)):
        channels = ["search"] * searches + ["email"] * (10 - searches)
        facts += [touch(f"{person}{n}", 1 + n / 20, person, channel=of) for n, of in enumerate(channels)]
        facts += [order(person, 2, 100, person=person, currency=currency)]
    wanted = asking(Target(stage="discovery", channel="search", measure="orders", target=0.8))
    assert People(tmp_path, facts, wanted).sql("SELECT lived, gap, is_met FROM rpt_targets") == [
        (Decimal("0.8"), 0, True)
    ]


@pytest.mark.parametrize(
    ("target", "lived", "gap", "share"),
    [(50, 40, -10, -0.2), (-20, 10, 30, 1.5), (-20, -30, -10, -0.5), (0, 7, 7, None)],
)
def test_what_is_above_a_target_is_above_it_by_a_positive_share(
    target: float, lived: float, gap: float, share: float | None
) -> None:
    """Also where the target is below zero, as a Net Promoter Score may be; of nothing there is no share."""
    row = _compared(target, Lived(Estimate(lived, None, None, 9), "points"))
    assert (row["gap"], row["gap_share"]) == (gap, share)


def test_a_target_by_a_model_that_was_not_computed_is_refused_with_those_that_were(tmp_path: Path) -> None:
    """Otherwise what nobody computed would be read as nothing credited."""
    wrong = Target(stage="discovery", channel="search", measure="orders", model="liner", target=1)
    with pytest.raises(ConfigError, match="discovery, search, orders: the model 'liner' was not computed") as refused:
        People(tmp_path, [touch("t", 1, "a")], asking(wrong))
    assert "linear" in refused.value.remedy


def asking(target: Target) -> Wanted:
    return Wanted({}, (target,))


def test_the_page_says_how_many_are_met(in_town: People) -> None:
    it = prepared(in_town.told(), language("en"))
    assert it is not None
    assert it["says"] == "Targets met: 4 of 8. 1 was not measured. 1 is clearly missed."
    french = prepared(in_town.told(), language("fr"))
    assert french is not None
    assert french["says"].startswith("Objectifs atteints\u00a0: 4 sur 8.")
    assert it["rows"][3]["gap"] == "+50 points"
    assert prepared({"targets": []}, language("en")) is None
    one = [in_town.told()["targets"][0]]
    assert [met(one, language(name)) for name in ("en", "fr")] == [
        "Targets met: 1 of 1.", "Objectifs atteints\u00a0: 1 sur 1."
    ]  # fmt: skip


def test_cells_of_the_map_say_what_is_wanted_there(in_town: People) -> None:
    found = in_cells(in_town.told()["targets"], language("en"))
    assert set(found) == {"canonical"}
    assert [row["says"] for row in found["canonical"]["search/discovery"]] == [
        "wanted 1,000 touchpoints: missed",
        "wanted 50%: met",
    ]
    assert found["canonical"]["forum/service"][0]["is_met"] is False


# --- where they come from -------------------------------------------------------------------------------------------


def configured(folder: Path, toml: str, table: str = "") -> Config:
    (folder / "jalon.toml").write_text(toml)
    (folder / "targets.csv").write_text(table)
    return load(folder / "jalon.toml")


def test_cells_of_jalon_toml_and_rows_of_a_file_are_one_list(tmp_path: Path) -> None:
    toml = '[targets]\nfile = "targets.csv"\n[[targets.cells]]\nstage = "advocacy"\nmeasure = "nps"\ntarget = 30\n'
    table = "stage;channel;measure;target\ndiscovery;search;onward;0.4\npurchase;;order_value;60\n"
    found = wanted(configured(tmp_path, toml, table)).targets
    assert [(target.stage, target.channel, target.measure, target.target) for target in found] == [
        ("advocacy", "", "nps", 30.0),
        ("discovery", "search", "onward", 0.4),
        ("purchase", "", "order_value", 60.0),
    ]


@pytest.mark.parametrize(
    ("table", "says"),
    [
        ("stage,channel,measure,target\nnowhere,,nps,3\n", r"targets\.csv:2: canonical has no stage 'nowhere'"),
        (
            "stage,channel,measure,target\ndiscovery,Instagramm,net,3\n",
            r"targets\.csv:2: there is no channel 'Instagramm'; did you mean instagram\?",
        ),
        ("stage,channel,measure,target\ndiscovery,zzz,net,3\n", r"no channel 'zzz'; channels are: .*email"),
        ("stage,measure,target\nadvocacy,onward,3\n", "no measure of the stage advocacy"),
        ("stage,channel,measure,target\nadvocacy,email,nps,3\n", "no measure of a cell"),
        ("stage,measure,target,preset\npurchase,nps,3,mine\n", "preset 'mine' is not known"),
        ("stage,measure,target,currency\nloyalty,clv,3,XXQ\n", "is no currency"),
        ("stage,measure,target\nadvocacy,nps,many\n", r"targets\.csv:2: target"),
        ("stage,measure,target\nadvocacy,nps,nan\n", r"targets\.csv:2: target"),
        ("stage,measure\nadvocacy,nps\n", r"targets\.csv:2: target"),
        ("stage,measures,target\n", "no column 'measures'"),
        ("stage,measure,target\nadvocacy,nps,3,4\n", "more cells than columns"),
    ],
)
def test_a_target_of_what_does_not_exist_is_refused_with_its_line(tmp_path: Path, table: str, says: str) -> None:
    config = configured(tmp_path, '[targets]\nfile = "targets.csv"\n', table)
    with pytest.raises(ConfigError, match=says):
        wanted(config)


@pytest.mark.parametrize("written", ["0,25", "1 234,50", "1\u202f234,50", "-3,5", "1 234", "12", "0.25"])
def test_numbers_of_a_spreadsheet_in_french_are_read(tmp_path: Path, written: str) -> None:
    toml, table = '[targets]\nfile = "targets.csv"\n', f"stage;measure;target\nadvocacy;nps; {written}\n"
    (target,) = wanted(configured(tmp_path, toml, table)).targets
    assert target.target == float(written.replace(",", ".").replace(" ", "").replace("\u202f", ""))


@pytest.mark.parametrize(
    "table",
    [
        "stage,measure,target\nadvocacy,nps,3\nadvocacy,csat,0,25\n",
        'stage,measure,target\nadvocacy,nps,3\nadvocacy,csat,"0,25"\n',
        "stage;measure;target\nadvocacy;nps;3\nadvocacy;csat;1.234,50\n",
    ],
)
def test_a_comma_that_cannot_be_read_is_named_with_its_line_and_what_is_wanted(tmp_path: Path, table: str) -> None:
    with pytest.raises(ConfigError, match=r"targets\.csv:3: ") as refused:
        wanted(configured(tmp_path, '[targets]\nfile = "targets.csv"\n', table))
    assert "decimal point, as 0.25" in refused.value.remedy


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"gone\.csv cannot be read"):
        list(read_targets(tmp_path / "gone.csv"))


@pytest.mark.parametrize(
    ("cell", "rows", "is_second"),
    [
        ("", "advocacy,,nps,9,", True),
        ("", "service,,csat,9,", False),
        ("", "advocacy,email,persons,9,", False),
        ("email", "advocacy,email,persons,9,last", True),
        ("email", "advocacy,email,orders,9,last", False),
    ],
)
def test_a_second_target_for_one_thing_is_named_with_both_places(
    tmp_path: Path, cell: str, rows: str, is_second: bool
) -> None:
    own = f'[[targets.cells]]\nstage = "advocacy"\nmeasure = "{"persons" if cell else "nps"}"\ntarget = 3\n'
    told = f'[targets]\nfile = "targets.csv"\n{own}channel = "{cell}"\n'
    config = configured(tmp_path, told, f"stage,channel,measure,target,model\n{rows}\n")
    if not is_second:
        assert len(wanted(config).targets) == 2
        return
    with pytest.raises(ConfigError, match=r"targets\.csv:2 is a second target for what \[\[targets.cells\]\] 1 is"):
        wanted(config)


def test_two_targets_for_one_thing_are_refused() -> None:
    row = {"preset": "canonical", "stage": "advocacy", "channel": "(none)", "measure": "nps", "member": ""}
    assert [each["position"] for each in _once([row, {**row, "stage": "service"}])] == [0, 1]
    with pytest.raises(ConfigError, match="two targets for canonical, advocacy, nps"):
        list(_once([row, row]))


def test_every_measure_of_a_cell_can_be_wanted_in_any_stage_model() -> None:
    for measure in CELLS:
        checked(Target(preset="lifecycle", stage="discovery", channel="search", measure=measure, target=1))
    with pytest.raises(ValueError, match="no measure of the stage"):
        checked(Target(preset="lifecycle", stage="discovery", measure="nps", target=1))
