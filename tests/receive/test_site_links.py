"""Own links over HTTP: where they lead, what of a click is stored, and what a stop and a kill leave behind."""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest
from plain import Start, ask, connected, head, hook
from sites import NAMES, PERSON, add, click_in, clicks_stored, follow, opened_up, site, stored

from jalon.connectors.site.clicks import key_of
from jalon.privacy import Keyring
from jalon.receive.clicks import ClickQueue
from jalon.receive.receiver import Receiver
from jalon.receive.routes import LOOK_SECONDS
from jalon.store import links
from jalon.store.database import Store

PLAIN = (
    "https://shop.example/p?a=1&utm_source=instagram&utm_medium=story&utm_campaign=winter&utm_content=17912345678901234"
)


async def test_a_link_leads_on_and_its_click_is_stored(start: Start, store: Store) -> None:
    receiver, port, code = await opened_up(start, store)
    answer = await follow(port, code)
    assert answer.status == 302
    click = click_in(answer)
    assert answer.headers["location"] == f"{PLAIN}&jclid={click}#top"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["referrer-policy"] == "strict-origin-when-cross-origin"
    assert "set-cookie" not in answer.headers
    (told,) = await clicks_stored(receiver, store)
    content, product, placement, campaign = NAMES
    assert (told["content"], told["product"], told["placement"]) == (content, product, placement)
    assert (told["code"], told["campaign"], told["address"]) == (code, campaign, PLAIN + "#top")
    assert abs(told["at"] - time.time()) < 60
    assert not told["joins"]
    assert receiver.metrics.clicks == {("site", "stored"): 1}


async def test_each_click_has_an_id_of_its_own_and_one_connection_serves_many(start: Start, store: Store) -> None:
    receiver, port, code = await opened_up(start, store)
    async with connected(port) as client:
        answers = [await client.ask(head(f"/l/{code}", "GET", User_Agent=PERSON)) for _ in range(50)]
    assert len({click_in(answer) for answer in answers}) == 50
    assert len(await clicks_stored(receiver, store)) == 50
    assert receiver.metrics.groups < 50, "clicks share commits"


@pytest.mark.parametrize("kind", ["upper", "alike", "query"])
async def test_a_code_is_read_as_people_and_scanners_write_it(start: Start, store: Store, kind: str) -> None:
    _, port, code = await opened_up(start, store)
    written = {
        "upper": code.upper(),
        "alike": code.replace("0", "O").replace("1", "I"),
        "query": f"{code}?utm_source=x",
    }
    answer = await follow(port, written[kind])
    assert answer.status == 302
    assert answer.headers["location"].startswith(PLAIN)


# --- open redirects


ASKED = (
    "", "/", "//evil.example", "https://evil.example", "..%2f..%2fevil.example", "%0d%0aLocation:%20https://evil.example",
    "{code}/..//evil.example", "{code}//evil.example", "{code}%00", "{code}%0d%0aSet-Cookie:x=1", "{code}.evil.example",
    "{code}@evil.example", "@evil.example", "\\evil.example", "javascript:alert(1)", "{code}x", "%E2%80%AE{code}",
    "a" * 4000,
)  # fmt: skip


@pytest.mark.parametrize("asked", ASKED)
async def test_no_other_path_leads_anywhere(start: Start, store: Store, asked: str) -> None:
    _, port, code = await opened_up(start, store)
    answer = await follow(port, asked.format(code=code))
    assert answer.status in (400, 404)
    assert "location" not in answer.headers


@pytest.mark.parametrize(
    ("query", "headers"),
    [
        ("?url=https://evil.example", {}), ("?next=//evil.example&jclid=mine", {}), ("?\\\\evil.example", {}),
        ("#@evil.example", {}), ("", {"Host": "evil.example"}), ("", {"X_Forwarded_Host": "evil.example"}),
        ("", {"Referer": "https://evil.example/"}), ("", {"Forwarded": "host=evil.example;proto=javascript"}),
        ("", {"X_Original_URL": "https://evil.example"}), ("?%0d%0aLocation:%20https://evil.example", {}),
    ],
)  # fmt: skip
async def test_nothing_of_a_request_changes_where_a_link_leads(
    start: Start, store: Store, query: str, headers: dict[str, str]
) -> None:
    _, port, code = await opened_up(start, store)
    async with connected(port) as client:
        names = {"Host": "localhost", "User-Agent": PERSON} | {k.replace("_", "-"): v for k, v in headers.items()}
        lines = "".join(f"{name}: {value}\r\n" for name, value in names.items())
        answer = await client.ask(f"GET /l/{code}{query} HTTP/1.1\r\n{lines}\r\n".encode())
    if answer.status == 302:
        assert answer.headers["location"] == f"{PLAIN}&jclid={click_in(answer)}#top"
        assert "evil" not in str(answer)
    else:
        assert answer.status in (400, 404)


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example/", "//evil.example", "javascript:alert(1)", "https://shop.example@evil.example/",
        "https://shop.example/\r\nX: y", "https://\u0455hop.example/", "https://shop.example\\@evil.example/",
    ],
)  # fmt: skip
async def test_a_link_in_the_store_to_a_host_that_is_not_allowed_leads_nowhere(
    start: Start, store: Store, target: str
) -> None:
    """A host may have been taken out of the settings since, or the store be somebody else's work."""
    code = add(store, target)
    _, port = await start({"site": site()})
    answer = await follow(port, code)
    assert (answer.status, "location" in answer.headers) == (404, False)


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
async def test_a_link_is_only_got(start: Start, store: Store, method: str) -> None:
    receiver, port, code = await opened_up(start, store)
    assert (await ask(port, head(f"/l/{code}", method, User_Agent=PERSON))).status == 405
    assert not await clicks_stored(receiver, store)


async def test_what_changes_in_the_store_is_followed_while_it_runs(start: Start, store: Store) -> None:
    _, port, code = await opened_up(start, store)
    newer = add(store, "https://shop.example/new")
    store.write(lambda db: links.disable(db, code))
    deadline = time.monotonic() + 20 * LOOK_SECONDS
    while (await follow(port, newer)).status != 302:
        assert time.monotonic() < deadline
        await asyncio.sleep(0.05)
    assert (await follow(port, code)).status == 404


# --- people, programs, and people who do not want to be followed

PEOPLE = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 "
    "Instagram 389.0.0.23.98 (iPhone16,2; iOS 18_5; fr_FR; fr; scale=3.00; 1290x2796; 756890)",
    "Mozilla/5.0 (Linux; Android 15; SM-S921B) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/141.0.0.0 "
    "Mobile Safari/537.36 [FB_IAB/FB4A;FBAV/530.0.0.0.1;]",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 "
    "[Pinterest/iOS]",
    "Mozilla/5.0 (Linux; Android 14; CUBOT X50) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Mobile "
    "Safari/537.36",
    "Mozilla/5.0 (Linux; Android 13) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/117.0 Mobile "
    "Safari/537.36 trill_350102 BytedanceWebview/d8a21c6",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148 Snapchat/13.40.0.45 "
    "(like Safari/8618.2.12.10.9, panda)",
    "Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0",
)
PROGRAMS = (
    "", " ", "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)", "facebookcatalog/1.0",
    "meta-externalagent/1.1", "Twitterbot/1.0", "WhatsApp/2.23.20.0", "TelegramBot (like TwitterBot)",
    "LinkedInBot/1.0 (compatible; Mozilla/5.0; Apache-HttpClient +http://www.linkedin.com)",
    "Pinterest/0.2 (+http://www.pinterest.com/)", "Mozilla/5.0 (compatible; Pinterestbot/1.0; +http://www.pinterest.com)",
    "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)", "Mozilla/5.0 (compatible; Discordbot/2.0)",
    "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", "Mozilla/5.0 (compatible; bingbot/2.0)",
    "Mozilla/5.0 (Linux; Android 5.0) AppleWebKit/537.36 (compatible; Bytespider; spider-feedback@bytedance.com)",
    "Mozilla/5.0 (compatible; AhrefsBot/7.0)", "curl/8.5.0", "Wget/1.21", "python-requests/2.32.0",
    "Go-http-client/2.0",
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/141.0.0.0 Safari/537.36",
    "Snap URL Preview Service; bot; snapchat; https://developers.snap.com/robots", "GPTBot/1.2", "YandexBot/3.0",
    "Mozilla/5.0 (Macintosh) AppleWebKit/601.2.4 (KHTML, like Gecko) Version/9.0 Safari/601.2.4 "
    "facebookexternalhit/1.1 Facebot Twitterbot/1.0", "Mozilla/5.0 (compatible; vkShare; +http://vk.com/dev/Share)",
    "Google-InspectionTool/1.0",
)  # fmt: skip


async def test_people_are_counted_and_programs_are_not(start: Start, store: Store) -> None:
    receiver, port, code = await opened_up(start, store)
    for agent in PEOPLE:
        assert click_in(await follow(port, code, User_Agent=agent)), agent
    for agent in PROGRAMS:
        answer = await follow(port, code, User_Agent=agent)
        assert answer.status == 302, agent
        assert answer.headers["location"] == f"{PLAIN}#top", agent
    assert len(await clicks_stored(receiver, store)) == len(PEOPLE)
    assert receiver.metrics.clicks["site", "program"] == len(PROGRAMS)


@pytest.mark.parametrize(
    ("method", "headers"),
    [
        ("HEAD", {}), ("GET", {"Purpose": "prefetch"}), ("GET", {"Sec_Purpose": "prefetch;prerender"}),
        ("GET", {"X_Moz": "prefetch"}), ("GET", {"X_Purpose": "preview"}),
    ],
)  # fmt: skip
async def test_looking_ahead_is_no_click(start: Start, store: Store, method: str, headers: dict[str, str]) -> None:
    receiver, port, code = await opened_up(start, store)
    answer = await follow(port, code, method, **headers)
    assert (answer.status, answer.headers["location"]) == (302, f"{PLAIN}#top")
    assert not await clicks_stored(receiver, store)
    assert receiver.metrics.clicks == {("site", "program"): 1}


@pytest.mark.parametrize("header", ["DNT", "Sec_GPC"])
@pytest.mark.parametrize("consent", ["required", "not_required"])
async def test_who_does_not_want_to_be_followed_is_not(start: Start, store: Store, header: str, consent: str) -> None:
    """The click counts, of nobody: there is no id by which anything could be joined to it."""
    receiver, port, code = await opened_up(start, store, consent=consent)
    answer = await follow(port, code, **{header: "1"})
    assert answer.headers["location"] == f"{PLAIN}#top"
    (told,) = await clicks_stored(receiver, store)
    assert not told["joins"]
    assert "click" not in told


async def test_the_wish_not_to_be_followed_can_be_left_to_the_banner(start: Start, store: Store) -> None:
    _, port, code = await opened_up(start, store, honour_dnt=False)
    assert click_in(await follow(port, code, DNT="1"))


async def test_without_required_consent_a_click_may_join_by_its_id(start: Start, store: Store) -> None:
    receiver, port, code = await opened_up(start, store, consent="not_required")
    click = click_in(await follow(port, code))
    (told,) = await clicks_stored(receiver, store)
    assert (told["joins"], told["click"]) == (True, click)


async def test_with_required_consent_the_id_of_a_click_is_nowhere_in_the_store(start: Start, store: Store) -> None:
    receiver, port, code = await opened_up(start, store)
    click = click_in(await follow(port, code))
    assert click
    (told,) = await clicks_stored(receiver, store)
    assert click not in str(told)
    left = b"".join(path.read_bytes() for path in store.folder.rglob("*") if path.is_file())
    assert click.encode() not in left
    assert NAMES[0].encode() in left, "the link itself is no secret"


# --- accepted clicks are not lost


async def test_a_stop_stores_every_click_that_was_answered(start: Start, store: Store) -> None:
    receiver, port, code = await opened_up(start, store)

    async def clicker() -> int:
        async with connected(port) as client:
            answers = [await client.ask(head(f"/l/{code}", "GET", User_Agent=PERSON)) for _ in range(60)]
        return sum(answer.status == 302 for answer in answers)

    clicking = [asyncio.create_task(clicker()) for _ in range(8)]
    answered = sum(await asyncio.gather(*clicking))
    await receiver.stop()
    assert answered == 480
    assert sum(len(one.records) for one in stored(store)) == answered


async def test_a_stop_that_cannot_store_says_how_much(
    start: Start, store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    receiver, port, code = await opened_up(start, store, limits={"stop_seconds": 0.1, "store_seconds": 0.1})
    other = sqlite3.connect(store.path, timeout=5, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    for _ in range(3):
        assert (await follow(port, code)).status == 302
    await receiver.stop()
    other.execute("ROLLBACK")
    other.close()
    assert "3 clicks on own links could not be stored" in caplog.text
    await receiver.sites.queue.drain()


async def test_when_there_is_no_room_links_lead_on_and_the_rest_is_counted(start: Start, store: Store) -> None:
    receiver, port, code = await opened_up(start, store, limits={"clicks": 5})
    other = sqlite3.connect(store.path, timeout=5, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    answers = [await follow(port, code) for _ in range(12)]
    assert [answer.status for answer in answers] == [302] * 12
    assert receiver.metrics.clicks["site", "no_room"] == 7
    assert 'jalon_clicks_total{source="site",outcome="no_room"} 7' in receiver.metrics.text(0, 0)
    other.execute("ROLLBACK")
    other.close()
    assert len(await clicks_stored(receiver, store)) == 5


async def test_what_the_store_refuses_is_offered_again(
    start: Start, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    receiver, port, code = await opened_up(start, store)
    commit, refusals = store.commit, iter([True, True])

    async def failing(job: object) -> object:
        if next(refusals, False):
            raise sqlite3.OperationalError("disk is full")
        return await commit(job)  # type: ignore[arg-type]

    monkeypatch.setattr(store, "commit", failing)
    assert (await follow(port, code)).status == 302
    assert len(await clicks_stored(receiver, store)) == 1
    assert receiver.metrics.unstored == 2


async def test_a_day_has_its_bound_and_links_lead_on_beyond_it(start: Start, store: Store) -> None:
    """Threat 31: whoever clicks a million times does not fill the disk."""
    receiver, port, code = await opened_up(start, store, clicks_per_day=3)
    assert [(await follow(port, code)).status for _ in range(5)] == [302] * 5
    assert len(await clicks_stored(receiver, store)) == 3
    assert receiver.metrics.clicks["site", "over_quota"] == 2


SERVER = """
import asyncio, sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from sites import KEYRING, site
from jalon.receive.receiver import Receiver, serve
from jalon.store.database import Store
receiver = Receiver(Store.open(Path(sys.argv[1])), KEYRING, {"site": site()})
asyncio.run(serve(receiver, "127.0.0.1", 0, None, asyncio.Event(), lambda port, _: print(port, flush=True)))
"""
LOST_SECONDS = 0.25
"""What docs/connectors/site.md promises at most, with room for a busy machine."""


async def _click_until_killed(server: subprocess.Popen[str], port: int, code: str) -> list[tuple[float, str]]:
    answered: list[tuple[float, str]] = []

    async def clicker() -> None:
        async with connected(port) as client:
            while (answer := await client.ask(head(f"/l/{code}", "GET", User_Agent=PERSON))).status == 302:
                answered.append((time.monotonic(), click_in(answer) or ""))

    clicking = [asyncio.create_task(clicker()) for _ in range(16)]
    await asyncio.sleep(1.0)
    os.kill(server.pid, signal.SIGKILL)
    await asyncio.gather(*clicking)
    return answered


async def test_a_kill_loses_only_the_clicks_of_the_last_moments(tmp_path: Path) -> None:
    with Store.open(tmp_path / "store") as store:
        code = add(store)
        words = [sys.executable, "-c", SERVER, str(tmp_path / "store"), str(Path(__file__).parent)]
        with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as server:
            assert server.stdout
            answered = await _click_until_killed(server, int(server.stdout.readline()), code)
        kept = {record.key for one in stored(store) for record in one.records}
        assert len(answered) > 200
        lost = [at for at, click in answered if key_of(click) not in kept]
        assert all(at > answered[-1][0] - LOST_SECONDS for at in lost)
        assert store.check() == []


def test_a_receiver_without_a_site_has_no_links(store: Store) -> None:
    receiver = Receiver(store, Keyring(bytes(32)), {"shop": hook()})
    assert not receiver.sites
    assert isinstance(receiver.sites.queue, ClickQueue)
