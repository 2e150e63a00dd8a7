"""SAV, CSV and XLSX give the same study; a bad file gives a reason code and never a cell's value."""

import json
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pyreadstat
import pytest

from assets.errors import ConfigError, DataError
from assets.study.replicate import records, replicate, results_json, write_csv
from assets.study.rows import COLUMNS
from assets.study.wide import read_wide

SPEC = """
id: id
missing_codes: [-99]
categories:
  stage: [pre, con, act]
  race: [white, black]
describe: [age, race, flag]
associations: [[race, stage]]
pairs: [{name: s, t0: s0, t6: s6}]
models:
  - {name: lin, family: ols, outcome: s0, predictors: [age, race, flag], missing: fiml}
  - {name: multi, family: multinomial, outcome: stage, reference: pre, predictors: [age]}
"""


@pytest.fixture
def table() -> pd.DataFrame:
    n = 40
    return pd.DataFrame(
        {
            "id": [float(i) for i in range(1, n + 1)],
            "age": [float(12 + (7 * i) % 10) for i in range(n)],
            "race": [float(1 + (i % 3 == 0)) for i in range(n)],
            "flag": [float(i % 2) for i in range(n)],
            "stage": [float(1 + (i * i) % 3) if i != 5 else -99.0 for i in range(n)],
            "s0": [round(3 + (i * 13 % 17) / 8, 3) if i != 9 else -99.0 for i in range(n)],
            "s6": [round(3.25 + (i * 11 % 19) / 8, 3) if i % 2 else -99.0 for i in range(n)],
        }
    )


@pytest.fixture
def files(tmp_path: Path, table: pd.DataFrame) -> dict[str, Path]:
    spec = tmp_path / "spec.yml"
    spec.write_text(SPEC)
    sav = tmp_path / "data.sav"
    ranges = {name: [-99] for name in ("stage", "s0", "s6")}
    labels = {"stage": {1: "Pre", 2: "Con", 3: "Act"}, "race": {1: "white", 2: "black"}}
    pyreadstat.write_sav(table, str(sav), missing_ranges=ranges, variable_value_labels=labels)
    text = table.copy()
    text["stage"] = text["stage"].map({1: "pre", 2: "con", 3: "act", -99: "-99"})
    text["race"] = text["race"].map({1: "white", 2: "black"})
    text["flag"] = text["flag"].map({0: "FALSE", 1: "TRUE"})
    csv = tmp_path / "data.csv"
    text.to_csv(csv, index=False)
    semicolon = tmp_path / "european.csv"
    text.to_csv(semicolon, index=False, sep=";", decimal=",")
    xlsx = tmp_path / "data.xlsx"
    book = openpyxl.Workbook()
    assert book.active is not None
    for line in [list(text.columns), *text.to_numpy(dtype=object).tolist()]:
        book.active.append(line)
    book.save(xlsx)
    return {"spec": spec, "sav": sav, "csv": csv, "european": semicolon, "xlsx": xlsx}


@pytest.mark.parametrize("kind", ["csv", "european", "xlsx"])
def test_every_format_gives_the_results_of_the_sav(files: dict[str, Path], kind: str) -> None:
    expected = json.loads(results_json(replicate(files["sav"], files["spec"])))
    found = json.loads(results_json(replicate(files[kind], files["spec"])))
    flag = [row for row in found["descriptives"] if row["variable"] == "flag"]
    assert [row["level"] for row in flag] == ["false", "true"]  # text TRUE is a boolean, code 1 a number
    for tables in (expected, found):
        tables["descriptives"] = [row for row in tables["descriptives"] if row["variable"] != "flag"]
        tables["normality"] = [row for row in tables["normality"] if row["variable"] != "flag"]
    assert found == expected


def test_every_table_has_the_columns_of_the_contract_in_order(files: dict[str, Path]) -> None:
    tables = replicate(files["sav"], files["spec"])
    assert list(tables) == list(COLUMNS)
    for name, columns in COLUMNS.items():
        assert list(tables[name].columns) == list(columns)


def test_user_missing_values_are_kept_apart(files: dict[str, Path]) -> None:
    wide = read_wide(files["sav"])
    assert wide.declared == {"stage": 1, "s0": 1, "s6": 20}
    assert wide.frame["s6"].isna().sum() == 20
    missing = replicate(files["sav"], files["spec"])["missingness"].set_index("variable")
    assert missing.loc["s6", ["n_missing", "n_declared"]].tolist() == [20, 20]


def test_results_json_has_null_and_full_precision(files: dict[str, Path], tmp_path: Path) -> None:
    tables = replicate(files["sav"], files["spec"])
    data = json.loads(results_json(tables))
    b = tables["coefficients"].loc[1, "b"]
    assert data["coefficients"][1]["b"] == b
    assert data["coefficients"][0]["beta"] is None
    assert data["coefficients"][0]["equation"] is None
    paths = write_csv(tables, tmp_path / "tables")
    again = pd.read_csv(tmp_path / "tables" / "coefficients.csv")
    assert again.loc[1, "b"] == b
    assert len(paths) == len(COLUMNS)
    assert records(tables["effect_tests"])[0]["term"] == "intercept"


def bad(tmp_path: Path, name: str, content: bytes) -> Path:
    path = tmp_path / name
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("a.csv", b"", "EMPTY_FILE"),
        ("a.csv", b"  \n\n", "EMPTY_FILE"),
        ("a.csv", b"id,,x\n1,SECRET,3\n", "HEADER_NOT_NAMED"),
        ("a.csv", b"id,x,x\n1,SECRET,3\n", "HEADER_REPEATED"),
        ("a.csv", b"id,x\n1,2,SECRET\n", "ROW_TOO_LONG"),
        ("a.sav", b"$FL2 SECRET", "UNREADABLE_SAV"),
        ("a.sav", b"SECRET", "NOT_A_TABLE"),
        ("a.xlsx", b"PK\x03\x04SECRET", "UNREADABLE_WORKBOOK"),
        ("a.bin", b"id\x00\x01SECRET", "NOT_A_TABLE"),
    ],
)
def test_a_bad_file_gives_a_reason_and_no_value(tmp_path: Path, name: str, content: bytes, code: str) -> None:
    with pytest.raises(DataError) as caught:
        read_wide(bad(tmp_path, name, content))
    assert caught.value.code == code
    assert "SECRET" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_a_truncated_sav_is_refused(files: dict[str, Path], tmp_path: Path) -> None:
    content = files["sav"].read_bytes()
    with pytest.raises(DataError, match="UNREADABLE_SAV"):
        read_wide(bad(tmp_path, "cut.sav", content[: len(content) // 2]))


def test_a_spec_that_does_not_fit_names_its_file(files: dict[str, Path]) -> None:
    files["spec"].write_text(SPEC.replace("outcome: s0", "outcome: s00"))
    with pytest.raises(ConfigError, match=r"spec\.yml: models\[0\]\.outcome: the table has no column 's00'.*'s0'"):
        replicate(files["sav"], files["spec"])


def test_real_spss_files(shared_dir: Path) -> None:
    for path in sorted((shared_dir / "fixtures/real/spss").glob("*.sav")):
        assert len(read_wide(path).frame) > 0
    wide = read_wide(shared_dir / "fixtures/real/spss/sample_user_missing.sav")
    blank = pd.read_csv(shared_dir / "fixtures/real/spss/sample_user_missing_expected_blank.csv", na_values="#NULL!")
    for name in ("mynum", "mylabl", "myord"):
        found: Any = wide.frame[name].astype(float)
        pd.testing.assert_series_equal(found, blank[name].astype(float))
