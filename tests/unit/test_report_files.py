"""The word-processor file and the figures: the page's cells, the page's drawings, and no trace of who made them."""

import io
import re
import xml.etree.ElementTree as ET
import zipfile
from typing import Any

import pytest
from docx import Document as read_docx

from assets.publish.report import ReportContext, figure_files, render_docx
from assets.publish.report.table import ReportTable, Row
from assets.publish.report.text import to_plain
from assets.publish.report.word import widths
from tests.unit import report_samples as samples
from tests.unit.test_report_tables import built


@pytest.fixture(scope="module")
def content() -> bytes:
    return render_docx(samples.study_tables(), samples.context())


def printed_rows(table: Any) -> list[list[str]]:
    """The cells of a Word table; a merged cell once."""
    return [[cell.text for cell in dict.fromkeys(row.cells)] for row in table.rows]


def test_the_file_holds_every_cell_of_the_numbered_tables(content: bytes) -> None:
    document = read_docx(io.BytesIO(content))
    tables = built()
    assert len(document.tables) == len(tables) == 8
    for word, table in zip(document.tables, tables, strict=True):
        printed = [[cell.text for cell in row.cells] for row in word.rows]
        for row in table.rows:
            assert [to_plain(text) for text in (row.label, *row.cells)] in printed
        head = printed_rows(word)[1 if any(column.spanner for column in table.columns) else 0]
        assert head == [table.stub, *(to_plain(column.label) for column in table.columns)]
    paragraphs = "\n".join(paragraph.text for paragraph in document.paragraphs)
    for table in tables:
        assert f"{table.number}\n{table.title}\n" in paragraphs
        assert to_plain("Note. " + " ".join(table.notes)) in paragraphs


def test_groups_are_headings_across_the_table(content: bytes) -> None:
    multinomial = printed_rows(read_docx(io.BytesIO(content)).tables[6])
    assert ["Contemplation versus pre-contemplation"] in multinomial
    assert multinomial[0][1:] == ["Maximum likelihood", "Firth"]


def test_the_zone_stands_on_every_page(content: bytes) -> None:
    section = read_docx(io.BytesIO(content)).sections[0]
    assert section.header.paragraphs[0].text == samples.context().banner


def test_statistical_symbols_are_italic(content: bytes) -> None:
    notes = [paragraph for paragraph in read_docx(io.BytesIO(content)).paragraphs if "F(5, 84)" in paragraph.text]
    assert {run.text for run in notes[0].runs if run.italic} >= {"Note.", "F", "p", "R", "n"}


def test_same_input_same_bytes_and_no_origin(content: bytes) -> None:
    assert render_docx(samples.study_tables(), samples.context()) == content
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert {member.date_time for member in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert not [name for name in archive.namelist() if "thumbnail" in name]
        core = archive.read("docProps/core.xml").decode()
        everything = b"".join(archive.read(name) for name in archive.namelist())
    assert "python-docx" not in core
    assert set(re.findall(r"<(?:dc:creator|cp:lastModifiedBy)[^>]*>([^<]*)<", core)) <= {""}
    assert set(re.findall(r"W3CDTF\">(\d{4}-\d\d-\d\d)", core)) == {"2000-01-01"}
    assert b"/home/" not in everything


def test_a_label_with_control_characters_does_not_break_the_file() -> None:
    context = samples.context(labels={"age": "Age\x00\x0b <&>\ue000 \ud800"}, title="\x01<title>")
    document = read_docx(io.BytesIO(render_docx(samples.study_tables(), context)))
    assert "Age <&>" in [row.cells[0].text for row in document.tables[0].rows]


def test_without_tables_the_file_says_so() -> None:
    document = read_docx(io.BytesIO(render_docx({}, ReportContext(title="Nothing"))))
    assert document.tables == []
    assert "No variable was described." in [paragraph.text for paragraph in document.paragraphs]


def test_no_table_is_wider_than_its_page() -> None:
    for table in built():
        assert sum(widths(table)) <= 9.4 + 1e-9
    wide = built()[6]
    longer = ReportTable(
        wide.anchor, wide.number, wide.title, wide.stub, wide.columns, (Row("word " * 60, ("9" * 20,) * 12),)
    )
    assert sum(widths(longer)) <= 9.4 + 1e-9
    assert min(widths(longer)) > 0.2


def test_figures_are_files_of_their_own_and_repeat() -> None:
    tables, context = samples.study_tables(), samples.context()
    files = figure_files(tables, context)
    assert list(files) == ["flow-of-n.svg", "paired-scores.svg", "coefficient-forest.svg"]
    assert files == figure_files(tables, context)
    for content in files.values():
        root = ET.fromstring(content)
        assert root.tag == "{http://www.w3.org/2000/svg}svg"
        assert not [element for element in root.iter() if element.tag.endswith(("script", "image", "metadata"))]
    assert figure_files({}, context) == {}


def test_figures_tell_the_numbers_they_draw() -> None:
    texts = {
        name: " ".join("".join(ET.fromstring(content).itertext()).split())
        for name, content in figure_files(samples.study_tables(), samples.context()).items()
    }
    for number in ("95", "93", "30", "2 without a real response in the window"):
        assert number in texts["flow-of-n.svg"]
    for number in ("4.91", "5.01", "n = 30, z = −1.15, p = .252", "p < .001"):
        assert number in texts["paired-scores.svg"]
    # β of age with the interval of B on its scale: -.3497 × .32/.2155 and -.0813 × .32/.2155
    for number in ("−0.32 [−0.52, −0.12]", "1.43 [0.88, 2.33]", "1.36 [0.85, 2.18]", "β, n = 90", "OR, n = 49"):
        assert number in texts["coefficient-forest.svg"]


def test_a_matplotlibrc_does_not_change_the_figures() -> None:
    import matplotlib

    tables, context = samples.study_tables(), samples.context()
    plain = figure_files(tables, context)
    with matplotlib.rc_context({"font.size": 30, "svg.fonttype": "path", "axes.facecolor": "red"}):
        assert figure_files(tables, context) == plain


def test_responses_of_a_survey_are_one_bar_with_its_reasons() -> None:
    tables = samples.study_tables()
    rows = [
        ("mspss responses received", 148, None),
        ("mspss responses left out", 8, "outside_all_windows"),
        ("mspss responses left out", 26, "preview"),
        ("mspss responses used at t0", 86, None),
        ("mspss responses used at t6", 28, None),
        ("clients without an intake date", 1, "no_intake_date"),
        ("mspss: t0", 84, "scored at the first wave"),
        ("mspss: t6", 28, "scored at the second wave"),
        ("mspss: both", 26, "scored at both waves"),
        ("model readiness", 47, "48 left out: outcome or a predictor missing"),
    ]
    tables["participant_flow"] = tables["participant_flow"].iloc[:0].copy()
    for row in rows:
        tables["participant_flow"].loc[len(tables["participant_flow"])] = row
    text = " ".join("".join(ET.fromstring(figure_files(tables, samples.context())["flow-of-n.svg"]).itertext()).split())
    assert "86 used at 0 months; 28 used at 6 months; left out: 26 preview, 8 outside all windows" in text
    assert "84 / 28 / 26" in text
    assert "URICA stage, 0 months" in text
    assert "48 left out: outcome or a predictor missing" in text
