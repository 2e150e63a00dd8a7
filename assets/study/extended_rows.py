"""Columns of the tables beyond the contract's: effect sizes, robustness, attrition and the protocol's tests."""

from assets.study.rows import REAL, TEXT, WHOLE

EXTENDED_COLUMNS: dict[str, dict[str, str]] = {
    "effect_sizes": {
        **dict.fromkeys(("analysis", "term", "equation", "quantity"), TEXT),
        "n": WHOLE,
        **dict.fromkeys(("estimate", "ci_low", "ci_high"), REAL),
    },
    "robustness": {
        **dict.fromkeys(("model", "term"), TEXT),
        "n": WHOLE,
        **dict.fromkeys(
            (
                "b",
                "p",
                "se_hc3",
                "p_hc3",
                "hc3_low",
                "hc3_high",
                "bca_low",
                "bca_high",
                "p_permutation",
                "loo_p_lowest",
                "loo_p_highest",
            ),
            REAL,
        ),
        **dict.fromkeys(("loo_refits", "loo_conclusion_changes"), WHOLE),
    },
    "multiplicity": {
        **dict.fromkeys(("source", "test"), TEXT),
        **dict.fromkeys(("p", "p_holm", "p_bh", "p_bonferroni"), REAL),
    },
    "attrition": {
        "variable": TEXT,
        **dict.fromkeys(("n_with", "n_without"), WHOLE),
        **dict.fromkeys(("mean_with", "mean_without", "smd", "statistic", "p"), REAL),
    },
    "attrition_model": {
        "term": TEXT,
        "n": WHOLE,
        **dict.fromkeys(("b", "se", "statistic"), REAL),
        "df": WHOLE,
        **dict.fromkeys(("p", "exp_b", "exp_ci_low", "exp_ci_high"), REAL),
    },
    "reliability": {
        **dict.fromkeys(("scale", "wave"), TEXT),
        **dict.fromkeys(("n", "n_items"), WHOLE),
        **dict.fromkeys(("alpha", "omega"), REAL),
    },
    "stage_conventions": {
        **dict.fromkeys(("wave", "convention", "stage"), TEXT),
        "n": WHOLE,
        "percent": REAL,
    },
    "sensitivity": {
        **dict.fromkeys(("analysis", "quantity"), TEXT),
        "n": WHOLE,
        **dict.fromkeys(("power", "smallest_effect"), REAL),
    },
    "protocol_tests": {
        **dict.fromkeys(("name", "test", "term"), TEXT),
        "n": WHOLE,
        **dict.fromkeys(("estimate", "se", "statistic"), REAL),
        "df": WHOLE,
        **dict.fromkeys(("p", "ci_low", "ci_high", "effect_size"), REAL),
    },
}
