"""The contract's own example of a spec, from the file on disk to results.json, against R."""

import json
from pathlib import Path
from typing import Any

import pytest

from assets.study.replicate import replicate, results_json

SPEC = """
id: client_id
missing_codes: [-99]
categories:                         # order matters: it is the order of equations and of tables
  urica_stage: [pre-contemplation, contemplation, preparation/action, maintenance]
describe: [age, months_service, services_0, race]
associations: [[race, urica_stage]]
pairs:
  - {name: mspss, t0: mspss_0, t6: mspss_6}
  - {name: copse, t0: copse_0, t6: copse_6}
models:
  - name: mspss_composite
    family: ols
    outcome: mspss_0
    predictors: [age, county_out, goals_set, services_0, minority]
    missing: listwise
  - name: readiness
    family: multinomial
    outcome: urica_stage
    reference: pre-contemplation
    predictors: [mspss_0, copse_0, months_service]
"""


def only(rows: list[dict[str, Any]], **wanted: Any) -> dict[str, Any]:
    found = [row for row in rows if all(row[key] == value for key, value in wanted.items())]
    assert len(found) == 1
    return found[0]


@pytest.mark.parametrize("name", ["study_a", "study_b"])
def test_results_json_equals_r(shared_dir: Path, tmp_path: Path, name: str) -> None:
    spec = tmp_path / "spec.yml"
    spec.write_text(SPEC)
    results = json.loads(results_json(replicate(shared_dir / f"reference/{name}.csv", spec)))
    expected = json.loads((shared_dir / f"reference/{name}.json").read_text())
    model = expected["ols"]["mspss5"]
    assert only(results["models"], model="mspss_composite")["r2"] == pytest.approx(model["R2"], rel=1e-9)
    for r_name, term in model["terms"].items():
        wanted = "intercept" if r_name == "(Intercept)" else r_name
        row = only(results["coefficients"], model="mspss_composite", term=wanted, method="ml", equation=None)
        for key, column in {"B": "b", "SE": "se", "t": "statistic", "p": "p", "beta": "beta"}.items():
            assert row[column] == (None if term[key] is None else pytest.approx(term[key], rel=1e-9))
    for pair in ("mspss", "copse"):
        row = only(results["paired_tests"], name=pair)
        for key, column in {
            "Z_spss": "z",
            "p_asymp_2s": "p",
            "exact_p_coin": "p_exact",
            "T_plus": "rank_sum_positive",
        }.items():
            assert row[column] == pytest.approx(expected["wilcoxon"][pair][key], rel=1e-9)
    for equation, terms in expected["multinomial"]["paper3"]["logits"].items():
        for r_name, term in terms.items():
            wanted = "intercept" if r_name == "(Intercept)" else r_name
            row = only(results["coefficients"], model="readiness", equation=equation, term=wanted, method="ml")
            for key, column in {"B": "b", "SE": "se", "wald": "statistic", "p": "p", "expB": "exp_b"}.items():
                assert row[column] == pytest.approx(term[key], rel=1e-8)
    levels = [row["level"] for row in results["descriptives"] if row["variable"] == "race"]
    assert levels == ["Black", "Latinx", "Multiracial", "Other", "White"]
    assert [row["stage"] for row in results["urica_stages"]] == [
        "pre-contemplation",
        "contemplation",
        "preparation/action",
        "maintenance",
    ]
