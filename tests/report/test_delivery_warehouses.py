"""Deliveries by dlt: at real servers, cut off midway, beside what its user has configured, and what it may not do."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import dlt
import pytest
from dlt.common.normalizers.naming.snake_case import NamingConvention
from dlt.common.runtime import anon_tracker, telemetry
from dlt.load.load import Load as Loader
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from jalon.errors import AuthError, ConfigError, JalonError
from jalon.report.delivery.deliver import reach
from jalon.report.delivery.parcels import parcels
from jalon.report.delivery.targets import warehouse
from jalon.report.delivery.targets.base import Load
from jalon.report.delivery.targets.warehouse.errors import translated
from jalon.report.delivery.warehouses import WAREHOUSES
from jalon.report.marts.shapes import Column
from jalon.report.marts.tables import MARTS as ALL_MARTS
from tests.report.delivering import (
    MARTS,
    PLACES,
    SALES,
    held,
    marts,
    sale,
    send,
    settings,
    signed_in,
    warehouse_rows,
    write,
)
from tests.report.postgres_server import PASSWORD

NO_SHRINKING = (Phase.explicit, Phase.generate)
"""Each further example would be a delivery more."""
NOTES = (
    None,
    "",
    " spaces ",
    "'); DROP TABLE fct_sales; --",
    '"%s" %(a)s :a ? \\ \\N',
    "x\r\n;\n\n",
    "\u202e👩‍👩‍👧‍👦 e\u0301",
    "x" * 100_000,
)
ROWS = [sale(f"s{i}", cents=i * 997 - 1500, note=note) for i, note in enumerate(NOTES)]


@pytest.fixture(params=("postgres", "sqlalchemy"))
def server(request: pytest.FixtureRequest) -> Any:
    """An empty dataset of a real server, reached by dlt."""
    if request.param == "postgres":
        url = request.getfixturevalue("postgres_url").replace("jalon@", f"jalon:{PASSWORD}@")
        gone = ["DROP SCHEMA IF EXISTS bi CASCADE", "DROP SCHEMA IF EXISTS bi_staging CASCADE"]
    else:
        url = request.getfixturevalue("mariadb_url")
        gone = ["DROP DATABASE IF EXISTS bi", "DROP DATABASE IF EXISTS bi_staging"]
    place = settings("warehouse", destination=request.param, credentials=url, into="bi")
    for statement in gone:
        warehouse_rows(place, statement)
    return place


@pytest.fixture
def quick(tmp_path: Path) -> Any:
    return settings("warehouse", destination="duckdb", credentials=str(tmp_path / "dlt.duckdb"), into="bi")


# --- real servers


def test_a_server_holds_every_value_once_and_in_its_type(server: Any, tmp_path: Path) -> None:
    folder = marts(tmp_path / "marts", ROWS)
    assert set(send(server, folder).sent) == set(MARTS)
    assert (held(server, SALES), held(server, PLACES)) == (ROWS, [("p1", "Épicerie"), ("p2", None)])
    assert send(server, folder) == ({}, ("fct_sales", "dim_places"), (), ())
    types = dict(
        warehouse_rows(
            server,
            "SELECT column_name, data_type FROM information_schema.columns"
            " WHERE table_name = 'fct_sales' AND table_schema = 'bi'",
        )
    )
    assert types == TYPES[server.destination]
    assert reach(server) == 2


TYPES = {
    "postgres": {
        "sale": "character varying",
        "place": "character varying",
        "note": "character varying",
        "net_minor": "bigint",
        "net": "numeric",
        "sold_at": "timestamp with time zone",
        "sold_date": "date",
        "is_sale": "boolean",
    },
    "sqlalchemy": {
        "sale": "longtext",
        "place": "longtext",
        "note": "longtext",
        "net_minor": "bigint",
        "net": "decimal",
        "sold_at": "datetime",
        "sold_date": "date",
        "is_sale": "tinyint",
    },
}


@hypothesis_settings(
    max_examples=2, phases=NO_SHRINKING, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(notes=st.lists(st.text(max_size=30), min_size=50, max_size=100))
def test_any_text_survives_the_way_to_a_server(server: Any, tmp_path: Path, notes: list[str]) -> None:
    send(server, marts(tmp_path / "marts", [sale(f"s{i:03d}", note=note) for i, note in enumerate(notes)]))
    assert [row[2] for row in held(server, SALES)] == [note.replace("\0", "\ufffd") for note in notes]


def test_keys_that_differ_by_a_capital_or_an_accent_are_two(server: Any, tmp_path: Path) -> None:
    send(server, marts(tmp_path / "marts", [sale("e"), sale("E"), sale("é")]))
    assert warehouse_rows(server, "SELECT count(*), count(DISTINCT sale) FROM bi.fct_sales") == [(3, 3)]


def test_a_reader_sees_the_old_whole_and_views_stay(server: Any, tmp_path: Path) -> None:
    send(server, marts(tmp_path / "marts", ROWS))
    warehouse_rows(server, "CREATE VIEW bi.total AS SELECT sum(net_minor) AS net FROM bi.fct_sales")
    count = "SELECT count(*), sum(net_minor) FROM bi.fct_sales"
    with signed_in(server) as reader:
        asked = reader.cursor()
        asked.execute(SNAPSHOT[server.destination])
        asked.execute(count)
        old = asked.fetchall()
        assert set(send(server, marts(tmp_path / "marts", [sale("s1", 5)])).sent) == {"fct_sales"}
        asked.execute(count)
        assert asked.fetchall() == old
    assert warehouse_rows(server, count) == [(1, 5)]
    assert warehouse_rows(server, "SELECT net FROM bi.total") == [(5,)]


SNAPSHOT = {
    "postgres": "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ",
    "sqlalchemy": "START TRANSACTION WITH CONSISTENT SNAPSHOT",
}


def test_a_server_is_given_new_shapes(server: Any, tmp_path: Path) -> None:
    send(server, marts(tmp_path / "marts", ROWS))
    more = SALES._replace(columns=(*SALES.columns, Column("extra", "decimal", "More")))
    rows = [(*row, row[4]) for row in ROWS]
    write(tmp_path / "marts", more, rows)
    send(server, tmp_path / "marts", {**MARTS, "fct_sales": more})
    assert held(server, more) == rows
    less = SALES._replace(columns=SALES.columns[:2], primary_key=("sale", "place"))
    write(tmp_path / "marts", less, [row[:2] for row in ROWS])
    send(server, tmp_path / "marts", {"fct_sales": less}, allow_schema_change=True)
    assert held(server, less) == [row[:2] for row in ROWS]
    assert reach(server) == 1


def test_a_server_that_refuses_or_is_not_there_says_so_without_the_password(server: Any) -> None:
    for host, kind in (("jalon:canary-wrong@127.0.0.1", AuthError), ("jalon:canary-wrong@127.0.0.1:1", JalonError)):
        address = server.credentials.get_secret_value()
        port = "" if host.endswith(":1") else ":" + address.rpartition(":")[2].partition("/")[0]
        wrong = f"{address.partition('://')[0]}://{host}{port}/postgres"
        with pytest.raises(kind) as refused:
            reach(settings("warehouse", destination=server.destination, credentials=wrong, into="bi"))
        assert "canary" not in str(refused.value) + repr(refused.value.__cause__)
        assert refused.value.remedy


# --- cut off midway


@contextmanager
def cut_off(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let dlt end when all is loaded, before that is noted."""
    load = dlt.Pipeline.load

    def broken(self: dlt.Pipeline) -> None:
        load(self)
        raise OSError("the cable was pulled")

    with monkeypatch.context() as patch:
        patch.setattr(dlt.Pipeline, "load", broken)
        yield


def test_a_first_delivery_that_is_cut_off_is_made_by_the_next(
    quick: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = marts(tmp_path / "marts", ROWS)
    with cut_off(monkeypatch), pytest.raises(JalonError, match="the cable was pulled"):
        send(quick, folder)
    assert set(send(quick, folder).sent) == set(MARTS)
    assert held(quick, SALES) == ROWS


def test_what_was_being_written_is_written_again_even_where_it_is_as_before(
    quick: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """How far the other delivery came, nobody knows: what the table was before it is no reason to leave it alone."""
    send(quick, marts(tmp_path / "marts", ROWS))
    other = marts(tmp_path / "marts", ROWS[1:])
    with cut_off(monkeypatch), pytest.raises(JalonError):
        send(quick, other)
    assert send(quick, marts(tmp_path / "marts", ROWS)).sent == {"fct_sales": len(ROWS)}
    assert send(quick, tmp_path / "marts").sent == {}


def test_what_one_that_was_killed_has_left_beside_is_in_nobodys_way(
    quick: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    beside = "SELECT table_name FROM duckdb_tables() WHERE schema_name = 'bi_staging' AND table_name LIKE 'fct%'"
    folder = marts(tmp_path / "marts", ROWS)
    with monkeypatch.context() as patch, cut_off(patch):
        patch.setattr(warehouse, "_sweep", lambda client, load: None)
        with pytest.raises(JalonError):
            send(quick, folder)
    assert warehouse_rows(quick, beside) == [("fct_sales",)]
    other = SALES._replace(columns=SALES.columns[1:3], primary_key=("place",))  # not even the key is filled any more
    write(folder, other, [("p1", "note")])
    known = {**MARTS, "fct_sales": other}
    send(quick, folder, known, allow_schema_change=True)
    assert held(quick, other) == [("p1", "note")]
    assert warehouse_rows(quick, beside) == []


def test_rows_that_a_table_refuses_leave_it_as_it_was(
    quick: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JALON__LOAD__RAISE_ON_FAILED_JOBS", "false")
    first = [sale("s1", note="first")]
    send(quick, marts(tmp_path / "marts", first))
    warehouse_rows(quick, "ALTER TABLE bi.fct_sales ALTER COLUMN note SET NOT NULL")
    other = marts(tmp_path / "marts", [sale("canary-key", note=None)])
    with pytest.raises(JalonError) as refused:
        send(quick, other)
    assert "canary" not in str(refused.value)
    assert held(quick, SALES) == first
    assert warehouse_rows(quick, "SELECT table_name FROM duckdb_tables() WHERE table_name LIKE 'fct%'") == [
        ("fct_sales",)
    ]
    assert send(quick, marts(tmp_path / "marts", [sale("s2", note="second")])).sent == {"fct_sales": 1}


def test_a_person_who_ends_it_ends_it(quick: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def ended(self: Any, pool: Any) -> None:
        raise KeyboardInterrupt

    folder = marts(tmp_path / "marts", ROWS)
    with monkeypatch.context() as patch:
        patch.setattr(Loader, "run", ended)
        with pytest.raises(KeyboardInterrupt):
            send(quick, folder)
    assert set(send(quick, folder).sent) == set(MARTS)


def test_what_a_driver_says_is_told_without_the_password() -> None:
    place = settings("warehouse", destination="postgres", credentials="postgresql://u:canary%40pw@h/d")
    for said in ("invalid dsn postgresql://u:canary%40pw@h/d", "canary@pw is wrong", "x" * 290 + "canary%40pw"):
        with pytest.raises(JalonError) as refused, translated(place):
            raise OSError(said)
        assert "canary" not in str(refused.value)


def test_no_row_stays_beside_the_tables_and_the_notes_of_dlt_do_not_grow(quick: Any, tmp_path: Path) -> None:
    for rows in (ROWS, ROWS[1:], ROWS[2:]):
        send(quick, marts(tmp_path / "marts", rows))
    tables = warehouse_rows(quick, "SELECT schema_name, table_name FROM duckdb_tables() ORDER BY ALL")
    ours = [("bi", name) for name in ("_dlt_loads", "_dlt_version", "_jalon_delivery", "dim_places", "fct_sales")]
    assert [each for each in tables if each != ("bi_staging", "_dlt_version")] == ours
    assert [warehouse_rows(quick, f"SELECT count(*) FROM bi.{name}") for _, name in ours[:3]] == [
        [(1,)],
        [(1,)],
        [(2,)],
    ]


# --- what its user has configured, and what it may not do


def test_credentials_come_from_where_dlt_looks_and_settings_are_passed_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DESTINATION__DUCKDB__CREDENTIALS", str(tmp_path / "dlt.duckdb"))
    place = settings("warehouse", destination="duckdb", settings={"staging_dataset_name_layout": "beside_%s"})
    send(place, marts(tmp_path / "marts", ROWS))
    there = settings("warehouse", destination="duckdb", credentials=str(tmp_path / "dlt.duckdb"), into="jalon")
    assert held(there, SALES) == ROWS
    schemas = warehouse_rows(there, "SELECT DISTINCT schema_name FROM duckdb_tables() ORDER BY 1")
    assert schemas == [("beside_jalon",), ("jalon",)]


def test_what_is_configured_for_other_pipelines_does_not_change_the_tables(
    quick: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NORMALIZE__PARQUET_NORMALIZER__ADD_DLT_ID", "true")
    monkeypatch.setenv("NORMALIZE__PARQUET_NORMALIZER__ADD_DLT_LOAD_ID", "true")
    monkeypatch.setenv("SCHEMA__NAMING", "sql_ci_v1")
    monkeypatch.setenv("RESTORE_FROM_DESTINATION", "true")
    monkeypatch.setenv("JALON__DATASET_NAME_LAYOUT", "other_%s")
    send(quick, marts(tmp_path / "marts", ROWS))
    ours = "table_name = 'fct_sales' AND schema_name = 'bi'"
    columns = warehouse_rows(quick, f"SELECT column_name FROM duckdb_columns() WHERE {ours} ORDER BY column_index")
    assert [name for (name,) in columns] == SALES.names
    assert warehouse_rows(quick, "SELECT table_name FROM duckdb_tables() WHERE table_name LIKE '%state%'") == []


def test_it_reports_to_nobody(quick: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    began: list[Any] = []
    monkeypatch.setenv("RUNTIME__DLTHUB_TELEMETRY", "true")
    monkeypatch.setattr(telemetry, "_TELEMETRY_STARTED", False)
    monkeypatch.setattr(telemetry, "init_anon_tracker", began.append)
    send(quick, marts(tmp_path / "marts", ROWS))
    assert began == []
    assert anon_tracker._ANON_TRACKER_ENDPOINT is None


ALONE = """
import logging, os, sys, warnings
os.geteuid = lambda: 1000  # dlt takes another folder of root's
from pathlib import Path
from tests.report.delivering import *
def noise(table, rows):
    logging.getLogger("driver").warning("noise")
    warnings.warn("noise")
deliver(settings("warehouse", destination="duckdb", credentials=sys.argv[2]), Path(sys.argv[1]), MARTS, noise)
"""


def test_it_says_nothing_and_leaves_nothing_on_the_machine(tmp_path: Path) -> None:
    folder = marts(tmp_path / "marts", ROWS)
    home = tmp_path / "home"
    home.mkdir()
    (tmp_path / "temp").mkdir()
    ran = subprocess.run(
        [sys.executable, "-c", ALONE, folder, tmp_path / "there.duckdb"],
        cwd=home,
        env={"HOME": str(home), "TMPDIR": str(tmp_path / "temp"), "PYTHONPATH": str(Path(__file__).parents[2])},
        capture_output=True,
        check=True,
    )
    assert (ran.stdout, ran.stderr) == (b"", b"")
    assert [*home.rglob("*"), *(tmp_path / "temp").rglob("*")] == []
    assert (tmp_path / "there.duckdb").exists()


# --- errors and names


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ({"destination": "snowflake"}, "DESTINATION__SNOWFLAKE__CREDENTIALS"),
        ({"destination": "mssql", "credentials": "mssql://u:canary@h/d"}, r"'jalon\[warehouse\]' 'dlt\[mssql\]'"),
        ({"destination": "sqlalchemy", "credentials": "mysql+mysqldb://u:canary@h/d"}, "MySQLdb"),
        ({"destination": "bigquery", "credentials": "canary"}, "docs/delivery.md"),
        ({"destination": "bigquery", "settings": {"locality": "EU"}}, "There are: .*location"),
    ],
)
def test_what_is_missing_is_named_with_its_remedy(told: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigError, match=words) as refused:
        reach(settings("warehouse", **told))
    assert "canary" not in str(refused.value)


def test_rows_are_brought_in_a_form_that_tells_empty_from_none(tmp_path: Path) -> None:
    """Where dlt chose CSV, an empty text would become none; what each warehouse takes is known without its server."""
    folder = marts(tmp_path / "marts", ROWS)
    sent = parcels(folder, MARTS, (), "")
    load = Load(sent, sent, frozenset(), (), datetime.now(UTC), lambda table, rows: None)
    forms = {}
    for name in WAREHOUSES:
        address = {"duckdb": str(tmp_path / "dlt.duckdb"), "sqlalchemy": "mysql+pymysql://u:p@h"}.get(name)
        with warehouse.WarehouseTarget(settings("warehouse", destination=name, credentials=address)) as place:
            place._read(load)
            made = Path(place._pipeline.working_dir, "load").rglob("fct_sales.*")
            forms[name] = {path.name.removesuffix(".gz").rpartition(".")[2] for path in made}
    inserted = {"mssql", "postgres", "redshift", "synapse"}
    assert forms == {name: {"insert_values" if name in inserted else "parquet"} for name in WAREHOUSES}


def test_dlt_knows_every_warehouse_and_the_way_in_which_it_is_written() -> None:
    for name, way in WAREHOUSES.items():
        supported = dlt.destinations.__dict__[name]()._raw_capabilities().supported_replace_strategies
        assert way in supported, name


def test_which_tables_dlt_takes_for_commands_is_documented() -> None:
    """Their rows are not exchanged in a transaction where a warehouse has none for its DDL."""
    taken = {
        mart.name
        for mart in ALL_MARTS.values()
        if any(word in name for name in (mart.name, *mart.names) for word in ("alter", "create", "drop"))
    }
    assert taken == {"rpt_drop_offs"}
    assert "`rpt_drop_offs`" in (Path(__file__).parents[2] / "docs" / "delivery.md").read_text()


def test_no_name_of_a_mart_is_changed_by_dlt() -> None:
    naming = NamingConvention(max_length=63)
    names = {name for mart in ALL_MARTS.values() for name in (mart.name, *mart.names)}
    assert {name: naming.normalize_path(name) for name in names} == {name: name for name in names}
