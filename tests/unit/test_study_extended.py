"""Beyond the paper: counts, attrition, multiplicity, effect sizes, resampling, reliability, staging."""

import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from assets.study.counts import fit_negative_binomial, fit_poisson
from assets.study.detectable import smallest_dz, smallest_f2
from assets.study.effects import average_marginal_effects, f2_interval
from assets.study.extended import run_extended
from assets.study.extended_rows import EXTENDED_COLUMNS
from assets.study.multinomial import Standardised, fit_multinomial
from assets.study.ols import fit_ols
from assets.study.paired import signed_rank
from assets.study.reliability import mcdonald_omega
from assets.study.resampling import bootstrap_bca, leave_one_out_ols
from assets.study.scales import cronbach_alpha
from assets.study.spec import parse_spec
from assets.study.staging import CONVENTIONS

STAGES = ["pre-contemplation", "contemplation", "preparation/action", "maintenance"]
PAIRS = ["mspss", "mspss_so", "mspss_fam", "mspss_fri", "copse"]
COUNTS = {"goals_met": ["age", "minority", "confirmed"], "services_0": ["months_service", "confirmed"]}


@pytest.fixture(scope="module", params=["study_a", "study_b"])
def study(request: pytest.FixtureRequest, shared_dir: Path) -> SimpleNamespace:
    folder = shared_dir / "reference"
    spec = parse_spec(
        {
            "id": "client_id",
            "categories": {"urica_stage": STAGES},
            "attrition": ["age", "months_service", "confirmed"],
            "pairs": [{"name": name, "t0": f"{name}_0", "t6": f"{name}_6"} for name in PAIRS],
            "counts": [{"name": name, "outcome": name, "predictors": x} for name, x in COUNTS.items()],
            "models": [
                {
                    "name": "ols_mspss",
                    "family": "ols",
                    "outcome": "mspss_0",
                    "predictors": ["age", "county_out", "goals_set", "services_0", "minority"],
                },
                {
                    "name": "ols_copse",
                    "family": "ols",
                    "outcome": "copse_0",
                    "predictors": ["confirmed", "months_service", "minority"],
                },
                {
                    "name": "mnl",
                    "family": "multinomial",
                    "outcome": "urica_stage",
                    "predictors": ["mspss_0", "copse_0", "months_service"],
                },
            ],
        },
        "test",
    )
    frame = pd.read_csv(folder / f"{request.param}.csv")
    told: list[str] = []
    tables = run_extended(frame, spec, resamples=400, permutations=39, progress=told.append)
    reference = json.loads((folder / f"{request.param}.json").read_text())
    return SimpleNamespace(reference=reference, frame=frame, tables=tables, told=told, spec=spec)


def test_tables_have_their_columns(study: SimpleNamespace) -> None:
    assert {name: list(table.columns) for name, table in study.tables.items()} == {
        name: list(columns) for name, columns in EXTENDED_COLUMNS.items()
    }
    assert len(study.told) == 5


def test_multiplicity_equals_p_adjust(study: SimpleNamespace) -> None:
    rows = study.tables["multiplicity"].set_index("test")
    expected = study.reference["multiplicity"]
    for test, p in expected["p"].items():
        assert rows.loc[test, "p"] == pytest.approx(p, rel=1e-9)
        assert rows.loc[test, "p_bh"] == pytest.approx(expected["BH"][test], rel=1e-9)
        assert rows.loc[test, "p_holm"] == pytest.approx(expected["holm"][test], rel=1e-9)
        assert rows.loc[test, "p_bonferroni"] == pytest.approx(expected["bonferroni"][test], rel=1e-9)


def test_attrition(study: SimpleNamespace) -> None:
    expected = study.reference["attrition"]
    model = study.tables["attrition_model"].set_index("term")
    for r_name, b in expected["logit"]["coef"].items():
        term = "intercept" if r_name == "(Intercept)" else r_name
        assert model.loc[term, "b"] == pytest.approx(b, rel=1e-6)  # glm stops at 1e-8 of the deviance
        assert model.loc[term, "se"] == pytest.approx(expected["logit"]["se"][r_name], rel=1e-6)
    months = study.tables["attrition"].set_index("variable").loc["months_service"]
    with_second = study.frame["mspss_6"].notna() | study.frame["copse_6"].notna()
    assert with_second.sum() == expected["n_with_6m"]
    assert months["statistic"] == expected["mannwhitney_months"]["U1"]
    assert months["p"] == pytest.approx(expected["mannwhitney_months"]["p_asymp_no_cc"], rel=1e-12)


def test_paired_t_of_the_protocol(study: SimpleNamespace) -> None:
    rows = study.tables["protocol_tests"].query("test == 'paired_t'").set_index("name")
    for name in PAIRS:
        expected = study.reference["wilcoxon"][name]["paired_t"]
        assert rows.loc[name, "df"] == expected["df"]
        for column, key in {"statistic": "t", "p": "p", "estimate": "mean_diff", "effect_size": "cohen_dz"}.items():
            assert rows.loc[name, column] == pytest.approx(expected[key], rel=1e-8)
        assert rows.loc[name, ["ci_low", "ci_high"]].tolist() == pytest.approx(expected["ci95"], rel=1e-8)


@pytest.mark.parametrize("name", ["goals_met", "services"])
def test_count_models(study: SimpleNamespace, name: str) -> None:
    expected = study.reference["poisson"][name]
    outcome = "services_0" if name == "services" else name
    data = study.frame.dropna(subset=[outcome, *COUNTS[outcome]])
    y, x = data[outcome].to_numpy(float), data[COUNTS[outcome]].to_numpy(float)
    poisson, negative = fit_poisson(y, x), fit_negative_binomial(y, x)
    assert poisson.b == pytest.approx(list(expected["poisson"]["coef"].values()), rel=1e-9)
    assert poisson.se == pytest.approx(list(expected["poisson"]["se"].values()), rel=1e-7)
    assert poisson.deviance == pytest.approx(expected["poisson"]["deviance"], rel=1e-10)
    assert poisson.dispersion == pytest.approx(expected["poisson"]["pearson_dispersion"], rel=1e-9)
    assert -2 * poisson.loglik + 2 * poisson.b.size == pytest.approx(expected["poisson"]["AIC"], rel=1e-10)
    assert negative.b == pytest.approx(list(expected["negbin"]["coef"].values()), rel=1e-6)
    assert negative.theta == pytest.approx(expected["negbin"]["theta"], rel=1e-6)
    assert negative.loglik == pytest.approx(expected["negbin"]["loglik"], rel=1e-12)


def test_counts_without_overdispersion_stay_poisson() -> None:
    x = np.linspace(-1, 1, 60)[:, None]
    y = np.rint(np.exp(1 + 0.5 * x[:, 0]))
    fit = fit_negative_binomial(y, x)
    assert np.isinf(fit.theta)
    assert fit.b == pytest.approx(fit_poisson(y, x).b)


def test_marginal_effects_equal_statsmodels(study: SimpleNamespace) -> None:
    from statsmodels.discrete.discrete_model import MNLogit

    names = ["mspss_0", "copse_0", "months_service"]
    data = study.frame.dropna(subset=["urica_stage", *names])
    y = data["urica_stage"].map(STAGES.index).to_numpy(dtype=np.intp)
    x = data[names].to_numpy(float)
    exog = np.column_stack([np.ones(len(x)), x])
    plain = MNLogit(y, exog).fit(method="newton", disp=False, maxiter=100).get_margeff()
    scaled = Standardised.of(x)
    fit = fit_multinomial(y, scaled.z, 3)
    assert fit.cov is not None
    transform = np.kron(np.eye(2), scaled.back)
    effect, se = average_marginal_effects(x, fit.b @ scaled.back.T, transform @ fit.cov @ transform.T)
    assert pytest.approx(plain.margeff, rel=1e-6) == effect.T
    assert pytest.approx(plain.margeff_se, rel=1e-4) == se.T
    assert effect.sum(axis=0) == pytest.approx(np.zeros(3), abs=1e-12)
    rows = study.tables["effect_sizes"].query("quantity == 'average_marginal_effect'")
    assert rows["estimate"].tolist() == pytest.approx(effect.ravel().tolist())


def test_leave_one_out_equals_refitting(study: SimpleNamespace) -> None:
    data = study.frame.dropna(subset=["mspss_0", "age", "county_out", "minority"])
    y, x = data["mspss_0"].to_numpy(), data[["age", "county_out", "minority"]].to_numpy(float)
    fast = leave_one_out_ols(y, x, fit_ols(y, x))
    plain = np.array([fit_ols(np.delete(y, i), np.delete(x, i, axis=0)).p[1:] for i in range(len(y))])
    for column, found in enumerate(fast):
        assert found.p_lowest == pytest.approx(plain[:, column].min(), rel=1e-7)
        assert found.p_highest == pytest.approx(plain[:, column].max(), rel=1e-7)
        assert found.n_refits == len(y)


def test_leave_one_out_of_pairs_equals_dropping_each(study: SimpleNamespace) -> None:
    rows = study.tables["robustness"].set_index("model")
    both = study.frame[["copse_0", "copse_6"]].dropna().to_numpy()
    plain = [signed_rank(*np.delete(both, case, axis=0).T)["p"] for case in range(len(both))]
    assert rows.loc["copse", ["loo_p_lowest", "loo_p_highest"]].tolist() == pytest.approx([min(plain), max(plain)])
    assert rows.loc["copse", "p"] == pytest.approx(study.reference["wilcoxon"]["copse"]["p_asymp_2s"], rel=1e-12)


def test_bootstrap_is_seeded_and_near_the_normal_interval_for_normal_data() -> None:
    rng = np.random.default_rng(4)
    x = rng.normal(size=(300, 2))
    y = 1 + x @ [0.5, -0.2] + rng.normal(size=300)
    fit = fit_ols(y, x)
    one, again = bootstrap_bca(y, x, fit, 2000, 7), bootstrap_bca(y, x, fit, 2000, 7)
    assert (one == again).all()
    assert np.abs(one - fit.ci).max() < 0.25 * (fit.ci[:, 1] - fit.ci[:, 0]).max()
    assert (one[:, 0] < fit.b).all()
    assert (fit.b < one[:, 1]).all()


def test_permutation_p_agrees_with_the_test(study: SimpleNamespace) -> None:
    row = study.tables["robustness"].query("model == 'mnl'").iloc[0]
    assert row["p"] == pytest.approx(study.reference["multinomial"]["paper3"]["LR_p"], rel=1e-9)
    assert row["p_permutation"] * 40 == pytest.approx(round(row["p_permutation"] * 40))
    assert row["p_permutation"] < 0.2
    assert row["loo_refits"] == study.reference["multinomial"]["paper3"]["n"]


def test_smallest_detectable_effects() -> None:
    assert smallest_f2(5, 90) == pytest.approx(0.152, abs=5e-4)
    assert smallest_f2(3, 88) == pytest.approx(0.130, abs=5e-4)
    assert [smallest_dz(n) for n in (20, 25, 30)] == pytest.approx([0.68, 0.60, 0.54], abs=5e-3)


def test_f2_interval_covers_the_estimate_and_starts_at_zero_for_a_weak_model() -> None:
    f2, low, high = f2_interval(0.2, 3, 96)
    assert low < f2 < high
    assert f2 == pytest.approx(0.25)
    assert f2_interval(0.02, 5, 84)[1] == 0.0


def test_omega_equals_alpha_for_equal_loadings_and_exceeds_it_otherwise() -> None:
    rng = np.random.default_rng(9)
    factor = rng.normal(size=(20_000, 1))
    equal = factor * 0.7 + rng.normal(size=(20_000, 6)) * 0.6
    assert mcdonald_omega(equal) == pytest.approx(cronbach_alpha(equal), abs=2e-3)
    unequal = factor * [0.2, 0.4, 0.6, 0.9, 1.2, 1.5] + rng.normal(size=(20_000, 6)) * 0.6
    assert mcdonald_omega(unequal) > cronbach_alpha(unequal) + 0.01


def test_staging_conventions(shared_dir: Path) -> None:
    scores = pd.read_csv(shared_dir / "reference/instruments_scores.csv")
    known = scores.dropna(subset=["urica_PC", "urica_C", "urica_A", "urica_M"])
    subscales = known[["urica_PC", "urica_C", "urica_A", "urica_M"]].to_numpy()
    for convention, column in {
        "cutoff": "stage_cutoff_8_11_14",
        "nearest_mean": "stage_nearest_group_mean",
        "highest_subscale_tie_earlier": "stage_highest_tie_earlier",
        "highest_subscale_tie_later": "stage_highest_tie_later",
    }.items():
        assert [STAGES[code] for code in CONVENTIONS[convention](subscales)] == known[column].tolist()
