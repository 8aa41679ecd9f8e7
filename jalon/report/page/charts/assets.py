"""The scripts of the page: the chart library, kept as it was built, and what draws each chart by it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files
from typing import Any

from markupsafe import Markup

LIBRARY = "echarts.min.js"
"""Parts of Apache ECharts 6.1.0; docs/decisions/charts.md says why these, and how they are built."""
SHA256 = "3d5173abd6461ce282072bc4388622668e52647780053c07d7e6fe32f37aadfe"
"""Of the library's file: a test holds it to this."""
SCRIPTS = (LIBRARY, "charts.js")
_UNSAFE = {ord(sign): f"\\u{ord(sign):04x}" for sign in "<>&\u2028\u2029"}
"""What could end a script element, begin a comment in it, or end a line."""


@lru_cache(maxsize=1)
def scripts() -> tuple[Markup, ...]:
    """Return the texts of the scripts in the order in which they run."""
    folder = files("jalon.report.page") / "assets"
    return tuple(Markup((folder / name).read_text(encoding="utf-8")) for name in SCRIPTS)  # noqa: S704 # our own files


def embedded(data: Mapping[str, Any]) -> Markup:
    """Return data as JSON that may stand in a script element, whatever texts are in it."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    return Markup(text.translate(_UNSAFE))  # noqa: S704 # no sign is left in it that HTML knows
