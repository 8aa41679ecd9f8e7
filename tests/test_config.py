"""jalon.toml: what is refused, and how the refusal helps."""

from __future__ import annotations

from pathlib import Path

import pytest

from jalon.config import Config, load
from jalon.errors import ConfigError
from jalon.privacy import read_key

GOOD = """
[jalon]
store = "here"

[sources.shop_us]
connector = "tiktok_shop"
timezone = "America/New_York"
app_key = "k1"
app_secret = { env = "T_SECRET" }
refresh_token = { file = "token.txt" }
"""


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("T_SECRET", "canary-app-secret")
    (tmp_path / "token.txt").write_text("canary-refresh\n")

    def write(text: str) -> Config:
        path = tmp_path / "jalon.toml"
        path.write_text(text)
        return load(path)

    return write


def test_reads_settings_and_secrets_by_reference(write) -> None:
    config = write(GOOD)
    settings = config.sources["shop_us"]
    assert settings.app_secret.get_secret_value() == "canary-app-secret"
    assert settings.refresh_token.get_secret_value() == "canary-refresh"
    assert config.store == config.folder / "here"


@pytest.mark.parametrize(
    ("old", "new", "where", "what"),
    [
        ("timezone =", "timezon =", "jalon.toml:7", "Did you mean 'timezone'"),
        ("store =", "stroe =", "jalon.toml:3", "Did you mean 'store'"),
        ("[jalon]", "[jalom]", "jalon.toml:2", "Did you mean 'jalon'"),
        ('"tiktok_shop"', '"tiktok_shp"', "", "no connector is called 'tiktok_shp'"),
        ('{ env = "T_SECRET" }', '"in clear"', "jalon.toml:9", "must not stand in the file"),
        ('"America/New_York"', '"Mars/Olympus"', "jalon.toml:7", "is no time zone"),
        ('"America/New_York"', '"Europe"', "jalon.toml:7", "such as Europe/Paris"),
        ('app_key = "k1"', "app_key = 17", "jalon.toml:8", "app_key"),
        ("[sources.shop_us]", "[sources.Shop-US]", "jalon.toml:5", "not a usable name"),
        ('connector = "tiktok_shop"', "", "", "connector is missing"),
        ("[jalon]", "[jalon", "", "not TOML"),
        ('connector = "tiktok_shop"', 'connector = ["hook"]', "jalon.toml:6", "connector is no name"),
        (GOOD, "sources = 3", "jalon.toml:1", "Write [sources.NAME]"),
        (GOOD, "[[sources]]\nconnector = 'hook'", "jalon.toml:1", "Write [sources.NAME]"),
        (GOOD, "deliver = []", "jalon.toml:1", "Write [deliver.NAME]"),
        ('app_key = "k1"', 'app_key = "…"', "jalon.toml:8", "app_key is still to be filled in"),
        (GOOD, '[sources.s]\nconnector = "shopify"\nshop = "…"', "jalon.toml:3", 'like "example.myshopify.com"'),
        (GOOD, '[sources.s]\nconnector = "woocommerce"\nurl = "a.shop"', "jalon.toml:3", "not of the form"),
        (GOOD, '[sources.s]\nconnector = "woocommerce"\nurl = "a.shop"', "", 'like "https://shop.example.com".'),
        (GOOD, '[attribution]\nmemory_limit = "4 gigs"', "jalon.toml:2", 'Write it like "4GB".'),
        ('"here"', '"~/here"', "jalon.toml:3", "store begins with ~"),
        (GOOD, '[deliver.bi]\nto = "csv"\nfolder = "~/bi"', "jalon.toml:3", "folder begins with ~"),
        ('"here"', '"here"\npublic_url = "hooks.example.com"', "jalon.toml:4", "must be an address such as https://"),
        ('"here"', '"here"\npublic_url = "https://h.example/?a=b"', "jalon.toml:4", "must be an address"),
        ('"here"', '"here"\npublic_url = "https://me@h.example"', "jalon.toml:4", "must be an address"),
        ('"here"', '"here"\npublic_url = "ftp://h.example"', "jalon.toml:4", "must be an address"),
        ('"here"', '"here"\npublic_url = "https://"', "jalon.toml:4", "must be an address"),
    ],
)
def test_a_mistake_is_named_with_its_line_and_remedy(write, old: str, new: str, where: str, what: str) -> None:
    with pytest.raises(ConfigError) as caught:
        write(GOOD.replace(old, new, 1))
    text = str(caught.value)
    assert where in text
    assert what in text
    assert "canary" not in text
    assert "in clear" not in text


LACKING = """
[sources.other]
connector = "woocommerce"
url = "https://shop.example"
consumer_key = { env = "NOT_SET" }
consumer_secret = { file = "absent.txt" }
webhook_secret = { file = "empty.txt" }
webhook_secret_old = { file = "latin.txt" }
"""


def test_secrets_that_cannot_be_had_are_all_named_and_concern_their_source_alone(write, tmp_path: Path) -> None:
    (tmp_path / "empty.txt").write_text(" \n")
    (tmp_path / "latin.txt").write_bytes("clé".encode("latin-1"))
    config = write(GOOD + LACKING)
    config.check_secrets(["shop_us"])
    assert list(config.lacking) == ["other"]
    said = [str(error) for error in config.lacking["other"]]
    for line, what in ((15, "Set NOT_SET"), (16, "cannot be read"), (17, "is empty"), (18, "is not UTF-8 text")):
        assert any(f"jalon.toml:{line}" in one and what in one for one in said), said
    with pytest.raises(ConfigError, match="NOT_SET"):
        config.check_secrets(["other"])
    held = config.sources["other"]
    placeholders = {held.webhook_secret.get_secret_value(), held.webhook_secret_old.get_secret_value()}
    assert len(placeholders) == 2
    assert min(map(len, placeholders)) >= 32


@pytest.mark.parametrize("mark", ["\ufeff", ""])
def test_a_byte_order_mark_is_no_part_of_a_file(tmp_path: Path, monkeypatch, mark: str) -> None:
    monkeypatch.setenv("T_SECRET", "canary-app-secret")
    for name, text in (("jalon.toml", GOOD), ("token.txt", "canary-refresh\r\n"), ("jalon.key", "ab" * 32)):
        (tmp_path / name).write_text(mark + text, encoding="utf-8")
    config = load(tmp_path / "jalon.toml")
    assert config.sources["shop_us"].refresh_token.get_secret_value() == "canary-refresh"
    assert config.keyring().id == read_key("ab" * 32).id == read_key("\ufeff" + "ab" * 32).id


@pytest.mark.parametrize("name", ["jalon.toml", "jalon.key"])
def test_a_file_in_another_encoding_is_named(write, tmp_path: Path, name: str) -> None:
    config = write(GOOD)
    (tmp_path / name).write_bytes("# clé\n".encode("utf-16"))
    with pytest.raises(ConfigError, match=f"{name} is not UTF-8 text"):
        load(config.path).keyring()


def test_the_page_s_language_and_the_token_of_its_address(write) -> None:
    assert write(GOOD).report.lang == "en"
    assert write(GOOD).serve.report_token is None
    told = '[report]\nlang = "fr"\n[serve]\nreport_token = { env = "T_SECRET" }\n'
    config = write(GOOD + told)
    assert config.report.lang == "fr"
    assert config.serve.report_token is not None
    assert config.serve.report_token.get_secret_value() == "canary-app-secret"
    assert {key: value for key, value, _ in config.rows()}["serve.report_token"] == "***"


@pytest.mark.parametrize(
    ("told", "what"),
    [
        ('[report]\nlang = "de"\n', "'en' or 'fr'"),
        ('[serve]\nreport_token = "canary in the file"\n', "must not stand in the file"),
        ('[serve]\nreport_token = { file = "short.txt" }\n', "at least 16"),
    ],
)
def test_a_language_that_is_not_known_and_a_weak_token_are_refused(write, tmp_path: Path, told: str, what: str) -> None:
    (tmp_path / "short.txt").write_text("canary\n")
    with pytest.raises(ConfigError) as caught:
        write(GOOD + told)
    assert what in str(caught.value)
    assert "canary" not in str(caught.value)


@pytest.mark.parametrize(
    "told",
    [
        "clock_skew_seconds = inf",
        "clock_skew_seconds = 1e15",
        "prior_journeys = inf",
        "prior_conversions = nan",
        "half_life_days = inf",
        "custom = [1.0, inf, 1.0]",
    ],
)
def test_settings_that_are_no_numbers_one_can_count_with_are_refused(write, told: str) -> None:
    with pytest.raises(ConfigError) as caught:
        write(f"{GOOD}\n[attribution]\n{told}\n")
    assert told.partition(" ")[0] in f"{caught.value}"


def test_spaces_around_a_secret_are_no_part_of_it(write, monkeypatch: pytest.MonkeyPatch) -> None:
    """They come with `export TOKEN="$(cat file) "` and alike; who types the token types none."""
    told = '[serve]\nreport_token = { env = "T_REPORT" }\n'
    monkeypatch.setenv("T_REPORT", "  sixteen characters \n")
    token = write(GOOD + told).serve.report_token
    assert token is not None
    assert token.get_secret_value() == "sixteen characters"
    for blank, says in (("   ", "Set T_REPORT"), ("  short   \n        ", "at least 16")):
        monkeypatch.setenv("T_REPORT", blank)
        with pytest.raises(ConfigError) as refused:
            write(GOOD + told)
        assert says in f"{refused.value} {refused.value.remedy}"


def test_the_environment_stands_above_the_file_and_says_so(write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JALON_STORE", "elsewhere")
    config = write(GOOD)
    rows = {key: (value, origin) for key, value, origin in config.rows()}
    assert rows["jalon.store"] == ("elsewhere", "environment JALON_STORE")
    assert rows["sources.shop_us.timezone"] == ("America/New_York", "jalon.toml:7")
    assert rows["serve.port"] == ("8737", "default")


@pytest.mark.parametrize(
    ("variable", "value", "what"),
    [
        ("JALON_PORT", "abc", "[serve] port"),
        ("JALON_STORE", "~/store", "[jalon] store begins with ~"),
        ("JALON_PUBLIC_URL", "hooks.example.com", "[jalon] public_url must be an address"),
    ],
)
def test_a_mistake_in_the_environment_is_named_there(
    write, monkeypatch: pytest.MonkeyPatch, variable: str, value: str, what: str
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(ConfigError) as caught:
        write(GOOD)
    assert caught.value.message.startswith(f"{variable}: {what}")


@pytest.mark.parametrize("url", ["https://h.example", "https://h.example:8443/jalon/", "http://127.0.0.1:8737", ""])
def test_a_public_address_is_taken_as_it_is(write, url: str) -> None:
    config = write(GOOD.replace('"here"', f'"here"\npublic_url = "{url}"'))
    assert config.main.public_url == (url or None)


def test_secrets_are_never_shown(write) -> None:
    config = write(GOOD)
    assert "canary" not in repr(config)
    assert not any("canary" in value for _, value, _ in config.rows())


DELIVERED = """
[deliver.bi]
to = "postgres"
url = "postgresql://jalon@db.example.com/bi"
password = { env = "T_SECRET" }

[deliver.sheets]
to = "csv"
folder = "out"

[deliver.cloud]
to = "warehouse"
destination = "bigquery"
credentials = { env = "T_SECRET" }
settings = { location = "EU" }
"""


def test_a_delivery_is_read_with_its_secret_and_beside_the_file(write) -> None:
    config = write(DELIVERED)
    assert config.deliveries["bi"].password.get_secret_value() == "canary-app-secret"
    assert config.deliveries["sheets"].folder == config.folder / "out"
    rows = {key: value for key, value, _ in config.rows()}
    assert (rows["deliver.bi.password"], rows["deliver.bi.into"]) == ("***", "jalon")
    assert (rows["deliver.cloud.credentials"], rows["deliver.cloud.settings"]) == ("***", "{'location': 'EU'}")


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ('to = "csv"', 'to = "excel"', "jalon.toml:8: [deliver.sheets] to names no kind of destination"),
        ('to = "csv"', "", "Name one of: parquet, csv"),
        ("[deliver.bi]", "[deliver.BI]", "not a usable name"),
        ('folder = "out"', 'flder = "out"', "Did you mean 'folder'"),
        ('folder = "out"', "", "name a folder or a url"),
        ("jalon@db", "jalon:canary@db", "a password must not stand in the address"),
        ('{ env = "T_SECRET" }', '"canary"', "is a secret and must not stand in the file"),
        (
            '"bigquery"',
            '"bigqueri"',
            "[deliver.cloud] destination no warehouse is called 'bigqueri'; there is bigquery",
        ),
        ('location = "EU"', 'password = "canary"', "credentials must not stand in the file"),
    ],
)
def test_a_mistake_in_a_delivery_is_named(write, old: str, new: str, what: str) -> None:
    with pytest.raises(ConfigError) as caught:
        write(DELIVERED.replace(old, new, 1))
    assert what in str(caught.value)
    assert "canary" not in str(caught.value)


@pytest.mark.parametrize(
    ("one", "other", "key"),
    [
        (
            'to = "sqlite"\nfile = "m.sqlite"\ntables = ["fct_orders"]',
            'to = "sqlite"\nfile = "./x/../m.sqlite"',
            "file",
        ),
        ('to = "sqlite"\nfile = "m.db"', 'to = "duckdb"\nfile = "link.db"', "file"),
        ('to = "csv"\nfolder = "out"', 'to = "parquet"\nfolder = "out/"', "folder"),
        ('to = "csv"\nfolder = "out"', 'to = "csv"\ndelimiter = ";"\nurl = "file://FOLDER/out"', "url"),
        ('to = "jsonl"\nurl = "s3://bucket/marts"', 'to = "csv"\nurl = "s3://bucket/marts/"', "url"),
        (
            'to = "postgres"\nurl = "postgresql://a@db.example.com/bi"',
            'to = "postgres"\nurl = "postgres://b@DB.example.com:5432/bi"\ninto = "jalon"',
            "url",
        ),
        ('to = "warehouse"\ndestination = "bigquery"',) * 2 + ("destination",),
    ],
)
def test_two_deliveries_to_one_place_are_refused(write, tmp_path: Path, one: str, other: str, key: str) -> None:
    """Each would remove what the other has delivered."""
    (tmp_path / "link.db").symlink_to("m.db")
    text = f"[deliver.bi]\n{one}\n[deliver.shop]\n{other}\n".replace("FOLDER", str(tmp_path))
    with pytest.raises(ConfigError) as caught:
        write(text)
    assert f"[deliver.shop] {key} leads to the same place as [deliver.bi]" in str(caught.value)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ('to = "csv"\nfolder = "out"', 'to = "csv"\nfolder = "out/fr"'),
        ('to = "jsonl"\nurl = "s3://b/m"', 'to = "jsonl"\nurl = "s3://b/m"\nstorage = { endpoint_url = "https://x" }'),
        (
            'to = "postgres"\nurl = "postgresql://a@db/bi"',
            'to = "postgres"\nurl = "postgresql://a@db/bi"\ninto = "staging"',
        ),
        ('to = "postgres"\nurl = "postgresql://a,b:1/bi"', 'to = "postgres"\nurl = "postgresql://a:x,b/bi"'),
        ('to = "postgres"\nurl = "postgresql://a@db/"', 'to = "postgres"\nurl = "postgresql://b@db/"'),
    ],
)
def test_deliveries_to_places_that_only_look_alike_are_taken(write, one: str, other: str) -> None:
    assert len(write(f"[deliver.bi]\n{one}\n[deliver.shop]\n{other}\n").deliveries) == 2


@pytest.mark.parametrize(
    ("told", "key"),
    [
        ('to = "sqlite"\nfile = "data/jalon.sqlite"', "file"),
        ('to = "parquet"\nfolder = "data/marts"', "folder"),
        ('to = "csv"\nfolder = "data"', "folder"),
        ('to = "csv"\nfolder = "../link/x"', "folder"),
    ],
)
def test_a_delivery_into_the_store_is_refused(write, tmp_path: Path, told: str, key: str) -> None:
    (tmp_path / "link").symlink_to("data")
    with pytest.raises(ConfigError) as caught:
        write(f"[deliver.bi]\n{told}\n".replace("../link", str(tmp_path / "link")))
    assert f"jalon.toml:3: [deliver.bi] {key} leads into the store ([jalon] store)" in str(caught.value)
    assert write(f'[jalon]\nstore = "elsewhere"\n[deliver.bi]\n{told}\n').deliveries


def test_an_unknown_source_lists_those_that_exist(write) -> None:
    with pytest.raises(ConfigError, match="shop_us"):
        write(GOOD).pick(("shop_eu",))


def test_a_missing_key_file_says_how_to_make_one(write) -> None:
    with pytest.raises(ConfigError, match="jalon init"):
        write(GOOD).keyring()


@pytest.mark.parametrize(
    ("setting", "told"),
    [
        ("views = 0", "views input should be 'count' or 'exclude', or input should be greater than or equal to 0.001"),
        ("markov_order = 7", "markov_order input should be less than or equal to 4, or input should be 'auto'"),
        ('custom = { decision = "much" }', "custom.decision input should be a valid number"),
        ("holdouts = [1]", "holdouts.0 input should be a table"),
        ("custom = [1, 2]", "custom.2 field required"),
        ("custom = 1", "custom input should be a list, or input should be a table"),
        ('models = "linear"', "models input should be a list"),
        ("views = true", "views can be neither true nor false"),
        ("lookback = { view = true }", "lookback can be neither true nor false"),
    ],
)
def test_what_fits_none_of_several_types_is_told_what_each_needs(write, setting: str, told: str) -> None:
    with pytest.raises(ConfigError) as error:
        write(f"{GOOD}\n[attribution]\n{setting}\n")
    assert f"[attribution] {told}" in str(error.value)
