"""The scripts of the page: the chart library, kept as it was built, and what draws each chart by it."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files
from typing import Any

from markupsafe import Markup

LIBRARY = "echarts.min.js"
"""Parts of Apache ECharts 6.1.0; docs/decisions/charts.md says why these, and how they are built."""
SHA256 = "06a2c0ce3e7d595780a31c2d2b82a8bdd70590f5e0db81b6916e8f03fd8d2846"
"""Of the library's file: a test holds it to this."""
SCRIPTS = (LIBRARY, "charts.js")
_UNSAFE = {ord(sign): f"\\u{ord(sign):04x}" for sign in "<>&\u2028\u2029"}
"""What could end a script element, begin a comment in it, or end a line."""


@lru_cache(maxsize=1)
def scripts() -> tuple[Markup, ...]:
    """Return the texts of the scripts in the order in which they run."""
    folder = files("jalon.report") / "assets"
    return tuple(Markup((folder / name).read_text(encoding="utf-8")) for name in SCRIPTS)  # noqa: S704 # our own files


def sources() -> str:
    """Return the sources that a content security policy must allow for the scripts: their hashes, nothing else."""
    digests = (hashlib.sha256(text.encode()).digest() for text in scripts())
    return " ".join(f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests)


def embedded(data: Mapping[str, Any]) -> Markup:
    """Return data as JSON that may stand in a script element, whatever texts are in it."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    return Markup(text.translate(_UNSAFE))  # noqa: S704 # no sign is left in it that HTML knows
