"""`jalon erase` and `jalon disclose`: somebody has written a mail, and the operator does what it asks for."""

from __future__ import annotations

import json
import shutil
import stat
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest

from jalon.config import load
from jalon.sandbox.world import Shopper
from jalon.store.asked import Asked
from jalon.store.lock import RunLock
from jalon.sync import sealed
from jalon.workplace import Workplace
from tests.cli.played import Desk, Played, Said


def holding(desk: Desk, needles: Iterable[str]) -> dict[str, set[str]]:
    """Return the files of the store in which any of the texts is found, Parquet unpacked for it."""
    wanted, found = set(needles), {}
    for path in (desk.folder / "data").rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            content += str(pq.read_table(path).to_pylist()).encode() if path.suffix == ".parquet" else b""
            found[path.name] = {one for one in wanted if one.encode() in content}
    return {name: names for name, names in found.items() if names}


def hashes(desk: Desk, **identifiers: str) -> set[str]:
    ring = load(desk.config).keyring()
    return {ring.pseudonym(kind, value).partition(":")[2] for kind, value in identifiers.items()}


def quiet(said: Said, *identifiers: str) -> Said:
    """See that a command repeats no identifier that it was given."""
    for one in identifiers:
        assert one.lower() not in (said.out + said.err).lower()
    return said


# --- where platforms tell ---------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def known(played: Played, tmp_path_factory: pytest.TempPathFactory) -> Desk:
    """A workplace that has synced the shop with its customers' contacts, and reported."""
    desk = played.desk(tmp_path_factory.mktemp("known") / "shop")
    desk.edit("[sources.shopify]\n", "[sources.shopify]\ncustomer_contact = true\n")
    desk.settled()
    assert desk.here("report", "--quiet").status == 0
    return desk


@pytest.fixture
def shop(known: Desk, played: Played, tmp_path: Path) -> Iterator[Desk]:
    shutil.copytree(known.folder, tmp_path / "shop")
    yield Desk(tmp_path / "shop")
    played.mended()


def customer(played: Played, shop: Desk) -> Shopper:
    """Return who bought most often in the shop of those it knows."""
    orders = {order for source, order in shop.orders() if source == "shopify"}
    world = played.sandbox.world
    bought = Counter(sale.shopper for sale in world.sales if sale.platform == "shopify" and sale.order_id in orders)
    return world.shoppers[bought.most_common(1)[0][0]]


def money(desk: Desk) -> list[tuple[object, ...]]:
    """Return every order's state and money, and the credit of each model."""
    folder = desk.folder / "data" / "attribution"
    orders = duckdb.sql(f"SELECT order_uid, why, status, goods, net FROM '{folder}/sales.parquet' ORDER BY ALL")
    credit = duckdb.sql(f"SELECT model, sum(net) FROM '{folder}/credit.parquet' GROUP BY ALL ORDER BY ALL")
    return orders.fetchall() + credit.fetchall()


def test_a_person_is_gone_for_good_and_no_cent_with_them(shop: Desk, played: Played) -> None:
    """Threats 24, 27: named by their e-mail alone, they go under all names, and reading it again changes nothing."""
    who = customer(played, shop)
    clear = (who.email, who.phone, who.shopify_customer_id)
    theirs = hashes(shop, email=who.email, phone=who.phone, shopify_customer=who.shopify_customer_id)
    told = quiet(shop("disclose", "-", "--json", stdin=f"{who.email}\n"), *clear).data
    assert Path(told["files"]["shopify"]).is_file()
    assert set().union(*holding(shop, theirs).values()) == theirs, "known by each identifier before"
    before = money(shop)

    dry = quiet(shop("erase", "-", "--json", stdin=f"\n {who.email.upper()} \n"), *clear)
    assert (dry.status, dry.data["erased"], dry.data["finished"]) == (0, False, False)
    assert dry.data["records"]["shopify"] > 0
    assert dry.data["orders"] > 0
    assert dry.data["disclosures"] == len(told["files"])
    assert {"email", "phone", "shopify_customer"} <= set(dry.data["known_by"])
    assert set().union(*holding(shop, theirs).values()) == theirs
    assert shop("erase", "--list", "--json").data["erasures"] == []

    done = quiet(shop("-vv", "erase", "-", "--yes", stdin=who.email), *clear)
    assert done.status == 0, done.err
    assert holding(shop, theirs) == {}, "gone at once, before any report is made again"
    assert quiet(shop.here("report"), *clear).status == 0
    assert money(shop) == before

    today = datetime.now(UTC).date()
    again = ["--from", str(today - timedelta(days=7)), "--to", str(today - timedelta(days=1))]
    assert shop("backfill", "shopify", "tiktok_shop", *again).status == 0
    assert shop("normalize", "--all").status == 0
    assert shop.here("report").status == 0
    assert holding(shop, theirs) == {}
    assert money(shop) == before

    (proof,) = shop("erase", "--list", "--json").data["erasures"]
    assert (proof["by"], proof["scope"], proof["records"]) == ("operator", "person", sum(dry.data["records"].values()))
    assert proof["finished"]
    assert holding(shop, clear) == {}


def test_a_customer_s_number_and_an_order_s_number_name_a_person_too(shop: Desk, played: Played) -> None:
    who = customer(played, shop)
    ((number,),) = shop.rows(
        "SELECT any_value(external_ids[1]) FROM {orders} WHERE source = 'shopify' AND person = "
        f"'shopify_customer:{hashes(shop, shopify_customer=who.shopify_customer_id).pop()}'"
    )
    by_email = shop("erase", who.email, "--json").data
    by_number = shop("erase", "--source", "shopify", "--customer", who.shopify_customer_id, "--json").data
    assert by_number == by_email
    assert number.startswith("shopify:#")
    by_order = shop("erase", "--source", "shopify", "--order", number.partition(":")[2], "--json").data
    assert by_order["orders"] == by_email["orders"]
    alone = shop("erase", who.email, "--only-given", "--json").data
    assert set(alone["known_by"]) == {"email"}


# --- where files tell -------------------------------------------------------------------------------------------------

HEAD = "receipt,date,total,currency,email,phone,customer\n"
RECEIPTS = (
    "1001,2026-11-01T10:00,45.90,EUR,Anna@Example.org,06 12 34 56 78,77\n"
    "1002,2026-11-02T10:00,5.90,EUR,,0033612345678,\n"
    "1003,2026-11-02T11:00,7.00,EUR,ben@example.org,+33 6 98 76 54 32,78\n"
)
SPOILT = (
    "1004,2026-11-02T11:00,zzz,EUR,anna@example.org,,\n"
    "1005,2026-11-02T11:00,zzz,EUR,ben@example.org,,\n"
)  # fmt: skip


@pytest.fixture(scope="module")
def receipts(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    """A workplace that has read the receipts of a till. Tests may ask it, but not change it."""
    folder = tmp_path_factory.mktemp("receipts")
    assert Desk(folder)("init", "own", "--source", "files").status == 0
    desk = Desk(folder / "own")
    read(desk, "till_orders.csv", RECEIPTS)
    return desk


@pytest.fixture
def till(receipts: Desk, tmp_path: Path) -> Desk:
    """A workplace of its own that has read the receipts of a till."""
    shutil.copytree(receipts.folder, tmp_path / "own")
    return Desk(tmp_path / "own")


def read(desk: Desk, name: str, rows: str) -> None:
    (desk.folder / name).write_text(HEAD + rows)
    assert desk("import", name, "--table", "till_orders").status in (0, 1)


def persons(desk: Desk) -> dict[str, bool]:
    """Return whether it is known who placed each order."""
    return dict(desk.rows("SELECT order_id, person IS NOT NULL FROM {orders} ORDER BY version, inbox_id"))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("number", "orders"),
    [
        (["+33 6 12 34 56 78"], 2),
        (["06 12 34 56 78"], 1),
        (["06.12.34.56.78", "--country", "fr"], 2),
        (["0612345678", "--country", "NL"], 1),
        (["till:77"], 1),
    ],
)
def test_a_phone_number_is_found_however_it_was_written(receipts: Desk, number: list[str], orders: int) -> None:
    said = receipts("erase", *number, "--json")
    assert (said.status, said.data["orders"], said.data["records"]) == (0, orders, {"files": orders})
    assert ("--country" in said.err) == (number[0].startswith("06") and len(number) == 1)


def test_one_and_several_are_called_so(till: Desk) -> None:
    one = till("erase", "till:77").out
    assert "1 record of files, of which only the person goes" in one
    assert "1 order: its money stays, its person goes" in one
    several = till("erase", "+33 6 12 34 56 78", "--yes").out
    assert "2 records of files, of which only the person goes" in several
    assert "2 orders: their money stays, their person goes" in several
    assert "1 record of files: " in till("disclose", "till:78").out


@pytest.mark.parametrize("words", [("erase", "till:77"), ("erase", "till:77", "--yes"), ("disclose", "till:77")])
def test_who_waits_at_a_terminal_sees_how_far_it_has_come(till: Desk, words: tuple[str, ...]) -> None:
    shown = till.on_terminal(*words)
    assert shown.status == 0
    assert "reading what was received" in shown.err
    assert "\r" not in shown.out
    assert "reading" not in till(*words).err


def test_whom_nothing_is_held_of_does_not_come_in_later(till: Desk) -> None:
    said = till("erase", "nobody@example.org", "--yes")
    assert (said.status, said.out) == (0, "nothing is held of them\n")
    read(till, "till_orders_2.csv", "1010,2026-11-05T10:00,9.00,EUR,nobody@example.org,,\n")
    assert persons(till) == {"1001": True, "1002": True, "1003": True, "1010": False}
    again = till("erase", "nobody@example.org", "--yes", "--json")
    assert (again.status, again.data["records"], again.data["finished"]) == (0, {}, True)


def test_who_placed_an_order_is_erased_with_what_else_they_bought(till: Desk) -> None:
    read(till, "till_orders_2.csv", "1010,2026-11-05T10:00,9.00,EUR,anna@example.org,,\n")
    assert till("erase", "--source", "files", "--order", "1010", "--yes").status == 0
    assert persons(till) == {"1001": False, "1002": True, "1003": True, "1010": False}
    assert holding(till, hashes(till, email="anna@example.org", till="77")) == {}
    assert till.rows("SELECT sum(total) FROM {orders}") == [(6780,)]


def test_what_did_not_get_in_loses_the_person_too_and_others_keep_theirs(till: Desk) -> None:
    read(till, "till_orders_2.csv", SPOILT)
    entries = [one["id"] for one in till("quarantine", "list", "--json").data["entries"]]
    assert till("erase", "anna@example.org", "--json").data["quarantine"] == 1
    assert till("erase", "anna@example.org", "--yes").status == 0
    shown = [till("quarantine", "show", str(number)).out for number in entries]
    assert sum("ben@example.org" in text for text in shown) == 1
    assert not any("anna@example.org" in text for text in shown)


def test_who_waits_for_sealed_bodies_is_told_how_many_have_been_looked_into(till: Desk) -> None:
    read(till, "till_orders_2.csv", SPOILT)
    many = len(till("quarantine", "list", "--json").data["entries"])
    seen: list[tuple[str, int, int]] = []
    with Workplace.at(till.config) as place:
        sealed.naming(place.store, place.keyring, Asked(), lambda *told: seen.append(told))
    assert seen[-1] == ("looking into sealed bodies", many, many)


def test_while_tables_are_being_made_it_is_ordered_and_says_so(till: Desk) -> None:
    assert till.here("report", "--quiet").status == 0
    with RunLock(till.folder / "data" / "locks", "report", "report"):
        said = till("erase", "anna@example.org", "--yes", "--json")
        assert (said.status, said.data["erased"], said.data["finished"]) == (1, True, False)
        assert "jalon normalize" in said.err
        read(till, "till_orders_2.csv", "1010,2026-11-05T10:00,9.00,EUR,anna@example.org,,\n")
        assert persons(till)["1010"] is False, "from the order on, nothing of them comes in"
        assert "erasures not finished: 1" in till("status").out
    assert till("normalize").status == 0
    assert till("erase", "--list", "--json").data["erasures"][0]["finished"]
    assert "erasures" not in till("status").out
    assert holding(till, hashes(till, email="anna@example.org", till="77")) == {}


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ([], "nobody is named"),
        (["anna@example.org", "mial:anna@example.org"], "identifier 2 is of a kind"),
        (["Anna Canary"], "identifier 1 is of no kind"),
        (["email:anna"], "identifier 1 names nobody"),
        (["--customer", "77"], "--source"),
        (["--source", "files", "--customer", "77"], "KIND:ID"),
        (["--source", "nobody", "--order", "77"], "--source: files"),
        (["--source", "files", "--order", "1001", "--order", "77"], "order 2 is none of files"),
        (["--source", "files", "--order", ""], "order 1 is none of files"),
        (["0612345678", "--country", "XX"], "no country"),
    ],
)
def test_who_is_not_named_rightly_is_told_so_and_not_repeated(receipts: Desk, words: list[str], told: str) -> None:
    said = quiet(receipts("erase", *words, "--yes"), "anna")
    assert (said.status, told in said.err) == (2, True), said.err
    assert receipts("erase", "--list").out == "nothing was ever ordered to be erased\n"


def test_what_is_held_is_written_down_for_whoever_asks(till: Desk) -> None:
    said = quiet(till("disclose", "-", "--json", stdin="anna@example.org\n"), "anna")
    (path,) = map(Path, said.data["files"].values())
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [one["body"]["order_id"] for one in json.loads(path.read_text())["records"]] == ["1001"]
    assert till("disclose", "nobody@example.org").out == "nothing is held of them\n"
    assert till("erase", "anna@example.org", "--yes").status == 0
    assert not path.exists()
