"""A survey export of any shape becomes typed responses: columns by ImportId, answers as numbers, missing codes
apart."""

import json
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from assets.errors import DataError, Place
from assets.ingest.casting import CastColumn, Verdict, apply_verdicts
from assets.ingest.client_ids import normalise_client_id
from assets.ingest.config import Agency, Question, SurveyFeed
from assets.ingest.dates import DateReader
from assets.ingest.moments import read_moments, zoned
from assets.ingest.parsed import HeaderMap, Parsed, Quarantined, Sink
from assets.ingest.qualtrics_header import SurveyHeader
from assets.ingest.survey_map import DATED, IGNORED, SurveyMap, map_labels
from assets.ingest.survey_rows import RAW_NAMES, ZONE, plain_name
from assets.ingest.survey_ticks import ticked_choices
from assets.ingest.texts import fold

STATUS_WORDS: dict[str, int] = {
    "ip address": 0,
    "survey preview": 1,
    "survey test": 2,
    "imported": 4,
    "spam": 8,
    "survey preview spam": 9,
    "imported spam": 12,
    "offline": 16,
    "offline survey preview": 17,
    "ex": 32,
    "ex spam": 40,
    "ex offline": 48,
}
_TRUE = {"1", "true", "yes", "verdadero", "si", "wahr", "vrai"}
_FALSE = {"0", "false", "no", "falso", "falsch", "faux"}


@dataclass
class SurveyInput:
    """The responses of one file as columns by place, with their record numbers.

    Columns are texts (blank = None); a reader may hand over plain answers as whole numbers, moments as timestamps.
    """

    header: SurveyHeader
    columns: dict[int, pa.Array]
    row_numbers: pa.Array
    sheet: str | None = None


def load_survey(data: SurveyInput, survey: SurveyMap, agency: Agency, parsed: Parsed, sink: Sink) -> None:
    """Cast all responses and hand them to the sink.

    Raises :class:`DataError` ``MISSING_COLUMN``, ``UNKNOWN_LABEL`` or ``SCALE_MISMATCH``.
    """
    feed, header = survey.feed, data.header
    _describe(survey, data, parsed)
    _require(survey, header)
    n = len(data.row_numbers)
    blank = pa.nulls(n, pa.string())

    def texts(import_id: str) -> pa.Array:
        column = header.metadata(import_id)
        return data.columns[column.place] if column is not None else blank

    status = apply_verdicts(texts("status"), _status, pa.int32())
    finished = apply_verdicts(texts("finished"), _finished(texts("finished")), pa.bool_())
    in_words = _is_choice_text(texts("status"), texts("finished"))
    parsed.details["choice_text"] = in_words
    zone = header.time_zone
    reader = DateReader("mdy", agency.time_zone)
    moments = {name: read_moments(texts(name), reader) for name in DATED}
    recorded = moments["recordedDate"].values
    if recorded.null_count == n:
        recorded = moments["endDate"].values
    ids = data.columns[survey.client_id.place]
    client_ids = apply_verdicts(ids, lambda text: (normalise_client_id(text, agency.client_id), None), pa.string())
    _refuse_unknown_words(parsed, {"status": (texts("status"), status), "finished": (texts("finished"), finished)})
    progress = apply_verdicts(texts("progress"), _whole, pa.int32())
    duration = apply_verdicts(texts("duration"), _whole, pa.int32())
    _set_cells_apart(parsed, data, {"progress": progress, "duration": duration, **moments})
    items, reasons = _items(survey, data, in_words, parsed)
    bad = _unusable(survey, parsed, data, texts("_recordId"), moments["recordedDate"])
    utc, local = zoned(recorded, zone, agency.time_zone)
    arrays: dict[str, Any] = {
        "sheet": pa.repeat(pa.scalar(data.sheet, pa.string()), n),
        "row_number": data.row_numbers,
        "client_id_raw": ids,
        "client_id": client_ids.values,
        "response_id": texts("_recordId"),
        "start_date": moments["startDate"].values,
        "end_date": moments["endDate"].values,
        "recorded_date": moments["recordedDate"].values,
        "time_zone": pa.repeat(pa.scalar(zone, pa.string()), n),
        "recorded_at_utc": utc,
        "recorded_on": local,
        "status": status.values,
        "progress": progress.values,
        "duration_seconds": duration.values,
        "finished": finished.values,
        "user_language": texts("userLanguage"),
        "distribution_channel": texts("distributionChannel"),
        "missing_items": _told(reasons, n),
        "copy_quality": pa.repeat(pa.scalar(_quality(header, in_words), pa.int16()), n),
        **items,
    }
    table = pa.table(arrays)
    if bad:
        keep = pa.array([position not in bad for position in range(n)])
        table = table.filter(keep)
    _note_responses(parsed, table, zone)
    if (latest := pc.max(utc).as_py()) is not None:
        parsed.details["newest_entry_utc"] = latest
    parsed.rows_out += table.num_rows
    sink(feed.feed, table)
    _new_columns(survey, data, sink)


def _refuse_unknown_words(parsed: Parsed, columns: dict[str, tuple[pa.Array, CastColumn]]) -> None:
    """A status that is not understood could be a preview, a test or spam: the file stops with the list of its words."""
    for name, (texts, cast) in columns.items():
        if "UNMAPPED" in cast.noticed:
            words = {texts[place].as_py() for place in cast.noticed["UNMAPPED"]}
            parsed.details.setdefault("unknown_labels", {})[name] = sorted(words)
            raise DataError("UNKNOWN_LABEL", f"unknown words in {name}", Place(column=name))


def _set_cells_apart(parsed: Parsed, data: SurveyInput, columns: dict[str, CastColumn]) -> None:
    """Unreadable cells of Qualtrics' own columns wait alone; without its recorded date the whole response does."""
    for import_id, cast in columns.items():
        column = data.header.metadata(import_id)
        if column is None or import_id == "recordedDate":
            continue
        for code in ("NUMBER_INVALID", "DATE_INVALID", "DATE_AMBIGUOUS"):
            for place in cast.noticed.get(code, ()):
                name = RAW_NAMES[import_id]
                cells = {name: data.columns[column.place][place].as_py()}
                number = data.row_numbers[place].as_py()
                parsed.note(code, sheet=data.sheet, column=name)
                parsed.quarantined.append(Quarantined(data.sheet, number, name, code, cells, scope="cell"))


def _quality(header: SurveyHeader, in_words: bool) -> int:
    """How much one copy of a response tells: 2 when the zone is stated, 1 more for codes instead of words."""
    return 2 * (header.time_zone is not None) + (not in_words)


def _require(survey: SurveyMap, header: SurveyHeader) -> None:
    split = [column for found in survey.multi.values() for column in found.answers]
    wanted = [survey.client_id, *survey.items.values(), *split]
    keyed = header.generation in ("modern", "transitional")
    keys = [(c.import_id, c.choice_id) if keyed else fold(c.name) for c in header.columns if not c.is_metadata]
    for column in wanted:
        if keys.count((column.import_id, column.choice_id) if keyed else fold(column.name)) > 1:
            raise DataError("DUPLICATE_COLUMN", "two columns hold one question", Place(column=column.name))
    for found in survey.multi.values():
        if found.is_told_twice:
            raise DataError("DUPLICATE_COLUMN", "two columns hold one choice", Place(column=found.answers[0].name))
    lacking = [name for name in survey.feed.items if name not in survey.items]
    lacking += [name for name in survey.feed.multi if name not in survey.multi]
    lacking += [name for name in ("_recordId", "status", "finished") if header.metadata(name) is None]
    if lacking:
        raise DataError("MISSING_COLUMN", f"missing: {', '.join(lacking)}")


def _describe(survey: SurveyMap, data: SurveyInput, parsed: Parsed) -> None:
    header = data.header
    meaning = _meanings(survey)
    side = survey.side
    how = "import_id" if header.generation in ("modern", "transitional") else "name"
    columns = []
    for column in header.columns:
        target = meaning.get(column.place)
        kind = (
            how if target else "ignored" if column.import_id in IGNORED else "metadata" if column.is_metadata else "new"
        )
        kind = "side" if column.place in side else kind
        columns.append((column.name, target or (column.import_id if column.is_metadata else None), kind))
        if kind == "new" and column.name:
            parsed.note("NEW_COLUMN", column=f"column {column.place + 1}")
    parsed.headers.append(HeaderMap(data.sheet, 1, header.rows, tuple(columns)))


def _meanings(survey: SurveyMap) -> dict[int, str]:
    """Place of a column → the question that it holds."""
    meaning = {survey.client_id.place: "client_id", **{column.place: name for name, column in survey.items.items()}}
    return meaning | {column.place: name for name, found in survey.multi.items() for column in found.answers}


def _status(text: str) -> Verdict:
    if text.isdigit():
        return int(text), None
    found = STATUS_WORDS.get(fold(text))
    return (found, None) if found is not None else (None, "UNMAPPED")


def _finished(texts: pa.Array) -> Any:
    """0/1 or words; one SAV has 1 = False and 2 = True, told by a 2 among the values."""
    shifted = "2" in set(pc.unique(texts).to_pylist())

    def judge(text: str) -> Verdict:
        key = fold(text)
        if shifted and key in ("1", "2"):
            return key == "2", None
        if key in _TRUE:
            return True, None
        return (False, None) if key in _FALSE else (None, "UNMAPPED")

    return judge


def _is_choice_text(status: pa.Array, finished: pa.Array) -> bool:
    """Words in Status mean choice text; without Status, words in Finished do. Never told by digits in the answers."""
    for column in (status, finished):
        words = [text for text in pc.unique(column).to_pylist() if text]
        if words:
            return not all(word.lstrip("-").isdigit() for word in words)
    return False


def _whole(text: str) -> Verdict:
    try:
        return int(float(text)), None
    except (ValueError, OverflowError):
        return None, "NUMBER_INVALID"


def _items(
    survey: SurveyMap, data: SurveyInput, in_words: bool, parsed: Parsed
) -> tuple[dict[str, pa.Array], dict[int, dict[str, int]]]:
    feed = survey.feed
    unknown: dict[str, set[str]] = {}
    arrays: dict[str, pa.Array] = {}
    reasons: dict[int, dict[str, int]] = {}
    for name, question in feed.items.items():
        cells = data.columns[survey.items[name].place]
        if in_words:
            parsed.note("LABELS_DISAGREE", survey.contested.get(name, 0), column=name)
        by_label = {**survey.learned.get(name, {}), **map_labels(feed, question)} if in_words else {}
        if pa.types.is_integer(cells.type) and not in_words:
            cast = _plain_codes(cells, feed, question)
        else:
            cells = cells.cast(pa.string()) if pa.types.is_integer(cells.type) else cells
            cast = apply_verdicts(cells, _answer(feed, question, by_label, in_words=in_words), pa.int16())
        arrays[name] = cast.values
        for place in cast.noticed.get("DECLARED_MISSING", ()):
            text = _written(cells[place])
            reasons.setdefault(place, {})[name] = by_label[fold(text)] if fold(text) in by_label else int(float(text))
        parsed.note("DECLARED_MISSING", len(cast.noticed.get("DECLARED_MISSING", ())), column=name)
        if "UNKNOWN_LABEL" in cast.noticed:
            unknown[name] = {cells[p].as_py() for p in cast.noticed["UNKNOWN_LABEL"]}
        _out_of_scale(name, cells, cast, parsed, data)
    for name, found in survey.multi.items():
        parsed.note("LABELS_DISAGREE", survey.contested.get(name, 0) if in_words else 0, column=name)
        ticked = ticked_choices(feed, name, found, data.columns, survey.learned.get(name, {}), in_words=in_words)
        arrays[name] = ticked.values
        for place, code in ticked.missing.items():
            reasons.setdefault(place, {})[name] = code
        parsed.note("DECLARED_MISSING", len(ticked.missing), column=name)
        if ticked.unknown:
            unknown[name] = ticked.unknown
    if unknown:
        parsed.details["unknown_labels"] = {name: sorted(texts) for name, texts in unknown.items()}
        raise DataError(
            "UNKNOWN_LABEL", f"unknown answer texts in: {', '.join(unknown)}", Place(column=next(iter(unknown)))
        )
    return arrays, reasons


def _told(reasons: dict[int, dict[str, int]], n: int) -> pa.Array:
    """For each response, which questions were left open and with which declared code, as JSON."""
    if not reasons:
        return pa.nulls(n, pa.string())
    return pa.array([json.dumps(reasons[i]) if i in reasons else None for i in range(n)], pa.string())


def _written(cell: pa.Scalar) -> str:
    """A cell as its text, whatever a reader has made of it."""
    return str(cell.as_py())


def _plain_codes(cells: pa.Array, feed: SurveyFeed, question: Question) -> CastColumn:
    """Whole numbers judged as a column: what ``_answer`` says of each of them as a text."""
    declared = pc.is_in(cells, value_set=pa.array(sorted(feed.missing_codes), pa.int16()))
    inside = pc.and_(pc.greater_equal(cells, question.low), pc.less_equal(cells, question.high))
    outside = pc.fill_null(pc.and_not(pc.invert(inside), declared), False)
    noticed = {
        code: places
        for code, where in (("DECLARED_MISSING", declared), ("OUT_OF_RANGE", outside))
        if (places := pc.indices_nonzero(where).to_pylist())
    }
    if noticed:
        cells = pc.if_else(pc.or_(declared, outside), pa.scalar(None, pa.int16()), cells)
    return CastColumn(cells, noticed)


def _answer(feed: SurveyFeed, question: Question, by_label: dict[str, int], *, in_words: bool) -> Any:

    def numeric(text: str) -> Verdict:
        try:
            value = float(text)
        except ValueError:
            return None, "UNKNOWN_LABEL"
        if value in feed.missing_codes:
            return None, "DECLARED_MISSING"
        if value != int(value) or not question.low <= value <= question.high:
            return None, "OUT_OF_RANGE"
        return int(value), None

    def worded(text: str) -> Verdict:
        found = by_label.get(fold(text))
        if found is not None:
            if found in feed.missing_codes:
                return None, "DECLARED_MISSING"
            return (found, None) if question.low <= found <= question.high else (None, "OUT_OF_RANGE")
        if text.lstrip("-").isdigit() and int(text) in feed.missing_codes:
            return None, "DECLARED_MISSING"
        return None, "UNKNOWN_LABEL"

    return worded if in_words else numeric


def _out_of_scale(name: str, cells: pa.Array, cast: CastColumn, parsed: Parsed, data: SurveyInput) -> None:
    """Single answers outside the scale wait; a question most of whose answers lie outside was exported with other
    codes."""
    places = cast.noticed.get("OUT_OF_RANGE", [])
    answered = len(cells) - cells.null_count - len(cast.noticed.get("DECLARED_MISSING", ()))
    if len(places) >= 5 and len(places) * 2 > answered:
        raise DataError("SCALE_MISMATCH", "most answers lie outside the scale", Place(column=name))
    parsed.note("OUT_OF_RANGE", len(places), column=name)
    for place in places:
        held: dict[str, str | None] = {name: _written(cells[place])}
        number = data.row_numbers[place].as_py()
        parsed.quarantined.append(Quarantined(data.sheet, number, name, "OUT_OF_RANGE", held, scope="cell"))


def _unusable(survey: SurveyMap, parsed: Parsed, data: SurveyInput, ids: pa.Array, recorded: CastColumn) -> set[int]:
    """Responses without an ID of their own, or whose recorded date cannot be read."""
    bad: dict[int, tuple[str, str]] = {}
    for place in pc.indices_nonzero(pc.is_null(ids)).to_pylist():
        bad[place] = ("response_id", "MISSING_KEY")
    for code in ("DATE_INVALID", "DATE_AMBIGUOUS"):
        for place in recorded.noticed.get(code, ()):
            bad.setdefault(place, ("recorded_date", code))
    held = _meanings(survey) if bad else {}
    zone = {ZONE: data.header.time_zone} if data.header.time_zone else {}
    for place, (column, code) in sorted(bad.items()):
        cells = {
            plain_name(survey.feed, c.name, held.get(c.place, c.import_id)): _written(cell) if cell.is_valid else None
            for c in data.header.columns
            if c.import_id not in IGNORED
            for cell in [data.columns[c.place][place]]
        } | zone
        parsed.note(code, sheet=data.sheet, column=column)
        number, key = data.row_numbers[place].as_py(), ids[place].as_py()
        parsed.quarantined.append(Quarantined(data.sheet, number, column, code, cells, key=key))
    return set(bad)


def _note_responses(parsed: Parsed, table: pa.Table, zone: str | None) -> None:
    status = table.column("status")
    for bit, code in ((1, "PREVIEW"), (2, "TEST"), (8, "SPAM")):
        hits = pc.sum(pc.greater(pc.bit_wise_and(status, bit), 0)).as_py()
        parsed.note(code, int(hits or 0))
    real = pc.and_(pc.is_null(table.column("client_id")), pc.equal(pc.bit_wise_and(status, 11), 0))
    parsed.note("ID_UNMATCHED", int(pc.sum(real).as_py() or 0), column="client_id")
    if zone is None and table.num_rows:
        parsed.note("NO_TIME_ZONE")


def _new_columns(survey: SurveyMap, data: SurveyInput, sink: Sink) -> None:
    for column in survey.others:
        texts = data.columns.get(column.place)
        if texts is None or texts.null_count == len(texts):
            continue
        filled = pc.is_valid(texts)
        values = pc.filter(texts, filled)
        key = f"{column.import_id}/{column.choice_id}" if column.choice_id else column.import_id or column.name
        sink(
            "unmapped_cells",
            pa.table(
                {
                    "sheet": pa.array([data.sheet] * len(values), pa.string()),
                    "row_number": pc.filter(data.row_numbers, filled),
                    "column_name": pa.array([key] * len(values), pa.string()),
                    "value": values,
                }
            ),
        )
