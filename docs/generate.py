"""Write the pages of docs/ that say what the code says: `make docs`. A test fails when they differ."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from jalon import registry
from jalon.cli import EXITS, cli
from jalon.matrix import capability_rows, matrix

HERE = Path(__file__).parent
NOTE = "<!-- written by `make docs`: change the code, not this page -->\n"


def pages() -> dict[str, str]:
    """Return file name -> text of every generated page."""
    return {"commands.md": commands(), "connectors.md": connectors(), "tables.md": tables()}


def commands() -> str:
    """Describe each command and option."""
    parts = [NOTE, "# Commands\n", "Data goes to stdout, everything else to stderr; every command takes `--json`.\n"]
    parts.append("```" + EXITS.replace("\b", "") + "\n```\n")
    for path, command in sorted(_walk(cli, ("jalon",))):
        parts.append(_command(" ".join(path), command))
    return "\n".join(parts)


def _walk(group: click.Group, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from _walk(command, (*path, name))
        else:
            yield (*path, name), command


def _command(path: str, command: click.Command) -> str:
    arguments = " ".join(_argument(p) for p in command.params if isinstance(p, click.Argument))
    rows = [p for p in command.params if isinstance(p, click.Option)]
    lines = [f"## {path}\n", f"`{path} {arguments}`\n" if arguments else "", f"{(command.help or '').strip()}\n"]
    lines += ["| option | meaning | default |", "| --- | --- | --- |"]
    for option in rows:
        default = (
            ""
            if option.default in (None, False, ()) or callable(option.default) or option.is_flag
            else f"`{option.default}`"
        )
        default = "" if "UNSET" in default else default
        lines.append(f"| `{', '.join(option.opts)}` | {option.help or ''} | {default} |")
    return "\n".join(line for line in lines if line) + "\n"


def _argument(argument: click.Argument) -> str:
    name = (argument.name or "").upper()
    return f"[{name}]{'…' if argument.nargs == -1 else ''}" if not argument.required else name


def connectors() -> str:
    """Show the capability matrix and each limitation."""
    header, rows = matrix()
    parts = [
        NOTE,
        "# What each platform gives\n",
        "`jalon connectors` prints the same. *event*: one person, one time. *aggregate*: the platform's counts. –: it does not offer it.\n",
    ]
    parts += ["| " + " | ".join(header) + " |", "|" + " --- |" * len(header)]
    parts += ["| " + " | ".join(row) + " |" for row in rows]
    for name in registry.names():
        connector = registry.connector(name)
        page = f"[how to set it up](connectors/{name}.md)" if (HERE / "connectors" / f"{name}.md").exists() else ""
        parts.append(f"\n## {connector.title}\n\n[{connector.documentation}]({connector.documentation}) · {page}\n")
        parts += ["| offer | grain | delay | look-back | note |", "| --- | --- | --- | --- | --- |"]
        for row in (row for row in capability_rows() if row["connector"] == name):
            parts.append(
                f"| {row['offer'].replace('_', ' ')} | {row['grain']} | {row['delay']} | {row['lookback']} | {row['note']} |"
            )
    return "\n".join(parts) + "\n"


def tables() -> str:
    """Describe each mart and each kind of fact."""
    from jalon.normalize.vocabulary import KINDS
    from jalon.report.tables import MARTS

    parts = [NOTE, "# Tables\n", "## Marts\n", "Parquet and CSV in `marts/`; written whole, by rename.\n"]
    parts.append("In CSV, a text that a spreadsheet would run as a formula begins with an apostrophe.\n")
    for mart in MARTS.values():
        parts.append(f"### {mart.name}\n\n{mart.meaning} Key: {', '.join(f'`{key}`' for key in mart.primary_key)}.\n")
        parts += ["| column | type | unit | meaning |", "| --- | --- | --- | --- |"]
        parts += [f"| `{c.name}` | {c.type} | {c.unit} | {c.meaning} |" for c in mart.columns] + [""]
    parts += [
        "## Facts\n",
        "Parquet in `facts/<kind>/`, every revision kept; `normalize/vocabulary.py` is the definition.\n",
    ]
    for kind, row in KINDS.items():
        doc = " ".join((row.__doc__ or "").split())
        parts.append(f"### {kind}\n\n{doc}\n\n{', '.join(f'`{field}`' for field in row._fields)}\n")
    return "\n".join(parts)


if __name__ == "__main__":
    for name, text in pages().items():
        (HERE / name).write_text(text)
        print(f"wrote docs/{name}")  # noqa: T201  # a script that talks
