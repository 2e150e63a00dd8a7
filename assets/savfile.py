"""Writing an SPSS file: what was read from one, or what is published as one, with nothing of the machine in it."""

import math
import struct
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from assets.ingest.sav_layout import MultipleResponseSet, SavLayout, sav_layout
from assets.ingest.spss import SpssVariable

_PRODUCT = b"@(#) SPSS DATA FILE Outcomes Warehouse"
_PRODUCT_AT, _PRODUCT_BYTES = 4, 60
_MOMENT_AT, _MOMENT = 92, b"01 Jan 0000:00:00"
"""Date and time of creation, fixed: the same content is the same file whenever it is written."""
_SETS = 7


def write_sav(
    path: Path,
    columns: Mapping[str, Any],
    variables: Sequence[SpssVariable],
    sets: Sequence[MultipleResponseSet] = (),
    label: str = "",
) -> None:
    """Write ``columns`` (numbers with NaN for system-missing, dates as seconds since 1582-10-14; texts with None) to
    ``path``.

    Labels, user-missing values and ranges, measure, display formats and multiple-response sets are those of
    ``variables`` and ``sets``. A text is as wide as its longest value.
    """
    import pandas
    import pyreadstat

    frame = pandas.DataFrame(
        {
            v.name: pandas.Series([text or "" for text in columns[v.name]], dtype="object")
            if v.is_text
            else pandas.Series(columns[v.name], dtype="float64")
            for v in variables
        }
    )
    pyreadstat.write_sav(
        frame,
        path,
        file_label=label,
        column_labels={v.name: v.label for v in variables if v.label},
        variable_value_labels={v.name: v.value_labels for v in variables if v.value_labels},
        missing_ranges={v.name: [_missing(span) for span in v.user_missing] for v in variables if v.user_missing},
        variable_measure={v.name: v.measure for v in variables},
        variable_format={v.name: v.format for v in variables if v.format and not v.is_text},
    )
    content = bytearray(path.read_bytes())
    content[_PRODUCT_AT : _PRODUCT_AT + _PRODUCT_BYTES] = _PRODUCT.ljust(_PRODUCT_BYTES)
    content[_MOMENT_AT : _MOMENT_AT + len(_MOMENT)] = _MOMENT
    layout = sav_layout(path)
    if sets and layout is not None:
        content[layout.extensible : layout.extensible] = _record(sets, layout)
    path.write_bytes(content)


def _missing(span: Mapping[str, Any]) -> Any:
    low, high = span["lo"], span["hi"]
    if low == high:
        return low
    return {"lo": -math.inf if low < -1e300 else low, "hi": math.inf if high > 1e300 else high}


def _record(sets: Sequence[MultipleResponseSet], layout: SavLayout) -> bytes:
    short = {long.casefold(): name for name, long in layout.long_names("utf-8").items()}
    lines = []
    for found in sets:
        label = (found.label or "").encode()
        counted = (found.counted or "").encode()
        kind = b"C" if found.kind == "category" else b"D%d %s" % (len(counted), counted)
        members = " ".join(short.get(name.casefold(), name) for name in found.members).encode()
        lines.append(b"%s=%s %d %s %s\n" % (found.name.encode(), kind, len(label), label, members))
    data = b"".join(lines)
    return struct.pack("<4i", 7, _SETS, 1, len(data)) + data
