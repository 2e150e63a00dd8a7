"""Texts become values by the column's declared type, never by a guess from the first rows.

A cast works on the distinct texts of a column: a year of case notes repeats a few hundred dates and eight contact
types, so
each is judged once (6,300 notes: 20 ms instead of 210 ms cell by cell).
"""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from assets.ingest.client_ids import is_damaged_id, normalise_client_id
from assets.ingest.config import Agency, CodeList, Column
from assets.ingest.dates import DateReader
from assets.ingest.multi import split_multi
from assets.ingest.texts import INVISIBLE, fold

EPOCH_DAYS = 1462
Verdict = tuple[Any, str | None]
"""A value and the reason code of what was noticed, if anything."""

ARROW_TYPES: dict[str, pa.DataType] = {
    "text": pa.string(),
    "id": pa.string(),
    "client_id": pa.string(),
    "date": pa.date32(),
    "month": pa.date32(),
    "datetime": pa.timestamp("s"),
    "integer": pa.int32(),
    "number": pa.float64(),
    "code": pa.string(),
    "multi": pa.string(),
}


@dataclass
class CastColumn:
    """A typed column, and for each noticed row (position in the batch) its reason code.

    ``contradicted``: a date among them cannot be in the declared order.
    """

    values: pa.Array
    noticed: dict[str, list[int]] = field(default_factory=dict)
    contradicted: bool = False


@dataclass(frozen=True)
class CastContext:
    """What casts need beside the column: the agency, the code lists, the file's dates."""

    agency: Agency
    code_lists: dict[str, CodeList]
    dates: DateReader
    latest: date


def cast_column(texts: pa.Array | pa.ChunkedArray, column: Column, context: CastContext) -> CastColumn:
    """Cast a text column (None = blank cell) to the type ``column`` declares; same length, same order.

    One date that cannot be in the declared order (a 25th month) makes every exchangeable text date of the column
    doubtful: they wait together, none is guessed. Where ``context.dates`` is contradicted already they do so as well.
    """
    if column.type == "text":
        return CastColumn(texts)
    whole = _whole(texts, column, context.latest)
    if whole is not None:
        return CastColumn(whole)
    contradicted = False
    if column.type in ("date", "datetime", "month"):
        order = context.dates
        contradicted = any(order.contradicts(text) for text in pc.unique(texts).to_pylist() if text)
        context = replace(context, dates=replace(order, contradicted=order.contradicted or contradicted))
    cast = apply_verdicts(
        texts, caster(column, context), ARROW_TYPES[column.type], blank="" if column.type == "multi" else None
    )
    return replace(cast, contradicted=contradicted)


_PLAIN_ID = r"^[0-9]{1,15}$"
_PLAIN_MOMENT = r"^[1-9][0-9]{3}-[0-9]{2}-[0-9]{2}( [0-9]{2}:[0-9]{2}:[0-9]{2})?$"


def _whole(texts: pa.Array | pa.ChunkedArray, column: Column, latest: date) -> pa.Array | None:
    """A column of record IDs or moments in which nothing is to be noticed, cast by Arrow; None where texts must be
    judged.

    They are hardly ever the same twice: judging them one by one took a third of reading a workbook.
    """
    plain = {"id": _PLAIN_ID, "date": _PLAIN_MOMENT, "datetime": _PLAIN_MOMENT}.get(column.type)
    if plain is None or not pc.all(pc.match_substring_regex(texts, plain)).as_py():
        return None
    if column.type == "id":
        return texts
    try:
        moments = pc.cast(texts, pa.timestamp("s"))
    except pa.ArrowInvalid:  # a month 13 among them
        return None
    days = pc.cast(moments, pa.date32())
    span = pc.min_max(days).as_py()
    if span["min"] is None or (column.not_future and span["max"] > latest):
        return None
    if column.not_before is not None and span["min"] < column.not_before:
        return None
    return moments if column.type == "datetime" else days


def apply_verdicts(
    texts: pa.Array | pa.ChunkedArray, judge: Callable[[str], Verdict], arrow_type: pa.DataType, blank: Any = None
) -> CastColumn:
    """Judge each distinct text once and spread the verdicts over the column; blank cells become ``blank``."""
    whole = texts.combine_chunks() if isinstance(texts, pa.ChunkedArray) else texts
    coded = whole.dictionary_encode()
    # A trimmed dictionary may hold an empty word that no row points at.
    verdicts = [judge(text) if text else (None, None) for text in coded.dictionary.to_pylist()]
    values = pa.array([value for value, _ in verdicts], type=arrow_type).take(coded.indices)
    if blank is not None:
        values = pc.if_else(pc.is_null(whole), pa.scalar(blank, arrow_type), values)
    noticed: dict[str, list[int]] = {}
    codes = [code for _, code in verdicts]
    if any(codes):
        found = pa.array(codes, type=pa.string()).take(coded.indices)
        for code in sorted({c for c in codes if c}):
            noticed[code] = pc.indices_nonzero(pc.fill_null(pc.equal(found, code), False)).to_pylist()
    return CastColumn(values, noticed)


def caster(column: Column, context: CastContext) -> Callable[[str], Verdict]:
    """The judge of one text for this column."""
    makers: dict[str, Callable[[Column, CastContext], Callable[[str], Verdict]]] = {
        "id": lambda _c, _x: _record_id,
        "client_id": _client_id,
        "date": _date,
        "month": _date,
        "datetime": _datetime,
        "integer": _number,
        "number": _number,
        "code": _code,
        "multi": _multi,
    }
    return makers[column.type](column, context)


def _record_id(text: str) -> Verdict:
    if len(text) <= 15 and text.isascii() and text.isdigit():
        return text, None
    if is_damaged_id(text):
        return None, "ID_DAMAGED"
    plain = unicodedata.normalize("NFC", text.translate(INVISIBLE)).strip()
    return re.sub(r"(?<=\d)\.0+$", "", plain) or None, None if plain else "MISSING_KEY"


def _client_id(_column: Column, context: CastContext) -> Callable[[str], Verdict]:
    rule = context.agency.client_id
    pattern = rule.pattern

    def judge(text: str) -> Verdict:
        if pattern.fullmatch(text):
            return text, None
        if is_damaged_id(text):
            return None, "ID_DAMAGED"
        found = normalise_client_id(text, rule)
        return (found, "ID_NORMALISED") if found else (None, "ID_UNREADABLE")

    return judge


def _date(column: Column, context: CastContext) -> Callable[[str], Verdict]:
    reader, latest = context.dates, context.latest

    def judge(text: str) -> Verdict:
        value, code = reader.read_date(text, month_only=column.type == "month")
        if value is None:
            return None, code
        return value, _range_of(value, column, latest) or code

    return judge


def _datetime(column: Column, context: CastContext) -> Callable[[str], Verdict]:
    reader, latest = context.dates, context.latest

    def judge(text: str) -> Verdict:
        value, code = reader.read_datetime(text)
        if value is None:
            return None, code
        return value, _range_of(value.date(), column, latest) or code

    return judge


def _range_of(value: date, column: Column, latest: date) -> str | None:
    if column.not_future and value > latest:
        # A note dated next month is a slip; one dated years ahead that lands in the past without the 1,462 days between
        # Excel's two epochs was pasted from a workbook of the other kind.
        shifted = value - timedelta(days=EPOCH_DAYS)
        return "DATE_EPOCH" if (value - latest).days > 365 and shifted <= latest else "DATE_FUTURE"
    if column.not_before is not None and value < column.not_before:
        return "DATE_TOO_OLD"
    return None


_PLAIN_NUMBER = re.compile(r"-?\d+(\.\d+)?([eE][+-]?\d+)?")
_US = re.compile(r"-?\d{1,3}(,\d{3})+(\.\d+)?")
_DECIMAL_COMMA = re.compile(r"-?(\d{1,3}(\.\d{3})+|\d+),\d+")


def _number(column: Column, _context: CastContext) -> Callable[[str], Verdict]:
    whole = column.type == "integer"

    def judge(text: str) -> Verdict:
        plain, noticed = text, None
        if not _PLAIN_NUMBER.fullmatch(plain):
            noticed = "NUMBER_TEXT"
            plain = plain.strip("$€% \u00a0")
            if column.decimal_comma and _DECIMAL_COMMA.fullmatch(plain):
                plain = plain.replace(".", "").replace(",", ".")
            elif _US.fullmatch(plain):
                plain = plain.replace(",", "")
            if not _PLAIN_NUMBER.fullmatch(plain):
                return None, "NUMBER_INVALID"
        value = float(plain)
        if whole and not (abs(value) < 2**31 and value == int(value)):
            return None, "NUMBER_INVALID"
        if (column.low is not None and value < column.low) or (column.high is not None and value > column.high):
            return None, "OUT_OF_RANGE"
        return (int(value) if whole else value), noticed

    return judge


_MONTHS = "jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|ene|abr|ago|dic"
_EXCEL_DATE = re.compile(rf"(?:{_MONTHS})-\d{{1,4}}|\d{{1,2}}-(?:{_MONTHS})(?:-\d{{2,4}})?|\d{{4}}-\d{{2}}-\d{{2}}.*")


def _code(column: Column, context: CastContext) -> Callable[[str], Verdict]:
    code_list = context.code_lists[column.codes or ""]
    spellings = code_list.spellings()
    usual = {fold(text) for entry in code_list.codes for text in (entry.en, entry.es, entry.code)}

    def judge(text: str) -> Verdict:
        key = fold(text)
        found = spellings.get(key)
        if found is not None:
            return found, None if key in usual else "ALIAS"
        if _EXCEL_DATE.fullmatch(key):
            return None, "EXCEL_DATE"
        if column.strict:
            return None, "UNKNOWN_CODE"
        return "unmapped", "UNMAPPED"

    return judge


def _multi(column: Column, context: CastContext) -> Callable[[str], Verdict]:
    code_list = context.code_lists[column.codes or ""]
    spellings = code_list.spellings()
    order = {entry.code: place for place, entry in enumerate(code_list.codes)} | {"unmapped": len(code_list.codes)}

    def judge(text: str) -> Verdict:
        if _EXCEL_DATE.fullmatch(fold(text)):
            return None, "EXCEL_DATE"
        codes, clear = split_multi(text, spellings)
        joined = "|".join(sorted(codes, key=order.__getitem__))
        return joined, None if clear else "UNMAPPED"

    return judge
