"""Maps, reason codes and their page: mistakes are told with file and key, and nothing drifts apart."""

import re
import shutil
from pathlib import Path

import pytest
import yaml

from assets.errors import ConfigError
from assets.ingest import load_feeds
from assets.ingest.reasons import REASONS, as_markdown


@pytest.fixture
def config(project_root: Path, tmp_path: Path) -> Path:
    shutil.copytree(project_root / "config", tmp_path / "config")
    return tmp_path / "config"


def test_the_shipped_maps_load_and_their_hash_follows_their_content(config: Path) -> None:
    first = load_feeds(config)
    assert set(first.all) == {
        "intake", "case_notes", "goal_plans", "survey_mspss", "survey_copse", "survey_urica", "minimal_dataset",
    }  # fmt: skip
    assert load_feeds(config).hash == first.hash
    form = config / "feeds" / "intake.yml"
    form.write_text(form.read_text(encoding="utf-8") + "# a word\n", encoding="utf-8")
    assert load_feeds(config).hash != first.hash


@pytest.mark.parametrize(
    ("file", "old", "new", "told"),
    [
        ("intake.yml", "type: date, required", "type: dat, required", r"intake\.yml: columns\.date_of_birth\.type"),
        (
            "intake.yml",
            "codes: county",
            "codes: countys",
            r"columns\.county\.codes: .*did you mean 'county'",
        ),
        ("intake.yml", "codes: county, ", "", r"columns\.county\.codes: .*a column of type code needs one"),
        (
            "intake.yml",
            "key: [record_id]",
            "key: [record]",
            r"key: this feed has no column 'record'; did you",
        ),
        ("intake.yml", "later: exit_date", "later: exit", r"order_rules\.\d\.later: this feed has no column 'exit'"),
        ("case_notes.yml", "format: table", "format: sheet", r"case_notes\.yml: format"),
        (
            "survey_mspss.yml",
            "labels: agreement}",
            "labels: agrement}",
            r"items\.mspss_1\.labels: .* mean 'agreement'",
        ),
        ("goal_plans.yml", "columns:", "colums:", r"goal_plans\.yml: colums: is no setting; did you mean 'columns'"),
        (
            "code_lists.yml",
            "gender:\n",
            "gender: none\nno_list:\n",
            r"lists\.yml: gender: must be a list of codes",
        ),
        ("code_lists.yml", ", en: Female", "", r"code_lists\.yml: gender\.codes\.\d\.en: "),
        ("goal_plans.yml", "  goal: {", "  order: {", r"goal_plans\.yml: .*'order'"),
        ("goal_plans.yml", "  goal: {", "  Goal Text: {", r"goal_plans\.yml: .*'Goal Text'"),
        ("code_lists.yml", "gender:\n", "gender: [\n", r"code_lists\.yml: line \d+"),
    ],
)
def test_a_mistake_names_file_and_key(config: Path, file: str, old: str, new: str, told: str) -> None:
    path = config / "feeds" / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ConfigError, match=told):
        load_feeds(config)


def test_a_map_that_still_names_sheets_loads_as_one_that_does_not(config: Path) -> None:
    plain = load_feeds(config).tables["intake"].model_dump()
    path = config / "feeds" / "intake.yml"
    path.write_text('sheets: ["Client Intake", "Intake*"]\n' + path.read_text(encoding="utf-8"), encoding="utf-8")
    assert load_feeds(config).tables["intake"].model_dump() == plain


def test_a_missing_file_is_named(config: Path) -> None:
    (config / "agency.yml").unlink()
    with pytest.raises(ConfigError, match=r"agency\.yml: the file is missing"):
        load_feeds(config)


def test_label_tables_hold_each_code_of_their_range_once(project_root: Path) -> None:
    for feed in load_feeds(project_root / "config").surveys.values():
        for name, item in feed.items.items():
            assert sorted(feed.labels[item.labels or ""]) == list(range(item.low, item.high + 1)), name


def test_no_spelling_of_a_code_list_means_two_codes(project_root: Path) -> None:
    from assets.ingest.texts import fold

    for name, code_list in load_feeds(project_root / "config").code_lists.items():
        meanings: dict[str, set[str]] = {}
        for entry in code_list.codes:
            for text in (entry.code, entry.en, entry.es, *entry.also):
                meanings.setdefault(fold(text), set()).add(entry.code)
        assert {text: codes for text, codes in meanings.items() if len(codes) > 1} == {}, name


@pytest.mark.shared
def test_label_tables_equal_the_agencys_codebook(shared_dir: Path, project_root: Path) -> None:
    import csv

    feeds = load_feeds(project_root / "config")
    with (shared_dir / "fixtures" / "agency" / "codebook.csv").open(encoding="utf-8", newline="") as handle:
        rows = list(csv.DictReader(handle))
    assert len(rows) == 26
    for row in rows:
        feed = feeds.surveys[f"survey_{row['survey'].lower()}"]
        item = feed.items[row["columns"].split("..")[0].lower()]
        label = feed.labels[item.labels or ""][int(row["code"])]
        assert (label.en, label.es) == (row["label_en"], row["label_es"])


def test_the_page_of_reason_codes_is_the_table_in_the_code(project_root: Path) -> None:
    assert (project_root / "docs" / "reason-codes.md").read_text(encoding="utf-8") == as_markdown()


def test_every_code_that_is_raised_has_a_sentence(project_root: Path) -> None:
    used = set()
    for path in (project_root / "assets" / "ingest").glob("*.py"):
        text = path.read_text(encoding="utf-8")
        used |= set(re.findall(r'(?:DataError|\.note|_notice)\(\s*(?:name, )?"([A-Z_]+)"', text))
    assert len(used) > 40
    assert used <= set(REASONS)
    assert all(reason.en and reason.es for reason in REASONS.values())


def test_every_column_of_the_workbook_feeds_is_tagged(project_root: Path) -> None:
    for name in ("intake", "case_notes", "goal_plans"):
        body = yaml.safe_load((project_root / "config" / "feeds" / f"{name}.yml").read_text(encoding="utf-8"))
        assert all("tag" in column for column in body["columns"].values())


def test_no_reserved_word_of_the_database_can_be_a_name() -> None:
    import duckdb

    from assets.ingest.names import is_name

    sql = "SELECT keyword_name FROM duckdb_keywords() WHERE keyword_category = 'reserved'"
    with duckdb.connect() as con:
        words = [row[0] for row in con.execute(sql).fetchall()]
    assert words
    assert [word for word in words if is_name(word)] == []


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"options": {0: {"en": "None", "es": "Ninguno"}}}, "multi.reached: 0 cannot be the code"),
        ({"options": {-99: {"en": "None", "es": "Ninguno"}}}, "a code is declared as missing"),
        ({"options": {1: {"en": "A", "es": "B"}, 2: {"en": "a", "es": "C"}}}, "two options have one label"),
        ({"options": {1: {"en": "A", "es": "B"}, 2: {"en": "C", "es": "D", "choice": 1}}}, "one choice number"),
        ({"options": {}}, "multi.reached.options"),
        ({"import_id": None}, "multi.reached.import_id"),
    ],
)
def test_a_multi_select_that_cannot_be_told_is_a_mistake_of_the_map(project_root, tmp_path, change, told) -> None:
    shutil.copytree(project_root / "config", tmp_path / "config")
    path = tmp_path / "config" / "feeds" / "survey_mspss.yml"
    body = yaml.safe_load(path.read_text("utf-8"))
    body["multi"] = {"reached": {"import_id": "QID5", "options": {1: {"en": "Phone", "es": "Teléfono"}}} | change}
    path.write_text(yaml.safe_dump(body, allow_unicode=True), "utf-8")
    with pytest.raises(ConfigError, match=told):
        load_feeds(tmp_path / "config")
