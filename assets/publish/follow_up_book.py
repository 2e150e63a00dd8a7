"""The follow-up list as a workbook for case managers: one sheet each, the most pressing first."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path

from assets.warehouse.follow_up import Item
from assets.warehouse.follow_up_texts import SHEETS
from assets.workbook import add_row

HEAD = ("Client ID", "Record ID", "What to do and why", "Qué hacer y por qué", "Where", "Dónde", "Due / Fecha",
        "Days / Días", "File", "Sheet", "Row")  # fmt: skip
WIDTHS = (12, 18, 58, 62, 44, 48, 12, 9, 26, 20, 7)
NOBODY = "(no case manager)"
SUMMARY = "All - Todos"


def write_follow_up_book(items: Sequence[Item], names: Mapping[str, str], day: date, path: Path) -> None:
    """Write ``path`` (identified zone, mode 0600) in one step; ``names`` tells a file's name by its token.

    A sheet is called by its case manager, cut to what a workbook allows. Texts that start like a formula stay texts.
    """
    import openpyxl

    book = openpyxl.Workbook()
    book.properties.creator = ""  # the library would write its own name
    overview = book.active
    overview.title = SUMMARY
    managers = sorted({item.case_manager or NOBODY for item in items})
    titles = _titles(managers)
    counts = Counter((item.case_manager or NOBODY, item.kind) for item in items)
    add_row(overview, [f"Follow-up list of {day.isoformat()} / Lista de seguimiento"])
    add_row(overview, ["Case manager", *(kind.replace("_", " ") for kind in SHEETS), "all"])
    for manager in managers:
        numbers = [counts[manager, kind] for kind in SHEETS]
        add_row(overview, [manager, *numbers, sum(numbers)])
    overview.column_dimensions["A"].width = 30
    overview.freeze_panes = "B3"
    for manager in managers:
        sheet = book.create_sheet(titles[manager])
        add_row(sheet, HEAD)
        mine = [item for item in items if (item.case_manager or NOBODY) == manager]
        for item in sorted(mine, key=_urgency):
            add_row(
                sheet,
                [
                    item.source_client_id, item.record_id, item.reason_en, item.reason_es, item.fix_en, item.fix_es,
                    item.due_on, item.days, names.get(item.file_token or ""), item.sheet, item.source_row,
                ],
            )  # fmt: skip
        for place, width in enumerate(WIDTHS):
            sheet.column_dimensions["ABCDEFGHIJK"[place]].width = width
        sheet.freeze_panes = "A2"
        sheet.auto_filter.ref = sheet.dimensions
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = path.with_suffix(".tmp.xlsx")
    draft.touch(mode=0o600)
    book.save(draft)
    draft.chmod(0o600)
    draft.replace(path)


def _urgency(item: Item) -> tuple[int, int, str, str, str]:
    """By kind; then what is due first, or what has waited longest (days passed count down)."""
    days = item.days or 0
    waited = days if item.kind in ("survey_closes", "survey_opens") else -days
    return SHEETS.index(item.kind), waited, item.source_client_id or "", item.record_id, item.about or ""


def _titles(managers: Sequence[str]) -> dict[str, str]:
    """Names of sheets: no character a workbook refuses, at most 31, none twice whatever the case."""
    titles: dict[str, str] = {}
    taken = {SUMMARY.casefold()}
    for manager in managers:
        plain = re.sub(r"[\[\]:*?/\\\x00-\x1f]", "-", manager).strip("' ")[:31] or "-"
        title, number = plain, 2
        while title.casefold() in taken:
            tail = f" {number}"
            title, number = plain[: 31 - len(tail)] + tail, number + 1
        taken.add(title.casefold())
        titles[manager] = title
    return titles
