"""Qualtrics' API exports, JSON and NDJSON: the same responses as the CSV, keyed by question ID instead of by column."""

import json
import re
from typing import Any

import pyarrow as pa

from assets.errors import DataError, Place
from assets.ingest.parsed import Parsed
from assets.ingest.qualtrics_header import METADATA, SurveyColumn, SurveyHeader
from assets.ingest.surveys import SurveyInput
from assets.ingest.texts import clean

_MOMENT = re.compile(r"(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2}:\d{2})(?:\.\d+)?\s*(Z|[+-]00:?00)?")
_DATED = ("startDate", "endDate", "recordedDate")


def parse_responses(content: bytes) -> list[dict[str, Any]] | None:
    """The response objects of an API export (``{"responses": […]}``, a list, or one object a line); None for other
    JSON.

    Raises :class:`DataError` ``CORRUPT`` or ``ENCODING``.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise DataError("ENCODING", "JSON must be UTF-8") from None
    try:
        body = json.loads(text)
    except (ValueError, RecursionError):
        body = _lines(text)
    if isinstance(body, dict):
        body = [body] if "values" in body else body.get("responses")
    if not isinstance(body, list) or not all(isinstance(r, dict) and isinstance(r.get("values"), dict) for r in body):
        return None
    return body


def _lines(text: str) -> list[Any]:
    found = []
    for number, line in enumerate(text.splitlines(), start=1):
        if line.strip():
            try:
                found.append(json.loads(line))
            except (ValueError, RecursionError):
                raise DataError("CORRUPT", "a line is not valid JSON", Place(row=number)) from None
    return found


def survey_from_json(responses: list[dict[str, Any]], parsed: Parsed) -> SurveyInput:
    """Responses as text columns. Times with a ``Z`` are UTC; without one the zone stays unknown.

    Row numbers count responses from 1; there is no header row.
    """
    rows = []
    for response in responses:
        row = {str(key): _text(value) for key, value in response["values"].items()}
        if response.get("responseId") and not row.get("_recordId"):
            row["_recordId"] = _text(response["responseId"])
        rows.append(row)
    keys = list(dict.fromkeys([*METADATA, *sorted({key for row in rows for key in row})]))
    keys = [key for key in keys if any(key in row for row in rows)]
    zone = _zone(rows)
    columns = tuple(SurveyColumn(i, key, "", key, None, zone if key in _DATED else None) for i, key in enumerate(keys))
    arrays = {
        i: pa.array([_moment(row.get(key)) if key in _DATED else row.get(key) for row in rows], pa.string())
        for i, key in enumerate(keys)
    }
    parsed.rows_read += len(rows)
    header = SurveyHeader("modern", 0, columns)
    return SurveyInput(header, arrays, pa.array(range(1, len(rows) + 1), pa.int64()))


def _text(value: Any) -> str | None:
    if value is None:
        return None
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, float) and abs(value) < 1e15 and value == int(value):
        return str(int(value))
    if isinstance(value, list):
        parts = [part for item in value if (part := _text(item))]
        # A choice may hold a comma itself; a line break it cannot hold.
        return ("\n" if any("," in part for part in parts) else ",").join(parts)
    if isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False, sort_keys=True)
    return clean(str(value)) or None


def _zone(rows: list[dict[str, str | None]]) -> str | None:
    """UTC when every time carries a Z (or +00:00); otherwise nothing is stated."""
    stamps = [text for row in rows for key in _DATED if (text := row.get(key))]
    matches = [_MOMENT.fullmatch(text) for text in stamps]
    return "UTC" if stamps and all(match and match[3] for match in matches) else None


def _moment(text: str | None) -> str | None:
    match = _MOMENT.fullmatch(text) if text else None
    return f"{match[1]} {match[2]}" if match else text
