"""Own links on the command line: made, listed, drawn, switched off, and followed."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from jalon.commands.placements import check
from jalon.connectors.site.names import Misnamed
from jalon.normalize.channels import CHANNELS
from jalon.store import links
from jalon.store.database import Store
from jalon.store.links import Link
from tests.cli.played import Desk

CONFIG = """
[jalon]
public_url = "https://go.example.com/"
[serve]
metrics_port = 0
[sources.own]
connector = "site"
allowed_hosts = ["shop.example"]
origins = ["https://shop.example"]
"""
LAMP = ("links", "add", "https://shop.example/lamp", "--placement", "instagram/story", "--product", "8001")


@pytest.fixture
def linking(tmp_path: Path) -> Desk:
    (tmp_path / "jalon.toml").write_text(CONFIG)
    (tmp_path / "jalon.key").write_text("5" * 64)
    return Desk(tmp_path)


def test_the_same_words_give_the_same_link(linking: Desk, tmp_path: Path) -> None:
    made, again = (linking(*LAMP, "--json").data["link"] for _ in range(2))
    assert made == again
    assert made["address"] == f"https://go.example.com/l/{made['code']}"
    other = linking(*LAMP, "--content", "179", "--json").data["link"]
    assert other["code"] != made["code"]
    assert len(linking("links", "list", "--json").data["links"]) == 2
    (tmp_path / "other").mkdir()
    for name in ("jalon.toml", "jalon.key"):
        (tmp_path / "other" / name).write_text((tmp_path / name).read_text())
    assert Desk(tmp_path / "other")(*LAMP, "--json").data["link"]["code"] == made["code"], "on another machine too"
    (tmp_path / "other" / "jalon.key").write_text("6" * 64)
    (tmp_path / "other" / "data" / "jalon.sqlite").unlink()
    assert Desk(tmp_path / "other")(*LAMP, "--json").data["link"]["code"] != made["code"]


@pytest.mark.parametrize(
    ("url", "words", "said"),
    [
        ("https://evil.example/", (), "evil.example is not among allowed_hosts"),
        ("https://shop.example@evil.example/", (), "no plain https address"),
        ("javascript:alert(1)", (), "no plain https address"),
        ("https://shop.example/%0d%0aX:y", (), "encoded control characters"),
        ("https://shop.example/", ("--product", "a b"), "product is no id"),
        ("https://shop.example/", ("--placement", "Insta Gram"), "placement must be"),
        ("https://shop.example/", ("--source", "nobody"), "'nobody' is no source of own links"),
        ("https://shop.example/", ("--placement", "instgram/bio"), "begins with no channel; did you mean instagram?"),
        ("https://shop.example/", ("--placement", "podcast"), "any other place is referral/podcast"),
        ("https://shop.example/", ("--placement", "flyer"), "write shop/flyer"),
        ("https://shop.example/", ("--placement", "shop"), "read as referral and not as shop; write shop/offline or"),
        ("https://shop.example/", ("--placement", "instagram/email"), "read as email and not as instagram"),
        ("https://shop.example/?a=1&utm_source=newsletter", (), "own utm_source, by which its visits would be read as"),
        ("https://shop.example/?gclid=1", (), "its own gclid, by which its visits would be read as search and not as"),
        ("https://shop.example/?utm_source=", (), "would be read as referral and not as instagram"),
        ("https://shop.example/?utm_campaign=may", ("--campaign", "june"), "its own utm_campaign, which is not"),
        ("https://shop.example/?utm_content=7", ("--content", "8"), "its own utm_content, which is not"),
    ],
)
def test_what_can_be_no_link_is_refused_with_the_reason(
    linking: Desk, url: str, words: tuple[str, ...], said: str
) -> None:
    refused = linking("links", "add", url, "--placement", "instagram", *words)
    assert refused.status == 2
    assert said in refused.err
    assert "nothing" not in linking("links", "list").err
    assert linking("links", "list", "--json").data["links"] == []


@pytest.mark.parametrize("query", ["", "?utm_source=ig", "?utm_source=instagram&utm_campaign=june", "?igsh=1"])
def test_marks_of_an_address_that_say_the_same_are_taken(linking: Desk, query: str) -> None:
    words = ("--placement", "instagram/bio", "--campaign", "june")
    assert linking("links", "add", f"https://shop.example/{query}", *words).status == 0


def test_every_channel_that_people_come_from_has_a_placement() -> None:
    """What a refused placement is told to be must be taken."""
    with pytest.raises(Misnamed) as refused:
        check(placed("nowhere"))
    known = str(refused.value).partition("known are ")[2].partition("; ")[0].split(", ")
    assert len(known) == len(CHANNELS) - len({"site", "direct"})
    for placement in known:
        check(placed(placement))
    check(placed("referral/nowhere"))


def placed(placement: str) -> Link:
    return Link("", "own", "https://shop.example/", "", "", placement, "", created_at=0.0)


def test_a_file_of_links_is_read_again_without_harm_and_bad_lines_are_named(linking: Desk, tmp_path: Path) -> None:
    head = "url;placement;content;product;note\n"
    good = "".join(f"https://shop.example/{n};tiktok/video;{n};p{n};x\n" for n in range(1200))
    bad = "https://evil.example/;tiktok;1;2;x\n;tiktok;1;2;x\n\n"
    (tmp_path / "l.csv").write_bytes(b"\xef\xbb\xbf" + (head + bad + good).encode())
    first, again = (linking("links", "import", "l.csv", "--json") for _ in range(2))
    assert (first.status, again.status) == (1, 1)
    assert [each["line"] for each in first.data["bad"]] == [2, 3]
    assert first.data["links"] == again.data["links"]
    assert len(linking("links", "list", "--json").data["links"]) == 1200
    assert "l.csv, line 2: evil.example is not among allowed_hosts" in first.err
    assert "l.csv: not read, since no link has such a column: note" in first.err
    assert first.data["unread"] == ["note"]


@pytest.mark.parametrize("slip", ["campagne", "Campaign", "campaign "])
def test_a_column_that_is_nearly_one_of_a_link_is_not_left_out_unsaid(linking: Desk, tmp_path: Path, slip: str) -> None:
    (tmp_path / "l.csv").write_text(f"url,placement,{slip}\nhttps://shop.example/,tiktok,june\n")
    refused = linking("links", "import", "l.csv")
    assert refused.status == 2
    assert "Write 'campaign' if that is meant" in refused.err
    assert linking("links", "list", "--json").data["links"] == []


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"url\nhttps://shop.example/\n", b"a,b\n1,2\n"])
def test_a_file_that_is_none_of_links_is_refused(linking: Desk, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "l.csv").write_bytes(content)
    assert linking("links", "import", "l.csv").status == 2
    assert linking("links", "import", "absent.csv").status == 2


@pytest.mark.parametrize(("name", "start"), [("lamp.svg", b"<?xml"), ("lamp.png", b"\x89PNG\r\n\x1a\n")])
def test_a_link_is_drawn(linking: Desk, tmp_path: Path, name: str, start: bytes) -> None:
    link = linking(*LAMP, "--json").data["link"]
    drawn = linking("links", "qr", link["code"].upper(), "--out", name, "--json")
    assert drawn.data == {**drawn.data, "file": name, "address": link["address"]}
    assert (tmp_path / name).read_bytes().startswith(start)
    assert linking("links", "qr", link["address"], "--out", "lamp.gif").status == 2
    assert linking("links", "qr", "0000000000", "--out", name).status == 2
    linking.edit('public_url = "https://go.example.com/"\n', "")
    assert "public_url" in linking("links", "qr", link["code"], "--out", name).err


def test_a_drawing_says_the_links_address(linking: Desk, tmp_path: Path) -> None:
    """Read back from its modules, against a drawing of the address by itself."""
    import segno

    link = linking(*LAMP, "--json").data["link"]
    linking("links", "qr", link["code"], "--out", "lamp.svg")
    wanted = segno.make(link["address"], error="m", micro=False)
    wanted.save(str(tmp_path / "wanted.svg"), scale=10, border=4)
    assert (tmp_path / "lamp.svg").read_bytes() == (tmp_path / "wanted.svg").read_bytes()


def test_a_link_is_switched_off_and_on_again(linking: Desk) -> None:
    code = linking(*LAMP, "--json").data["link"]["code"]
    assert linking("links", "disable", code, "--json").data["link"]["state"] == "disabled"
    said = linking(*LAMP)
    assert "it is disabled" in said.err
    assert linking("links", "disable", code, "--undo", "--json").data["link"]["state"] == "leads"
    assert linking("links", "disable", "0000000000").status == 2


def test_links_of_no_site_ask_for_one(tmp_path: Path) -> None:
    (tmp_path / "jalon.toml").write_text("[jalon]\n")
    (tmp_path / "jalon.key").write_text("5" * 64)
    refused = Desk(tmp_path)(*LAMP)
    assert refused.status == 2
    assert "jalon init --source site" in refused.err


class Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: object) -> None:
        return None


def test_serve_answers_links_and_doctor_says_what_is_missing(linking: Desk) -> None:
    code = linking(*LAMP, "--json").data["link"]["code"]
    with linking.started("serve", "--port", "0", "--json") as serving:
        assert serving.stdout
        said = json.loads(serving.stdout.readline())
        assert "/j.js?" in said["addresses"]["own"]
        base = f"http://127.0.0.1:{said['port']}"
        opener = urllib.request.build_opener(Stay)
        asked = urllib.request.Request(f"{base}/l/{code}", headers={"User-Agent": "Mozilla/5.0 (X11) Firefox/144.0"})
        with pytest.raises(urllib.error.HTTPError) as answer:
            opener.open(asked)
        with answer.value as redirect:
            assert redirect.code == 302
            assert redirect.headers["Location"].startswith("https://shop.example/lamp?utm_source=instagram")
        with opener.open(said["addresses"]["own"].replace("https://go.example.com", base)) as script:
            assert b"jalon" in script.read()
    synced = linking("sync", "--json")
    assert synced.status == 0
    assert linking.rows("SELECT kind, product_id, person FROM {touchpoints}") == [("tag_click", "8001", None)]
    examined = linking("doctor", "--json").data["findings"]
    assert any("not joined to orders" in found["detail"] for found in examined)


# --- links made before ------------------------------------------------------------------------------------------------


def told_of_links(desk: Desk, *words: str) -> list[tuple[str, str, str]]:
    """Return level, name and detail of what doctor says of links; each trouble has a remedy."""
    found = [one for one in desk("doctor", "--offline", "--json", *words).data["findings"] if "links" in one["name"]]
    assert all(one["remedy"] for one in found if one["level"] != "ok")
    return [(one["level"], one["name"], one["detail"]) for one in found]


def test_doctor_names_links_whose_host_is_allowed_no_more(linking: Desk) -> None:
    linking.edit('allowed_hosts = ["shop.example"]', 'allowed_hosts = ["shop.example", "old.example"]')
    old = [
        linking("links", "add", f"https://old.example/{n}", "--placement", "tiktok", "--json").data["link"]["code"]
        for n in range(5)
    ]
    new = linking(*LAMP, "--json").data["link"]["code"]
    assert told_of_links(linking) == [("ok", "own: links", "6 looked at: each leads, and is read as what it says")]

    linking.edit(', "old.example"', "")
    (told,) = told_of_links(linking)
    assert told[:2] == ("warn", "own: links")
    assert f"5 lead nowhere ({', '.join(old[:3])} and 2 more): old.example is not among allowed_hosts" in told[2]
    states = {link["code"]: link["state"] for link in linking("links", "list", "--json").data["links"]}
    assert states == dict.fromkeys(old, "leads nowhere") | {new: "leads"}

    for code in old[1:]:
        linking("links", "disable", code)
    assert told_of_links(linking)[0][2].startswith(f"{old[0]} leads nowhere")
    linking("links", "disable", old[0])
    assert told_of_links(linking)[0][0] == "ok", "those that were switched off are meant to lead nowhere"


def test_doctor_names_links_that_are_read_otherwise_than_they_say(linking: Desk, tmp_path: Path) -> None:
    """As a link is whose channel was another distribution's, which is there no more."""
    linking(*LAMP)
    stray = placed("podcast")._replace(code="0123456789")
    marked = placed("instagram")._replace(code="1123456789", target="https://shop.example/?utm_source=newsletter")
    store = Store.open(tmp_path / "data")
    store.write(lambda db: [links.add(db, link) for link in (stray, marked)])
    store.close()
    first, second = told_of_links(linking)
    assert first[:2] == second[:2] == ("warn", "own: links")
    assert "0123456789 is read otherwise: placement 'podcast' begins with no channel" in first[2]
    assert "1123456789 is read otherwise: it has its own utm_source, by which its visits would be read as" in second[2]


def test_doctor_names_links_whose_source_is_gone(linking: Desk) -> None:
    code = linking(*LAMP, "--json").data["link"]["code"]
    linking.edit("[sources.own]", "[sources.mine]")
    (told,) = told_of_links(linking)
    assert told == ("warn", "links", f"{code} leads nowhere: jalon.toml has no source 'own' of own links")
    assert linking("links", "list", "--json").data["links"][0]["state"] == "leads nowhere"
    linking("forget-source", "own", "--yes")
    assert told_of_links(linking) == []
