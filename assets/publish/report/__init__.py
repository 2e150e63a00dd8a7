"""The report on a study: one HTML page, the same tables for a word processor, and the figures as files."""

from assets.publish.report.context import ReportContext
from assets.publish.report.files import figure_files
from assets.publish.report.report import render_report
from assets.publish.report.word import render_docx

__all__ = ["ReportContext", "figure_files", "render_docx", "render_report"]
