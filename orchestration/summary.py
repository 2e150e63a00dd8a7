"""The one screen a person reads after a night: what came in, what was checked, what the study says, and where."""

import json
from pathlib import Path
from typing import Any

import duckdb
from rich.console import Console

from assets.home import Home
from assets.warehouse.database import connect
from orchestration.night import NightResult

ARITHMETIC = ("rows_read", "rows_loaded", "rows_quarantined", "rows_duplicate", "rows_structural", "rows_erased")


def summarise(home: Home, result: NightResult) -> dict[str, Any]:
    """Collect the summary from the working database; counts, codes and paths only."""
    summary: dict[str, Any] = {
        "status": "published" if result.succeeded else "failed",
        "run_id": result.run_id,
        "seconds": round(result.seconds, 1),
        "failed_steps": result.failed_steps,
        "failed_checks": result.failed_checks,
        "message": result.message,
        "files": [],
        "rows": {},
        "checks": {},
        "headline": {},
        "paths": {},
    }
    if not home.work_db.is_file():
        return summary
    with connect(home, read_only=True) as connection:
        tables = {
            f"{schema}.{table}"
            for schema, table in connection.execute("select schema_name, table_name from duckdb_tables()").fetchall()
        }
        if "control.files" in tables:
            summary |= _files(connection)
        if "control.overrides" in tables:
            summary["overrides"] = _overrides(connection)
        if "control.check_results" in tables:
            summary["checks"] = _checks(connection)
        if "reconciliation.links" in tables:
            summary["reconciliation"] = _reconciliation(connection)
        if result.succeeded and "study.models" in tables:
            summary["headline"] = _headline(connection)
            summary["zones"] = _zones(home)
            summary |= _records(
                connection, "select build_id, content_hash from control.builds order by build_id desc limit 1"
            )[0]
    summary["paths"] = {
        name: str(path)
        for name, path in (("research", home.research_db), ("agency", home.agency_db), ("report", home.report))
        if path.exists()
    }
    return summary


def _records(connection: duckdb.DuckDBPyConnection, sql: str) -> list[dict[str, Any]]:
    cursor = connection.execute(sql)
    names = [column[0] for column in cursor.description or []]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def _files(connection: duckdb.DuckDBPyConnection) -> dict[str, Any]:
    sums = ", ".join(f"coalesce(sum({name}), 0)::bigint as {name}" for name in ARITHMETIC)
    return {
        "files": _records(
            connection,
            "select coalesce(kind, 'unknown') as kind, status, coalesce(reason, '') as reason, count(*) as files,"
            f" {sums} from control.files group by all order by kind, status, reason",
        ),
        "rows": _records(connection, f"select {sums} from control.files where status = 'loaded'")[0],
    }


def _overrides(connection: duckdb.DuckDBPyConnection) -> dict[str, int]:
    """How many corrections of single values correct something, match nothing any more, or are past their date."""
    found = dict(connection.execute("select state, count(*) from control.overrides group by state").fetchall())
    return {state: found.get(state, 0) for state in ("applied", "unused", "expired")}


def _checks(connection: duckdb.DuckDBPyConnection) -> dict[str, int]:
    row = connection.execute(
        "with newest as (select * from control.check_results"
        " qualify row_number() over (partition by name, asset order by build_id desc) = 1)"
        " select count(*), count(*) filter (where passed),"
        " count(*) filter (where not passed and severity = 'error'),"
        " count(*) filter (where not passed and severity <> 'error') from newest"
    ).fetchone()
    total, passed, failed, warned = row or (0, 0, 0, 0)
    return {"total": total, "passed": passed, "failed": failed, "warnings": warned}


def _zones(home: Home) -> dict[str, Any]:
    """What became of the public release, and how easily rows of the research file are recognised."""
    public = json.loads(home.public_outcome.read_text("utf-8")) if home.public_outcome.is_file() else None
    risk = json.loads(home.research_risk.read_text("utf-8")) if home.research_risk.is_file() else None
    return {
        "public": public,
        "research_risk": risk and {name: risk[name] for name in ("n", "k", "unique_share", "wanted_k")},
    }


def _reconciliation(connection: duckdb.DuckDBPyConnection) -> dict[str, int]:
    """How the published minimal data set agrees with the derived one; empty when there is none."""
    found = _records(
        connection,
        "select any_value(l.n_cases) as cases, any_value(l.n_linked) as cases_linked, count(*) as variables,"
        " sum(n_both)::bigint as values_on_both_sides, sum(n_equal)::bigint as values_equal,"
        " sum(n_rounded + n_differs + n_only_published + n_only_derived)::bigint as differences"
        " from reconciliation.agreement cross join reconciliation.links as l having count(*) > 0",
    )
    return found[0] if found else {}


def _headline(connection: duckdb.DuckDBPyConnection) -> dict[str, Any]:
    return {
        "clients": _records(
            connection,
            "select count(*) as n, avg(age) as mean_age, avg(services_total) as mean_services,"
            " avg(months_of_service_t0) as mean_months_t0,"
            " count(mspss_t0) as n_mspss_t0, count(mspss_t6) as n_mspss_t6,"
            " count(urica_stage_t0) as n_urica_t0, count(met_two_thirds) as n_with_goals,"
            " avg(met_two_thirds::int) as share_two_thirds from marts.client_study",
        )[0],
        "paired_tests": _records(connection, "select name, n_pairs, z, p from study.paired_tests order by all"),
        "models": _records(
            connection,
            "select model, family, n, df_model, df_resid, statistic, p, r2, nagelkerke, status"
            " from study.models order by model",
        ),
    }


def show(summary: dict[str, Any], console: Console) -> None:
    """Print the summary."""
    console.print()
    _show_files(summary, console)
    checks = summary["checks"]
    if checks:
        colour = "red" if checks["failed"] else "green"
        console.print(
            f"Checks   [{colour}]{checks['passed']} of {checks['total']} passed[/{colour}], {checks['failed']} failed,"
            f" {checks['warnings']} to look at"
        )
    _show_overrides(summary.get("overrides"), console)
    published = summary.get("reconciliation")
    if published:
        console.print(
            f"SAV      {published['cases_linked']} of {published['cases']} published cases found,"
            f" {published['values_equal']:,} of {published['values_on_both_sides']:,} values equal,"
            f" {published['differences']} differences (`outcomes reconcile`)"
        )
    if summary["status"] == "failed":
        _show_failure(summary, console)
        return
    _show_headline(summary["headline"], console)
    _show_zones(summary["zones"], console)
    paths = summary["paths"]
    console.print(f"\n[bold green]Published[/bold green] build {summary['build_id']} in {summary['seconds']} s")
    for label, name in (("Report", "report"), ("Research", "research"), ("Agency", "agency")):
        path = paths.get(name)
        if path:
            console.print(f"  {label:<9}{path}", soft_wrap=True)
    home = Path(paths["research"]).parent.parent
    console.print(f'  Query    duckdb -readonly {paths["research"]} "from marts.client_study"', soft_wrap=True)
    console.print(f"  Screen   outcomes ui --home {home}   then http://127.0.0.1:3000", soft_wrap=True)


def _show_files(summary: dict[str, Any], console: Console) -> None:
    if not summary["files"]:
        console.print("No file has come in yet.")
        return
    titles = ("read", "loaded", "waiting", "duplic.", "struct.", "erased")
    console.print(f"[bold]{'Rows by feed':<16}{'files':>6}{''.join(f'{title:>8}' for title in titles)}  status[/bold]")
    for row in summary["files"]:
        numbers = "".join(f"{row[name]:>8,}" for name in ARITHMETIC)
        status = row["status"] + (f" {row['reason']}" if row["reason"] else "")
        console.print(f"{row['kind']:<16}{row['files']:>6}{numbers}  {status}", soft_wrap=True)
    console.print("[dim]read = loaded + waiting in quarantine + duplicate + structural + erased, for every file[/dim]")


def _show_overrides(found: dict[str, int] | None, console: Console) -> None:
    """One line where there are corrections; those that no longer work in colour."""
    if not found or not any(found.values()):
        return
    idle = [f"[yellow]{found[state]} {state}[/yellow]" for state in ("unused", "expired") if found[state]]
    told = ", ".join([f"{found['applied']} applied", *idle])
    console.print(f"Values   {told}: corrections of config/overrides.csv", soft_wrap=True)


def _show_zones(zones: dict[str, Any], console: Console) -> None:
    risk, public = zones["research_risk"], zones["public"]
    if risk:
        console.print(
            f"Risk     research file: {100 * risk['unique_share']:.0f} % of clients are alone by quasi-identifiers"
            f" (k = {risk['k']}); rows for others go through `outcomes release`",
            soft_wrap=True,
        )
    if public:
        held = public["status"] in {"held", "unprotected"}
        console.print(f"Public   {'[yellow]held back[/yellow]: ' if held else ''}{public['told']}", soft_wrap=True)


def _show_failure(summary: dict[str, Any], console: Console) -> None:
    console.print("\n[bold red]The run failed; the files published before stay as they are.[/bold red]")
    for step in summary["failed_steps"]:
        console.print(f"  step   {step}")
    for check in summary["failed_checks"]:
        console.print(f"  check  {check}")
    if summary["message"]:
        console.print(f"  {summary['message']}", soft_wrap=True)
    console.print("  What to do: docs/playbooks/failed-night.md")


def _p(value: float | None) -> str:
    if value is None:
        return "p –"
    return "p < .001" if value < 0.001 else f"p = {value:.3f}".replace("0.", ".")


def _share(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}".replace("0.", ".", 1)


def _number(value: float | None, places: int = 1) -> str:
    return "–" if value is None else f"{value:,.{places}f}"


def _show_headline(headline: dict[str, Any], console: Console) -> None:
    clients = headline["clients"]
    share = clients["share_two_thirds"]
    console.print(
        f"Clients  {clients['n']}: age M {_number(clients['mean_age'])},"
        f" services M {_number(clients['mean_services'])},"
        f" months to first assessment M {_number(clients['mean_months_t0'])}; two thirds of goals met by"
        f" {'–' if share is None else f'{100 * share:.0f} %'} of {clients['n_with_goals']}"
    )
    console.print(
        f"Surveys  MSPSS n = {clients['n_mspss_t0']} at 0 and {clients['n_mspss_t6']} at 6 months;"
        f" URICA stage n = {clients['n_urica_t0']} at 0 months"
    )
    for test in headline["paired_tests"]:
        found = f"{test['n_pairs']} pairs, z = {_number(test['z'], 2)}, {_p(test['p'])}"
        console.print(f"Change   {test['name']:<26} {found}")
    for model in headline["models"]:
        status = "" if model["status"] == "ok" else f"  [yellow]{model['status']}[/yellow]"
        console.print(f"Model    {model['model']:<26} {_fit(model)}{status}")


def _fit(model: dict[str, Any]) -> str:
    test = f"{_number(model['statistic'], 2)}, {_p(model['p'])}"
    if model["family"] == "ols":
        degrees = f"{_number(model['df_model'], 0)}, {_number(model['df_resid'], 0)}"
        return f"n = {model['n']}, F({degrees}) = {test}, R² = {_share(model['r2'])}"
    degrees = _number(model["df_model"], 0)
    return f"n = {model['n']}, χ²({degrees}) = {test}, Nagelkerke R² = {_share(model['nagelkerke'])}"
