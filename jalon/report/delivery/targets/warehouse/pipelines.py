"""dlt as a delivery uses it: in a folder that is removed, and so that it says, keeps and sends nothing of its own.

What its user has configured for it holds all the same: DESTINATION__... in the environment, .dlt/secrets.toml.
"""

from __future__ import annotations

import logging
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from types import ModuleType
from typing import Any

import dlt
from dlt.common.configuration.container import Container
from dlt.common.configuration.providers import (
    ConfigTomlProvider,
    CustomLoaderDocProvider,
    EnvironProvider,
    SecretsTomlProvider,
)
from dlt.common.configuration.providers.provider import ConfigProvider
from dlt.common.configuration.specs.pluggable_run_context import PluggableRunContext
from dlt.common.configuration.specs.runtime_configuration import RuntimeConfiguration
from dlt.common.destination import Destination
from dlt.common.runtime.run_context import RunContext, global_dir

from jalon.errors import ConfigError
from jalon.report.delivery.settings import Warehouse
from jalon.report.delivery.warehouses import WAREHOUSES, WITHIN, Way

NAME = "jalon"
"""Of the pipeline, and so of its schema: what dlt notes of us in its own tables stands under it."""
SETTLED: dict[str, Any] = {
    "restore_from_destination": False,
    "use_single_dataset": True,
    "dataset_name_layout": "%s",
    "runtime": {"intercept_signals": False},
    "schema": {"naming": "snake_case"},
    "normalize": {"workers": 1, "parquet_normalizer": {"add_dlt_id": False, "add_dlt_load_id": False}},
    "load": {"workers": 4, "raise_on_failed_jobs": True},
}
"""What stands above all that is configured for dlt, since what is promised of a delivery rests on it."""


class Room(RunContext):
    """Where dlt works: its user's configuration is read, and a folder of ours is written to."""

    def __init__(self, folder: str) -> None:
        super().__init__(None)
        self._folder = folder

    @property
    def global_dir(self) -> str:
        return self._folder

    @property
    def data_dir(self) -> str:
        return self._folder

    @property
    def module(self) -> ModuleType | None:
        return None  # else the working directory would be imported, were it a package

    def initial_providers(self) -> list[ConfigProvider]:
        told = self.settings_dir, global_dir()
        ours = CustomLoaderDocProvider(NAME, lambda: {**SETTLED, NAME: SETTLED}, supports_secrets=False, locations=[])
        return [ours, EnvironProvider(), SecretsTomlProvider(*told), ConfigTomlProvider(*told)]

    def initialize_runtime(self, runtime_config: RuntimeConfiguration | None = None) -> None:  # noqa: ARG002 # ours stands
        super().initialize_runtime(RuntimeConfiguration(dlthub_telemetry=False, log_level="CRITICAL"))


@contextmanager
def pipeline(settings: Warehouse) -> Iterator[dlt.Pipeline]:
    """Give dlt's pipeline to a destination; when it is left, nothing of it remains on this machine."""
    with ExitStack() as opened:
        folder = opened.enter_context(tempfile.TemporaryDirectory(prefix="jalon-"))
        opened.enter_context(_hushed())
        opened.enter_context(Container().injectable_context(PluggableRunContext(Room(folder))))
        made = dlt.pipeline(NAME, pipelines_dir=folder, destination=_destination(settings), dataset_name=settings.into)
        opened.callback(made.deactivate)
        yield made


@contextmanager
def _hushed() -> Iterator[None]:
    """Keep from the terminal what dlt and the drivers tell programmers; jalon's own log has a level of its own."""
    root = logging.getLogger()
    level = root.level
    root.setLevel(logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        root.setLevel(level)


def _destination(settings: Warehouse) -> Any:
    """Return dlt's destination. Raises `ConfigError` for a setting that it does not have."""
    name, told = settings.destination, dict(settings.settings)
    plain = Destination.from_reference(name)
    assert plain is not None
    known = plain.spec.get_resolvable_fields()
    for key in told:
        if key not in known:
            raise ConfigError(f"dlt's {name} has no setting {key!r}", f"There are: {', '.join(sorted(known))}.")
    if settings.credentials is not None:
        told["credentials"] = settings.credentials.get_secret_value()
    if name == "sqlalchemy":
        from jalon.report.delivery.targets.warehouse import mysql

        mysql.register()
    return Destination.from_reference(name, **_exchange(WAREHOUSES[name]), **told)


def _exchange(way: Way) -> dict[str, Any]:
    """Return how rows are exchanged: dlt would empty a table and fill it in two steps that readers see, or that fail.

    TRUNCATE ends the transaction that it stands in, or waits for all who read.
    """
    return {
        "replace_strategy": way,
        "supports_transactions": way == WITHIN,
        "supports_truncate_command": False,
    }
