"""Write the pages of docs/ that say what the code says: `make docs`. A test fails when they differ."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_origin

import click
from pydantic import BaseModel

from jalon import registry
from jalon.cli import cli
from jalon.commands.common import EXITS
from jalon.commands.matrix import LEGEND, capability_rows, matrix
from jalon.report.delivery import settings as deliveries
from jalon.report.people.settings import Persona
from jalon.settings import ENVIRONMENT, TABLES, is_secret

HERE = Path(__file__).parent
NOTE = "<!-- written by `make docs`: change the code, not this page -->\n"
KINDS = {
    str: "text", bool: "true or false", int: "integer", float: "number", Path: "path", tuple: "list", dict: "table",
}  # fmt: skip
"""Type of a setting -> what its users call it."""
BAR = "\\|"
OWN = "jalon."
"""Only what jalon itself brings is described; connectors of other distributions may be installed beside it."""


def pages() -> dict[str, str]:
    """Return file name -> text of every generated page."""
    made = {
        "commands.md": commands(),
        "configuration.md": configuration(),
        "connectors.md": connectors(),
        "tables.md": tables(),
        "templates.md": templates(),
    }
    return {name: "\n".join(line.rstrip() for line in text.splitlines()) + "\n" for name, text in made.items()}


def _table(header: Iterable[str], rows: Iterable[Iterable[str]]) -> list[str]:
    names = list(header)
    return [_row(names), f"|{' --- |' * len(names)}", *map(_row, rows)]


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cell.replace('|', BAR) for cell in cells)} |"


# --- commands -------------------------------------------------------------------------------------------------------


def commands() -> str:
    """Describe each command and option."""
    parts = [
        NOTE,
        "# Commands\n",
        "Data goes to stdout, everything else to stderr; `jalon -v COMMAND` logs more there.",
    ]
    parts += ["With `--json` stdout is one JSON object, also when the command is refused (`error`).\n"]
    parts += [f"```\n{EXITS.replace(chr(8), '').strip()}\n```\n"]
    found = sorted(_walk(cli, ("jalon",)))
    parts += [*(f"- [{' '.join(path)}](#{'-'.join(path)}): {_first(command)}" for path, command in found), ""]
    return "\n".join(parts + [_command(" ".join(path), command) for path, command in found])


def _walk(group: click.Group, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from _walk(command, (*path, name))
        else:
            yield (*path, name), command


def _first(command: click.Command) -> str:
    return (command.help or "").partition("\n")[0]


def _command(path: str, command: click.Command) -> str:
    words = [path, *(_argument(each) for each in command.params if isinstance(each, click.Argument)), "[OPTIONS]"]
    options = [each for each in command.params if isinstance(each, click.Option)]
    told = [_paragraph(text) for text in inspect.cleandoc(command.help or "").split("\n\n")]
    rows = [(f"`{', '.join(each.opts)}`", each.help or "", _default(each)) for each in options]
    lines = [f"## {path}\n", f"`{' '.join(words)}`\n", *told, *_table(("option", "meaning", "default"), rows)]
    return "\n".join(lines) + "\n"


def _paragraph(text: str) -> str:
    """Return a paragraph of help; what is marked to be left as it is are commands to copy."""
    mark, _, rest = text.partition("\n")
    return f"```\n{rest}\n```\n" if mark == "\b" else f"{text}\n"


def _argument(argument: click.Argument) -> str:
    name = (argument.name or "").upper()
    return name if argument.required else f"[{name}]{'…' if argument.nargs == -1 else ''}"


def _default(option: click.Option) -> str:
    return f"`{option.default}`" if option.show_default else ""


# --- configuration --------------------------------------------------------------------------------------------------


def configuration() -> str:
    """Describe each key of jalon.toml."""
    parts = [
        NOTE,
        "# jalon.toml\n",
        "A key that is not known is refused with its line. Above the file stand environment and command line;",
        "`jalon config show --origin` says where a value comes from. A secret is never written here but referred to:",
        '`{ env = "NAME" }` or `{ file = "path" }`, the path relative to jalon.toml.\n',
    ]
    for name, model in TABLES.items():
        parts += [f"## [{name}]\n", *_keys(model), ""]
    rows = [(f"`{variable}`", f"`[{table}] {key}`") for variable, (table, key) in ENVIRONMENT.items()]
    parts += ["## Environment\n", *_table(("variable", "stands above"), rows)]
    parts += [
        "\n`JALON_CONFIG` names the file itself, `JALON_KEY` holds the installation key in place of `jalon.key`.\n"
    ]
    for model in dict.fromkeys(deliveries.KINDS.values()):
        kinds = " or ".join(f'"{kind}"' for kind, its in deliveries.KINDS.items() if its is model)
        parts += [f"## [deliver.NAME] with to = {kinds}\n", *_keys(model), ""]
    parts += ["## [personas.NAME]\n", *_keys(Persona), ""]
    for name in _own():
        parts += [f'## [sources.NAME] with connector = "{name}"\n', *_keys(registry.connector(name).settings), ""]
    return "\n".join(parts)


def _keys(model: type[BaseModel]) -> list[str]:
    said = _docstrings(model)
    rows = [
        (f"`{key}`", _type(field.annotation), _value(field), said.get(key, ""))
        for key, field in model.model_fields.items()
    ]
    return _table(("key", "type", "default", "meaning"), rows)


def _type(annotation: Any) -> str:
    if is_secret(annotation):
        return "secret"
    kinds = [kind for kind in get_args(annotation) or (annotation,) if kind is not type(None)]
    if get_origin(kinds[0]) is Annotated:
        kinds = [get_args(kinds[0])[0]]
    if get_origin(kinds[0]) is Literal:
        kinds = list(get_args(kinds[0]))
    if all(isinstance(kind, str | int) for kind in kinds):
        return "one of " + ", ".join(f"`{kind}`" for kind in kinds)
    kind = get_origin(annotation) if get_origin(annotation) in (tuple, dict) else kinds[0]
    return KINDS.get(kind) or str(kind.__name__)


def _value(field: Any) -> str:
    if field.is_required():
        return "required"
    default = field.get_default(call_default_factory=True)
    if default is None or default in ((), {}):
        return ""
    return f"`{str(default).lower() if isinstance(default, bool) else default}`"


def _docstrings(model: type[BaseModel]) -> dict[str, str]:
    """Return what stands below each field in the code; classes nearer to the model win."""
    said: dict[str, str] = {}
    for owner in reversed([each for each in model.__mro__ if each.__module__.startswith(OWN)]):
        (tree,) = ast.parse(inspect.getsource(owner)).body
        assert isinstance(tree, ast.ClassDef)
        for field, below in zip(tree.body, tree.body[1:], strict=False):
            if (
                isinstance(field, ast.AnnAssign)
                and isinstance(below, ast.Expr)
                and isinstance(below.value, ast.Constant)
            ):
                said[ast.unparse(field.target)] = " ".join(str(below.value.value).split())
    return said


# --- connectors -----------------------------------------------------------------------------------------------------


def _own() -> list[str]:
    return [name for name in registry.names() if type(registry.connector(name)).__module__.startswith(OWN)]


def connectors() -> str:
    """Show the capability matrix and each limitation."""
    header, rows = matrix(_own())
    parts = [
        NOTE,
        "# What each platform gives\n",
        f"`jalon connectors` prints the same. {LEGEND}.\n",
        *_table(
            header,
            [
                [f"[{name}](#{registry.connector(name).title.lower().replace(' ', '-')})", *marks]
                for name, *marks in rows
            ],
        ),
    ]
    for name in _own():
        connector = registry.connector(name)
        setup = f"[How to set it up](connectors/{name}.md) · [its own documentation]({connector.documentation})"
        given = [
            (each["offer"].replace("_", " "), each["grain"], each["delay"], each["lookback"], each["note"])
            for each in capability_rows([name])
        ]
        parts += [
            f"\n## {connector.title}\n\n{setup}\n",
            *_table(("offer", "grain", "delay", "look-back", "note"), given),
        ]
    return "\n".join(parts)


# --- tables ---------------------------------------------------------------------------------------------------------


def tables() -> str:
    """Describe each mart and each kind of fact."""
    from jalon.normalize.vocabulary import KINDS
    from jalon.report.marts.tables import MARTS

    parts = [NOTE, "# Tables\n", "## Marts\n"]
    parts += ["Parquet and CSV in `marts/`; written whole, by rename. [How they belong together](marts.md).\n"]
    parts += ["In CSV, a text that a spreadsheet would run as a formula begins with an apostrophe.\n"]
    for mart in MARTS.values():
        parts.append(f"### {mart.name}\n\n{mart.meaning} Key: {', '.join(f'`{key}`' for key in mart.primary_key)}.\n")
        parts += [*_table(("column", "type", "unit", "meaning"), map(_column, mart.columns)), ""]
    parts += [
        "## Facts\n",
        "Parquet in `facts/<kind>/`, every revision kept: the newest of a (`source`, `key`) has the greatest",
    ]
    parts += ["(`version`, `observed_at`, `inbox_id`). `jalon/normalize/vocabulary.py` is the definition.\n"]
    for kind, row in KINDS.items():
        doc = inspect.cleandoc(row.__doc__ or "")
        parts.append(f"### {kind}\n\n{doc}\n\n{', '.join(f'`{field}`' for field in row._fields)}\n")
    return "\n".join(parts)


def _column(column: Any) -> tuple[str, ...]:
    refers = f" → [{column.references}](#{column.references})" if column.references else ""
    return f"`{column.name}`", column.type, column.unit, f"{column.meaning}{refers}"


# --- templates ------------------------------------------------------------------------------------------------------


def templates() -> str:
    """Describe each template for files, and with the plain ones each record that the webhook takes."""
    from jalon.commands.templates import columns
    from jalon.connectors.templates.tables import TEMPLATES

    parts = [
        NOTE,
        "# Templates\n",
        "What exports of own channels hold ([files](connectors/files.md)), and what events of the",
        "[webhook](connectors/hook.md) do. `jalon templates NAME` prints the same.\n",
        "A field is found by its own name, or by one of the other heads, which are written without case, accents and",
        "punctuation. What is marked needed must have a column or a constant; of fields that name each other, one.\n",
    ]
    parts += [f"- [{name}](#{name}): {template.about}" for name, template in TEMPLATES.items()]
    for name, template in TEMPLATES.items():
        data, _ = columns(name)
        always = ", ".join(f"`{field}` is `{value}`" for field, value in data["constants"].items())
        rows = [
            (f"`{each['field']}`", each["needed"], each["is"], each["meaning"], each["heads"].replace("_", " "))
            for each in data["columns"]
        ]
        words = [
            f"Words of `{field}`: " + ", ".join(f"{word.replace('_', ' ')} is `{to}`" for word, to in said.items())
            for field, said in data["words"].items()
        ]
        parts += [f"\n## {name}\n", f"{template.about} One record is known by {template.shape.identity}.", ""]
        parts += [f"Unless told otherwise: {always}.", ""] if always else []
        parts += [*_table(("field", "needed", "is", "meaning", "other heads"), rows), "", *words, "" if words else None]
        parts += ["```", template.example.rstrip(), "```"]
    return "\n".join(part for part in parts if part is not None)


if __name__ == "__main__":
    for name, text in pages().items():
        (HERE / name).write_text(text)
        print(f"wrote docs/{name}")  # noqa: T201  # a script that talks
