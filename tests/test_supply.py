"""What is installed is what was looked at: locked by hash, few, and declared."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
LOCKS = sorted((ROOT / "requirements").glob("*.txt"))
FIXED = {"aiohttp": (3, 13, 3), "jinja2": (3, 1, 6)}
"""Package -> first version without a known hole that concerns us."""
BROUGHT = {"httpcore": "httpx", "markupsafe": "jinja2", "sqlalchemy": "dlt"}
"""Module -> the declared package that cannot do without it."""


def name_of(requirement: str) -> str:
    return re.match(r"[A-Za-z0-9._-]+", requirement.strip())[0].lower().replace("_", "-")  # type: ignore[index]


def locked(lock: Path) -> dict[str, str]:
    """Return package -> version, after checking that each is pinned and has a hash."""
    text = re.sub(r"\\\n\s*", " ", re.sub(r"(?m)^\s*#.*\n?", "", lock.read_text()))
    found = {}
    for line in filter(None, map(str.strip, text.splitlines())):
        match = re.fullmatch(r"([A-Za-z0-9._-]+)(?:\[[a-z,]+\])?==(\S+)((?: +--hash=sha256:[0-9a-f]{64})+)", line)
        assert match, line[:80]
        found[name_of(match[1])] = match[2]
    return found


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.name)
def test_every_package_is_pinned_with_its_hashes_and_no_address(lock: Path) -> None:
    """Threat 35."""
    assert "://" not in lock.read_text()
    versions = locked(lock)
    for package, first in FIXED.items():
        if package in versions:
            assert tuple(map(int, versions[package].split(".")[:3])) >= first


def test_every_dependency_is_locked() -> None:
    held = set().union(*map(locked, LOCKS))
    assert set(map(name_of, PROJECT["dependencies"])) <= held


def test_only_declared_packages_are_imported() -> None:
    """Threat 35: what stands in an import of the package is a dependency by name, not by accident."""
    extras = PROJECT["optional-dependencies"].values()
    declared = set(map(name_of, [*PROJECT["dependencies"], *(name for extra in extras for name in extra)]))
    by_module = packages_distributions()
    for path in (ROOT / "jalon").rglob("*.py"):
        for module in imported(path) - set(sys.stdlib_module_names) - {"jalon"}:
            names = {name_of(name) for name in by_module[module]} | {BROUGHT.get(module, "")}
            assert names & declared, f"{path.relative_to(ROOT)} imports {module}"


def imported(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {name.name.partition(".")[0] for name in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
            found.add(node.module.partition(".")[0])
    return found
