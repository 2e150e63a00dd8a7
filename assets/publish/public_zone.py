"""The public zone: report, numbered tables, figures and tidy tables with small cells suppressed.

A release is collapsed, suppressed and audited first (``privacy.disclosure``), then judged against every earlier release
(``privacy.ledger``); only then is it written, into a folder of its own, and one symlink moves. A release that the
ledger holds back leaves the last one standing.
"""

import hashlib
import json
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from assets.home import Home
from assets.keys import load_key

if TYPE_CHECKING:
    import pandas as pd

    from assets.publish.privacy.disclosure import PublicRelease
    from assets.publish.report import ReportContext

CURRENT = "current"
SHOWN = ("report.html", "tables.docx", "figures", "tables")
"""What stands at the top of ``public/``, each a symlink into the current release."""


@dataclass(frozen=True)
class PublicOutcome:
    """What became of a release.

    ``status`` is ``published``, ``unchanged`` (the same figures as the last release), ``held`` (an earlier release
    would give a client away) or ``unprotected`` (no suppression was found that the audit accepts).
    """

    status: str
    k: int
    rows_suppressed: int
    held_by: tuple[str, ...] = ()
    standing: str | None = None
    """The build whose release people see now."""

    def in_words(self) -> str:
        """What became of it, and when a release passes, for the person who reads the night's summary."""
        hidden = f"no figure tells of 1 to {self.k - 1} clients"
        if self.status == "published":
            return f"a new release, build {self.standing}; {hidden}"
        if self.status == "unchanged":
            return f"the figures are those of build {self.standing}, whose release stays"
        stays = f"the release of build {self.standing} stays" if self.standing else "nothing is shown yet"
        if self.status == "unprotected":
            return f"no way was found to hide the small counts of these tables; {stays}. Merge more in disclosure.yml"
        return (
            f"beside an earlier release it would tell of fewer than {self.k} clients, so {stays};"
            f" one passes when each count has changed by 0 or by {self.k} and more"
        )


def publish_public(
    home: Home, build_id: str, tables: "Mapping[str, pd.DataFrame]", clients: "pd.DataFrame", context: "ReportContext"
) -> PublicOutcome:
    """Write a release of ``tables`` (the ``study.*`` tables by name) into ``public/`` when it may go out.

    ``clients`` is ``marts.client_study``, for cross tables and dominance; it is counted, never shown. Raises
    ``ConfigError`` when ``config/disclosure.yml`` asks for less than the floor without an override in force.
    """
    outcome = _publish(home, build_id, tables, clients, context)
    outcome = replace(outcome, standing=_standing(home))
    fresh = home.public_outcome.with_suffix(".new")
    fresh.write_text(json.dumps({**asdict(outcome), "told": outcome.in_words()}, indent=1) + "\n", "utf-8")
    fresh.chmod(0o600)
    fresh.replace(home.public_outcome)
    return outcome


def _publish(
    home: Home, build_id: str, tables: "Mapping[str, pd.DataFrame]", clients: "pd.DataFrame", context: "ReportContext"
) -> PublicOutcome:
    from assets.publish.privacy import ledger
    from assets.publish.privacy.cells import AuditError
    from assets.publish.privacy.disclosure import to_public
    from assets.publish.privacy.policy import load_policy
    from assets.publish.privacy.trail import record

    policy, key = load_policy(home.config), load_key(home)
    try:
        release = to_public(tables, policy, date.today(), clients=clients)
    except AuditError:
        record(home, "refuse", key, build_id=build_id, zone="public")
        return PublicOutcome("unprotected", policy.public_k(date.today()), 0)
    suppressed = sum(int((table["suppressed"] != "").sum()) for table in release.tables.values())
    mark = _fingerprint(release)
    if _last(home) == mark:
        return PublicOutcome("unchanged", release.k, suppressed)
    verdict = ledger.check(home, release, clients)
    if not verdict.allowed:
        record(
            home, "refuse", key, build_id=build_id, zone="public", cells=verdict.cells, held_by=list(verdict.held_by)
        )
        return PublicOutcome("held", release.k, suppressed, verdict.held_by)
    # Written where nobody reads: a run killed before the ledger knows must not leave figures that it does not know of.
    draft = home.temp / f"release-{build_id}"
    _write(draft, release, _public_context(context, release), mark)
    ledger.enter(home, build_id, release, key, clients)
    folder = home.public / draft.name
    shutil.rmtree(folder, ignore_errors=True)
    shutil.move(draft, folder)
    _point(home.public, folder)
    record(home, "release", key, build_id=build_id, zone="public", k=release.k, by_leave=release.watermark is not None)
    return PublicOutcome("published", release.k, suppressed)


def _standing(home: Home) -> str | None:
    """The build of the release that people see."""
    current = home.public / CURRENT
    return current.readlink().name.removeprefix("release-") if current.is_symlink() else None


def _fingerprint(release: "PublicRelease") -> str:
    """Hash what a reader would see, so that a night without change is no new release."""
    digest = hashlib.sha256(f"{release.k} {release.watermark}".encode())
    for name in sorted(release.tables):
        digest.update(f"{name}\n{release.tables[name].to_csv(index=False)}".encode())
    return digest.hexdigest()


def _last(home: Home) -> str | None:
    note = home.public / CURRENT / "release.json"
    return str(json.loads(note.read_text("utf-8"))["fingerprint"]) if note.is_file() else None


def _public_context(context: "ReportContext", release: "PublicRelease") -> "ReportContext":
    notes = [
        f"Figures that would tell about fewer than {release.k} clients, and those from which such a figure could be"
        " worked out, are not shown (—).",
        f"This page is renewed only when its change against each earlier one concerns no group under"
        f" {release.k} clients:"
        " the build stamp tells how old it is.",
        *([release.watermark] if release.watermark else []),
    ]
    # Footnotes were written from the tables before suppression and quote their counts.
    return replace(
        context, zone="public", notes=notes, footnotes={}, quality={}, pairs=None, n_clients=None, reconciliation={}
    )


def _write(folder: Path, release: "PublicRelease", context: "ReportContext", mark: str) -> None:
    from assets.publish.privacy.projects import to_csv
    from assets.publish.report import figure_files, render_docx, render_report

    shutil.rmtree(folder, ignore_errors=True)
    (folder / "figures").mkdir(parents=True)
    (folder / "report.html").write_text(render_report(release.tables, context), "utf-8")
    (folder / "tables.docx").write_bytes(render_docx(release.tables, context))
    for name, content in figure_files(release.tables, context).items():
        (folder / "figures" / name).write_bytes(content)
    (folder / "tables").mkdir()
    for name, table in release.tables.items():
        (folder / "tables" / f"{name}.csv").write_bytes(to_csv(table))
    (folder / "release.json").write_text(json.dumps({"fingerprint": mark, "k": release.k}) + "\n", "utf-8")
    for path in [folder, *folder.rglob("*")]:
        path.chmod(0o755 if path.is_dir() else 0o644)


def _point(public: Path, folder: Path) -> None:
    """Move the one symlink that decides which release people see; older releases are removed after it."""
    fresh = public / f".{CURRENT}.new"
    fresh.unlink(missing_ok=True)
    fresh.symlink_to(folder.name)
    fresh.replace(public / CURRENT)
    for name in SHOWN:
        link = public / name
        if not link.is_symlink():
            link.symlink_to(Path(CURRENT) / name)
    for old in public.glob("release-*"):
        if old != folder:
            shutil.rmtree(old)
