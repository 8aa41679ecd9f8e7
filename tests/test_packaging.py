"""What somebody gets who installs the package instead of working in a clone of it."""

from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

from tests.conftest import ROOT

BUILT_FROM = "report/page/assets/bundle"
"""What the page's chart library is built from; the built one is what is needed."""


def test_a_wheel_holds_every_file_of_the_package(tmp_path: Path) -> None:
    """An editable installation finds files that the package data of a wheel has forgotten."""
    source = tmp_path / "source"
    source.mkdir()
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    shutil.copytree(ROOT / "jalon", source / "jalon", ignore=shutil.ignore_patterns("__pycache__", "node_modules"))
    build = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--no-index"]
    subprocess.run([*build, "--wheel-dir", tmp_path, source], check=True, timeout=300)
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as package:
        held = {name for name in package.namelist() if name.startswith("jalon/")}
    files = {file.relative_to(source) for file in (source / "jalon").rglob("*") if file.is_file()}
    assert {str(file) for file in files if not file.is_relative_to(Path("jalon", BUILT_FROM))} == held
