"""What a careful analyst would write for one evening: pandas, openpyxl, statsmodels, and plain asserts.

Reads an agency's exports, derives one row a client by the definitions of ``config/study.yml`` (written in here by
hand), fits the study's models and saves the tables as CSV. It is the measure for ``night_bench.py``: no history, no
quarantine, no privacy zones, no report; the same numbers.

    python benchmarks/plain_script.py EXPORTS OUT
"""

import csv
import json
import re
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pyreadstat
from plain_models import STAGES, analyse

START, END = pd.Timestamp("2021-01-01"), pd.Timestamp("2021-10-31")
MONTH = 30.4375
SURVEYS = {"mspss": ("MSPSS", 12, 9), "copse": ("COPSE", 26, 21), "urica": ("URICA", 12, 12)}
SUBSCALES = {"family": (3, 4, 8, 11), "friends": (6, 7, 9, 12), "significant_other": (1, 2, 5, 10)}
VICTIMIZATIONS = {
    "Child sexual abuse": "child_sexual_abuse",
    "Domestic or family violence": "domestic_family_violence",
    "Physical abuse or neglect": "physical_abuse_neglect",
    "Bullying": "bullying",
    "Teen dating violence": "teen_dating_violence",
    "Other": "other",
}
SPECIALS = {
    "Homelessness": "homelessness",
    "Limited English proficiency": "limited_english",
    "Disability": "disability",
    "Immigrant or refugee": "immigrant_refugee",
}


def client_id(text: object) -> str | None:
    """The one reading of a typed ID, or None."""
    typed = re.sub(r"[\s\-‐‑–—]", "", str(text)).upper()
    digits = typed[2:].replace("O", "0").replace("L", "1").replace("I", "1")
    return f"TX-{digits.zfill(5)}" if re.fullmatch(r"TX\d{1,5}", typed[:2] + digits) else None


def read_sheets(path: Path, header: int) -> pd.DataFrame:
    """All sheets of a workbook under one header row."""
    sheets = pd.read_excel(
        path, sheet_name=None, header=header, engine="openpyxl", keep_default_na=False, na_values=[""]
    )
    frame = pd.concat([sheet for sheet in sheets.values() if len(sheet)], ignore_index=True).drop_duplicates()
    frame["Client ID"] = frame["Client ID"].map(client_id)
    texts = frame.select_dtypes(include=["object", "string"]).columns
    frame[texts] = frame[texts].apply(lambda column: column.str.strip())
    return frame


def read_exports(
    folder: Path,
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame, dict[str, pd.DataFrame], pd.DataFrame]:
    """Find each export by what is in it, as names change."""
    intake = notes = goals = minimal = None
    surveys = {}
    for path in sorted(folder.iterdir()):
        if path.suffix == ".xlsx":
            names = pd.ExcelFile(path, engine="openpyxl").sheet_names
            if "Client Intake" in names:
                intake = read_sheets(path, 4)
            elif "Goal Plans" in names:
                goals = read_sheets(path, 0)
            else:
                notes = read_sheets(path, 2)
        elif path.suffix == ".sav":
            minimal, _ = pyreadstat.read_sav(path)
        elif path.suffix == ".csv":
            with path.open(encoding="utf-8", newline="") as handle:
                names, _, third, *rows = csv.reader(handle)
            for key, (prefix, n, _) in SURVEYS.items():
                if f"{prefix}_{n}" in names:
                    zone = json.loads(third[names.index("RecordedDate")])["timeZone"]
                    surveys[key] = read_survey(pd.DataFrame(rows, columns=names), key, zone)
    assert intake is not None
    assert notes is not None
    assert goals is not None
    assert minimal is not None
    assert len(surveys) == 3
    return intake[intake["Client ID"].notna()], notes, goals, surveys, minimal


def read_survey(raw: pd.DataFrame, key: str, zone: str) -> pd.DataFrame:
    """Real responses with local dates and numeric items."""
    prefix, n, scoreable = SURVEYS[key]
    raw = raw.drop_duplicates()
    items = [f"{prefix}_{i}" for i in range(1, n + 1)]
    frame = raw[items].apply(pd.to_numeric).replace(-99, np.nan)
    top = {"mspss": (1, 7), "copse": (0, 10), "urica": (1, 5)}[key]
    assert (frame.isna() | ((frame >= top[0]) & (frame <= top[1]))).all(axis=None), f"{key}: answer outside the scale"
    frame["answered"] = frame[items].notna().sum(axis=1)
    frame["client"] = raw["client_id"].map(client_id)
    frame["behavior"] = raw["URICA_behavior"] if key == "urica" else ""
    moment = pd.to_datetime(raw["RecordedDate"]).dt.tz_localize(zone)
    frame["moment"] = moment.dt.tz_convert("UTC")
    frame["day"] = moment.dt.tz_convert("America/Chicago").dt.tz_localize(None).dt.normalize()
    real = (raw["Status"].astype(int) & 11) == 0
    return frame[real & ((raw["Finished"] == "1") | (frame["answered"] >= scoreable))]


def waves(survey: pd.DataFrame, anchors: pd.Series) -> pd.DataFrame:
    """Mark the responses of the two waves; one response a client, day and behaviour."""
    frame = survey[survey["client"].isin(anchors.index)].sort_values(["answered", "moment"])
    frame = frame.drop_duplicates(["client", "day", "behavior"], keep="last")
    frame["anchor"] = frame["client"].map(anchors)
    days = (frame["day"] - frame["anchor"]).dt.days
    first = frame[(days >= 0) & (days <= 60)].groupby("client")["day"].min()
    frame["first"] = frame["client"].map(first)
    target = frame["first"].fillna(frame["anchor"]) + pd.Timedelta(days=182)
    frame["distance"] = (frame["day"] - target).dt.days.abs()
    later = frame[(frame["distance"] <= 45) & (frame["day"] != frame["first"])].sort_values(["distance", "day"])
    second = later.groupby("client")["day"].first()
    frame["wave"] = np.where(
        frame["day"] == frame["first"], "t0", np.where(frame["day"] == frame["client"].map(second), "t6", "")
    )
    return frame[frame["wave"] != ""]


def mean_of(frame: pd.DataFrame, columns: list[str], at_least: int) -> pd.Series:
    """Row mean of the answered items, missing below the minimum."""
    return frame[columns].mean(axis=1).where(frame[columns].notna().sum(axis=1) >= at_least)


def score(key: str, frame: pd.DataFrame) -> pd.DataFrame:
    """One row a client and wave with the scores of an instrument."""
    prefix, n, scoreable = SURVEYS[key]
    out = frame[["client", "wave", "day"]].copy()
    items = [f"{prefix}_{i}" for i in range(1, n + 1)]
    if key == "mspss":
        out["mspss"] = mean_of(frame, items, scoreable)
        for name, numbers in SUBSCALES.items():
            out[f"mspss_{name}"] = mean_of(frame, [f"MSPSS_{i}" for i in numbers], 3)
    elif key == "copse":
        out["cope_se"] = 26 * mean_of(frame, items, scoreable)
    else:
        sums = [
            frame[[f"URICA_{i}" for i in (first, first + 4, first + 8)]].sum(axis=1, skipna=False)
            for first in (1, 2, 3, 4)
        ]
        thirds = sums[1] + sums[2] + sums[3] - sums[0]
        out["thirds"] = thirds
        out = out.groupby(["client", "wave", "day"], as_index=False)["thirds"].max()
        out["urica_readiness"] = out["thirds"] / 3
        stage = pd.cut(out["thirds"], [-99, 24, 33, 42], labels=STAGES).astype(object)
        out["urica_stage"] = stage.where(stage.notna(), None)
        out = out.drop(columns="thirds")
    return out


def derive(
    intake: pd.DataFrame, notes: pd.DataFrame, goals: pd.DataFrame, surveys: dict[str, pd.DataFrame]
) -> tuple[pd.DataFrame, dict[str, pd.DataFrame]]:
    """One row a client with every variable of the study, and the chosen responses by instrument."""
    intake = intake.set_index("Client ID")
    study = pd.DataFrame(index=intake.index)
    born = intake["Date of Birth"]
    day = born.dt.month * 100 + born.dt.day
    study["age"] = END.year - born.dt.year - (day.where(day != 229, 301) > END.month * 100 + END.day)
    races = intake["Race/Ethnicity"].fillna("").str.split(r"\s*\|\s*", regex=True)
    known = races.map(lambda r: bool(r[0]) and "Declined" not in r)
    one = {"Black or African American": "black", "Hispanic/Latinx": "latinx", "White": "white"}
    study["race_ethnicity"] = races.map(lambda r: "multiracial" if len(r) > 1 else one.get(r[0], "other")).where(known)
    study["minority"] = races.map(lambda r: float(r != ["White"])).where(known)
    orientation = intake["Sexual Orientation"]
    study["orientation_minority"] = (
        (orientation != "Straight").astype(float).where(orientation.notna() & (orientation != "Declined"))
    )
    study["county_outlying"] = (
        (~intake["County"].isin(["Tarrant", "Dallas"])).astype(float).where(intake["County"].notna())
    )
    study["classification"] = intake["Classification"]
    study["confirmed"] = (intake["Classification"] == "Confirmed").astype(float).where(intake["Classification"].notna())
    for source, prefix, labels in (
        ("Secondary Victimization", "victimization", VICTIMIZATIONS),
        ("Special Classification", "special", SPECIALS),
    ):
        noted = intake[source].fillna("").str.split(r"\s*\|\s*", regex=True)
        for label, name in labels.items():
            study[f"{prefix}_{name}"] = noted.map(lambda parts, label=label: label in parts)
    study["n_victimizations"] = study[[f"victimization_{name}" for name in VICTIMIZATIONS.values()]].sum(axis=1)

    start = intake["Intake Date"]
    anchors = start.fillna(START).clip(lower=START)
    chosen = {key: waves(frame, anchors) for key, frame in surveys.items()}
    dates = pd.concat([frame[["client", "wave", "day"]] for frame in chosen.values()])
    assessed = dates.groupby(["client", "wave"])["day"].min().unstack().reindex(columns=["t0", "t6"])
    study = study.join(assessed)
    months = (study["t0"] - start).dt.days / MONTH
    study["months_of_service_t0"] = months.where(months >= 0)
    until = intake["Exit Date"].fillna(END).clip(upper=END)
    total = (until - start).dt.days / MONTH
    study["months_of_service_total"] = total.where(total >= 0)

    counted = notes[(notes["Contact Type"] != "Attempt to contact") & notes["Client ID"].isin(study.index)].copy()
    counted["units"] = counted["Service Type"].str.count(r"\|").fillna(0) + 1
    counted["start"] = counted["Client ID"].map(start)
    counted = counted[counted["Service Date"] >= counted["start"]]
    for name, limit in (
        ("services_t0", study["t0"]),
        ("services_t6", study["t6"]),
        ("services_total", pd.Series(END, study.index)),
    ):
        inside = counted[counted["Service Date"] <= counted["Client ID"].map(limit)]
        units = inside.groupby("Client ID")["units"].sum().reindex(study.index).fillna(0)
        study[name] = units.where(start.notna() & limit.notna())

    goals = goals[goals["Set Date"] <= END]
    latest = (
        goals[goals["Review Month"] <= END]
        .sort_values("Review Month")
        .drop_duplicates(["Client ID", "Goal ID"], keep="last")
    )
    counts = latest.groupby("Client ID")["Status"].value_counts().unstack(fill_value=0).reindex(study.index).fillna(0)
    counts = counts.reindex(columns=["Met", "Discontinued", "In progress"], fill_value=0)
    study["goals_set"] = counts.sum(axis=1)
    study["goals_met"], study["goals_discontinued"], study["goals_in_progress"] = (
        counts[name] for name in counts.columns
    )
    study["goal_completion_rate"] = (study["goals_met"] / study["goals_set"]).where(study["goals_set"] > 0)
    study["met_two_thirds"] = (
        (3 * study["goals_met"] >= 2 * study["goals_set"]).astype(float).where(study["goals_set"] > 0)
    )

    for key, frame in chosen.items():
        scored = score(key, frame).drop(columns="day")
        for wave in ("t0", "t6"):
            study = study.join(
                scored[scored["wave"] == wave].drop(columns="wave").set_index("client").add_suffix(f"_{wave}")
            )
    return study, chosen


def check(intake: pd.DataFrame, notes: pd.DataFrame, goals: pd.DataFrame, study: pd.DataFrame) -> None:
    """The asserts a careful analyst would write."""
    assert intake["Client ID"].is_unique
    assert intake["Client ID"].notna().all()
    assert notes["Record ID"].is_unique
    assert notes["Service Date"].notna().all()
    assert notes["Contact Type"].notna().all()
    assert (notes["Minutes"].dropna() > 0).all()
    assert set(goals["Status"]) <= {"Met", "Discontinued", "In progress"}
    assert not goals.duplicated(["Goal ID", "Review Month"]).any()
    assert study.index.is_unique
    assert len(study) == len(intake)
    assert study["age"].dropna().between(9, 25).all()
    assert (study["goals_met"] + study["goals_discontinued"] + study["goals_in_progress"] == study["goals_set"]).all()
    assert study["mspss_t0"].dropna().between(1, 7).all()
    assert study["cope_se_t0"].dropna().between(0, 260).all()
    assert study["urica_readiness_t0"].dropna().between(-2, 14).all()
    assert (
        study["services_t0"].dropna() <= study["services_t6"].reindex(study["services_t0"].dropna().index).fillna(1e9)
    ).all()


def main(folder: Path, out: Path) -> None:
    """Read, derive, check, fit, save."""
    intake, notes, goals, surveys, minimal = read_exports(folder)
    assert len(minimal) > 0
    study, chosen = derive(intake, notes, goals, surveys)
    check(intake, notes, goals, study)
    out.mkdir(parents=True, exist_ok=True)
    study.drop(columns=["t0", "t6"]).to_csv(out / "client_study.csv")
    for name, table in analyse(study, chosen).items():
        table.to_csv(out / f"{name}.csv", index=name.endswith("_model"))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
