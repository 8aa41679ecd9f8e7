"""The vendored chart library is the file that was built, and what is put beside it cannot leave its element."""

from __future__ import annotations

import hashlib
import json
import re
from importlib.resources import files

from hypothesis import given
from hypothesis import strategies as st

from jalon.report.page.charts import assets

FOLDER = files("jalon.report.page") / "assets"


def test_the_library_is_the_file_that_was_recorded() -> None:
    assert hashlib.sha256((FOLDER / assets.LIBRARY).read_bytes()).hexdigest() == assets.SHA256


def test_the_library_stands_beside_its_licences_and_names_them() -> None:
    told = {each.name: each.read_text(encoding="utf-8") for each in (FOLDER / "licenses").iterdir()}
    assert "Apache License" in told["echarts-LICENSE"]
    assert "The Apache Software Foundation" in told["echarts-NOTICE"]
    assert {"d3-LICENSE", "zrender-LICENSE", "tslib-LICENSE"} <= set(told)
    assert assets.scripts()[0].startswith("/*! Apache ECharts 6.1.0")


def test_the_scripts_need_no_network_and_evaluate_no_text() -> None:
    """What the page's policy forbids is not even tried."""
    for text in assets.scripts():
        assert not re.search(r"new Function|\beval\(|\bfetch\(|XMLHttpRequest|WebSocket|importScripts|</script", text)
        addresses = set(re.findall(r"https?://[^\"'\s)]+", text))
        assert {each for each in addresses if not each.startswith("http://www.w3.org/")} == set(), "only namespaces"


@given(st.text())
def test_no_text_ends_the_element_that_holds_the_data(text: str) -> None:
    """A script element ends at `</script`, whatever quotes it stands in."""
    for hostile in (text, f"</script>{text}<!--", f"\u2028{text}&lt;"):
        written = assets.embedded({"name": hostile})
        assert not set("<>&\u2028\u2029") & set(written)
        assert json.loads(written) == {"name": hostile}
