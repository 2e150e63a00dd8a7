"""The crosswalk and the dbt models as assets; dbt's tests appear as checks of the models they test."""

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from dagster import (
    AssetCheckResult,
    AssetCheckSeverity,
    AssetCheckSpec,
    AssetExecutionContext,
    AssetKey,
    AssetsDefinition,
    AssetSpec,
    Failure,
    MaterializeResult,
    ResourceParam,
    asset,
    multi_asset,
)

from assets.builds import CheckRow, begin_build, code_version, record_checks
from assets.catalog import OWNERS, from_where, lineage_metadata, table_metadata, table_spec
from assets.errors import value_free
from assets.home import Home
from assets.study_config import load_study_config
from assets.warehouse.database import connect
from assets.warehouse.lineage import ColumnName

AGREES = "agrees_with_the_published_data_set"
RECONCILIATION = {
    "agreement": "One row a variable of the published minimal data set: how many values are equal, rounded, different.",
    "differences": "One row a value that is not equal: case, client, variable, reason. For the agency only.",
    "links": "How many cases of the data set could be told to be which client.",
}
DbtEvents = Iterator[MaterializeResult[None] | AssetCheckResult]


@asset(
    key=["control", "crosswalk"],
    deps=[AssetKey(["raw", "intake"])],
    group_name="ingest",
    owners=OWNERS,
    kinds={"python", "duckdb"},
    code_version=code_version("assets/warehouse"),
    description="One row a client: the random research ID beside the agency's own. It never leaves the agency zone.",
)
@value_free
def crosswalk(home: ResourceParam[Home]) -> Iterator[MaterializeResult[None]]:
    """Give every client of the intake a random research ID, once and for all."""
    from assets.warehouse import assign_research_ids

    with connect(home) as connection:
        new = assign_research_ids(connection)
        metadata = table_metadata(connection, "control", "crosswalk") | {"new_clients": new}
    yield MaterializeResult(metadata=metadata)


@multi_asset(
    name="reconciliation",
    specs=[
        table_spec(
            ("reconciliation", name),
            text,
            group="warehouse",
            room="assets/warehouse",
            kinds={"python", "duckdb"},
            deps=[("marts", "client_study"), ("raw", "minimal_dataset")],
        )
        for name, text in RECONCILIATION.items()
    ],
    check_specs=[
        AssetCheckSpec(
            AGREES,
            asset=AssetKey(["reconciliation", "agreement"]),
            description="Every value of the published minimal data set is the derived one; every case has a client.",
        )
    ],
)
@value_free
def reconciliation(context: AssetExecutionContext, home: ResourceParam[Home]) -> DbtEvents:
    """Hold the newest minimal data set against ``marts.client_study``; without one the tables are empty."""
    from assets.warehouse.readings import totals
    from assets.warehouse.reconcile import Links, reconcile, store

    config = load_study_config(home.config / "study.yml")
    with connect(home) as connection:
        build_id = begin_build(connection, context.run_id, home.config)
        found = reconcile(connection, config.minimal_dataset)
        store(connection, found)
        for name in RECONCILIATION:
            metadata = table_metadata(connection, "reconciliation", name)
            yield MaterializeResult(asset_key=AssetKey(["reconciliation", name]), metadata=metadata)
        counts = dict(totals(found)) if found else {}
        links = Links.of(found) if found else Links(0, 0, 0)
        unequal = sum(counts.values()) - sum(
            counts.get(name, 0) for name in ("variables", "values_on_both_sides", "values_equal")
        )
        failed = unequal + links.n_cases - links.n_linked
        record_checks(connection, build_id, [CheckRow(AGREES, "reconciliation.agreement", "warn", not failed, failed)])
    yield AssetCheckResult(
        check_name=AGREES,
        asset_key=AssetKey(["reconciliation", "agreement"]),
        passed=not failed,
        severity=AssetCheckSeverity.WARN,
        metadata={**counts, "cases": links.n_cases, "cases_linked": links.n_linked} if found else {"data_sets": 0},
    )


def dbt_models(manifest_path: Path) -> AssetsDefinition:
    """Make one multi-asset of every dbt model and seed, from a parsed manifest."""
    from dagster_dbt import DagsterDbtTranslator, dbt_assets

    class Translator(DagsterDbtTranslator):
        """Group models by layer and name an owner; keys are ``schema/table``, as in the database."""

        def get_asset_spec(self, manifest: Mapping[str, Any], unique_id: str, project: Any) -> AssetSpec:
            spec = super().get_asset_spec(manifest, unique_id, project)
            node = self.get_resource_props(manifest, unique_id)
            # The UI would show the manifest's columns instead of the built ones, which say where each comes from.
            metadata = {key: value for key, value in spec.metadata.items() if key != "dagster/column_schema"}
            return spec.replace_attributes(group_name=node["fqn"][1], owners=OWNERS, metadata=metadata)

        def get_asset_key(self, dbt_resource_props: Mapping[str, Any]) -> AssetKey:
            if dbt_resource_props["resource_type"] == "source":
                return AssetKey([dbt_resource_props["source_name"], dbt_resource_props["name"]])
            return AssetKey([dbt_resource_props["schema"], dbt_resource_props["name"]])

    translator = Translator()
    manifest = json.loads(manifest_path.read_text("utf-8"))

    @dbt_assets(manifest=manifest, name="warehouse", dagster_dbt_translator=translator)
    @value_free
    def warehouse(context: AssetExecutionContext, home: ResourceParam[Home]) -> DbtEvents:
        yield from _build(context, home, manifest, translator)

    return warehouse


def _tested_table(manifest: Mapping[str, Any], test: Mapping[str, Any]) -> str:
    """Name the table a test is about as ``schema.table``; a test over several tables belongs to the last it reads."""
    attached = test.get("attached_node") or next(reversed(test.get("depends_on", {}).get("nodes", [])), None)
    node = manifest["nodes"].get(attached) or manifest["sources"].get(attached) or {}
    return f"{node['schema']}.{node['name']}" if node else str(test.get("name", "dbt"))


def _table_told(
    connection: Any, node: Mapping[str, Any], followed: Mapping[str, Mapping[str, list[ColumnName]]]
) -> dict[str, Any]:
    """Rows, columns with meaning and privacy tag, and the columns each of them is computed from.

    The open-source UI keeps column lineage and answers for it, but draws it for nobody: so the columns one step back
    stand behind each column's meaning too, where people look.
    """
    columns = node["columns"].values()
    schema, name = node["schema"], node["name"]
    parents = followed.get(f"{schema}.{name}", {})
    meanings = {
        column["name"]: f"{column['description']} {from_where(parents.get(column['name'], []))}".strip()
        for column in columns
    }
    tags = {column["name"]: column["config"]["meta"]["privacy"] for column in columns}
    return table_metadata(connection, schema, name, meanings, tags) | lineage_metadata(parents)


def _build(context: AssetExecutionContext, home: Home, manifest: Mapping[str, Any], translator: Any) -> DbtEvents:
    from dagster_dbt.asset_utils import get_asset_check_key_for_test, get_subset_selection_for_context

    from assets.warehouse import DbtPaths, build
    from assets.warehouse.lineage import column_lineage

    config = load_study_config(home.config / "study.yml")
    selection, indirect = get_subset_selection_for_context(
        context, manifest, "fqn:*", None, None, translator, os.environ.get("DBT_INDIRECT_SELECTION")
    )
    run = build(DbtPaths.of(home), config, arguments=selection, indirect_selection=indirect)
    wanted = context.selected_asset_keys
    results: list[AssetCheckResult] = []
    rows: list[CheckRow] = []
    with connect(home) as connection:
        build_id = begin_build(connection, context.run_id, home.config)
        followed = column_lineage(run, connection, home.dbt / "column_lineage.json")
        for node in run.nodes:
            properties = manifest["nodes"].get(node.unique_id, {})
            if node.resource_type in {"model", "seed"} and node.status == "success":
                key = translator.get_asset_key(properties)
                if key in wanted:
                    told = _table_told(connection, properties, followed) | {"seconds": node.seconds}
                    yield MaterializeResult(asset_key=key, metadata=told)
            elif node.resource_type in {"test", "unit_test"} and node.status != "skipped":
                row = CheckRow(
                    name=properties.get("name", node.name),
                    asset=_tested_table(manifest, properties),
                    severity="warn" if node.severity == "warn" else "error",
                    passed=node.status in {"pass", "success"},
                    n_failed=node.failures,
                )
                rows.append(row)
                check_key = (
                    get_asset_check_key_for_test(manifest, translator, node.unique_id, None) if properties else None
                )
                if check_key and check_key in context.selected_asset_check_keys:
                    results.append(
                        AssetCheckResult(
                            check_name=check_key.name,
                            asset_key=check_key.asset_key,
                            passed=row.passed,
                            severity=AssetCheckSeverity.WARN if row.severity == "warn" else AssetCheckSeverity.ERROR,
                            metadata={"n_failed": row.n_failed or 0},
                        )
                    )
        record_checks(connection, build_id, rows)
    yield from results
    if run.failed:
        names = ", ".join(f"{node.unique_id.split('.')[2]} ({node.status})" for node in run.failed)
        raise Failure(f"dbt: {len(run.failed)} nodes did not pass: {names}", allow_retries=False)
