"""The published-consistency checks: the paper's seventeen findings, and any user's figures."""

from pathlib import Path

import pandas as pd
import pytest

from assets.errors import ConfigError
from assets.study.consistency import check_figures, consistency
from assets.study.printed import Printed, denominators, grim


@pytest.fixture(scope="module")
def paper(project_root: Path) -> pd.DataFrame:
    return consistency(project_root / "config/published/twis_2024.yml")


EVIDENCE = {
    "C1": "df2 = 84 from n",
    "C2": "12.46 % (12.45 to 12.47); with df2 = 84 it is 12.72 %, which fits",
    "C3": "14.55 %",
    "C4": "SD of the outcome 0.50",
    "C5": "that of a sum",
    "C6": "it is 9.8 + 3.3, the rounded percents of 9 and 3 of 92",
    "C7": "19 = 20.2 %: n = 94",
    "C8": "17 (18.5 %) unaccounted for",
    "C9": "72.0 % is of 82, not of 94; mean / mean = 56 %",
    "C10": "n = 94: impossible, 13.24 or 13.26; n = 95: possible",
    "C11": "2 fewer",
    "C12": "from 62 % to 70 %, that is 13 % more likely",
    "C13": "1.0 cases per coefficient",
    "C14": "cannot exceed 14; with subscale sums divided by 7 not 6.0",
    "C15": "1.69 years",
    "C16": "matched",
    "C17": "no room for service count",
}


@pytest.mark.parametrize("finding", EVIDENCE)
def test_each_finding_of_the_paper_comes_out_with_its_evidence(paper: pd.DataFrame, finding: str) -> None:
    rows = paper[(paper["finding"] == finding) & (paper["verdict"] != "consistent")]
    assert len(rows)
    assert any(EVIDENCE[finding] in text for text in rows["implied"])
    assert rows["explanation"].str.len().gt(0).all()
    assert rows["severity"].isin(["high", "medium", "low", "info"]).all()


def test_what_agrees_is_said_to_agree(paper: pd.DataFrame) -> None:
    fine = paper[paper["verdict"] == "consistent"].set_index(["where", "check"])
    assert fine.loc[("Table 4, MSPSS composite", "p_from_f"), "implied"].startswith("p = 0.01961")
    assert fine.loc[("Tables 7 and 8, readiness", "df_from_p"), "implied"].startswith("df = 6")
    assert ("Table 1, age", "grim") in fine.index
    assert fine["severity"].isna().all()


def test_a_corrected_paper_has_no_finding_of_that_kind() -> None:
    figure = {"kind": "f_test", "n": 88, "df1": 3, "df2": 84, "f": "4.08", "p": ".009", "r2_percent": "13"}
    assert set(check_figures([figure])["verdict"]) == {"consistent"}
    goals = {"kind": "ratio", "count": 59, "percent": "72.0", "stated_n": 82}
    assert set(check_figures([goals])["verdict"]) == {"consistent"}


def test_a_csv_of_printed_figures(tmp_path: Path) -> None:
    path = tmp_path / "figures.csv"
    path.write_text(
        "kind,where,n,df1,df2,f,p,r2_percent,mean,count,percent\n"
        "f_test,Table 9,50,2,47,3.50,.04,13,,,\n"
        "mean_of_whole_numbers,Table 1,19,,,,,,3.45,,\n"
        "percentages,Table 1,40,,,,,,,13,30.1\n"
    )
    rows = consistency(path)
    assert rows.set_index("check")["verdict"].to_dict() == {
        "df_against_n": "consistent",
        "p_from_f": "consistent",
        "r2_from_f": "consistent",
        "grim": "inconsistent",
        "percent_against_n": "inconsistent",
    }


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("figures: 3", "a list of figures"),
        ("figures: [{kind: anova}]", r"figures\[0\]\.kind: one of "),
        ("figures: [{kind: f_test, f: '2'}]", "needs the key 'df1'"),
        ("figures: [{kind: f_test, f: high, df1: 2, df2: 4}]", "cannot be read"),
        ("figures: [", "not valid YAML"),
    ],
)
def test_a_mistake_in_the_figures_names_its_entry(tmp_path: Path, text: str, expected: str) -> None:
    path = tmp_path / "figures.yml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=expected):
        consistency(path)


def test_rounding_is_half_away_from_zero() -> None:
    assert Printed.of("2.5").fits(2.45)
    assert Printed.of("13").overlaps(13.4999, 14)
    assert not Printed.of("13.0").fits(13.06)
    assert denominators(12, Printed.of("13.1"), 95) == []
    assert denominators(37, Printed.of("38.9"), 95) == [95]
    assert not grim(Printed.of("13.25"), 94)
    assert grim(Printed.of("13.25"), 95)
