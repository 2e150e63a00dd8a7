"""The tables and models of ``plain_script.py``, as an analyst writes them with scipy and statsmodels."""

import itertools

import numpy as np
import pandas as pd
import statsmodels.api as sm
from scipy import stats
from statsmodels.stats.diagnostic import lilliefors
from statsmodels.stats.outliers_influence import variance_inflation_factor

STAGES = ["pre-contemplation", "contemplation", "preparation/action"]
PREFIXES = {"mspss": "MSPSS", "copse": "COPSE"}


def describe(study: pd.DataFrame) -> pd.DataFrame:
    """Means, deviations and quartiles as SPSS gives them, and shares of the categories."""
    rows = []
    for name in study.columns.difference(["t0", "t6"]):
        column = study[name].dropna()
        if column.dtype == object or isinstance(column.dtype, pd.StringDtype):
            rows.extend(
                {"variable": name, "level": level, "n": n, "percent": 100 * n / len(column)}
                for level, n in column.value_counts().items()
            )
        elif len(column):
            values = column.astype(float).to_numpy()
            q1, median, q3 = np.quantile(values, [0.25, 0.5, 0.75], method="weibull")
            rows.append(
                {
                    "variable": name,
                    "n": len(values),
                    "missing": study[name].isna().sum(),
                    "mean": values.mean(),
                    "sd": values.std(ddof=1) if len(values) > 1 else np.nan,
                    "q1": q1,
                    "median": median,
                    "q3": q3,
                    "skewness": stats.skew(values, bias=False) if values.std() else np.nan,
                    "kurtosis": stats.kurtosis(values, bias=False) if values.std() else np.nan,
                }
            )
    return pd.DataFrame(rows)


def pairs(study: pd.DataFrame) -> pd.DataFrame:
    """Wilcoxon signed ranks of the two waves as SPSS computes them."""
    rows = []
    for name in ("mspss", "mspss_family", "mspss_friends", "mspss_significant_other", "cope_se", "urica_readiness"):
        both = study[[f"{name}_t0", f"{name}_t6"]].dropna().astype(float)
        difference = np.round((both.iloc[:, 1] - both.iloc[:, 0]).to_numpy(), 9)
        if np.any(difference):
            result = stats.wilcoxon(difference, zero_method="wilcox", correction=False, method="asymptotic")
            rows.append({"name": name, "n": len(difference), "z": -abs(result.zstatistic), "p": result.pvalue})
    return pd.DataFrame(rows)


def ols(study: pd.DataFrame, outcome: str, predictors: list[str]) -> pd.DataFrame:
    """One linear model with betas, HC3 errors and variance inflation."""
    data = study[[outcome, *predictors]].dropna().astype(float)
    x = sm.add_constant(data[predictors])
    fit = sm.OLS(data[outcome], x).fit()
    table = pd.DataFrame({"b": fit.params, "se": fit.bse, "t": fit.tvalues, "p": fit.pvalues, "se_hc3": fit.HC3_se})
    table["beta"] = fit.params * x.std() / data[outcome].std()
    table["vif"] = [variance_inflation_factor(x.to_numpy(), i) for i in range(x.shape[1])]
    table[["ci_low", "ci_high"]] = fit.conf_int()
    table["n"], table["f"], table["model_p"], table["r2"] = fit.nobs, fit.fvalue, fit.f_pvalue, fit.rsquared
    return table


def multinomial(study: pd.DataFrame, predictors: list[str]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The stage model by Newton on standardised predictors, with likelihood-ratio tests of each predictor."""
    data = study[["urica_stage_t0", *predictors]].dropna()
    levels = [stage for stage in STAGES if (data["urica_stage_t0"] == stage).any()]
    y = pd.Categorical(data["urica_stage_t0"], levels).codes
    raw = data[predictors].astype(float)
    z = (raw - raw.mean()) / raw.std()

    def fit(columns: list[str]) -> object:
        return sm.MNLogit(y, sm.add_constant(z[columns]) if columns else np.ones(len(y))).fit(
            method="newton", maxiter=100, disp=0
        )

    full, null = fit(predictors), fit([])
    b = np.asarray(full.params)[1:] / raw.std().to_numpy()[:, None]
    se = np.asarray(full.bse)[1:] / raw.std().to_numpy()[:, None]
    rows = [
        {
            "equation": level,
            "term": term,
            "b": b[i, j],
            "se": se[i, j],
            "wald": (b[i, j] / se[i, j]) ** 2,
            "odds_ratio": np.exp(b[i, j]),
        }
        for (j, level), (i, term) in itertools.product(enumerate(levels[1:]), enumerate(predictors))
    ]
    tests = []
    for dropped in predictors:
        chi2 = 2 * (full.llf - fit([name for name in predictors if name != dropped]).llf)
        tests.append({"term": dropped, "chi2": chi2, "df": len(levels) - 1, "p": stats.chi2.sf(chi2, len(levels) - 1)})
    lr = 2 * (full.llf - null.llf)
    snell = 1 - np.exp(-lr / len(y))
    tests.append(
        {
            "term": "model",
            "chi2": lr,
            "df": full.df_model,
            "p": stats.chi2.sf(lr, full.df_model),
            "nagelkerke": snell / (1 - np.exp(2 * null.llf / len(y))),
        }
    )
    return pd.DataFrame(rows), pd.DataFrame(tests)


def alpha(items: pd.DataFrame) -> float:
    """Cronbach's alpha over complete answers."""
    complete = items.dropna()
    k = complete.shape[1]
    return k / (k - 1) * (1 - complete.var().sum() / complete.sum(axis=1).var())


def analyse(study: pd.DataFrame, chosen: dict[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """Every table of the study."""
    crossed = pd.crosstab(study["race_ethnicity"], study["urica_stage_t0"])
    chi2, p, df, expected = stats.chi2_contingency(crossed, correction=False)
    numeric = [
        "age",
        "services_total",
        "months_of_service_t0",
        "goals_set",
        "mspss_t0",
        "cope_se_t0",
        "urica_readiness_t0",
    ]
    coefficients, tests = multinomial(study, ["mspss_t0", "cope_se_t0", "age"])
    reliability = [
        {
            "scale": key,
            "wave": wave,
            "alpha": alpha(frame[frame["wave"] == wave].filter(regex=f"^{PREFIXES[key]}_\\d")),
        }
        for key, frame in chosen.items()
        for wave in ("t0", "t6")
        if key != "urica"
    ]
    return {
        "descriptives": describe(study),
        "reliability": pd.DataFrame(reliability),
        "associations": pd.DataFrame([{"chi2": chi2, "df": df, "p": p, "min_expected": expected.min()}]),
        "normality": pd.DataFrame(
            [
                {"variable": name, "w": stats.shapiro(v)[0], "d": lilliefors(v, pvalmethod="approx")[0]}
                for name in numeric
                if len(v := study[name].dropna().astype(float)) > 3
            ]
        ),
        "pairs": pairs(study),
        "mspss_model": ols(study, "mspss_t0", ["age", "county_outlying", "goals_set", "services_t0", "minority"]),
        "cope_model": ols(study, "cope_se_t0", ["confirmed", "months_of_service_t0", "minority"]),
        "stage_model": coefficients,
        "stage_tests": tests,
        "stages": study["urica_stage_t0"].value_counts(normalize=True).reset_index(),
        "missingness": study.isna().sum().reset_index(),
    }
