"""Study tables of the contract's shape with made-up numbers, for the tests of the report."""

from datetime import UTC, datetime
from typing import Any

import pandas as pd

from assets.publish.report import ReportContext
from assets.study.rows import COLUMNS

STAGES = ["pre-contemplation", "contemplation", "preparation/action", "maintenance"]


def _measure(variable: str, n: int, mean: float, sd: float) -> dict[str, Any]:
    return {
        "variable": variable,
        "level": None,
        "n": n,
        "missing": 95 - n,
        "percent": None,
        "denominator": n,
        "mean": mean,
        "sd": sd,
        "median": 16.0,
        "q1": 15.0,
        "q3": 17.75,
        "min": 12.0,
        "max": 21.0,
        "skewness": -0.1006,
        "kurtosis": -0.309,
    }


def _level(variable: str, level: str, n: int, denominator: int) -> dict[str, Any]:
    return {
        "variable": variable,
        "level": level,
        "n": n,
        "missing": 95 - denominator,
        "percent": 100 * n / denominator,
        "denominator": denominator,
    }


def descriptives() -> pd.DataFrame:
    races = {"black": 41, "latinx": 27, "white": 12, "multiracial": 13, "other": 1}
    rows = [_measure("age", 95, 16.336842105263159, 1.9494163137118077)]
    rows += [_level("race_ethnicity", level, n, 94) for level, n in races.items()]
    rows += [_level("victimization_bullying", level, n, 95) for level, n in (("false", 58), ("true", 37))]
    rows += [_measure("months_of_service_t0", 94, 13.835106382978724, 17.483749674390019)]
    rows += [_level("urica_stage_t0", s, n, 51) for s, n in zip(STAGES, (18, 29, 4, 0), strict=True)]
    return pd.DataFrame(rows)


def scale_scores() -> pd.DataFrame:
    rows = []
    for scale, mean, sd in (("mspss", 4.91, 1.3), ("mspss_friends", 4.5, 1.7), ("cope_se", 151.2, 48.3)):
        for matched, ns in ((False, (93, 33)), (True, (30, 30))):
            for wave, n, shift in (("t0", ns[0], 0.0), ("t6", ns[1], 0.02 * mean)):
                rows.append((scale, wave, matched, n, mean + shift, sd, 0.9123 if scale == "mspss" else None))
    return pd.DataFrame(rows, columns=["scale", "wave", "matched", "n", "mean", "sd", "alpha"])


def paired_tests() -> pd.DataFrame:
    rows = [
        ("mspss", 30, 7, 13, 10, 158.5, 117.5, -0.6239, 0.53269, 0.54321, 0.14855, 0.166667, 0.9, 0.8),
        ("mspss_friends", 30, 5, 9, 16, 120.0, 205.0, -1.1452, 0.25213, 0.26, -0.26154, -0.25, 0.75639, 0.75639),
        ("cope_se", 30, 0, 18, 12, 280.0, 185.0, -0.977, 0.00021, None, 0.204301, 6.5, 0.0006, 0.0006),
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS["paired_tests"]))


def models() -> pd.DataFrame:
    rows = [
        (
            "mspss_composite",
            "ols",
            "mspss_t0",
            "listwise",
            90,
            5,
            5,
            84,
            2.8604,
            0.01963,
            0.14551,
            0.09465,
            None,
            None,
            None,
            None,
            None,
            301.2,
            318.7,
            "ok",
            None,
        ),
        (
            "cope_se",
            "ols",
            "cope_se_t0",
            "fiml",
            88,
            7,
            3,
            84,
            4.08,
            0.00934,
            0.1272,
            0.096,
            None,
            None,
            None,
            None,
            None,
            931.1,
            943.5,
            "ok",
            None,
        ),
        (
            "readiness",
            "multinomial",
            "urica_stage_t0",
            "listwise",
            49,
            46,
            6,
            None,
            13.7043,
            0.03316,
            None,
            None,
            87.31,
            73.6057,
            0.24392,
            0.29034,
            0.157,
            89.61,
            104.74,
            "separated",
            "no finite estimate for preparation/action; maintenance does not occur and is left out",
        ),
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS["models"]))


def coefficients() -> pd.DataFrame:
    n = None
    rows: list[tuple[Any, ...]] = [
        ("mspss_composite", n, "intercept", "ml", 7.512, 1.21, n, 6.2083, 84, 1.9e-8, 5.106, 9.918, n, n, n, 1.3, n),
        (
            "mspss_composite",
            n,
            "age",
            "ml",
            -0.2155,
            0.0675,
            -0.32,
            -3.1926,
            84,
            0.002,
            -0.3497,
            -0.0813,
            n,
            n,
            n,
            0.071,
            1.08,
        ),
        (
            "mspss_composite",
            n,
            "goals_set",
            "ml",
            0.085,
            0.0465,
            0.19,
            1.828,
            84,
            0.0711,
            -0.0075,
            0.1775,
            n,
            n,
            n,
            0.05,
            1.21,
        ),
        (
            "mspss_composite",
            n,
            "services_t0",
            "ml",
            0.00034,
            0.00213,
            0.0162,
            0.1596,
            84,
            0.8736,
            -0.0039,
            0.00458,
            n,
            n,
            n,
            0.0022,
            1.17,
        ),
        ("cope_se", n, "intercept", "ml", 140.25, 9.5, n, 14.763, 84, 0.0, 121.36, 159.14, n, n, n, 9.9, n),
        ("cope_se", n, "confirmed", "ml", -20.7, 10.35, -0.21, -2.0, 84, 0.0487, -41.28, -0.12, n, n, n, 10.8, 1.07),
        ("cope_se", n, "intercept", "fiml", 139.9, 9.2, n, 15.2, n, 0.0, 121.9, 157.9, n, n, n, n, n),
        ("cope_se", n, "confirmed", "fiml", -19.9, 10.1, -0.2, -1.97, n, 0.0488, -39.7, -0.1, n, n, n, n, n),
    ]
    for equation, finite in (("contemplation", True), ("preparation/action", False)):
        for term in ("intercept", "mspss_t0", "cope_se_t0", "age"):
            ml = (0.358, 0.25, n, 2.05, 1, 0.152, -0.132, 0.848, 1.4305, 0.8763, 2.3349, n, n) if finite else (n,) * 13
            firth = (0.3105, 0.24, n, 1.67, 1, 0.196, -0.16, 0.781, 1.3641, 0.8521, 2.1837, n, n)
            rows += [("readiness", equation, term, "ml", *ml), ("readiness", equation, term, "firth", *firth)]
    return pd.DataFrame(rows, columns=list(COLUMNS["coefficients"]))


def study_tables() -> dict[str, pd.DataFrame]:
    """All twelve tables."""
    return {
        "descriptives": descriptives(),
        "associations": pd.DataFrame(
            [("race_ethnicity", "urica_stage_t0", 50, 7.812, 8, 0.4521, 8.1, 0.42, 0.4433, 0.08, 11, 0.2795)],
            columns=[
                "row_variable",
                "column_variable",
                "n",
                "chi2",
                "df",
                "p",
                "g2",
                "p_g2",
                "p_exact",
                "min_expected",
                "cells_below_5",
                "cramers_v",
            ],
        ),
        "normality": pd.DataFrame(
            [("age", 95, 0.9691793773524851, 0.024326905477617487, 0.10543, 0.01107)],
            columns=["variable", "n", "shapiro_w", "shapiro_p", "lilliefors_d", "lilliefors_p"],
        ),
        "scale_scores": scale_scores(),
        "paired_tests": paired_tests(),
        "models": models(),
        "coefficients": coefficients(),
        "effect_tests": pd.DataFrame(
            [
                ("readiness", term, chi2, 2, p)
                for term, chi2, p in (
                    ("intercept", 1.2, 0.5488),
                    ("mspss_t0", 2.9, 0.2346),
                    ("cope_se_t0", 9.81, 0.0074),
                    ("age", 0.3, 0.8607),
                )
            ],
            columns=["model", "term", "chi2", "df", "p"],
        ),
        "urica_stages": pd.DataFrame(
            [
                ("t0", s, n, 100 * n / 51, m)
                for s, n, m in zip(STAGES, (18, 29, 4, 0), (6.9, 9.33, 11.75, None), strict=True)
            ]
            + [
                ("t6", s, n, 100 * n / 17, m)
                for s, n, m in zip(STAGES, (5, 10, 2, 0), (6.1, 9.6, 12.5, None), strict=True)
            ],
            columns=["wave", "stage", "n", "percent", "mean_readiness"],
        ),
        "diagnostics": pd.DataFrame(
            [
                ("mspss_composite", "breusch_pagan", 6.1, 5, 0.2967, None),
                ("mspss_composite", "durbin_watson", None, None, None, 1.98),
            ],
            columns=["model", "check", "statistic", "df", "p", "value"],
        ),
        "missingness": pd.DataFrame(
            [("age", 0, 0.0), ("mspss_t0", 2, 2.105)], columns=["variable", "n_missing", "percent"]
        ),
        "participant_flow": pd.DataFrame(
            [
                ("Clients of the intake export", 95, None),
                ("With a 0-month survey", 93, "2 without a real response in the window"),
                ("With both surveys", 30, "60 without a 6-month survey, 3 outside its window"),
            ],
            columns=["step", "n", "reason"],
        ),
    }


def context(**changes: Any) -> ReportContext:
    """A context as the nightly run makes it, with whatever a test changes."""
    given: dict[str, Any] = {
        "title": "Coping self-efficacy and social support: the study refitted",
        "build_id": "20211101T020000Z-4f1c",
        "built_at": datetime(2021, 11, 1, 7, 0, tzinfo=UTC),
        "code_version": "0.1.0",
        "config_hash": "9b2f44c01a7e",
        "n_clients": 95,
        "study_period": ("2021-01-01", "2021-10-31"),
        "labels": {
            "age": "Age in years",
            "race_ethnicity": "Race and ethnicity",
            "victimization_bullying": "Bullying",
            "goals_set": "Goals set",
            "services_t0": "Services before the first assessment",
            "confirmed": "Confirmed",
            "months_of_service_t0": "Months of service before the first assessment",
        },
        "level_labels": {"race_ethnicity": {"black": "Black", "latinx": "Latinx"}},
        "references": {"readiness": "pre-contemplation"},
        "notes": ["MSPSS and Cop-SE are means of answered items."],
        "footnotes": {"descriptives": ["Age is in completed years at the study's end."]},
        "quality": {
            "files": pd.DataFrame(
                [
                    ("3fa9c0d1e2b4", "intake", "loaded", None, 102, 95, 0, 1, 6, 0),
                    ("77aa01c2d3e4", "case_notes", "loaded", None, 4210, 4190, 12, 3, 5, 0),
                    ("01020304aabb", None, "rejected", "not_a_workbook", 0, 0, 0, 0, 0, 0),
                ],
                columns=[
                    "file_token",
                    "kind",
                    "status",
                    "reason",
                    "rows_read",
                    "rows_loaded",
                    "rows_quarantined",
                    "rows_duplicate",
                    "rows_structural",
                    "rows_erased",
                ],
            ),
            "checks": pd.DataFrame(
                [
                    ("unique_client_id", "marts.client_study", "error", True, 0),
                    ("age_in_range", "marts.client_study", "warn", False, 3),
                    ("row_arithmetic", "raw.intake", "error", True, 0),
                ],
                columns=["name", "asset", "severity", "passed", "n_failed"],
            ),
        },
    }
    return ReportContext(**{**given, **changes})
