"""``outcomes erase`` on the home of a real night: every copy goes, the receipt is exact, old exports change nothing."""

import csv
import io
import json
import shutil
import zipfile
from pathlib import Path
from typing import Any

import duckdb
import openpyxl
import pytest
import yaml

from assets.home import PROJECT_ROOT, Home
from assets.publish.privacy.needles import Identities
from assets.publish.privacy.scanner import Scanner

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]  # three nights and two looks into every file
N = 30
PROJECT = {"legal_basis": "data use agreement of 2025", "approver": "Executive Director", "receiver": "University",
           "expires": "2099-12-31", "consent": "not_required", "variables": ["confirmed", "mspss_t0"]}  # fmt: skip


class Gone:
    """A home with one person in as many corners as a year would bring, and what they are called there."""

    def __init__(self, outcomes: Any, folder: Path) -> None:
        self.outcomes, self.folder = outcomes, folder
        self.home, self.config = Home(folder / "home"), folder / "config"
        shutil.copytree(Path(__file__).parents[2] / "config", self.config)
        made = outcomes(
            "sample", "--clients", str(N), "--seed", "23", "--out", folder / "in", "--inbox", self.home.inbox
        )
        assert made.code == 0, made.err
        assert self.call("run").code == 0
        with duckdb.connect(str(self.home.agency_db), read_only=True) as connection:
            self.id, self.name, self.research_id = connection.execute(
                "select r.client_id, r.client_name, c.client_id from raw.intake r join control.crosswalk c"
                " on c.source_client_id = r.client_id join raw.survey_mspss s on s.client_id = r.client_id"
                " order by 1 limit 1"
            ).fetchall()[0]
            self.responses = [
                row[0]
                for row in connection.execute(
                    "select response_id from raw.survey_mspss where client_id = ?", [self.id]
                ).fetchall()
            ]
        self.people = Identities(names=(self.name, *self.responses), ids=(self.id, self.research_id))

    def call(self, *arguments: Any) -> Any:
        return self.outcomes(*arguments, "--home", self.home.root, OUTCOMES_CONFIG=str(self.config))

    def fill(self) -> None:
        """A row of theirs that waits, a frozen publication, rows for a project, files that people left."""
        path = next(self.home.inbox.rglob("intake*.xlsx"))
        book = openpyxl.load_workbook(path)
        sheet = book["Client Intake"]
        header = {cell.value: cell.column for cell in sheet[5]}
        row = next(r for r in range(6, sheet.max_row) if sheet.cell(r, header["Client ID"]).value == self.id)
        sheet.cell(row, header["Date of Birth"]).value = "unreadable"
        sheet.cell(row, header["Record ID"]).value = "R-990001"
        sheet["A3"] = "Report run 2022-03-07 06:00"
        book.save(path.with_name("intake of march.xlsx"))
        assert self.call("run").code == 0
        assert Scanner(self.people).scan_bytes((self.home.agency / "quarantine.xlsx").read_bytes())
        assert self.call("freeze", "paper").code == 0
        (self.config / "projects").mkdir(exist_ok=True)
        (self.config / "projects" / "study.yml").write_text(yaml.safe_dump(PROJECT))
        assert self.call("release", "study").code == 0
        (self.home.agency / "extract.csv").write_text(f"{self.id},{self.name}\n")
        (self.home.agency / "holds.csv").write_text("client_id,until,reason\n")
        (self.home.agency / "consent.csv").write_text(
            f"client_id,purpose,granted_on,expires_on,withdrawn_on\n{self.id},study,2025-01-01,2026-12-31,\n"
        )

    def found(self) -> list[str]:
        """Paths of the home, without the inbox, in which the person still stands."""
        report = Scanner(self.people).scan([self.home.agency, self.home.research, self.home.public], self.home.root)
        own = {hit.label for hit in Scanner(self.people).scan([PROJECT_ROOT / "dbt_project"], PROJECT_ROOT).hits}
        return sorted({hit.path for hit in report.hits if not ("/dbt/" in hit.path and hit.label in own)})


@pytest.fixture(scope="module")
def erased(outcomes: Any, tmp_path_factory: pytest.TempPathFactory) -> tuple[Gone, dict[str, Any]]:
    gone = Gone(outcomes, tmp_path_factory.mktemp("erased"))
    gone.fill()
    before = gone.found()
    for place in ("agency/quarantine.xlsx", "agency/extract.csv", "agency/frozen", "agency/work", "research/"):
        assert any(path.startswith(place) for path in before), place
    done = gone.call("erase", gone.id.lower().replace("-", " "), "--yes")
    assert done.code == 0, done.err
    return gone, json.loads(done.out[done.out.index("{\n") : done.out.rindex("}") + 1])


def test_r31_after_an_erasure_the_scanner_finds_the_person_nowhere_but_where_the_receipt_says(
    erased: tuple[Gone, dict[str, Any]],
) -> None:
    gone, _ = erased
    assert {path.split("/")[1] for path in gone.found()} == {"frozen", "consent.csv"}
    with duckdb.connect(str(gone.home.agency_db), read_only=True) as connection:
        assert connection.execute("select count(*) from marts.client_study").fetchone() == (N - 1,)
        assert connection.execute("select bool_and(balanced) from quality.files").fetchone() == (True,)


def test_r33_the_receipt_is_exact_and_tells_what_is_left_to_people(erased: tuple[Gone, dict[str, Any]]) -> None:
    gone, receipt = erased
    assert (receipt["remaining_hits"], receipt["remaining_in"]) == (0, [])
    assert receipt["rows"]["control.quarantine"] >= 1
    assert {"quarantine.xlsx", "extract.csv"} <= set(receipt["other_files"])
    told = " ".join(receipt["not_reached"])
    for place in ("exports in the inbox", "frozen publication paper", "1 releases to projects", "consent.csv: remove"):
        assert place in told
    (stored,) = gone.home.agency.glob("erasures/*.json")
    assert json.loads(stored.read_text()) == receipt
    assert Scanner(gone.people).scan_bytes(stored.read_bytes()) == []


def test_r32_old_exports_in_other_shapes_do_not_bring_the_person_back(erased: tuple[Gone, dict[str, Any]]) -> None:
    gone, _ = erased
    inbox = gone.home.inbox
    book = openpyxl.load_workbook(next(inbox.rglob("intake*.xlsx")), read_only=True)
    rows = [row for row in book["Client Intake"].iter_rows(min_row=5, values_only=True) if row[0] != "Total"]
    text = io.StringIO()
    csv.writer(text).writerows(
        [[cell.date().isoformat() if hasattr(cell, "date") else cell for cell in row] for row in rows if any(row)]
    )
    (inbox / "clients again.csv").write_text(text.getvalue())
    (survey,) = (path for path in inbox.rglob("*") if "MSPSS" in path.name.upper() and path.is_file())
    content = survey.read_bytes()
    if survey.suffix == ".zip":
        with zipfile.ZipFile(survey) as archive:
            content = archive.read(archive.namelist()[0])
    with zipfile.ZipFile(inbox / "support again.zip", "w") as archive:
        archive.writestr("support again.csv", content + b"\n")
    done = gone.call("run", "--json")
    assert done.code == 0, done.out + done.err
    assert {path.split("/")[1] for path in gone.found()} == {"frozen", "consent.csv"}
    with duckdb.connect(str(gone.home.agency_db), read_only=True) as connection:
        seen = connection.execute(
            "select sum(rows_erased), bool_and(rows_read = rows_loaded + rows_quarantined + rows_duplicate"
            " + rows_structural + rows_erased) from control.files where name like '%again%'"
        ).fetchone()
        assert connection.execute("select count(*) from marts.client_study").fetchone() == (N - 1,)
    assert seen is not None
    assert seen[0] >= 2, "the intake row and the survey"
    assert seen[1]
