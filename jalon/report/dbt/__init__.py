"""A dbt project over the marts, made from their shapes: sources, views, tests, an exposure, a semantic layer."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from jalon.attribution.publish import replacing
from jalon.report.dbt.semantics import METRICS, SEMANTIC_MODELS
from jalon.report.dbt.yaml import yaml
from jalon.report.marts.shapes import Column, Mart
from jalon.report.marts.tables import MARTS

NAME = "jalon"
NOTE = "# written by `jalon report --dbt`: write what is yours into files of other names\n"
_VIEW = "select * from {{{{ source('marts', '{name}') }}}}\n"
_UNIQUE = """{% test unique_together(model, columns) %}
select {{ columns | join(', ') }}, count(*) as times
from {{ model }}
group by {{ columns | join(', ') }}
having count(*) > 1
{% endtest %}
"""
_CREDIT = """-- of each order and model, credit sums to the order's net revenue
select credit.order_uid, credit.model
from {{ ref('fct_attributed_revenue') }} as credit
join {{ ref('fct_orders') }} as orders on orders.order_uid = credit.order_uid
group by credit.order_uid, credit.model, orders.net_minor
having sum(credit.net_minor) <> orders.net_minor or sum(credit.weight) <> 1
"""
_PROFILE = {
    NAME: {
        "target": "duckdb",
        "outputs": {
            "duckdb": {"type": "duckdb", "path": "{{ env_var('JALON_DBT_DATABASE', 'jalon.duckdb') }}", "threads": 2}
        },
    }
}
_PROJECT = {
    "name": NAME,
    "profile": NAME,
    "config-version": 2,
    "model-paths": ["models"],
    "test-paths": ["tests"],
    "flags": {"send_anonymous_usage_stats": False},
    "models": {NAME: {"+materialized": "view"}},
}


def write_project(marts: Path, folder: Path) -> None:
    """Write the project into `folder`. It reads the marts in `marts`, or in the folder that JALON_MARTS names.

    Raises `StoreError` if it cannot be written.
    """
    for name, text in project(marts).items():
        with replacing(folder / name) as path:
            path.write_text(text, encoding="utf-8")


def project(marts: Path) -> dict[str, str]:
    """Return path -> text of each file of the project."""
    views = {f"models/{name}.sql": _VIEW.format(name=name) for name in MARTS}
    told: dict[str, Any] = {
        "dbt_project.yml": _PROJECT,
        "profiles.yml": _PROFILE,
        "models/sources.yml": {"version": 2, "sources": [_sources(marts)]},
        "models/marts.yml": {"version": 2, "models": [_model(mart) for mart in MARTS.values()]},
        "models/exposures.yml": {"version": 2, "exposures": [_exposure()]},
        "models/semantics.yml": {"version": 2, "semantic_models": SEMANTIC_MODELS, "metrics": METRICS},
    }
    texts = {"tests/generic/unique_together.sql": _UNIQUE, "tests/credit_is_net_revenue.sql": _CREDIT}
    return {name: NOTE + yaml(value) for name, value in told.items()} | views | texts


def _sources(marts: Path) -> dict[str, Any]:
    folder = json.dumps(str(marts.resolve()), ensure_ascii=False)
    where = f"""{{{{ env_var('JALON_MARTS', {folder}) | replace("'", "''") }}}}"""
    return {
        "name": "marts",
        "description": "The Parquet files that `jalon report` writes.",
        "config": {"meta": {"external_location": f"read_parquet('{where}/{{name}}.parquet')"}},
        "tables": [{"name": mart.name, "description": mart.meaning} for mart in MARTS.values()],
    }


def _model(mart: Mart) -> dict[str, Any]:
    told: dict[str, Any] = {"name": mart.name, "description": mart.meaning}
    if len(mart.primary_key) > 1:
        together = {"unique_together": {"arguments": {"columns": list(mart.primary_key)}}}
        told["data_tests"] = [together]
    if mart.name == "dim_dates":
        told["time_spine"] = {"standard_granularity_column": mart.key}
    return told | {"columns": [_column(column, mart) for column in mart.columns]}


def _column(column: Column, mart: Mart) -> dict[str, Any]:
    tests: list[Any] = ["not_null"] if column.name in mart.filled else []
    if mart.primary_key == (column.name,):
        tests.append("unique")
    if column.references:
        other = {"to": f"ref('{column.references}')", "field": MARTS[column.references].key}
        tests.append({"relationships": {"arguments": other}})
    unit = f" ({column.unit})" if column.unit else ""
    told: dict[str, Any] = {"name": column.name, "description": f"{column.meaning}{unit}"}
    told |= {"granularity": "day"} if mart.name == "dim_dates" and column.name == mart.key else {}
    return told | ({"data_tests": tests} if tests else {})


def _exposure() -> dict[str, Any]:
    return {
        "name": "jalon_report",
        "label": "The report page",
        "type": "dashboard",
        "maturity": "high",
        "description": "`report.html`, which `jalon report` writes beside the marts.",
        "owner": {"name": "whoever runs jalon", "email": "nobody@example.com"},
        "depends_on": [f"ref('{name}')" for name in MARTS if name.startswith(("fct_", "rpt_"))],
    }
