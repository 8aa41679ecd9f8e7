"""The marts as data: all tables that a report writes, in the order in which they are made.

What makes each of them stands elsewhere, since shapes are also read where nothing can be made: under its name in
`fact_marts.FACTS`, `question_marts.QUESTIONS` or `dimensions.DIMENSIONS`. A test names a mart that is not in both.

`docs/tables.md`, the data dictionary and the dbt project are made from it, the checks of each build too; tests hold the
files to it. Facts and questions come before the dimensions, which hold a row for whatever these refer to; a dimension
that another refers to comes after it.
"""

from __future__ import annotations

from jalon.report.marts import dimension_tables as dimensions
from jalon.report.marts import fact_tables as facts
from jalon.report.marts import measure_tables as measures
from jalon.report.marts import question_tables as questions
from jalon.report.marts import stage_tables as stages
from jalon.report.marts.claims import RPT_CLAIMS
from jalon.report.marts.conversions import RPT_CONVERSION_CREDIT
from jalon.report.marts.costs import RPT_COSTS
from jalon.report.marts.exchange_tables import FCT_EXCHANGE_RATES
from jalon.report.marts.funnel import RPT_TAG_FUNNEL
from jalon.report.marts.paths import RPT_PATHS
from jalon.report.marts.restated import RPT_RESTATED
from jalon.report.marts.shapes import Mart
from jalon.report.marts.statements import FCT_ORDER_CONTENTS
from jalon.report.people import person_tables as people

MARTS: dict[str, Mart] = {
    mart.name: mart
    for mart in (
        FCT_EXCHANGE_RATES,
        facts.FCT_ORDERS,
        facts.FCT_ORDER_LINES,
        facts.FCT_REFUNDS,
        facts.FCT_TOUCHPOINTS,
        facts.FCT_ATTRIBUTED_REVENUE,
        facts.FCT_SURVEY_ANSWERS,
        measures.FCT_MEASURES,
        measures.FCT_CONTENT_METRICS_DAILY,
        stages.FCT_JOURNEY_MAP,
        stages.FCT_STAGE_TRANSITIONS,
        facts.BRIDGE_CONTENT_PRODUCTS,
        facts.BRIDGE_TRACED_CONTENTS,
        FCT_ORDER_CONTENTS,
        facts.RUN_LEDGER,
        questions.RPT_REVENUE_DAILY,
        questions.RPT_CREDIT,
        questions.RPT_CONTENT_ESTIMATES,
        questions.RPT_TRACED_CONTENTS,
        RPT_CONVERSION_CREDIT,
        RPT_PATHS,
        RPT_TAG_FUNNEL,
        RPT_COSTS,
        RPT_CLAIMS,
        stages.RPT_JOURNEY_MAP,
        stages.RPT_SEGMENT_MAP,
        stages.RPT_JOURNEY_CREDIT,
        stages.RPT_STAGE_TIMES,
        stages.RPT_DROP_OFFS,
        people.RPT_SURVEYS,
        people.RPT_STAGE_MEASURES,
        people.RPT_PURCHASE_MODELS,
        people.RPT_PERSONA_MAP,
        people.RPT_TARGETS,
        RPT_RESTATED,
        dimensions.DIM_CUSTOMERS,
        dimensions.DIM_PERSONAS,
        dimensions.DIM_CONTENT,
        dimensions.DIM_CREATORS,
        dimensions.DIM_PRODUCTS,
        dimensions.DIM_CHANNELS,
        dimensions.DIM_STAGES,
        dimensions.DIM_MODELS,
        dimensions.DIM_ACCOUNTS,
        dimensions.DIM_DATES,
    )
}
"""Name -> mart."""
