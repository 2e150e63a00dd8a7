"""Reading large exports: ours against pandas' default reading of the same file.

``python -m benchmarks.ingest_bench [--xlsx 200000] [--csv 500000] [--sav 500000] [--repeat 3] [--save]``

*read*: the file becomes typed columns in memory that DuckDB queries in place: recognised, decoded, every cell checked
against its map and cast, what does not fit set apart. Against ``pandas.read_excel``, ``read_csv``, ``read_spss`` as
they come, into a frame in memory.

*stored*: the same, then each row hashed, duplicates and conflicting keys set apart, and a table of a DuckDB file made
of the rest; an SPSS file as its long table, one row a case and variable. Against the frame of pandas put into a table
of a DuckDB file as it comes, columns of mixed cells as text. Ours is opened as the night opens it.

Readings take turns, each in a process of its own; medians of wall seconds, of processor seconds (children included)
and of peak resident memory, and their ratios (pandas / ours: above 1 means ours is faster or smaller). ``--save``
writes them to ``ingest_results.json``.
"""

import argparse
import json
import os
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
from assets.warehouse.database import attach_working
import pandas, pyarrow.compute, pyarrow.csv, pyreadstat, python_calamine
path, root = Path(sys.argv[1]), Path(sys.argv[2])
feeds = load_feeds(root / "config")
place = path.with_suffix(".duckdb")
connection = duckdb.connect()
attach_working(connection, place, place.parent / "spill", None)
before, started = cpu(), time.perf_counter()
parsed = Parsed()
stage = Stage(connection, feeds)
read_file(path, ReadContext(feeds, date(2026, 1, 1), path.suffix), parsed, stage.take)
if len(sys.argv) > 3:
    settle_rows(stage, parsed, False)
    connection.execute(f"CREATE TABLE typed AS SELECT * FROM {stage.tables[parsed.kind]}")
    connection.execute("CHECKPOINT")
rows = connection.execute(f"SELECT count(*) FROM {stage.tables[parsed.kind]}").fetchone()
seconds, used = time.perf_counter() - started, cpu() - before
print(json.dumps([seconds, used, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, parsed.rows_out]))
connection.close()
place.unlink()
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
if len(sys.argv) > 3:
    import duckdb
    place = path.with_suffix(".duckdb")
    connection = duckdb.connect(str(place))
    mixed = {name: str for name in frame.columns if frame[name].dtype == object}
    frame = frame.astype(mixed)  # DuckDB takes no column of numbers and texts
    connection.execute("CREATE TABLE typed AS SELECT * FROM frame")
    connection.execute("CHECKPOINT")
    connection.close()
    place.unlink()
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


def once(code: str, path: Path, *more: str) -> list[float]:
    """Wall seconds, processor seconds, megabytes and rows of one reading in its own process."""
    command = [sys.executable, "-W", "ignore", "-c", code, str(path), str(ROOT), *more]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    found: list[float] = json.loads(done.stdout.splitlines()[-1])
    return found


def compare(path: Path, repeat: int) -> dict[str, float]:
    """Medians over ``repeat`` rounds in which the readings take turns, and the ratios pandas / ours."""
    rounds = [[once(code, path, *more) for more in ((), ("stored",)) for code in (OURS, PANDAS)] for _ in range(repeat)]
    sides = ("read", "pandas_read", "stored", "pandas_stored")
    found: dict[str, float] = {"rows": rounds[0][0][3]}
    for unit, place in (("s", 0), ("cpu_s", 1), ("mb", 2)):
        median = {side: statistics.median(one[i][place] for one in rounds) for i, side in enumerate(sides)}
        found |= {f"{side}_{unit}": value for side, value in median.items()}
        for step in ("read", "stored"):
            found[f"{step}_{unit}_ratio"] = median[f"pandas_{step}"] / median[step]
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, rows in (("xlsx", 200_000), ("csv", 500_000), ("sav", 500_000)):
        parser.add_argument(f"--{name}", type=int, default=rows, help="rows; 0 leaves it out")
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--save", action="store_true", help="write ingest_results.json")
    chosen = parser.parse_args()
    results: dict[str, dict[str, float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, write in (("xlsx", write_xlsx), ("csv", write_csv), ("sav", write_sav)):
            rows = getattr(chosen, name)
            if not rows:
                continue
            path = Path(folder) / f"bench.{name}"
            # In a process of its own: a child's peak memory starts at what its parent held when it was made.
            writing = f"from pathlib import Path; from benchmarks.ingest_bench import {write.__name__} as write"
            code = f"{writing}; write(Path({str(path)!r}), {rows})"
            subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)
            results[name] = {key: round(value, 2) for key, value in compare(path, chosen.repeat).items()}
            print(name, json.dumps(results[name]), flush=True)
    if chosen.save:
        told = {"load_average": os.getloadavg(), "cores": os.cpu_count(), "rounds": chosen.repeat, "files": results}
        (ROOT / "benchmarks" / "ingest_results.json").write_text(json.dumps(told, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
