"""What `jalon init` writes: a configuration to fill in, and the installation key."""

from __future__ import annotations

from pathlib import Path

from pydantic import SecretStr

from jalon import registry
from jalon.config import FILE, is_secret
from jalon.errors import StoreError
from jalon.privacy import make_key

HEAD = """\
# jalon: see docs/first-steps.md. Secrets never stand here: write { env = "NAME" } or { file = "path" }.

[jalon]
store = "data"
# public_url = "https://hooks.example.com"   # where `jalon serve` is reached from outside; sync then subscribes webhooks

# [serve]
# host = "127.0.0.1"
# port = 8737

# [attribution]
# lookback_days = 30
# stages = "canonical"   # five-phases, six-steps, classic, lifecycle
"""


def begin(folder: Path, sources: tuple[str, ...]) -> list[Path]:
    """Write what is missing in `folder` and return it. Raises `ConfigError` for an unknown connector, `StoreError`."""
    text = HEAD + "".join(_source_table(name) for name in sources)
    made = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not (folder / FILE).exists():
            (folder / FILE).write_text(text)
            made.append(folder / FILE)
        if not (folder / "jalon.key").exists():
            make_key(folder / "jalon.key")
            made.append(folder / "jalon.key")
    except OSError as error:
        raise StoreError(f"{folder} cannot be written to: {error.strerror}", "Name a folder of your own.") from None
    return made


def _source_table(name: str) -> str:
    """Return a `[sources.NAME]` table with every setting of the connector, optional ones commented out."""
    lines = [f"\n[sources.{name}]", f'connector = "{name}"']
    for key, field in registry.connector(name).settings.model_fields.items():
        if key == "connector":
            continue
        mark = "" if field.is_required() else "# "
        if is_secret(field.annotation):
            value = f'{{ env = "{name.upper()}_{key.upper()}" }}'
        else:
            value = (
                '"…"'
                if field.is_required() or field.default is None
                else _toml(field.get_default(call_default_factory=True))
            )
        lines.append(f"{mark}{key} = {value}")
    return "\n".join(lines) + "\n"


def _toml(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, tuple | list):
        return "[" + ", ".join(_toml(item) for item in value) + "]"
    if isinstance(value, dict):
        return "{}"
    assert not isinstance(value, SecretStr)
    return f'"{value}"'
