"""Every number in the page is its table's, rounded; and each table tells its n."""

import re
from typing import Any

import pandas as pd
import pytest

from assets.publish.report import numbers as fmt
from assets.publish.report import render_report
from assets.publish.report.context import ReportContext
from assets.publish.report.labels import Labels
from assets.publish.report.numbered import main_tables
from assets.publish.report.records import StudyTables, to_records
from assets.publish.report.table import ReportTable
from assets.publish.report.text import to_plain
from tests.unit import report_samples as samples
from tests.unit.test_report_page import Document


def built(tables: dict[str, pd.DataFrame] | None = None, context: ReportContext | None = None) -> list[ReportTable]:
    study = StudyTables(tables or samples.study_tables())
    context = context or samples.context()
    return main_tables(study, context, Labels(context, [row.get("outcome") for row in study["models"]]))


def cells_of(table: ReportTable, label: str, group: str = "") -> dict[str, str]:
    """The cells of one row by 'spanner/heading'."""
    (row,) = [row for row in table.rows if row.label == label and group in row.group]
    heads = [to_plain("/".join(part for part in (column.spanner, column.label) if part)) for column in table.columns]
    return dict(zip(heads, row.cells, strict=True))


@pytest.fixture(scope="module")
def tables() -> list[ReportTable]:
    return built()


def test_the_study_gives_tables_1_to_8_in_the_papers_order(tables: list[ReportTable]) -> None:
    assert [table.number for table in tables] == [f"Table {number}" for number in range(1, 9)]
    titles = " | ".join(table.title for table in tables)
    assert re.search(r"clients.*scores.*Wilcoxon.*MSPSS.*Cop-SE.*stages.*Multinomial.*Likelihood-ratio", titles)


def test_each_table_tells_its_n(tables: list[ReportTable]) -> None:
    for table in tables:
        heads = [to_plain(text) for column in table.columns for text in (column.spanner, column.label)]
        told = to_plain(" ".join(table.notes))
        assert "n" in heads or "Pairs" in heads or any("n = " in head for head in heads) or re.search(r"\bn = \d", told)


def test_table_1_rounds_the_descriptives(tables: list[ReportTable]) -> None:
    age = cells_of(tables[0], "Age in years")
    assert age == {
        "n": "95",
        "%": "",
        "M": "16.34",
        "SD": "1.95",
        "Mdn": "16",
        "[Q1, Q3]": "[15, 17.75]",
        "Min–max": "12–21",
        "Missing": "0",
    }
    black = cells_of(tables[0], "Black", "Race and ethnicity (\ue000n\ue001 = 94, missing = 1)")
    assert (black["n"], black["%"]) == ("41", "43.6")
    bullying = cells_of(tables[0], "Bullying (of 95)")
    assert (bullying["n"], bullying["%"], bullying["Missing"]) == ("37", "38.9", "0")


def test_a_variable_of_zeros_and_ones_is_told_as_a_share() -> None:
    values = pd.Series([1.0] * 61 + [0.0] * 33)
    fractions = pd.Series([0.0, 0.5, 1.0, 1.0])
    rows = [
        {"variable": name, "n": len(v), "missing": 95 - len(v), "mean": v.mean(), "sd": v.std(), "min": v.min(),
        "max": v.max(), "q1": v.quantile(0.25), "median": v.median(), "q3": v.quantile(0.75)}
        for name, v in (("confirmed", values), ("rate", fractions))
    ]  # fmt: skip
    table = built({"descriptives": pd.DataFrame(rows)})[0]
    share = cells_of(table, "Confirmed (of 94)")
    assert (share["n"], share["%"], share["Missing"]) == ("61", "64.9", "1")
    assert cells_of(table, "Rate")["M"] == "0.63"  # 0.625: half away from zero


def test_table_3_tells_direction_and_corrections(tables: list[ReportTable]) -> None:
    friends = cells_of(tables[2], "MSPSS friends")
    assert friends["Pairs"] == "30"
    assert (friends["Higher/n"], friends["Higher/Rank sum"]) == ("9", "120.0")
    assert (friends["Lower/n"], friends["Lower/Rank sum"], friends["Same"]) == ("16", "205.0", "5")
    assert (friends["z"], friends["p"], friends["Exact p"], friends["Holm p"], friends["r"]) == (
        "−1.15",
        ".252",
        ".260",
        ".756",
        "−.26",
    )
    assert cells_of(tables[2], "Cop-SE")["Exact p"] == "—"
    assert any("exact p" in note for note in tables[2].notes)


def test_tables_4_and_5_give_b_and_beta_and_the_fit(tables: list[ReportTable]) -> None:
    age = cells_of(tables[3], "Age in years")
    assert age == {
        "B": "−0.22",
        "SE": "0.07",
        "95% CI": "[−0.35, −0.08]",
        "β": "−0.32",
        "t": "−3.19",
        "df": "84",
        "p": ".002",
        "SE (HC3)": "0.07",
        "VIF": "1.08",
    }
    services = cells_of(tables[3], "Services before the first assessment")
    assert (services["B"], services["SE"]) == ("0.0003", "0.0021")
    note = to_plain(" ".join(tables[3].notes))
    assert "F(5, 84) = 2.86, p = .020, R² = .15, adjusted R² = .09, n = 90" in note
    assert cells_of(tables[3], "Intercept")["p"] == "< .001"
    groups = [row.group for row in tables[4].rows]
    assert set(groups) == {"Ordinary least squares", "Full information maximum likelihood"}


def test_table_6_tells_each_waves_n(tables: list[ReportTable]) -> None:
    stage = cells_of(tables[5], "Preparation/action")
    assert stage["0 months (n = 51)/n"] == "4"
    assert stage["0 months (n = 51)/%"] == "7.8"
    assert stage["6 months (n = 17)/M readiness"] == "12.50"
    assert cells_of(tables[5], "Maintenance")["0 months (n = 51)/M readiness"] == "—"


def test_table_7_shows_separation_with_firth_beside(tables: list[ReportTable]) -> None:
    finite = cells_of(tables[6], "MSPSS composite, 0 months", "Contemplation")
    assert finite["Maximum likelihood/OR"] == "1.43"
    assert finite["Maximum likelihood/95% CI of OR"] == "[0.88, 2.33]"
    apart = cells_of(tables[6], "MSPSS composite, 0 months", "Preparation/action")
    assert {value for head, value in apart.items() if head.startswith("Maximum")} == {"—"}
    assert (apart["Firth/B"], apart["Firth/OR"], apart["Firth/95% CI of OR"]) == ("0.31", "1.36", "[0.85, 2.18]")
    note = to_plain(" ".join(tables[6].notes))
    assert "The predictors separate the categories: no finite maximum likelihood estimate exists" in note
    assert "χ²(6, n = 49) = 13.70, p = .033, Nagelkerke R² = .29" in note
    assert "odds, not probabilities" in note
    assert "reference, pre-contemplation" in note


def test_table_8_ends_with_the_whole_model(tables: list[ReportTable]) -> None:
    assert [row.label for row in tables[7].rows] == [
        "Intercept",
        "MSPSS composite, 0 months",
        "Cop-SE, 0 months",
        "Age in years",
        "Whole model",
    ]
    assert tables[7].rows[2].cells == ("9.81", "2", ".007")
    assert tables[7].rows[-1].cells == ("13.70", "6", ".033")


@pytest.mark.parametrize("status", ["near_separation", "not_estimable", "something_new"])
def test_a_status_is_told_in_words(status: str) -> None:
    study = samples.study_tables()
    study["models"]["status"] = status
    notes = to_plain(" ".join(built(study)[6].notes))
    assert status.replace("_", " ") not in notes or status == "something_new"
    assert {"near_separation": "nearly separate", "not_estimable": "could not be estimated"}.get(
        status, "something_new"
    ) in notes


def test_the_page_holds_the_cells_of_every_table() -> None:
    """All numbered tables, cell by cell, as a browser would read them."""
    page = render_report(samples.study_tables(), samples.context())
    printed = [[" ".join(cell.split()) for cell in row] for row in Document(page).rows]
    for table in built():
        for row in table.rows:
            assert [" ".join(to_plain(text).split()) for text in (row.label, *row.cells)] in printed


def test_every_estimate_of_the_study_is_in_the_page() -> None:
    """The other way round: from the study's table to the page, without the builders' help."""
    text = Document(render_report(samples.study_tables(), samples.context())).plain
    for row in to_records(samples.coefficients()):
        if row["b"] is not None:
            assert fmt.number(row["b"], fmt.decimals_for(row["se"])) in text
    for row in to_records(samples.scale_scores()):
        assert fmt.number(row["mean"]) in text
        assert fmt.number(row["sd"]) in text


def test_arrow_and_pandas_frames_give_one_layout() -> None:
    """The library calls its Arrow support experimental; what we use of it must equal its main road."""
    import pandas
    import pyarrow
    from great_tables import GT

    data: dict[str, Any] = {"stub": ["a <b>", "c"], "c0": ["1", ""], "c1": ["−2.00", "—"], "group": ["g & h", "i"]}
    with pytest.warns(UserWarning, match="PyArrow"):
        arrow = GT(pyarrow.table(data), rowname_col="stub", groupname_col="group", id="x")
    frame = GT(pandas.DataFrame(data, dtype=object), rowname_col="stub", groupname_col="group", id="x")
    assert arrow.cols_align("right", ["c0"]).render("html") == frame.cols_align("right", ["c0"]).render("html")


@pytest.mark.parametrize(
    ("level", "labels", "told"),
    [
        ("pre-contemplation", {}, "pre-contemplation"),
        ("Black", {}, "Black"),
        ("x_1", {"x_1": "First of All"}, "First of All"),
    ],
)
def test_a_category_inside_a_sentence_keeps_its_own_capital(level: str, labels: dict[str, str], told: str) -> None:
    context = samples.context(references={"readiness": level}, level_labels={"urica_stage_t0": labels})
    table = built(context=context)[6]
    assert table.rows[0].group.endswith(f" versus {told}")
    assert f"reference, {told}." in to_plain(" ".join(table.notes))
