"""An inspection as lines for a terminal."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from assets.ingest.inspection import Inspection

MOST_COLUMNS = 60
MOST_PLACES = 10


def render(found: "Inspection") -> str:
    """File, verdict, rows, header and mapping, then what was noticed, each with its reason code."""
    lines = [f"{found.file}: {found.what}, {found.size:,} bytes"]
    if found.feed:
        version = f", form version {found.form_version}" if found.form_version else ""
        lines.append(f"Feed: {found.feed}{version} (confidence {found.confidence:.0%})")
    else:
        lines.append("Feed: none of the configured ones")
    lines.append(f"Verdict: {found.verdict}" + (f" ({found.reason})" if found.reason else ""))
    if found.explanation:
        lines.append(f"  {found.explanation}")
    if found.rows:
        lines.append("Rows: " + ", ".join(f"{n:,} {name.replace('_', ' ')}" for name, n in found.rows.items()))
    for header in found.headers:
        lines += _header(header)
    if not found.headers:
        for part in found.parts:
            lines += _part(part)
    lines += _findings(found)
    lines += [f"Drift: {line}" for line in found.drift]
    return "\n".join(lines)


def _header(header: dict[str, Any]) -> list[str]:
    where = f"sheet {header['sheet']}, " if header["sheet"] else ""
    lines = [f"Header: {where}row {header['row']}" + (f" ({header['rows']} rows)" if header["rows"] > 1 else "")]
    width = max((len(column["name"]) for column in header["columns"][:MOST_COLUMNS]), default=0)
    for column in header["columns"][:MOST_COLUMNS]:
        lines.append(f"  {column['name']:<{min(width, 40)}} -> {column['column'] or '(not mapped)'} [{column['how']}]")
    if len(header["columns"]) > MOST_COLUMNS:
        lines.append(f"  and {len(header['columns']) - MOST_COLUMNS} more columns")
    return lines


def _part(part: dict[str, Any]) -> list[str]:
    if part.get("name") == "quarantine":
        return []
    title = f"Sheet {part['name']}" if part.get("name") else "Content"
    facts = ", ".join(f"{k.replace('_', ' ')} {v}" for k, v in part["facts"].items() if v is not None)
    header = f", header in row {part['header_row']}" if part.get("header_row") else ""
    lines = [f"{title}: {part['rows']:,} rows{header}" + (f" ({facts})" if facts else "")]
    for column in part["columns"][:MOST_COLUMNS]:
        extra = [column.get(k) for k in ("import_id", "type", "label", "format") if column.get(k)]
        if column.get("value_labels"):
            extra.append("value labels")
        if column.get("user_missing"):
            extra.append(f"user-missing {column['user_missing']}")
        lines.append(f"  {column['name']}" + (f"  ({'; '.join(map(str, extra))})" if extra else ""))
    if len(part["columns"]) > MOST_COLUMNS:
        lines.append(f"  and {len(part['columns']) - MOST_COLUMNS} more columns")
    return lines


def _findings(found: "Inspection") -> list[str]:
    lines = []
    for finding in found.findings:
        where = " / ".join(str(p) for p in (finding["sheet"], finding["column"]) if p)
        lines.append(f"{finding['code']} x {finding['n']}" + (f" at {where}" if where else "") + f": {finding['text']}")
    for part in found.parts:
        for place in part.get("places", [])[:MOST_PLACES]:
            sheet = f"sheet {place['sheet']}, " if place["sheet"] else ""
            lines.append(f"Quarantined: {sheet}row {place['row']}, {place['column'] or 'whole row'}: {place['code']}")
    return lines
