"""Answers read as columns of numbers are what they are as texts, cell by cell."""

from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from assets.errors import DataError
from assets.home import PROJECT_ROOT
from assets.ingest.config import load_feeds
from assets.ingest.parsed import Parsed
from assets.ingest.survey_map import column_kinds, recognise_survey
from assets.ingest.survey_text import survey_columns, survey_header
from assets.ingest.surveys import load_survey
from assets.ingest.textfile import decode_text
from tests.faults.good import responses, survey_csv

FEEDS = load_feeds(Path(PROJECT_ROOT) / "config")
ANSWERS = st.sampled_from(
    ["1", "4", "7", "", " 3", "3 ", "05", "+5", "5.0", "-99", "-99.0", "-1", "8", "99", "1e1",
     "40000", "Neutral", "NA", "x"]
)  # fmt: skip
MOMENTS = st.sampled_from(
    ["2021-03-01 10:00:00", "2021-03-01", "2021-03-01 10", "3/1/2021 10:00", "2021-3-1 9:05:01", "2021-13-01 10:00:00",
     "2021-03-14 02:30:00", "2021-11-07 01:30:00", "", " 2021-03-01 10:00:00", "2021-03-01T10:00:00", "soon"]
)  # fmt: skip
USUAL = st.sampled_from(["1", "2", "7"])


def outcome(text: str, quick: bool) -> tuple:
    file, parsed, tables = decode_text(text.encode()), Parsed(), {}
    header = survey_header(file)
    survey = recognise_survey(header, FEEDS)
    try:
        data = survey_columns(file, header, parsed, column_kinds(survey, header) if quick else None)
        load_survey(data, survey, FEEDS.agency, parsed, lambda name, table: tables.setdefault(name, table.to_pylist()))
    except DataError as error:
        return error.code, parsed.details.get("unknown_labels")
    return tables, parsed.findings, parsed.quarantined, parsed.rows_read, parsed.structural, parsed.rows_out


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(st.one_of(USUAL, USUAL, ANSWERS), MOMENTS, MOMENTS, ANSWERS), min_size=1, max_size=12))
def test_one_odd_cell_changes_the_way_and_not_the_answer(cells) -> None:
    rows = responses(len(cells) + 2)
    for row, (answer, started, recorded, second) in zip(rows[1:], cells, strict=False):
        row |= {"QID2_1": answer, "startDate": started, "recordedDate": recorded}
        if len(cells) > 8:
            row["QID2_2"] = second
    text = survey_csv(rows)
    assert outcome(text, True) == outcome(text, False)


def test_plain_answers_come_as_numbers_and_nobody_reads_who_answered() -> None:
    file = decode_text(survey_csv(responses(5)).encode())
    header = survey_header(file)
    kinds = column_kinds(recognise_survey(header, FEEDS), header)
    data = survey_columns(file, header, Parsed(), kinds)
    types = {
        column.import_id: str(data.columns[column.place].type)
        for column in header.columns
        if column.place in data.columns
    }
    assert types["QID2_7"] == "int16"
    assert types["recordedDate"] == "timestamp[s]"
    assert not {"ipAddress", "recipientEmail", "locationLatitude"} & set(types)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 600), st.sampled_from(["America/Chicago", "Europe/Berlin", "Australia/Lord_Howe", "UTC"]))
def test_offsets_are_those_of_each_moment(start, zone) -> None:
    from datetime import datetime, timedelta
    from zoneinfo import ZoneInfo

    import pyarrow as pa

    from assets.ingest.moments import zoned

    first = datetime(2021, 1, 1) + timedelta(days=start)
    moments = [first + timedelta(minutes=47 * i) for i in range(150)]
    utc, local = zoned(pa.array(moments, pa.timestamp("s")), zone, "America/Chicago")
    for moment, found, day in zip(moments, utc.to_pylist(), local.to_pylist(), strict=True):
        there = moment.replace(tzinfo=ZoneInfo(zone))
        assert found == (moment - there.utcoffset())
        assert day == there.astimezone(ZoneInfo("UTC")).astimezone(ZoneInfo("America/Chicago")).date()
