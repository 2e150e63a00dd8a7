"""The Great Expectations suites as blocking asset checks: counts go to the UI, never a value."""

from collections.abc import Iterable, Iterator
from typing import Any

from dagster import (
    AssetCheckExecutionContext,
    AssetCheckResult,
    AssetChecksDefinition,
    AssetCheckSeverity,
    AssetCheckSpec,
    AssetKey,
    ResourceParam,
    multi_asset_check,
)

from assets.builds import CheckRow, begin_build, record_checks
from assets.errors import value_free
from assets.home import Home
from assets.side import Side
from assets.warehouse.database import connect


def _specs(names: Iterable[str]) -> Iterator[AssetCheckSpec]:
    from expectations.runner import SUITES

    for name in names:
        info = SUITES[name]
        key = AssetKey(info.asset.split("."))
        yield AssetCheckSpec(
            f"expectations_{name}", asset=key, blocking=True, description=f"{info.title}: what must hold."
        )
        yield AssetCheckSpec(
            f"warnings_{name}", asset=key, blocking=False, description=f"{info.title}: what a person should look at."
        )


def suite_checks(step: str, names: tuple[str, ...]) -> AssetChecksDefinition:
    """Make one step that runs several suites: Great Expectations costs seconds to import, and then next to nothing."""

    @multi_asset_check(name=step, specs=list(_specs(names)))
    @value_free
    def run_suites(
        context: AssetCheckExecutionContext, home: ResourceParam[Home], side: ResourceParam[Side]
    ) -> Iterator[AssetCheckResult]:
        from expectations.runner import SUITES

        with connect(home) as connection:
            build_id = begin_build(connection, context.run.run_id, home.config)
            for name in names:
                info = SUITES[name]
                frame = connection.execute(info.sql).df()
                results = side.call("expectations.runner:run_suite", name, frame, home.config)
                record_checks(
                    connection,
                    build_id,
                    [CheckRow(r.name, info.asset, r.severity, r.passed, r.n_failed) for r in results],
                )
                for prefix, severity in (("expectations", "error"), ("warnings", "warn")):
                    mine = [result for result in results if result.severity == severity]
                    yield AssetCheckResult(
                        check_name=f"{prefix}_{name}",
                        asset_key=AssetKey(info.asset.split(".")),
                        passed=all(result.passed for result in mine),
                        severity=AssetCheckSeverity.ERROR if severity == "error" else AssetCheckSeverity.WARN,
                        metadata=_metadata(mine),
                    )

    return run_suites


def _metadata(results: list[Any]) -> dict[str, int]:
    return {result.name: int(result.n_failed or 0) for result in results if not result.passed} | {
        "expectations": len(results)
    }


RAW_SUITES = ("intake", "case_notes", "goal_plans", "survey_mspss", "survey_copse", "survey_urica")
MART_SUITES = ("scale_scores", "client_study")
