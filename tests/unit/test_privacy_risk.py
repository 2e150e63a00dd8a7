"""The risk report equals an independent recount; a release of rows needs every condition and hands out no more."""

import csv
import io
import itertools
import json
import math
from collections import Counter
from datetime import date
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.errors import ConfigError, DataError
from assets.home import PROJECT_ROOT
from assets.publish.codebook import Column
from assets.publish.privacy.lattice import suggest
from assets.publish.privacy.policy import Policy
from assets.publish.privacy.projects import (
    Grounds,
    Project,
    consented_clients,
    load_project,
    neutral,
    project_ids,
    release_rows,
    to_csv,
)
from assets.publish.privacy.risk import band, risk_report

TODAY = date(2026, 1, 1)


def study_agency(seed: int, n: int = 95) -> pd.DataFrame:
    """Clients with the study's published marginals: 43.6 % Black, 28.7 % Latinx, 13.8 % multiracial, age 16.5 (1.9)."""
    draw = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "age": np.clip(np.round(draw.normal(16.5, 1.9, n)), 12, 21),
            "race_ethnicity": draw.choice(["black", "latinx", "multiracial", "white", "other"], n,
                                          p=[0.436, 0.287, 0.138, 0.117, 0.022]),
            "county_outlying": draw.random(n) < 0.2,
            "orientation_minority": draw.random(n) < 0.25,
            "confirmed": draw.random(n) < 0.45,
            "services_total": np.round(np.abs(draw.normal(92.9, 64.4, n))),
            "months_of_service_total": np.abs(draw.normal(20.33, 13.0, n)),
        }
    )  # fmt: skip


def test_the_study_s_clients_are_nearly_unique_by_a_few_attributes() -> None:
    """The demonstration: five attributes single out a third of 95 clients; services and months single out everybody."""

    def unique(*quasi: str) -> float:
        return float(np.mean([risk_report(study_agency(seed), quasi).unique_share for seed in range(20)]))

    three = unique("age", "race_ethnicity", "county_outlying")
    five = unique("age", "race_ethnicity", "county_outlying", "orientation_minority", "confirmed")
    guide = (PROJECT_ROOT / "docs" / "privacy.md").read_text("utf-8")
    for told, quasi in (
        ("age, race/ethnicity, county", ("age", "race_ethnicity", "county_outlying")),
        ("age, race/ethnicity, county, orientation, confirmed",
         ("age", "race_ethnicity", "county_outlying", "orientation_minority", "confirmed")),
        ("services", ("services_total",)),
        ("services, months of service", ("services_total", "months_of_service_total")),
    ):  # fmt: skip
        reports = [risk_report(study_agency(seed), quasi) for seed in range(20)]
        alone, few, risk = (np.mean([getattr(r, name) for r in reports])
                            for name in ("unique_share", "below_wanted_share", "mean_risk"))  # fmt: skip
        assert f"| {told} | {100 * alone:.0f} % | {100 * few:.0f} % | {risk:.2f} |" in guide
    assert 0.10 < three < 0.30
    assert 0.30 < five < 0.60
    assert unique("services_total") > 0.45
    assert unique("services_total", "months_of_service_total") == 1.0
    banded = [risk_report(band(study_agency(seed), {"age": 3}), ["age", "race_ethnicity", "county_outlying"])
              for seed in range(20)]  # fmt: skip
    assert np.mean([report.unique_share for report in banded]) < three / 2


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 2) | st.none(), st.booleans()), min_size=1, max_size=40)
)
def test_the_figures_equal_an_independent_recount(rows: list[tuple[str, int | None, bool]]) -> None:
    frame = pd.DataFrame(rows, columns=["q1", "q2", "s"])
    report = risk_report(frame, ["q1", "q2"], ["s"])
    groups = Counter((q1, q2) for q1, q2, _ in rows)
    sizes = [groups[(q1, q2)] for q1, q2, _ in rows]
    assert report.k == min(sizes)
    assert report.unique_share == pytest.approx(sum(size == 1 for size in sizes) / len(rows))
    assert report.mean_risk == pytest.approx(sum(1 / size for size in sizes) / len(rows))
    assert report.histogram == Counter(groups.values())
    variety = [len({s for a, b, s in rows if (a, b) == group}) for group in groups]
    assert report.l_values == {"s": min(variety)}
    without_q2 = Counter(q1 for q1, _, _ in rows)
    expected = report.unique_share - sum(without_q2[q1] == 1 for q1, _, _ in rows) / len(rows)
    assert report.cost["q2"] == pytest.approx(expected)


def test_the_costliest_column_and_a_banding_are_named() -> None:
    frame = pd.DataFrame({"age": list(range(12, 22)) * 4, "site": ["a", "b"] * 20})
    report = risk_report(frame, ["age", "site"], wanted_k=5)
    assert report.costliest in {"age", "site"}
    assert report.suggestion is not None
    mended = generalise(frame, report.suggestion.steps)
    assert risk_report(mended, [name for name in ("age", "site") if name in mended]).k >= 5
    assert "age" in " ".join(report.in_words())


def generalise(frame: pd.DataFrame, steps: dict[str, object]) -> pd.DataFrame:
    """Follow a suggestion: bands by the product's own function, columns left out."""
    kept = frame.drop(columns=[name for name, step in steps.items() if step == "left out"])
    return band(kept, {name: step for name, step in steps.items() if isinstance(step, int)})


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 9), st.sampled_from("abc"), st.booleans()), min_size=6, max_size=30),
    st.integers(2, 5),
)
def test_no_other_choice_of_bands_loses_less(rows: list[tuple[int, str, bool]], wanted: int) -> None:
    """The whole lattice counted again by hand: each column as it is, in bands, merged or left out."""
    frame = pd.DataFrame(rows, columns=["age", "site", "flag"])
    merges = {"site": {"b": "b or c", "c": "b or c"}}
    found = suggest(frame, ["age", "site", "flag"], wanted, merges, withheld=0.1)
    assert found is not None
    assert found.exact
    whole = {name: entropy(frame[name].tolist()) for name in frame}
    best = 9.0
    for width, site, flag in itertools.product([1, 2, 3, 5, None], "kml", [True, False]):
        ages = [age // width if width else 0 for age in frame["age"]]
        sites = [{"k": s, "m": "a" if s == "a" else "b or c", "l": ""}[site] for s in frame["site"]]
        flags = [f if flag else None for f in frame["flag"]]
        groups = Counter(zip(ages, sites, flags, strict=True))
        rare = sum(n for n in groups.values() if n < wanted)
        if rare <= int(0.1 * len(rows)):
            loss = sum(1 - entropy(v) / whole[name] if whole[name] else 0
                       for name, v in (("age", ages), ("site", sites), ("flag", flags)))  # fmt: skip
            best = min(best, loss / 3)
    assert found.loss == pytest.approx(best, abs=1e-6)
    mended = generalise(frame.assign(site=frame["site"].replace(merges["site"])) if found.steps.get("site") == "merged"
                        else frame, {n: s for n, s in found.steps.items() if s != "merged"})  # fmt: skip
    kept = Counter(mended.itertuples(index=False, name=None)) if len(mended.columns) else Counter({(): len(rows)})
    assert sum(n for n in kept.values() if n < wanted) == found.withheld <= 0.1 * len(rows)


def entropy(values: list[object]) -> float:
    return -sum(n / len(values) * math.log(n / len(values)) for n in Counter(values).values())


def test_a_wide_table_is_searched_step_by_step_and_still_reaches_the_size() -> None:
    draw = np.random.default_rng(3)
    frame = pd.DataFrame({f"v{n}": draw.integers(0, 40, 95) for n in range(8)})
    found = suggest(frame, list(frame), 5)
    assert found is not None
    assert not found.exact
    sizes = Counter(generalise(frame, found.steps).itertuples(index=False, name=None))
    assert sum(n for n in sizes.values() if n < 5) == found.withheld <= 4
    assert suggest(frame.head(4), list(frame), 5) is None


PROJECT = {
    "legal_basis": "data use agreement of 2025, IRB 2025-017",
    "approver": "Executive Director",
    "expires": "2026-12-31",
    "consent": "not_required",
    "variables": ["race_ethnicity", "confirmed"],
    "receiver": "University of Example",
}
COLUMNS = [
    Column("marts.client_study", name, name, "-", None, None, tag)
    for name, tag in (("client_id", "quasi"), ("race_ethnicity", "quasi"), ("age", "quasi"), ("confirmed", "sensitive"),
                      ("nickname", "direct"), ("comment", "free_text"), ("new", None))
]  # fmt: skip
BUILD = ("20260101T020000Z-run", "0.1.0+abc", "cd" * 32)


def rows() -> pd.DataFrame:
    n = 40
    return pd.DataFrame(
        {
            "client_id": [f"C{number:02d}" for number in range(n)],
            "race_ethnicity": ["black", "latinx"] * (n // 2),
            "age": [12 + number % 9 for number in range(n)],
            "confirmed": [number % 4 == 0 for number in range(n)],
            "nickname": "x",
        }
    )


def hand_out(changes: dict[str, object], consented: frozenset[str] = frozenset(), policy: Policy | None = None):  # type: ignore[no-untyped-def]
    project = Project.model_validate(PROJECT | changes)
    ids = {f"C{number:02d}": f"P{(number * 7) % 40:02d}" for number in range(40)}
    grounds = Grounds("p", project, policy or Policy(), consented, TODAY, BUILD)
    chosen, receipt, report = release_rows(grounds, rows(), COLUMNS, ids)
    return to_csv(chosen), receipt, report


def test_a_release_holds_its_variables_under_its_own_ids_and_a_receipt() -> None:
    text, receipt, report = hand_out({})
    table = list(csv.reader(io.StringIO(text.decode())))
    assert table[0] == ["client_id", "race_ethnicity", "confirmed"]
    keys = [row[0] for row in table[1:]]
    assert len(keys) == 40
    assert keys == sorted(keys)
    assert set(keys).isdisjoint(rows()["client_id"])
    assert (receipt.clients, receipt.k, receipt.l) == (40, report.k, {"confirmed": 1})
    assert receipt.sha256 in receipt.as_json()
    assert receipt.build_id == BUILD[0]


@pytest.mark.parametrize("variable", ["nickname", "comment", "new", "absent", "client_id"])
def test_an_unknown_or_identifying_variable_is_refused(variable: str) -> None:
    with pytest.raises(ConfigError, match=f"projects/p.yml: variables: {variable}"):
        hand_out({"variables": ["race_ethnicity", variable]})


def test_rows_that_are_too_rare_are_refused_and_bands_or_leave_mend_it() -> None:
    with pytest.raises(DataError) as caught:
        hand_out({"variables": ["race_ethnicity", "age"]})
    assert (caught.value.code, caught.value.place.column) == ("RISK_TOO_HIGH", "age")
    assert hand_out({"variables": ["race_ethnicity", "age"], "bands": {"age": 50}})[1].k >= 3
    leave = {"zone": "research", "k": 1, "approver": "Executive Director", "reason": "expert opinion on file"}
    granted = Policy.model_validate({"overrides": [{**leave, "expires": "2026-06-30"}]})
    assert hand_out({"variables": ["race_ethnicity", "age"]}, policy=granted)[1].k < 3


def test_rows_that_stay_rare_are_withheld_up_to_the_share_and_levels_merged_by_the_policy() -> None:
    policy = Policy.model_validate({"collapse": {"race_ethnicity": [{"into": "any", "levels": ["black", "latinx"]}]}})
    text, receipt, _ = hand_out({"merge": ["race_ethnicity"]}, policy=policy)
    assert (receipt.k, receipt.withheld) == (40, 0)
    assert {line.split(",")[1] for line in text.decode().splitlines()[1:]} == {"any"}
    rare = {"variables": ["race_ethnicity", "age"], "bands": {"age": 5}}
    counts = Counter((row["race_ethnicity"], row["age"] // 5) for row in rows().to_dict("records"))
    few = sum(n for n in counts.values() if n < 5)
    assert 0 < few <= 8
    assert hand_out({**rare, "withhold": 0.2})[1].withheld == few
    with pytest.raises(ConfigError, match="bands: confirmed is none of the variables"):
        hand_out({"variables": ["race_ethnicity"], "bands": {"confirmed": 2}})
    with pytest.raises(ConfigError, match="no number"):
        hand_out({"bands": {"race_ethnicity": 2}})
    with pytest.raises(ConfigError, match="no steps of collapse"):
        hand_out({"merge": ["confirmed"]})


def test_without_consent_in_force_a_client_is_absent_and_counted() -> None:
    consented = frozenset(rows()["client_id"][:30])
    text, receipt, _ = hand_out({"consent": "recorded"}, consented)
    assert (receipt.clients, receipt.without_consent) == (30, 10)
    assert len(text.splitlines()) == 31
    with pytest.raises(DataError) as caught:
        hand_out({"consent": "recorded"}, frozenset())
    assert caught.value.code == "NO_CONSENT"


def test_consents_are_read_by_purpose_and_date(tmp_path: Path) -> None:
    path = tmp_path / "consent.csv"
    path.write_text(
        "client_id,purpose,granted_on,expires_on,withdrawn_on\n"
        "TX-00001,study,2025-01-01,2026-12-31,\n"
        "TX-00002,study,2025-01-01,2025-12-31,\n"
        "TX-00003,study,2025-01-01,2026-12-31,2025-06-01\n"
        "TX-00004,other,2025-01-01,2026-12-31,\n"
    )
    crosswalk = {f"TX-0000{number}": f"R{number}" for number in range(1, 5)}
    assert consented_clients(path, "study", TODAY, crosswalk) == {"R1"}
    path.write_text(path.read_text() + "TX-00005,study,Zorblatt,2026-12-31,\n")
    with pytest.raises(DataError) as caught:
        consented_clients(path, "study", TODAY, crosswalk)
    assert "Zorblatt" not in str(caught.value)
    assert caught.value.place.row == 6


@pytest.mark.parametrize("key", ["legal_basis", "approver", "expires", "consent", "variables", "receiver"])
def test_a_project_without_one_of_its_conditions_is_refused(tmp_path: Path, key: str) -> None:
    import yaml

    (tmp_path / "projects").mkdir()
    path = tmp_path / "projects" / "p.yml"
    path.write_text(yaml.safe_dump(PROJECT))
    assert load_project(tmp_path, "p", TODAY).receiver == PROJECT["receiver"]
    path.write_text(yaml.safe_dump({name: value for name, value in PROJECT.items() if name != key}))
    with pytest.raises(ConfigError, match=rf"projects/p\.yml: {key}"):
        load_project(tmp_path, "p", TODAY)
    path.write_text(yaml.safe_dump(PROJECT))
    with pytest.raises(ConfigError, match="ended"):
        load_project(tmp_path, "p", date(2027, 1, 1))
    with pytest.raises(ConfigError, match="no such project"):
        load_project(tmp_path, "../p", TODAY)


def test_two_projects_share_no_id_and_no_order() -> None:
    connection = duckdb.connect()
    connection.execute("create schema control")
    connection.execute("create table control.crosswalk as select 'R' || i as client_id from range(200) t(i)")
    first, second = project_ids(connection, "a"), project_ids(connection, "b")
    assert project_ids(connection, "a") == first
    assert set(first.values()).isdisjoint(second.values())
    assert set(first.values()).isdisjoint(first.keys())
    order = sorted(first, key=first.__getitem__)
    ranks = np.corrcoef([order.index(key) for key in sorted(second, key=second.__getitem__)], range(200))[0, 1]
    assert abs(ranks) < 0.25


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1+2", "@x", "\t=1", "\r=1", "\n=1", "＝1", "＋1", "－1", "＠1"])
def test_a_text_that_a_spreadsheet_would_run_is_made_harmless(text: str) -> None:
    assert neutral(text) == f"'{text}"
    written = to_csv(pd.DataFrame({"a": [text], "b": [-3.5]}))
    (_, row) = csv.reader(io.StringIO(written.decode(), newline=""))
    assert row == [f"'{text}", "-3.5"]


def test_plain_texts_stay_as_they_are() -> None:
    assert [neutral(text) for text in ("black", "", "1-2", "a=b")] == ["black", "", "1-2", "a=b"]
    assert to_csv(pd.DataFrame({"a": [None, 2.0], "b": "x"})).decode().splitlines() == ["a,b", ",x", "2.0,x"]


def test_r23_a_workbook_holds_formulas_as_texts_and_numbers_as_they_were(tmp_path: Path) -> None:
    from openpyxl import load_workbook

    from assets.ingest import load_feeds
    from assets.ingest.quarantine_book import write_quarantine_book

    connection = duckdb.connect()
    connection.execute("create schema control")
    connection.execute(
        "create table control.files as select 'ab' as file_token, 'intake' as kind, '=file.xlsx' as name"
    )
    connection.execute(
        "create table control.file_columns"
        " as select 'ab' as file_token, '@sheet' as sheet, '+column' as column_name, '+Column' as name"
    )
    connection.execute(
        "create table control.quarantine as select 'ab' as file_token, '@sheet' as sheet, 7 as row_number,"
        " '+column' as column_name, 'DATE_AMBIGUOUS' as rule_code, $cells as cells, 'open' as state",
        {"cells": json.dumps({"a": "=cmd|' /C calc'!A0", "b": "＝1+1", "c": "-3.5", "d": "\t=1", "e": "plain"})},
    )
    path = tmp_path / "quarantine.xlsx"
    assert write_quarantine_book(connection, load_feeds(PROJECT_ROOT / "config"), path) == 1
    book = load_workbook(path)
    cells = [cell for row in book["intake"].iter_rows(min_row=2) for cell in row if cell.value is not None]
    assert [cell.coordinate for cell in cells if cell.data_type == "f"] == []
    assert {"=file.xlsx · ab", "@sheet", "+Column", "=cmd|' /C calc'!A0", "-3.5"} <= {cell.value for cell in cells}
    assert [cell.data_type for cell in cells if cell.value == 7] == ["n"]
    assert not book.properties.creator
