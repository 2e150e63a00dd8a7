"""The figures as files of their own, for a slide or a manuscript."""

from collections.abc import Mapping

from assets.publish.report.context import Frame, ReportContext
from assets.publish.report.flow import flow_figure
from assets.publish.report.forest import forest_figure
from assets.publish.report.labels import Labels
from assets.publish.report.paired import paired_figure
from assets.publish.report.records import StudyTables

_DRAWN = {"flow-of-n.svg": flow_figure, "paired-scores.svg": paired_figure, "coefficient-forest.svg": forest_figure}
_NAMESPACE = 'xmlns="http://www.w3.org/2000/svg"'


def figure_files(tables: Mapping[str, Frame], context: ReportContext) -> dict[str, bytes]:
    """Return file name → SVG for each figure that has something to show; same input, same bytes.

    Inside a page an ``<svg>`` needs no namespace; a file of its own does.
    """
    study = StudyTables(tables)
    labels = Labels(context, [row.get("outcome") for row in study["models"]])
    drawn = {name: draw(study, context, labels).svg for name, draw in _DRAWN.items()}
    return {
        name: f'<?xml version="1.0" encoding="UTF-8"?>\n{svg.replace("<svg", f"<svg {_NAMESPACE}", 1)}\n'.encode()
        for name, svg in drawn.items()
        if svg
    }
