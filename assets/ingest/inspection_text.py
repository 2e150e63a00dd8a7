"""An inspection as lines for a terminal: what it is, how it maps, what waits, what to look at."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from assets.ingest.inspection import Inspection

MOST_COLUMNS = 60
MOST_PLACES = 20
MOST_TOGETHER = 6
_LABEL = 10
_VERDICTS = {
    "load": "loads",
    "reject": "refused: nothing of it would load",
    "hold": "waits for a person's confirmation",
    "defer": "looked at again at the next run",
    "ignore": "no data, left alone",
}
_WEIGHT = {"reject": 0, "hold": 0, "quarantine": 1, "warn": 2, "norm": 3}
_KINDS = {"reject": "refused", "quarantine": "waits", "warn": "look", "norm": "settled"}


def render(found: "Inspection") -> str:
    """File, verdict, feed, rows, header and mapping, drift, then the findings: gravest first, each with its code."""
    verdict = _VERDICTS.get(found.verdict, found.verdict)
    lines = [f"{found.file}: {found.what}, {found.size:,} bytes", *_entry("Verdict", _verdict(found, verdict))]
    lines += _entry("Feed", _feed(found))
    if found.rows:
        classes = [f"{n:,} {name}" for name, n in found.rows.items() if name not in ("read", "erased") or n]
        read = f"{found.rows['read']:,} read = "
        lines += _entry("Rows", [read + " + ".join(text for text in classes if not text.endswith(" read"))])
    for sheets, header in _grouped(found.headers):
        lines += _entry("Header", _header(sheets, header))
    if not found.headers:
        for part in found.parts:
            lines += _part(part)
    if found.compared_with:
        against = f"against the last file of this feed ({found.compared_with['file_token']}, exported "
        changes = found.drift or ["the same columns"]
        lines += _entry("Drift", [f"{against}{found.compared_with['exported_at']} UTC)", *changes])
    lines += _entry("Findings", _findings(found) or ["none"])
    return "\n".join(line.rstrip() for line in lines)


def _entry(label: str, texts: list[str]) -> list[str]:
    """A label and its lines, the further ones set in below the first."""
    head = f"{label}:".ljust(_LABEL)
    return [f"{head if i == 0 else ' ' * _LABEL}{text}" for i, text in enumerate(texts)]


def _verdict(found: "Inspection", verdict: str) -> list[str]:
    reason = f" ({found.reason})" if found.reason else ""
    return [verdict + reason, *([found.explanation] if found.explanation else [])]


def _feed(found: "Inspection") -> list[str]:
    others = [c for c in found.candidates if c["feed"] != found.feed and c["confidence"] > 0]
    nearest = ", ".join(f"{c['feed']} {c['confidence']:.0%}" for c in others[:3])
    if not found.feed:
        hint = [f"nearest, by required columns: {nearest}"] if nearest else []
        return ["none of the configured ones", *hint, "`outcomes inspect --draft` writes a map for you to approve"]
    edition = f", edition {found.form_version}" if found.form_version else ""
    return [f"{found.feed}{edition} (confidence {found.confidence:.0%})", *([f"next: {nearest}"] if nearest else [])]


def _grouped(headers: list[dict[str, Any]]) -> list[tuple[list[str], dict[str, Any]]]:
    """Sheets with one and the same header are told once."""
    groups: list[tuple[list[str], dict[str, Any]]] = []
    for header in headers:
        same = next((g for g in groups if all(g[1][k] == header[k] for k in ("row", "rows", "columns"))), None)
        if same is None:
            groups.append(([header["sheet"]] if header["sheet"] else [], header))
        elif header["sheet"]:
            same[0].append(header["sheet"])
    return groups


def _header(sheets: list[str], header: dict[str, Any]) -> list[str]:
    where = ""
    if sheets:
        where = f"sheet {sheets[0]}, " if len(sheets) == 1 else f"{len(sheets)} sheets ({sheets[0]} … {sheets[-1]}), "
    rows = f" and the {header['rows'] - 1} below" if header["rows"] > 1 else ""
    shown = header["columns"][:MOST_COLUMNS]
    lines = [f"{where}row {header['row']}{rows}, {len(header['columns'])} columns"]
    width = min(max((len(column["name"]) for column in shown), default=0), 40)
    target = max((len(column["column"] or "") for column in shown), default=0)
    for column in shown:
        name = column["name"] if len(column["name"]) <= 40 else f"{column['name'][:39]}…"
        if column["column"] is None:
            lines.append(f"  {name:<{width}} -> (not mapped) [{column['how']}]")
            continue
        kind = column.get("type", "") + (", required" if column.get("required") else "")
        how = "" if column["how"] in ("name", "import_id") else f"[{column['how']}]"
        lines.append(f"  {name:<{width}} -> {column['column']:<{target}}  {kind} {how}".rstrip())
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
    together: dict[str, list[dict[str, Any]]] = {}
    for finding in sorted(found.findings, key=lambda f: (_WEIGHT.get(f["outcome"], 2), f["code"], str(f["sheet"]))):
        together.setdefault(finding["code"], []).append(finding)
    for code, same in together.items():
        places = [" / ".join(str(p) for p in (f["sheet"], f["column"]) if p) for f in same]
        shown = ", ".join(place for place in places[:MOST_TOGETHER] if place)
        more = f" and {len(places) - MOST_TOGETHER} more" if len(places) > MOST_TOGETHER else ""
        head = f"{_KINDS.get(same[0]['outcome'], 'look'):<8}{code} x {sum(f['n'] for f in same):,}"
        lines.append(head + (f" at {shown}{more}" if shown else "") + f": {same[0]['text']}")
    for part in found.parts:
        places = part.get("places", [])
        for place in places[:MOST_PLACES]:
            sheet = f"sheet {place['sheet']}, " if place["sheet"] else ""
            lines.append(f"  {sheet}row {place['row']}, {place['column'] or 'whole row'}: {place['code']}")
        if part.get("name") == "quarantine" and part["rows"] > MOST_PLACES:
            lines.append(f"  and {part['rows'] - MOST_PLACES} more places (--json lists them)")
    return lines
