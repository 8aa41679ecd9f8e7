"""Deliveries: what arrives, what a second one does, what readers see, what is refused."""

from __future__ import annotations

import json
import sqlite3
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import duckdb
import psycopg
import pytest
from hypothesis import HealthCheck, example, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from jalon.errors import AuthError, ConfigError, JalonError, StoreError
from jalon.report.delivery.deliver import SchemaChange, reach
from jalon.report.delivery.formats import writer
from jalon.report.delivery.settings import Delivery
from jalon.report.marts.shapes import Column, Mart
from tests.report.delivering import MARTS, PLACES, SALES, Row, held, marts, sale, send, settings, warehouse_rows, write
from tests.report.postgres_server import PASSWORD

KINDS = ("parquet", "csv", "jsonl", "sqlite", "duckdb", "postgres", "warehouse")
OURS = KINDS[:-1]
"""Those that no library writes."""
OWN_DATABASES = ("sqlite", "duckdb", "postgres")
FORMULA = '=HYPERLINK("http://evil.example","open")'
HOSTILE = (
    None,
    "",
    "'); DROP TABLE fct_sales; --",
    'quote " and , and ; and | comma\r\nline\n\n',
    "\\.",
    "\\N",
    "NULL",
    "<script>alert(1)</script>",
    "\u202egnp.exe\u2066",
    "👩‍👩‍👧‍👦 e\u0301 \ufeff",
    "x" * 10_000,
    " spaces ",
)
ROWS = [sale(f"s{i:02d}", cents=i * 997 - 1500, note=note) for i, note in enumerate(HOSTILE)]


@pytest.fixture(autouse=True)
def _signed_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGPASSWORD", PASSWORD)


@pytest.fixture(params=KINDS)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Delivery:
    return a_place(request, request.param, tmp_path)


@pytest.fixture(params=(*OWN_DATABASES, "warehouse"))
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    return a_place(request, request.param, tmp_path)


@pytest.fixture
def postgres(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    return a_place(request, "postgres", tmp_path)


def a_place(request: pytest.FixtureRequest, to: str, folder: Path) -> Delivery:
    """Return an empty destination of a kind."""
    if to == "postgres":
        url = request.getfixturevalue("postgres_url")
        with psycopg.connect(url) as db:
            db.execute("DROP SCHEMA IF EXISTS bi CASCADE")
        return settings(to, url=url, into="bi")
    if to in ("sqlite", "duckdb"):
        return settings(to, file=folder / f"bi.{to}")
    if to == "warehouse":
        return settings(to, destination="duckdb", credentials=str(folder / "dlt.duckdb"), into="bi")
    return settings(to, folder=folder / to)


def plain(rows: list[Row], to: str) -> list[Row]:
    """Return rows as a kind can hold them: CSV tells neither an empty text from none, nor a formula as one."""
    return [tuple(None if value == "" and to == "csv" else value for value in row) for row in rows]


# --- what arrives


def test_every_value_arrives_as_it_was(place: Delivery, tmp_path: Path) -> None:
    done = send(place, marts(tmp_path / "marts", ROWS))
    assert done == ({"fct_sales": len(ROWS), "dim_places": 2}, (), (), ())
    assert held(place, SALES) == plain(ROWS, place.to)
    assert held(place, PLACES) == [("p1", "Épicerie"), ("p2", None)]


def test_an_empty_table_arrives_too(place: Delivery, tmp_path: Path) -> None:
    send(place, marts(tmp_path / "marts", [], []))
    assert held(place, SALES) == []


TEXTS = st.text(max_size=30)


@hypothesis_settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@example(notes=["a\0b", "\0", FORMULA, "\r\n=1", "\uff1d1", *map(str, HOSTILE)])
@given(notes=st.lists(TEXTS, min_size=1, max_size=30))
@pytest.mark.parametrize("place", OURS, indirect=True)
def test_any_text_survives_the_way(place: Delivery, tmp_path: Path, notes: list[str]) -> None:
    rows = [sale(f"s{i:02d}", note=note) for i, note in enumerate(notes)]
    send(place, marts(tmp_path / "marts", rows))
    assert [row[2] for row in held(place, SALES)] == [as_held(note, place.to) for note in notes]


def as_held(note: str, to: str) -> str | None:
    if to == "csv":
        starts = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
        return f"'{note}" if note.startswith(starts) else note or None
    return note.replace("\0", "\ufffd") if to in ("postgres", "warehouse") else note


def test_a_table_for_french_excel(tmp_path: Path) -> None:
    place: Any = settings("csv", folder=tmp_path / "csv", bom=True, delimiter=";", decimal=",")
    rows = [sale("s1", cents=-1250, note="a;b"), sale("s2", note=FORMULA)]
    send(place, marts(tmp_path / "marts", rows))
    written = (place.folder / "fct_sales.csv").read_bytes()
    assert written.startswith(b"\xef\xbb\xbfsale;place;note;")
    assert b";-12,5000;" in written, "negative amounts stay numbers"
    assert [row[2] for row in held(place, SALES)] == ["a;b", f"'{FORMULA}"]
    assert sorted(path.name for path in place.folder.iterdir()) == [
        "_jalon_delivery.json",
        "dim_places.csv",
        "fct_sales.csv",
    ]


# --- twice


def trace(place: Any) -> Any:
    """Return what would show that something was written."""
    if place.to == "postgres":
        with psycopg.connect(place.url) as db:
            tables = ("fct_sales", "dim_places", "_jalon_delivery")
            return {
                name: db.execute(f"SELECT xmin::text, ctid::text FROM bi.{name} ORDER BY 1, 2").fetchall()
                for name in tables
            }
    if place.to == "warehouse":
        notes = "SELECT * FROM bi._jalon_delivery ORDER BY ALL"
        loads = "SELECT * FROM bi._dlt_loads ORDER BY ALL"
        return [warehouse_rows(place, query) for query in (notes, loads)]
    files = [place.file] if place.to in ("sqlite", "duckdb") else sorted(place.folder.iterdir())
    return {path.name: (path.stat().st_ino, path.read_bytes()) for path in files}


def test_delivered_twice_is_delivered_once(place: Delivery, tmp_path: Path) -> None:
    folder = marts(tmp_path / "marts", ROWS)
    send(place, folder)
    before = trace(place)
    assert send(place, folder) == ({}, ("fct_sales", "dim_places"), (), ())
    assert trace(place) == before
    assert reach(place) == 2


def test_only_what_has_changed_is_sent(place: Delivery, tmp_path: Path) -> None:
    send(place, marts(tmp_path / "marts", ROWS))
    changed = [*ROWS[3:], sale("s01", cents=7), sale("new", place="p2")]
    changed.sort()
    done = send(place, marts(tmp_path / "marts", changed))
    assert (done.sent, done.unchanged) == ({"fct_sales": len(changed)}, ("dim_places",))
    assert held(place, SALES) == plain(changed, place.to)


def test_what_somebody_has_removed_is_sent_again(database: Any, tmp_path: Path) -> None:
    folder = marts(tmp_path / "marts", ROWS)
    send(database, folder)
    sql(database, "DROP TABLE fct_sales")
    assert send(database, folder).sent == {"fct_sales": len(ROWS)}
    assert held(database, SALES) == ROWS


def test_a_file_that_is_gone_is_sent_again(tmp_path: Path) -> None:
    place: Any = settings("csv", folder=tmp_path / "csv")
    folder = marts(tmp_path / "marts", ROWS)
    send(place, folder)
    (place.folder / "fct_sales.csv").unlink()
    assert send(place, folder).sent == {"fct_sales": len(ROWS)}


def test_a_damaged_ledger_means_that_all_is_sent(tmp_path: Path) -> None:
    place: Any = settings("parquet", folder=tmp_path / "out")
    folder = marts(tmp_path / "marts", ROWS)
    for damage in ("", "[]", '{"tables": {"fct_sales": {}}}', "{"):
        send(place, folder)
        (place.folder / "_jalon_delivery.json").write_text(damage)
        assert set(send(place, folder).sent) == set(MARTS)


def test_another_form_of_the_same_table_is_sent(tmp_path: Path) -> None:
    folder = marts(tmp_path / "marts", ROWS)
    send(settings("csv", folder=tmp_path / "csv"), folder)
    assert set(send(settings("csv", folder=tmp_path / "csv", delimiter=";"), folder).sent) == set(MARTS)


def test_a_dry_run_tells_and_writes_nothing(place: Delivery, tmp_path: Path) -> None:
    folder = marts(tmp_path / "marts", ROWS)
    assert set(send(place, folder, dry_run=True).sent) == set(MARTS)
    assert reach(place) == 0
    send(place, folder)
    before = trace(place)
    assert send(place, marts(folder, ROWS[1:]), dry_run=True).sent == {"fct_sales": len(ROWS) - 1}
    assert trace(place) == before


def test_tables_may_be_chosen(place: Delivery, tmp_path: Path) -> None:
    folder = marts(tmp_path / "marts", ROWS)
    some = place.model_copy(update={"tables": ("fct_sales",)})
    assert send(some, folder).sent == {"fct_sales": len(ROWS)}
    assert send(place, folder).sent == {"dim_places": 2}
    with pytest.raises(SchemaChange, match="dim_places: the table is no longer delivered"):
        send(some, folder)
    assert send(some, folder, allow_schema_change=True).removed == ("dim_places",)
    assert reach(place) == 1
    with pytest.raises(ConfigError, match=r"no table is called 'fct_sale'. Did you mean 'fct_sales'"):
        send(place.model_copy(update={"tables": ("fct_sale",)}), folder)


# --- shapes that change


def shaped(**changed: Any) -> dict[str, Mart]:
    """Return the marts with columns of the sales left out (None), made anew or added."""
    columns = [changed.pop(each.name, each) for each in SALES.columns]
    kept = tuple(each for each in [*columns, *changed.values()] if each is not None)
    return {**MARTS, SALES.name: SALES._replace(columns=kept)}


def cut(rows: list[Row], *without: str) -> list[Row]:
    kept = [i for i, name in enumerate(SALES.names) if name not in without]
    return [tuple(row[i] for i in kept) for row in rows]


def test_a_new_column_is_told_and_added(place: Delivery, tmp_path: Path) -> None:
    folder = marts(tmp_path / "marts", ROWS)
    send(place, folder)
    known = shaped(extra=Column("extra", "decimal", "More"))
    rows = [(*row, row[4]) for row in ROWS]
    write(folder, known["fct_sales"], rows)
    done = send(place, folder, known)
    assert [change.words for change in done.changes] == ["fct_sales: the column extra is new (decimal(18, 4))"]
    assert held(place, known["fct_sales"]) == plain(rows, place.to)


BROKEN = {
    "a column is gone": (shaped(note=None), cut(ROWS, "note"), "the column note is gone"),
    "a column is retyped": (
        shaped(net_minor=Column("net_minor", "text", "Net")),
        [(*row[:3], f"{row[3]} ct".lstrip("-"), *row[4:]) for row in ROWS],
        "the column net_minor is text and was integer",
    ),
    "the key is another": (
        {**MARTS, "fct_sales": SALES._replace(primary_key=("sale", "place"))},
        ROWS,
        "the key is sale, place and was sale",
    ),
}


@pytest.mark.parametrize("case", BROKEN)
def test_what_readers_could_break_on_waits_until_it_is_allowed(place: Delivery, tmp_path: Path, case: str) -> None:
    known, rows, words = BROKEN[case]
    folder = marts(tmp_path / "marts", ROWS)
    send(place, folder)
    before = trace(place)
    write(folder, known["fct_sales"], rows)
    with pytest.raises(SchemaChange, match=words) as refused:
        send(place, folder, known)
    assert "--allow-schema-change" in refused.value.remedy
    assert trace(place) == before
    assert words in send(place, folder, known, allow_schema_change=True).changes[0].words
    assert held(place, known["fct_sales"]) == plain(rows, place.to)
    assert send(place, folder, known).sent == {}


# --- readers


def sql(place: Any, statement: str) -> list[Row]:
    """Run a statement as somebody else who uses the database."""
    if place.to == "postgres":
        with psycopg.connect(place.url, options="-c search_path=bi") as db:
            ran = db.execute(statement)
            return ran.fetchall() if ran.description else []
    if place.to == "sqlite":
        with closing(sqlite3.connect(place.file)) as db, db:
            return db.execute(statement).fetchall()
    if place.to == "warehouse":
        return warehouse_rows(place, f"CREATE SCHEMA IF NOT EXISTS bi; USE bi; {statement}")
    with duckdb.connect(str(place.file)) as db:
        return db.execute(statement).fetchall()


def test_views_of_others_go_on_and_see_what_is_new(database: Any, tmp_path: Path) -> None:
    send(database, marts(tmp_path / "marts", ROWS))
    sql(database, "CREATE VIEW total AS SELECT sum(net_minor) AS net FROM fct_sales")
    send(database, marts(tmp_path / "marts", [sale("s1", 100), sale("s2", 23)]))
    assert sql(database, "SELECT net FROM total") == [(123,)]


@pytest.mark.parametrize("place", ["sqlite", "duckdb"], indirect=True)
def test_of_a_row_that_is_gone_no_byte_stays_in_a_database_file(place: Any, tmp_path: Path) -> None:
    """As of a person who was erased; what others have put into the file stays, with its views and comments."""
    rows = [sale(f"s{n}", note=f"email:{n:032x}") for n in range(3000)]
    gone = sale("gone", note=f"email:{'e4a5ed00' * 4}")
    send(place, marts(tmp_path / "marts", [*rows, gone]))
    sql(place, "CREATE VIEW total AS SELECT count(*) AS n FROM fct_sales")
    assert gone[2].encode() in place.file.read_bytes()
    send(place, marts(tmp_path / "marts", rows[:100]))
    assert gone[2].encode() not in place.file.read_bytes()
    assert sql(place, "SELECT n FROM total") == [(100,)]
    if place.to == "duckdb":
        told = sql(place, "SELECT comment FROM duckdb_tables() WHERE table_name = 'fct_sales'")
        assert told == [(SALES.meaning,)]


def test_a_table_of_somebody_else_is_never_replaced(database: Any, tmp_path: Path) -> None:
    sql(database, "CREATE SCHEMA IF NOT EXISTS bi" if database.to == "postgres" else "SELECT 1")
    sql(database, "CREATE TABLE fct_sales (mine INTEGER)")
    with pytest.raises(JalonError, match=r"fct_sales.* already exists"):
        send(database, marts(tmp_path / "marts", ROWS))
    assert sql(database, "SELECT * FROM fct_sales") == []
    assert reach(database) == 0


@pytest.mark.parametrize("database", OWN_DATABASES, indirect=True)  # warehouses: test_delivery_warehouses.py
def test_a_reader_who_has_the_database_open_sees_the_old_whole(database: Any, tmp_path: Path) -> None:
    send(database, marts(tmp_path / "marts", ROWS))
    if database.to == "postgres":
        reader: Any = psycopg.connect(database.url, options="-c search_path=bi")
        reader.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
    elif database.to == "sqlite":
        reader = sqlite3.connect(database.file)
        reader.execute("BEGIN")
    else:
        reader = duckdb.connect(str(database.file), read_only=True)
    count = "SELECT count(*), sum(net_minor) FROM fct_sales"
    old = reader.execute(count).fetchall()
    assert set(send(database, marts(tmp_path / "marts", [sale("s1", 5)])).sent) == {"fct_sales"}
    assert reader.execute(count).fetchall() == old
    reader.close()
    assert sql(database, count) == [(1, 5)]


def test_a_delivery_that_fails_midway_leaves_what_was(place: Delivery, tmp_path: Path, monkeypatch: Any) -> None:
    """The second table cannot be read; the first had its turn already."""
    folder = marts(tmp_path / "marts", ROWS)
    send(place, folder)
    marts(folder, ROWS[2:], [("p1", "other")])
    before = trace(place)
    broken = folder / "dim_places.parquet"
    whole = broken.read_bytes()

    def damaged(table: str, rows: int) -> None:
        broken.write_bytes(b"PAR1")

    from jalon.report.delivery.deliver import deliver

    with pytest.raises(RuntimeError if place.to == "parquet" else JalonError):
        deliver(place, folder, MARTS, _stop if place.to in ("parquet", "warehouse") else damaged)
    if place.to in ("sqlite", "duckdb", "postgres", "warehouse"):
        assert trace(place) == before
    broken.write_bytes(whole)
    send(place, folder)
    assert held(place, SALES) == plain(ROWS[2:], place.to)
    assert held(place, PLACES) == [("p1", "other")]
    assert not list(tmp_path.rglob(".making-*"))


def _stop(table: str, rows: int) -> None:
    raise RuntimeError


# --- PostgreSQL


def test_postgres_is_told_keys_types_and_meanings(postgres: Any, tmp_path: Path) -> None:
    send(postgres, marts(tmp_path / "marts", ROWS))
    types = sql(
        postgres, "SELECT column_name, data_type FROM information_schema.columns WHERE table_name = 'fct_sales'"
    )
    assert dict(types) == {
        "sale": "text",
        "place": "text",
        "note": "text",
        "net_minor": "bigint",
        "net": "numeric",
        "sold_at": "timestamp with time zone",
        "sold_date": "date",
        "is_sale": "boolean",
    }
    keys = sql(
        postgres,
        "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = 'fct_sales'::regclass ORDER BY 1",
    )
    assert keys == [
        ("FOREIGN KEY (place) REFERENCES dim_places(place) DEFERRABLE INITIALLY DEFERRED",),
        ("PRIMARY KEY (sale)",),
    ]
    assert sql(postgres, "SELECT obj_description('fct_sales'::regclass)") == [('One row per sale; it\'s "ours".',)]
    assert sql(postgres, "SELECT col_description('fct_sales'::regclass, 4)") == [("Net revenue (minor units)",)]


def test_postgres_writes_only_rows_that_differ(postgres: Any, tmp_path: Path) -> None:
    send(postgres, marts(tmp_path / "marts", ROWS))
    before = dict(sql(postgres, "SELECT sale, xmin::text FROM fct_sales"))
    changed = [*ROWS[1:-1], sale("s11", note="other"), sale("s99")]
    send(postgres, marts(tmp_path / "marts", changed))
    after = dict(sql(postgres, "SELECT sale, xmin::text FROM fct_sales"))
    assert {key for key in after if after[key] != before.get(key)} == {"s11", "s99"}
    assert set(before) - set(after) == {"s00"}


def test_postgres_changes_what_refers_and_what_is_referred_to_together(postgres: Any, tmp_path: Path) -> None:
    send(postgres, marts(tmp_path / "marts", ROWS))
    send(postgres, marts(tmp_path / "marts", [sale("s1", place="p9")], [("p9", "new")]))
    assert sql(postgres, "SELECT title FROM fct_sales JOIN dim_places USING (place)") == [("new",)]


def test_postgres_refuses_a_row_that_refers_to_nothing_and_is_as_before(postgres: Any, tmp_path: Path) -> None:
    send(postgres, marts(tmp_path / "marts", ROWS))
    with pytest.raises(JalonError, match="violates foreign key") as refused:
        send(postgres, marts(tmp_path / "marts", [sale("secret", place="nowhere")]))
    assert "nowhere" not in str(refused.value), "what a row holds is not told"
    assert held(postgres, SALES) == ROWS


def test_postgres_keeps_a_table_that_a_view_needs_and_says_which(postgres: Any, tmp_path: Path) -> None:
    folder = marts(tmp_path / "marts", ROWS)
    send(postgres, folder)
    sql(postgres, "CREATE VIEW mine AS SELECT note FROM fct_sales")
    known, rows, _ = BROKEN["a column is gone"]
    write(folder, known["fct_sales"], rows)
    with pytest.raises(JalonError, match=r"view bi\.mine depends on table"):
        send(postgres, folder, known, allow_schema_change=True)
    assert held(postgres, SALES) == ROWS


def test_postgres_lets_one_delivery_in_at_a_time(postgres: Any, tmp_path: Path) -> None:
    from jalon.errors import LockedError

    with psycopg.connect(postgres.url) as db:
        db.execute("SELECT pg_advisory_xact_lock(hashtextextended('jalon deliver bi', 0))")
        with pytest.raises(LockedError):
            send(postgres, marts(tmp_path / "marts", ROWS))


def test_postgres_with_a_wrong_password_or_address_says_so_without_it(postgres: Any) -> None:
    with pytest.raises(AuthError) as refused:
        reach(settings("postgres", url=postgres.url, password="canary-wrong"))
    assert "canary" not in str(refused.value) + repr(refused.value.__cause__)
    with pytest.raises(JalonError, match="Check that the server is up"):
        reach(settings("postgres", url="postgresql://jalon@127.0.0.1:1/postgres", password="canary-wrong"))


# --- object storage


@pytest.fixture
def stored(tmp_path: Path) -> Any:
    return settings("csv", url=f"file://{tmp_path}/store/marts")


def test_objects_are_found_through_latest_and_never_overwritten(stored: Any, tmp_path: Path) -> None:
    root = tmp_path / "store" / "marts"
    told = []
    for rows in (ROWS, ROWS[1:], ROWS[2:]):
        assert "fct_sales" in send(stored, marts(tmp_path / "marts", rows)).sent
        tables = json.loads((root / "latest.json").read_text())["tables"]
        told.append(tables["fct_sales"]["file"])
        assert (root / told[-1]).is_file()
        assert tables["fct_sales"]["rows"] == len(rows)
    assert len(set(told)) == 3
    kept = {str(path.relative_to(root)) for path in (root / "fct_sales").iterdir()}
    assert kept == set(told[1:]), "the delivery before stays for readers that are under way"
    assert send(stored, tmp_path / "marts").sent == {}


def test_a_delivery_to_objects_that_is_cut_off_leaves_latest_as_it_was(stored: Any, tmp_path: Path) -> None:
    from jalon.report.delivery.deliver import deliver

    send(stored, marts(tmp_path / "marts", ROWS))
    before = (tmp_path / "store" / "marts" / "latest.json").read_bytes()
    with pytest.raises(JalonError):
        deliver(stored, marts(tmp_path / "marts", ROWS[1:]), MARTS, _stop)
    assert (tmp_path / "store" / "marts" / "latest.json").read_bytes() == before
    assert send(stored, tmp_path / "marts").sent == {"fct_sales": len(ROWS) - 1}


def test_objects_in_memory_hold_what_was_sent(tmp_path: Path) -> None:
    import fsspec

    place = settings("jsonl", url=f"memory://{tmp_path.name}/marts")
    send(place, marts(tmp_path / "marts", ROWS))
    store = fsspec.filesystem("memory")
    tables = json.loads(store.cat_file(f"/{tmp_path.name}/marts/latest.json"))["tables"]
    lines = store.cat_file(f"/{tmp_path.name}/marts/{tables['fct_sales']['file']}").splitlines()
    assert [json.loads(line)["note"] for line in lines] == list(HOSTILE)
    assert reach(place) == 2


def test_a_store_whose_package_is_missing_says_what_to_install(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="Install"):
        reach(settings("csv", url="abfs://container/marts"))


# --- settings and files


@pytest.mark.parametrize(
    ("to", "told", "why"),
    [
        ("csv", {}, "a folder or a url"),
        ("csv", {"folder": "x", "url": "s3://x"}, "a folder or a url"),
        ("csv", {"url": "out"}, "a folder of this machine is `folder`"),
        ("csv", {"url": "s3://b/m", "storage": {"secret": "canary"}}, "credentials must not stand"),
        ("csv", {"url": "s3://b/m", "storage": {"client_kwargs": {"aws_access_key_id": "canary"}}}, "credentials must"),
        ("csv", {"folder": "x", "delimiter": "ab"}, "delimiter"),
        ("postgres", {"url": "postgresql://u:canary@h/d"}, "must not stand in the address"),
        ("postgres", {"url": "postgresql://h/d?password=canary"}, "must not stand in the address"),
        ("postgres", {"url": "mysql://h/d"}, "postgresql://user@host"),
        ("warehouse", {"destination": "bigquerry"}, "no warehouse is called 'bigquerry'; there is bigquery"),
        ("warehouse", {"destination": "filesystem"}, "there is bigquery, clickhouse, databricks"),
        ("warehouse", {"destination": "sqlalchemy", "credentials": "canary"}, "an address such as mysql"),
        ("warehouse", {"destination": "bigquery", "into": "Marts-BI"}, "pattern"),
        ("warehouse", {"destination": "bigquery", "settings": {"credentials": "canary"}}, "name them as `credentials`"),
        ("warehouse", {"destination": "mssql", "settings": {"replace_strategy": "canary"}}, "settled by jalon"),
    ],
)
def test_settings_that_cannot_be_meant_are_refused(to: str, told: dict[str, Any], why: str) -> None:
    with pytest.raises(ValueError, match=why) as refused:
        settings(to, **told)
    assert "canary" not in str(refused.value)


@pytest.mark.parametrize(
    ("to", "told", "package", "extra"),
    [
        ("postgres", {"url": "postgresql://h/d"}, "psycopg", "jalon[postgres]"),
        ("csv", {"url": "s3://b/m"}, "fsspec", "jalon[deliver]"),
        ("warehouse", {"destination": "bigquery"}, "dlt", "pip install 'jalon[warehouse]'"),
    ],
)
def test_an_extra_that_is_missing_is_named(
    monkeypatch: pytest.MonkeyPatch, to: str, told: dict[str, Any], package: str, extra: str
) -> None:
    module = {"csv": "objects"}.get(to, to)
    monkeypatch.setitem(sys.modules, package, None)
    monkeypatch.delitem(sys.modules, f"jalon.report.delivery.targets.{module}", raising=False)
    with pytest.raises(ConfigError) as refused:
        reach(settings(to, **told))
    assert extra in refused.value.remedy


def test_before_the_report_it_says_what_to_run(place: Delivery, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"Run `jalon report`"):
        send(place, tmp_path)


def test_a_file_that_is_no_database_is_left_alone(tmp_path: Path) -> None:
    for to in ("sqlite", "duckdb"):
        other = tmp_path / f"notes.{to}"
        other.write_text("no database at all, " * 200)
        with pytest.raises(JalonError, match="Name another file"):
            send(settings(to, file=other), marts(tmp_path / "marts", ROWS))
        assert other.read_text().startswith("no database")


def test_every_kind_of_file_has_a_writer() -> None:
    assert len({writer(settings(to, folder="x")).__qualname__ for to in ("parquet", "csv", "jsonl")}) == 3
