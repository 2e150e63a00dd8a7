"""Reading large exports: ours (checked and cast; then also staged in DuckDB) against pandas' default reading.

``python -m benchmarks.ingest_bench [--xlsx 200000] [--csv 500000] [--sav 500000] [--repeat 3]``

Each reading runs in a process of its own; the table gives medians of wall seconds, processor seconds (children
included) and
peak resident memory, and their ratios (pandas / ours: above 1 means ours is faster or smaller).
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import zipfile
from datetime import date, datetime, timedelta
from pathlib import Path
from xml.sax.saxutils import escape

ROOT = Path(__file__).resolve().parent.parent
OURS = """
import sys, time, json, resource
def cpu():
    found = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in found)
from datetime import date
from pathlib import Path
import duckdb
from assets.ingest.config import load_feeds
from assets.ingest.load import Stage, settle_rows
from assets.ingest.parsed import Parsed
from assets.ingest.read import ReadContext, read_file
import pandas, pyarrow.compute, pyarrow.csv, pyreadstat, python_calamine
path, root = Path(sys.argv[1]), Path(sys.argv[2])
feeds = load_feeds(root / "config")
connection = duckdb.connect()
before, started = cpu(), time.perf_counter()
parsed, batches = Parsed(), []
stage = Stage(connection, feeds)
sink = stage.take if len(sys.argv) > 3 else lambda _table, batch: batches.append(batch)
read_file(path, ReadContext(feeds, date(2026, 1, 1), path.suffix), parsed, sink)
settle_rows(stage, parsed, False)
seconds, used = time.perf_counter() - started, cpu() - before
print(json.dumps([seconds, used, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, parsed.rows_out]))
"""
PANDAS = """
import sys, time, json, resource
def cpu():
    found = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in found)
from pathlib import Path
import pandas
path = Path(sys.argv[1])
before, started = cpu(), time.perf_counter()
reader = {".xlsx": pandas.read_excel, ".csv": pandas.read_csv, ".sav": pandas.read_spss}[path.suffix]
frame = reader(path)
seconds, used = time.perf_counter() - started, cpu() - before
print(json.dumps([seconds, used, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, len(frame)]))
"""
NOTES = [
    "Record ID", "Client ID", "Service Date", "Entered On", "Staff", "Contact Type", "Service Type", "Minutes",
    "Narrative",
]  # fmt: skip


def write_xlsx(path: Path, rows: int) -> None:
    """Case notes as Excel stores them: shared strings, real dates, a title line and the header in row 3."""
    strings: dict[str, int] = {}

    def shared(text: str) -> str:
        return f't="s"><v>{strings.setdefault(text, len(strings))}</v>'

    lines = [
        f'<row r="1"><c r="A1" {shared("Case notes 2021")}</c></row>',
        '<row r="3">' + "".join(f'<c r="{chr(65 + i)}3" {shared(name)}</c>' for i, name in enumerate(NOTES)) + "</row>",
    ]
    first = (date(2015, 1, 1) - date(1899, 12, 30)).days
    for i in range(rows):
        n, day = i + 4, first + i % 2500
        lines.append(
            f'<row r="{n}"><c r="A{n}"><v>{1_000_000 + i}</v></c><c r="B{n}" {shared(f"TX-{i % 2000:05d}")}</c>'
            f'<c r="C{n}" s="1"><v>{day}</v></c><c r="D{n}" s="2"><v>{day + 1.40625 + (i % 600) / 1440}</v></c>'
            f'<c r="E{n}" {shared(f"Worker S{i % 20:02d}")}</c><c r="F{n}" {shared("Communication with client")}</c>'
            f'<c r="G{n}" {shared("Referral | Group" if i % 2 else "Transportation")}</c>'
            f'<c r="H{n}"><v>{i % 120}</v></c>'
            f'<c r="I{n}" {shared(f"Invented note {i % 50_000}: a sentence of usual length about nothing.")}</c></row>'
        )
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    relations = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006/relationships"
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    parts = {
        "[Content_Types].xml": '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Default Extension="xml" ContentType="application/xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{kind}.sheet.main+xml"/>'
        f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{kind}.worksheet+xml"/>'
        f'<Override PartName="/xl/styles.xml" ContentType="{kind}.styles+xml"/>'
        f'<Override PartName="/xl/sharedStrings.xml" ContentType="{kind}.sharedStrings+xml"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{package}"><Relationship Id="r1" Type="{relations}/officeDocument" '
        'Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{main}" xmlns:r="{relations}"><sheets>'
        '<sheet name="Case Notes" sheetId="1" r:id="r1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{package}">'
        f'<Relationship Id="r1" Type="{relations}/worksheet" Target="worksheets/sheet1.xml"/>'
        f'<Relationship Id="r2" Type="{relations}/styles" Target="styles.xml"/>'
        f'<Relationship Id="r3" Type="{relations}/sharedStrings" Target="sharedStrings.xml"/></Relationships>',
        "xl/styles.xml": f'<styleSheet xmlns="{main}"><fonts count="1"><font/></fonts>'
        '<fills count="1"><fill><patternFill/></fill></fills>'
        '<borders count="1"><border/></borders><cellStyleXfs count="1"><xf/></cellStyleXfs><cellXfs count="3">'
        '<xf numFmtId="0"/><xf numFmtId="14" applyNumberFormat="1"/><xf numFmtId="22" applyNumberFormat="1"/>'
        "</cellXfs></styleSheet>",
        "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{main}"><sheetData>{"".join(lines)}</sheetData></worksheet>',
        "xl/sharedStrings.xml": f'<sst xmlns="{main}">'
        + "".join(f"<si><t>{escape(text)}</t></si>" for text in strings)
        + "</sst>",
    }
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in parts.items():
            archive.writestr(name, text)


def write_csv(path: Path, rows: int) -> None:
    """Responses to the MSPSS with three header rows."""
    from tests.faults.good import responses, survey_csv

    few = responses(1000)
    head, *lines = survey_csv(few).split("2021-", 1)
    block = ("2021-" + lines[0]).splitlines(keepends=True)
    with path.open("w", encoding="utf-8", newline="") as handle:
        handle.write(head)
        for i in range(rows):
            moment = datetime(2021, 1, 1) + timedelta(seconds=61 * i)
            day = block[i % 1000][:10]
            line = block[i % 1000].replace("R_invented", f"R_{i:07d}", 1)
            for minutes, clock in enumerate((f"{day} 10:00:00", f"{day} 10:09:00", f"{day} 10:09:01")):
                line = line.replace(clock, str(moment + timedelta(minutes=minutes)), 1)
            handle.write(line)


def write_sav(path: Path, rows: int) -> None:
    """The minimal data set with labels and user-missing values."""
    import numpy
    import pandas
    import pyreadstat

    from tests.faults.spss import MINIMAL

    chance = numpy.random.default_rng(7)
    frame = pandas.DataFrame({name: chance.integers(0, 50, rows).astype(float) for name in MINIMAL})
    frame["id"] = numpy.arange(rows, dtype=float)
    frame.loc[::10, "age"] = -99.0
    pyreadstat.write_sav(frame, str(path), missing_ranges={"age": [{"lo": -99, "hi": -99}]})


def measure(code: str, path: Path, repeat: int, *more: str) -> tuple[float, float, float, int]:
    """Median wall seconds, processor seconds and megabytes over ``repeat`` processes, and the rows read."""
    found = []
    for _ in range(repeat):
        command = [sys.executable, "-c", code, str(path), str(ROOT), *more]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
        found.append(json.loads(done.stdout.splitlines()[-1]))
    wall, used, megabytes, rows = zip(*found, strict=True)
    return statistics.median(wall), statistics.median(used), statistics.median(megabytes), rows[0]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, rows in (("xlsx", 200_000), ("csv", 500_000), ("sav", 500_000)):
        parser.add_argument(f"--{name}", type=int, default=rows, help="rows; 0 leaves it out")
    parser.add_argument("--repeat", type=int, default=3)
    chosen = parser.parse_args()
    columns = (
        "rows",
        "ours s",
        "+staged",
        "pandas s",
        "faster x",
        "cpu s",
        "pandas",
        "less x",
        "MB",
        "pandas",
        "smaller x",
    )
    print(f"{'file':<6}" + "".join(f"{name:>10}" for name in columns))
    with tempfile.TemporaryDirectory() as folder:
        for name, write in (("xlsx", write_xlsx), ("csv", write_csv), ("sav", write_sav)):
            rows = getattr(chosen, name)
            if not rows:
                continue
            path = Path(folder) / f"bench.{name}"
            write(path, rows)
            ours, our_cpu, our_size, read = measure(OURS, path, chosen.repeat)
            staged, _, _, _ = measure(OURS, path, chosen.repeat, "staged")
            theirs, their_cpu, their_size, _ = measure(PANDAS, path, chosen.repeat)
            times = (ours, staged, theirs, theirs / ours, our_cpu, their_cpu, their_cpu / our_cpu)
            sizes = f"{our_size:>10.0f}{their_size:>10.0f}{their_size / our_size:>10.2f}"
            print(f"{name:<6}{read:>10,}" + "".join(f"{value:>10.2f}" for value in times) + sizes)


if __name__ == "__main__":
    main()
