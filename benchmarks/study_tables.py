"""The study's tables on 95 and on 100,000 clients, against the plain way with statsmodels and scipy; and the curve.

    python benchmarks/study_tables.py [--clients 95 100000] [--curve] [--repeat 5]

Prints one JSON line a measurement: medians of wall-clock seconds. R's lm, nnet and coin are timed too where Rscript
exists. The plain way is what an analyst would write: OLS, MNLogit (Newton), wilcoxon, chi2_contingency, describe.
"""

import argparse
import json
import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from assets.study.curve import specification_curve
from assets.study.run import run_study
from assets.study.spec import Spec, parse_spec

STAGES = ["pre-contemplation", "contemplation", "preparation/action"]
NUMBERS = ["age", "county", "goals", "services", "minority", "confirmed", "months"]
LINEAR = {"mspss_0": ["age", "county", "goals", "services", "minority"], "cope_0": ["confirmed", "months", "minority"]}
READINESS = ["mspss_0", "cope_0", "age"]


def make(n: int, seed: int = 1) -> pd.DataFrame:
    """Made-up clients with the study's marginals: a share without surveys, a third with a second wave."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "id": np.arange(n),
            "age": np.clip(rng.normal(16.5, 1.9, n).round(), 12, 21),
            "county": (rng.random(n) < 0.22).astype(float),
            "goals": rng.poisson(rng.gamma(1.5, 2.3, n)).astype(float),
            "services": rng.poisson(rng.gamma(2.1, 44, n)).astype(float),
            "minority": (rng.random(n) < 0.87).astype(float),
            "confirmed": (rng.random(n) < 0.63).astype(float),
            "months": rng.gamma(1.1, 12, n).round(2),
            "race": rng.choice(
                ["black", "latinx", "white", "multiracial", "other"], n, p=[0.44, 0.29, 0.11, 0.13, 0.03]
            ),
        }
    )
    frame["mspss_0"] = ((4.8 + 0.1 * frame["goals"].clip(upper=6) + rng.normal(0, 1, n)).clip(1, 7) * 12).round() / 12
    frame["cope_0"] = (150 + 0.6 * frame["months"] + rng.normal(0, 42, n)).clip(0, 260).round()
    frame["mspss_6"] = ((frame["mspss_0"] + rng.normal(0.1, 0.8, n)).clip(1, 7) * 12).round() / 12
    frame["cope_6"] = (frame["cope_0"] + rng.normal(0, 30, n)).clip(0, 260).round()
    eta = np.column_stack([np.zeros(n), -3 + 0.7 * frame["mspss_0"], -4 + 0.5 * frame["mspss_0"]])
    frame["stage"] = np.array(STAGES)[(eta + rng.gumbel(size=(n, 3))).argmax(axis=1)]
    frame.loc[rng.random(n) < 0.06, ["mspss_0", "cope_0"]] = np.nan
    frame.loc[rng.random(n) < 0.66, ["mspss_6", "cope_6"]] = np.nan
    frame.loc[rng.random(n) < 0.45, "stage"] = None
    return frame


def spec() -> Spec:
    """The study's own analyses on the columns of `make`."""
    models: list[dict[str, object]] = [
        {"name": name, "family": "ols", "outcome": name, "predictors": x, "missing": "fiml"}
        for name, x in LINEAR.items()
    ]
    models.append({"name": "readiness", "family": "multinomial", "outcome": "stage", "predictors": READINESS})
    pool = [*NUMBERS, "cope_0"]
    curve = {"name": "age", "family": "ols", "outcomes": ["mspss_0"], "focal": "age"}
    return parse_spec(
        {
            "id": "id",
            "categories": {"stage": STAGES, "race": ["black", "latinx", "white", "multiracial", "other"]},
            "describe": [*NUMBERS, "race"],
            "associations": [["race", "stage"], ["confirmed", "minority"]],
            "pairs": [{"name": name, "t0": f"{name}_0", "t6": f"{name}_6"} for name in ("mspss", "cope")],
            "models": models,
            "curves": [
                {**curve, "predictors": [name for name in pool if name != "age"], "missing": ["listwise", "fiml"]},
                {
                    "name": "readiness",
                    "family": "multinomial",
                    "outcomes": ["stage"],
                    "predictors": ["mspss_0", *pool],
                    "size": [3, 4],
                },
                {
                    **curve,
                    "name": "goals",
                    "focal": "goals",
                    "predictors": ["county", "services", "minority", "months", "age"],
                },
            ],
        },
        "benchmark",
    )


def plain(frame: pd.DataFrame) -> None:
    """The analyst's script with the usual libraries."""
    import statsmodels.api as sm
    from scipy import stats

    frame[NUMBERS].describe()
    for name in NUMBERS:
        stats.shapiro(frame[name].head(5000))
    for pair in (("race", "stage"), ("confirmed", "minority")):
        stats.chi2_contingency(pd.crosstab(frame[pair[0]], frame[pair[1]]), correction=False)
    for name in ("mspss", "cope"):
        both = frame[[f"{name}_0", f"{name}_6"]].dropna()
        difference = (both[f"{name}_6"] - both[f"{name}_0"]).round(9)
        stats.wilcoxon(difference, zero_method="wilcox", correction=False, method="asymptotic")
    for outcome, x in LINEAR.items():
        complete = frame[[outcome, *x]].dropna()
        sm.OLS(complete[outcome], sm.add_constant(complete[x])).fit().summary()
    complete = frame[["stage", *READINESS]].dropna()
    codes = complete["stage"].map(STAGES.index)
    for drop in (None, *READINESS):
        x = complete[[name for name in READINESS if name != drop]]
        sm.MNLogit(codes, sm.add_constant(x)).fit(method="newton", disp=False).summary()


R_SCRIPT = """
d <- read.csv(commandArgs(TRUE)[1], na.strings = ""); library(nnet); library(coin)
t <- system.time({
  summary(lm(mspss_0 ~ age + county + goals + services + minority, d))
  summary(lm(cope_0 ~ confirmed + months + minority, d))
  d$stage <- relevel(factor(d$stage), ref = "pre-contemplation")
  summary(multinom(stage ~ mspss_0 + cope_0 + age, d, trace = FALSE, reltol = 1e-15))
  wilcoxsign_test(mspss_6 ~ mspss_0, d[!is.na(d$mspss_0) & !is.na(d$mspss_6), ], zero.method = "Wilcoxon")
  chisq.test(table(d$race, d$stage), correct = FALSE)
})
cat(t[["elapsed"]])
"""


def timed(work: Callable[[], object], repeat: int) -> float:
    """Median seconds of ``repeat`` runs after one run that pays for the imports."""
    work()
    seconds = []
    for _ in range(repeat):
        start = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - start)
    return round(statistics.median(seconds), 4)


def in_r(frame: pd.DataFrame) -> float | None:
    """Seconds inside R, or None where R or one of its packages is missing."""
    if shutil.which("Rscript") is None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        path, script = Path(folder) / "d.csv", Path(folder) / "s.R"
        frame.to_csv(path, index=False)
        script.write_text(R_SCRIPT)
        done = subprocess.run(["Rscript", str(script), str(path)], capture_output=True, text=True, check=False)
    return float(done.stdout) if done.returncode == 0 else None


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clients", type=int, nargs="*", default=[95, 100_000])
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--curve", action="store_true", help="also time the specification curve on 95 clients")
    given = parser.parse_args()
    for n in given.clients:
        frame, repeat = make(n), given.repeat if n <= 1000 else 1
        ours, theirs = timed(lambda f=frame: run_study(f, spec()), repeat), timed(lambda f=frame: plain(f), repeat)
        row = {"clients": n, "all_tables": ours, "plain_statsmodels": theirs, "ratio": round(ours / theirs, 2)}
        print(json.dumps({**row, "r": in_r(frame)}), flush=True)
    if given.curve:
        start = time.perf_counter()
        tables = specification_curve(make(95), spec())
        models = len(tables["specification_curve"])
        fits = models * (1 + int(tables["specification_summary"]["permutations"].iloc[0]))
        print(json.dumps({"curve_models": models, "fits": fits, "seconds": round(time.perf_counter() - start, 2)}))


if __name__ == "__main__":
    main()
