"""The report on a study: one HTML page, the same tables for a word processor, and the figures as files."""

from assets.publish.report.context import ReportContext
from assets.publish.report.report import render_report

__all__ = ["ReportContext", "render_report"]
