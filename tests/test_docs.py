"""The documentation says what the code says, and its links lead somewhere."""

from __future__ import annotations

import re
import runpy
from collections.abc import Iterator
from dataclasses import fields as fields_of
from pathlib import Path

import click
import pytest

from jalon import registry
from jalon.cli import cli
from jalon.commands.matrix import OFFERS
from jalon.connectors.base import Connector, Stream
from jalon.normalize.vocabulary import KINDS
from jalon.report.marts.tables import MARTS
from jalon.settings import ENVIRONMENT, TABLES

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
ROOTS = (ROOT, ROOT / "jalon", ROOT / "tests", ROOT / "examples/jalon-bazaar")
GENERATED = runpy.run_path(str(DOCS / "generate.py"))["pages"]()
WRITTEN = sorted(path for path in [*ROOT.glob("*.md"), *DOCS.rglob("*.md"), *ROOT.glob("examples/**/*.md")])
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
PLACE = re.compile(r"`((?:jalon|tests|docs|benchmarks)/[\w./-]+|[\w/-]+/\w+\.py)(?:::\w+)?`")
"""A file or folder of the repository; files of Python also as seen from one of `ROOTS`."""


@pytest.mark.parametrize("name", GENERATED)
def test_a_generated_page_is_as_the_code_says(name: str) -> None:
    assert (DOCS / name).read_text() == GENERATED[name], "run `make docs`"


def leaves(group: click.Group, path: str = "jalon") -> Iterator[tuple[str, click.Command]]:
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from leaves(command, f"{path} {name}")
        else:
            yield f"{path} {name}", command


COMMANDS = {path: {option for each in command.params for option in each.opts} for path, command in leaves(cli)}


def section(page: str, title: str) -> str:
    """Return what stands below a heading of the second or third level."""
    found = re.search(rf"^##+ {re.escape(title)}\n(.*?)(?=^##+ |\Z)", page, re.DOTALL | re.MULTILINE)
    assert found, f"no heading {title!r}"
    return found[1]


def test_each_command_and_option_is_documented() -> None:
    for command, options in COMMANDS.items():
        text = section(GENERATED["commands.md"], command)
        assert not [name for name in options if (name if name.startswith("-") else name.upper()) not in text], command


def test_each_setting_is_documented_with_its_meaning() -> None:
    page = GENERATED["configuration.md"]
    tables = {f"[{name}]": model for name, model in TABLES.items()}
    for name in ("shopify", "tiktok_shop"):
        tables[f'[sources.NAME] with connector = "{name}"'] = registry.connector(name).settings
    for title, model in tables.items():
        rows = {line.split("`")[1]: line for line in section(page, title).splitlines() if line.startswith("| `")}
        assert set(rows) == set(model.model_fields)
        assert not [key for key, line in rows.items() if line.endswith("|  |")]
    assert all(f"`{variable}`" in page for variable in ENVIRONMENT)


def test_each_connector_and_offer_is_documented() -> None:
    for name in ("shopify", "tiktok_shop"):
        connector = registry.connector(name)
        text = section(GENERATED["connectors.md"], connector.title)
        assert all(offer.replace("_", " ") in text for offer in OFFERS)
        page = (DOCS / "connectors" / f"{name}.md").read_text()
        assert not [stream.name for stream in connector.streams if f"`{stream.name}`" not in page]
        own = set(connector.settings.model_fields) - set(connector.settings.__mro__[1].model_fields)
        assert not [key for key in own if f"`{key}`" not in page]


def test_each_mart_fact_and_column_is_documented() -> None:
    page = GENERATED["tables.md"]
    for mart in MARTS.values():
        rows = section(page, mart.name)
        assert not [column.name for column in mart.columns if f"| `{column.name}` |" not in rows]
        assert all(column.meaning for column in mart.columns)
    facts = page.partition("\n## Facts\n")[2]
    for kind, row in KINDS.items():
        assert not [field for field in row._fields if f"`{field}`" not in section(facts, kind)]


@pytest.mark.parametrize("path", WRITTEN, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(path: Path) -> None:
    for target in LINK.findall(path.read_text()):
        if re.match(r"[a-z]+:", target):
            continue
        file, _, anchor = target.partition("#")
        found = (path.parent / file).resolve() if file else path
        assert found.exists(), f"{path.name} links to {target}"
        if anchor and found.suffix == ".md":
            assert anchor in anchors(found.read_text()), f"{path.name} links to {target}"


def test_what_is_shown_of_the_example_stands_in_it() -> None:
    """The page walks through the example: each piece of Python is there word for word."""
    home = ROOT / "examples" / "jalon-bazaar"
    code = "\n".join(path.read_text() for path in home.rglob("*.py"))
    shown = re.findall(r"```python\n(.*?)```", (DOCS / "adding-a-connector.md").read_text(), re.DOTALL)
    assert len(shown) > 9
    assert [piece for piece in shown if piece not in code] == []


def test_every_part_of_the_contract_is_told_to_authors() -> None:
    page = (DOCS / "adding-a-connector.md").read_text()
    parts = {name for name in vars(Connector) if not name.startswith("_")} | {each.name for each in fields_of(Stream)}
    assert [name for name in sorted(parts) if not re.search(rf"\b{name}\b", page)] == []


def anchors(page: str) -> set[str]:
    """Return the names under which the headings of a page can be linked."""
    titles = re.findall(r"^#+ (.+)$", page, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("path", WRITTEN, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_page_names_a_command_or_option_that_does_not_exist(path: Path) -> None:
    for line in commands_in(path.read_text()):
        words = [word for word in line.split() if word not in ("-v", "-vv")]
        names = [" ".join(words[:length]) for length in (3, 2)]
        command = next((name for name in names if name in COMMANDS), None)
        said = {word.partition("=")[0] for word in words if word.startswith("-") and word != "-"}
        if command is None:
            assert said <= {"--help", "--version", "-h"}, line
            assert (
                len(words) == 1 or words[1].isupper() or any(name.startswith(" ".join(words[:2])) for name in COMMANDS)
            ), line
        else:
            assert said <= COMMANDS[command] | {"--help"}, line


def commands_in(page: str) -> Iterator[str]:
    """Yield every command line of jalon in code, be it a block or a piece of a sentence."""
    blocks = re.findall(r"^```[a-z]*\n(.*?)^```", page, re.DOTALL | re.MULTILINE)
    pieces = re.findall(r"`([^`\n]+)`", re.sub(r"^```.*?^```", "", page, flags=re.DOTALL | re.MULTILINE))
    for line in [*"\n".join(blocks).splitlines(), *pieces]:
        for part in re.split(r"&&|\|\||[;#]", line):
            if found := re.search(r"(?:^|[ /])(jalon(?: .*)?)$", part.rstrip()):
                yield found[1]


def test_the_table_of_exit_statuses_is_the_codes_own() -> None:
    from jalon import errors
    from jalon.commands.common import EXITS

    said = {int(number) for number in re.findall(r"^  (\d+) ", EXITS, re.MULTILINE)}
    kinds = [errors.JalonError, *errors.JalonError.__subclasses__()]
    assert said == {errors.OK, errors.BUDGET, errors.DUE, *(kind.exit_status for kind in kinds)}


@pytest.mark.parametrize("page", WRITTEN, ids=lambda page: str(page.relative_to(ROOT)))
def test_files_and_folders_that_are_named_are_there(page: Path) -> None:
    named = {place for place in PLACE.findall(page.read_text()) if not re.search("[A-Z]{2}", place)}
    assert {place for place in named if not any((root / place).exists() for root in ROOTS)} == set()


def test_modules_of_the_attribution_are_called_as_they_are_on_the_map() -> None:
    named = re.findall(
        r"`([\w/]+)`", section((DOCS / "architecture.md").read_text(), "Attribution").partition("| --- |")[2]
    )
    room = ROOT / "jalon" / "attribution"
    assert [name for name in named if not (room / name).is_dir() and not (room / f"{name}.py").is_file()] == []
