"""Survey definitions (``.qsf``) of the inbox: kept as the survey's codebook, and asked for labels a map does not have.

A text export says "Strongly agree", not 5. The map's own labels translate it; where they have no answer, the newest
definition of that survey does, older ones after it. So the order in which files arrive changes nothing: definitions
are read before everything else of a night, and what they add is part of the hash by which files are read again.
"""

import hashlib
import json
import os
import zipfile
import zlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any, BinaryIO

from assets.ingest.config import Feeds
from assets.ingest.inbox import Candidate
from assets.ingest.qsf import DefinedQuestion, read_definition
from assets.ingest.qualtrics_header import SurveyColumn, SurveyHeader
from assets.ingest.safety import is_clutter
from assets.ingest.survey_map import own_labels, recognise_survey
from assets.ingest.texts import fold

_MARK = b'"SurveyEntry"'
_HEAD = 4096
_LARGEST_ZIP = 20_000_000
"""A larger archive is no definition's: the largest seen are of some hundred kilobytes."""
_LONGEST_CODE = 6


@dataclass(frozen=True)
class SurveyDefinition:
    """A survey as its definition tells it; ``modified_at`` is as written, None where the file does not say."""

    survey_id: str
    name: str
    language: str
    modified_at: datetime | None
    questions: list[DefinedQuestion]


def read_survey_definition(body: dict[str, Any]) -> SurveyDefinition:
    """The definition in the parsed JSON of a ``.qsf``."""
    entry = body["SurveyEntry"] if isinstance(body["SurveyEntry"], dict) else {}
    try:
        modified = datetime.fromisoformat(str(entry.get("LastModified"))).replace(tzinfo=None)
    except ValueError:
        modified = None
    survey_id, name, language = (str(entry.get(key) or "") for key in ("SurveyID", "SurveyName", "SurveyLanguage"))
    return SurveyDefinition(survey_id, name, language, modified, read_definition(body))


def definitions_first(candidates: list[Candidate]) -> tuple[list[Candidate], list[Candidate]]:
    """Entries that are survey definitions by their first bytes, and the others, each in the order given."""
    found = {candidate.name for candidate in candidates if candidate.verdict is None and _is_definition(candidate)}
    return [c for c in candidates if c.name in found], [c for c in candidates if c.name not in found]


def _is_definition(candidate: Candidate) -> bool:
    if candidate.suffix not in (".qsf", ".json", ".zip"):
        return False
    try:
        handle = os.open(candidate.path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return False  # told when the file's own turn comes
    with os.fdopen(handle, "rb") as source:
        if candidate.suffix == ".zip":
            return candidate.size <= _LARGEST_ZIP and _holds_definition(source)
        return _MARK in source.read(_HEAD)


def _holds_definition(source: BinaryIO) -> bool:
    """True for an archive of nothing but a definition. Only its first bytes are unpacked: nothing is checked yet."""
    try:
        with zipfile.ZipFile(source) as archive:
            members = [info for info in archive.infolist() if not is_clutter(info.filename) and not info.is_dir()]
            if len(members) != 1 or not members[0].filename.lower().endswith((".qsf", ".json")):
                return False
            with archive.open(members[0]) as member:
                return _MARK in member.read(_HEAD)
    except (zipfile.BadZipFile, zlib.error, RuntimeError, ValueError, EOFError, OSError):
        return False  # damaged, encrypted or packed otherwise: told when the file's own turn comes


def store_definition(connection: Any, token: str, definition: SurveyDefinition) -> None:
    """Write the questions and choices of one file into ``control.survey_definitions``, instead of what it had there."""
    rows = []
    for position, question in enumerate(definition.questions, start=1):
        told = {number: [question.tags.get(number), text] for number, text in question.parts.items()}
        parts = json.dumps(told, ensure_ascii=False) if told else None
        labels: list[tuple[str, str | None, str | None]] = [
            (language, code, label)
            for language, codes in ((definition.language, question.codes), *sorted(question.translations.items()))
            for code, label in codes.items()
        ]
        for language, code, label in labels or [(definition.language, None, None)]:
            rows.append(
                [token, definition.survey_id, definition.name, definition.modified_at, position, question.import_id,
                 question.export_tag, question.text, question.kind, language, code, label, parts]
            )  # fmt: skip
    connection.execute("DELETE FROM control.survey_definitions WHERE file_token = ?", [token])
    if rows:
        places = ", ".join([f"({', '.join('?' * 13)})"] * len(rows))
        values = [value for row in rows for value in row]
        connection.execute(f"INSERT INTO control.survey_definitions VALUES {places}", values)


def with_definitions(feeds: Feeds, connection: Any) -> Feeds:
    """The maps with what the kept definitions add to their labels; the same maps where they add nothing."""
    learned: dict[str, dict[str, dict[str, int]]] = {}
    contested: dict[str, dict[str, int]] = {}
    for questions in _kept(connection):
        survey = recognise_survey(_header(questions), feeds)
        if survey is None:
            continue
        feed, is_newest = survey.feed, survey.feed.feed not in learned
        labels_of = learned.setdefault(feed.feed, {})
        by_id = {question.import_id: _labels(question) for question in questions}
        columns = {**survey.items, **{name: found.answers[0] for name, found in survey.multi.items()}}
        for name, column in columns.items():
            ours, theirs = own_labels(feed, name), by_id.get(column.question, {})
            wrong = sum(1 for label, code in theirs.items() if ours.get(label, code) != code)
            if is_newest and wrong:
                contested.setdefault(feed.feed, {})[name] = wrong
            # Newest first: what a newer definition says about a label stands.
            known = labels_of.setdefault(name, {})
            for label, code in theirs.items():
                if label not in ours:
                    known.setdefault(label, code)
    learned = {feed: {n: ls for n, ls in items.items() if ls} for feed, items in learned.items()}
    if not contested and not any(learned.values()):
        return feeds
    told = json.dumps([learned, contested], sort_keys=True, ensure_ascii=False)
    digest = hashlib.sha256(feeds.hash.encode() + told.encode()).hexdigest()
    return feeds.model_copy(update={"learned": learned, "contested": contested, "hash": digest})


def item_texts(connection: Any, feeds: Feeds) -> dict[tuple[str, str], str]:
    """(feed, item) → what the survey asks there, of the newest kept definition that has the item.

    A statement of a matrix comes after its question. These are the form's words; no answer is among them.
    """
    found: dict[tuple[str, str], str] = {}
    for questions in _kept(connection):
        survey = recognise_survey(_header(questions), feeds)
        if survey is None:
            continue
        by_id = {question.import_id: question for question in questions}
        columns = {**survey.items, **{name: multi.answers[0] for name, multi in survey.multi.items()}}
        for name, column in columns.items():
            question = by_id[column.question]
            part = question.parts.get((column.import_id or "").removeprefix(f"{question.import_id}_"))
            text = " / ".join(told for told in (question.text, part) if told)
            if text:
                found.setdefault((survey.feed.feed, name), text)
    return found


def _labels(question: DefinedQuestion) -> dict[str, int]:
    """Folded label → code, in every language of the survey; a label that stands for two codes tells nothing."""
    found: dict[str, set[int]] = {}
    for codes in (question.codes, *question.translations.values()):
        for code, label in codes.items():
            if label and len(code) <= _LONGEST_CODE and code.lstrip("-").isdecimal():
                found.setdefault(fold(label), set()).add(int(code))
    return {label: next(iter(codes)) for label, codes in found.items() if len(codes) == 1}


def _header(questions: list[DefinedQuestion]) -> SurveyHeader:
    """The columns an export of these questions has; ``question`` holds the ImportId of the question they belong to."""
    keys: list[tuple[str, str, str]] = []
    for question in questions:
        name, key = question.export_tag, question.import_id
        if question.kind.startswith("TE"):
            keys.append((name, f"{key}_TEXT", key))
        elif question.parts:
            keys += [(question.tags.get(n, f"{name}_{n}"), f"{key}_{n}", key) for n in question.parts]
        else:
            keys.append((name, key, key))
    columns = (SurveyColumn(place, name, of, key) for place, (name, key, of) in enumerate(keys))
    return SurveyHeader("modern", 3, tuple(columns))


def _kept(connection: Any) -> list[list[DefinedQuestion]]:
    """The stored definitions, newest first: by the moment they were changed, then by token."""
    exists = "SELECT count(*) FROM information_schema.tables WHERE table_name = 'survey_definitions'"
    if not connection.execute(exists).fetchone()[0]:
        return []
    files = connection.execute(
        "SELECT file_token FROM control.survey_definitions GROUP BY file_token "
        "ORDER BY max(modified_at) DESC NULLS LAST, file_token DESC"
    ).fetchall()
    return [_questions(connection, token) for (token,) in files]


def _questions(connection: Any, token: str) -> list[DefinedQuestion]:
    rows = connection.execute(
        "SELECT position, import_id, export_tag, question, kind, language, code, label, parts "
        "FROM control.survey_definitions WHERE file_token = ? ORDER BY position, rowid",
        [token],
    ).fetchall()
    found: dict[int, DefinedQuestion] = {}
    for position, import_id, tag, text, kind, language, code, label, parts in rows:
        question = found.get(position)
        if question is None:
            told = json.loads(parts) if parts else {}
            question = found[position] = DefinedQuestion(
                tag, import_id, kind, text,
                parts={number: text for number, (_, text) in told.items()},
                tags={number: tag for number, (tag, _) in told.items() if tag},
            )  # fmt: skip
        if code is not None:
            question.translations.setdefault(language, {})[code] = label
    return list(found.values())
