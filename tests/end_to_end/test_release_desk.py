"""``outcomes release`` and ``outcomes incident``: rows leave with grounds, a report and a receipt, or not at all."""

import csv
import getpass
import hashlib
import json
import shutil
import socket
import time
from pathlib import Path
from typing import Any

import duckdb
import pyreadstat
import pytest
import yaml

from assets.home import Home
from assets.publish.privacy.needles import Identities
from assets.publish.privacy.scanner import Scanner
from assets.publish.privacy.trail import entries, trail_path, verify_trail

PROJECT = {
    "legal_basis": "data use agreement of 2025, IRB 2025-017",
    "approver": "Executive Director",
    "receiver": "University of Example",
    "expires": "2099-12-31",
    "consent": "not_required",
    "variables": ["county_outlying", "confirmed", "mspss_t0"],
    "withhold": 0.05,
}


class Desk:
    """A home of its own after a good night, and a configuration whose projects a test writes."""

    def __init__(self, outcomes: Any, night: Any, folder: Path) -> None:
        self.outcomes, self.home, self.config = outcomes, Home(folder / "home"), folder / "config"
        shutil.copytree(night.home, self.home.root, symlinks=True)
        shutil.copytree(Path(__file__).parents[2] / "config", self.config)
        (self.config / "projects").mkdir(exist_ok=True)

    def release(self, *arguments: Any, **changes: Any) -> Any:
        content = {key: value for key, value in (PROJECT | changes).items() if value is not None}
        (self.config / "projects" / "study.yml").write_text(yaml.safe_dump(content))
        return self.outcomes("release", "study", "--home", self.home.root, *arguments, OUTCOMES_CONFIG=str(self.config))

    def incident(self, file: Any) -> Any:
        return self.outcomes("incident", file, "--home", self.home.root)


@pytest.fixture(scope="module")
def desk(outcomes: Any, night: Any, tmp_path_factory: pytest.TempPathFactory) -> Desk:
    return Desk(outcomes, night, tmp_path_factory.mktemp("desk"))


def handed(desk: Desk) -> int:
    return len(list((desk.home.agency / "releases").glob("*"))) if (desk.home.agency / "releases").exists() else 0


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"legal_basis": None}, "projects/study.yml: legal_basis"),
        ({"approver": None}, "projects/study.yml: approver"),
        ({"receiver": None}, "projects/study.yml: receiver"),
        ({"expires": None}, "projects/study.yml: expires"),
        ({"expires": "2020-01-01"}, "the agreement ended on 2020-01-01"),
        ({"consent": None}, "projects/study.yml: consent"),
        ({"consent": "recorded"}, "NO_CONSENT"),
        ({"variables": ["client_name"]}, "client_name is unknown or not to be released"),
        ({"variables": ["client_id"]}, "client_id is unknown or not to be released"),
        ({"variables": ["age", "race_ethnicity", "services_total"]}, "RISK_TOO_HIGH"),
    ],
)
def test_r30_without_one_of_its_conditions_nothing_is_handed_over(
    desk: Desk, changes: dict[str, Any], reason: str
) -> None:
    before = handed(desk)
    done = desk.release(**changes)
    assert done.code == 1
    assert reason in done.err
    assert handed(desk) == before
    *_, last = entries(trail_path(desk.home))
    assert (last["action"], last["zone"]) == ("refuse", "project")


def test_r21_a_refusal_says_how_easily_rows_are_recognised_and_what_would_mend_it(desk: Desk) -> None:
    done = desk.release(variables=["age", "race_ethnicity", "county_outlying"])
    assert done.code == 1
    for told in ("% are alone", "costs most", "to reach 5:", "% of the information lost"):
        assert told in done.err


def test_r36_a_release_has_a_receipt_and_its_hash_answers_an_incident(desk: Desk, tmp_path: Path, night: Any) -> None:
    done = desk.release("--out", tmp_path / "bundle")
    assert done.code == 0, done.err
    (receipt_file,) = desk.home.agency.glob("releases/study-*.json")
    receipt = json.loads(receipt_file.read_text())
    hashes = {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in (tmp_path / "bundle").iterdir()}
    assert receipt["files"] == hashes
    assert receipt["sha256"] == hashes["rows.csv"]
    assert receipt["variables"] == PROJECT["variables"]
    assert (receipt["receiver"], receipt["approver"]) == ("University of Example", "Executive Director")
    assert receipt["build_id"] == night.summary["build_id"]
    assert len(receipt["config_hash"]) == 64
    ledger = list(entries(desk.home.agency / "releases.jsonl"))
    assert receipt["ledger"] == ledger[-1]["hash"]
    risk = json.loads(receipt_file.with_suffix(".risk").read_text())
    assert (risk["k"], risk["n"]) == (receipt["k"], receipt["clients"])
    assert verify_trail(desk.home) == []
    began = time.monotonic()
    answer = desk.incident(tmp_path / "bundle" / "rows.csv")
    assert time.monotonic() - began < 60
    assert answer.code == 0
    assert "University of Example" in answer.out
    assert f"Clients    {receipt['clients']}" in answer.out
    again = desk.release("--out", tmp_path / "bundle")
    assert (again.code, "not empty" in again.err) == (1, True)
    assert desk.release("--out", desk.home.public / "rows").code == 1


def test_r09_the_bundle_names_no_place_machine_or_person_and_the_next_projects_ids_are_others(
    desk: Desk, tmp_path: Path, night: Any
) -> None:
    assert desk.release("--out", tmp_path / "one").code == 0
    shutil.copyfile(desk.config / "projects" / "study.yml", desk.config / "projects" / "other.yml")
    other = desk.outcomes("release", "other", "--home", desk.home.root, "--out", tmp_path / "two",
                          OUTCOMES_CONFIG=str(desk.config))  # fmt: skip
    assert other.code == 0, other.err
    people = Identities.read(night.home.parent / "sample" / "canaries.json")
    assert Scanner(people).scan([tmp_path / "one", tmp_path / "two"], tmp_path).hits == ()
    words = [str(desk.home.root), str(Path.home()), socket.gethostname()]
    words += [name for name in [getpass.getuser()] if len(name) > 4]
    whole = b"".join(path.read_bytes() for path in sorted(tmp_path.rglob("*")) if path.is_file())
    assert [word for word in words if word.encode() in whole] == []
    one, two = ([row[0] for row in csv.reader((tmp_path / name / "rows.csv").open())][1:] for name in ("one", "two"))
    assert len(one) == len(two) > 80
    assert set(one).isdisjoint(two)
    assert (one, two) == (sorted(one), sorted(two))


def test_r30_a_consent_that_was_withdrawn_takes_the_client_out_of_the_next_release(
    desk: Desk, tmp_path: Path, night: Any
) -> None:
    clients = sorted(night.truth["clients"])
    lines = [f"{client},study,2020-01-01,2099-12-31," for client in clients]
    consents = desk.home.agency / "consent.csv"
    header = "client_id,purpose,granted_on,expires_on,withdrawn_on"
    left = []
    for name, end in (("all", ""), ("one less", "2024-05-01")):
        consents.write_text("\n".join([header, lines[0] + end, *lines[1:]]) + "\n")
        assert desk.release("--out", tmp_path / name, consent="recorded").code == 0
        newest = max(desk.home.agency.glob("releases/study-*.json"), key=lambda path: path.stat().st_mtime_ns)
        receipt = json.loads(newest.read_text())
        assert receipt["clients"] + receipt["without_consent"] + receipt["withheld"] == 95
        left.append(receipt["without_consent"])
    assert left == [0, 1]


def test_r24_r36_the_sav_of_a_release_holds_the_cells_of_its_csv_and_no_word_more(
    desk: Desk, tmp_path: Path, night: Any
) -> None:
    variables = ["race_ethnicity", "confirmed", "minority", "age", "mspss_t0", "urica_stage_t0"]
    (desk.home.agency / "consent.csv").unlink(missing_ok=True)
    wide = {"bands": {"age": 20}, "merge": ["race_ethnicity"], "withhold": 0.2}
    done = desk.release("--out", tmp_path / "rows", variables=variables, **wide)
    assert done.code == 0, done.err
    path = tmp_path / "rows" / "rows.sav"
    frame, meta = pyreadstat.read_sav(str(path), user_missing=True)
    with (tmp_path / "rows" / "rows.csv").open(newline="") as file:
        told = list(csv.DictReader(file))
    assert list(frame.columns) == ["client_id", *variables]
    assert len(frame) == len(told) > 70
    missing = 0
    for name in frame.columns:
        labels = meta.variable_value_labels.get(name, {})
        for value, row in zip(frame[name].tolist(), told, strict=True):
            if row[name] == "":
                missing += 1
                assert value != value, "system-missing: the reason was not asked for"  # noqa: PLR0124
            elif isinstance(value, str):
                assert value == row[name]
            elif row[name] in {"True", "False"}:
                assert labels[value] == {"True": "Yes", "False": "No"}[row[name]]
            elif labels:
                assert labels[value] == row[name]
            else:
                assert value == float(row[name])
    assert missing > 0
    assert (meta.notes, meta.file_label) == ([], "Rows released to a project, one a client")
    assert meta.missing_ranges == {}
    assert all(meta.column_names_to_labels.values())
    people = Identities.read(night.home.parent / "sample" / "canaries.json")
    assert Scanner(people).scan([path], tmp_path).clean
    with duckdb.connect(str(desk.home.research_db), read_only=True) as connection:
        others = [row[0] for row in connection.execute("select client_id from marts.client_study").fetchall()]
    assert Scanner(Identities(ids=tuple(others))).scan([path], tmp_path).clean, "another project's IDs"
    answer = desk.incident(path)
    assert (answer.code, f"Clients    {len(frame)}" in answer.out) == (0, True)


@pytest.mark.parametrize(
    ("find", "told", "clients"),
    [
        (lambda home: home.research_db.resolve(), "the research database", "95"),
        (lambda home: home.agency_db.resolve(), "the agency database", "95"),
        (lambda home: next(home.inbox.rglob("intake*.xlsx")), "an original export", "95"),
        (lambda home: (home.public / "report.html").resolve(), "public zone", "0"),
    ],
)  # fmt: skip
def test_r40_every_file_of_the_home_is_known_by_its_hash(desk: Desk, find: Any, told: str, clients: str) -> None:
    file = find(desk.home)
    for asked in (file, hashlib.sha256(file.read_bytes()).hexdigest()[:12]):
        done = desk.incident(asked)
        assert done.code == 0, done.err
        assert told in done.out
        assert f"Clients    {clients}" in done.out


def test_r40_a_file_of_others_is_told_so(desk: Desk, project_root: Path) -> None:
    assert desk.incident(project_root / "README.md").code == 1
    assert desk.incident("not a hash").code == 2


def test_r20_less_than_the_floor_is_refused_without_leave_and_watermarked_with_it(desk: Desk) -> None:
    path = desk.config / "disclosure.yml"
    shipped = path.read_text()
    ask = ("public-table", "--rows", "classification", "--home", desk.home.root)
    try:
        path.write_text(shipped.replace("k: 11 ", "k: 5 "))
        refused = desk.outcomes(*ask, OUTCOMES_CONFIG=str(desk.config))
        leave = "{zone: public, k: 5, approver: Director of Evaluation, reason: the protocol allows it"
        leave += ", expires: 2099-01-01}"
        path.write_text(path.read_text().replace("overrides: []", f"overrides:\n  - {leave}"))
        granted = desk.outcomes(*ask, OUTCOMES_CONFIG=str(desk.config))
    finally:
        path.write_text(shipped)
    assert (refused.code, "override with approver, reason" in refused.err) == (1, True)
    assert (granted.code, "by leave of Director of Evaluation" in granted.out) == (0, True)
