"""A first spec from what an SPSS file says about itself, for `outcomes inspect FILE.sav --draft`."""

import re
from dataclasses import dataclass

import yaml

from assets.study.columns import read_column
from assets.study.scales import STAGES
from assets.study.spec import level_text
from assets.study.wide import WideFile

# How names and labels tell the first and the second wave; the first pattern that matches both of a pair wins.
WAVES = (
    (r"_t?0$", r"_t?6$"),
    (r"_t?0$", r"_t?12$"),
    (r"(?:_t|_w|_|t|w)1$", r"(?:_t|_w|_|t|w)2$"),
    (r"_?(?:pre|baseline|bl)$", r"_?(?:post|followup|fu)$"),
    (r"^(?:pre|t0|t1)_?", r"^(?:post|t6|t2)_?"),
)
# What the study's predictors are called in names and labels, most telling words first.
ROLES = {
    "age": (r"^age\b",),
    "county": (r"county.?out", r"outlying", r"county"),
    "goals": (r"goals?.?set", r"goal count", r"number of goals"),
    "services": (r"^services?.*(?:_t?0\b|first|0 months)", r"^services?.?count", r"^services?"),
    "minority": (r"^minority\b", r"racial.*minority", r"\bminority\b"),
    "confirmed": (r"^confirmed\b", r"confirmed", r"classification"),
    "months": (r"months.*(?:first|_t?0\b)", r"months.?(?:of.?)?service", r"months"),
    "mspss": (r"^mspss_?(?:t?0|1|pre)?$", r"mspss.*(?:composite|total)", r"social support.*(?:composite|total)"),
    "cope": (r"^cop(?:e|se|e_se|_se).*(?:0|1|pre)$", r"coping self.?efficacy", r"^cop(?:e|se)"),
}
MODELS = (
    ("mspss_composite", "ols", "mspss", ("age", "county", "goals", "services", "minority")),
    ("cope_se", "ols", "cope", ("confirmed", "months", "minority")),
)
MAX_LEVELS = 12
# Counts grow from wave to wave by themselves: no test of change is drafted for them.
COUNTED = re.compile(r"service|goal|month|count|visit")


@dataclass
class _Draft:
    wide: WideFile
    names: list[str]
    second: set[str]

    def text_of(self, name: str) -> str:
        return f"{name}\n{self.wide.labels.get(name, '')}".lower()

    def find(self, role: str) -> str | None:
        """The variable whose name or label fits a role best; first waves only."""
        for pattern in ROLES[role]:
            for name in self.names:
                if name not in self.second and re.search(pattern, self.text_of(name), re.IGNORECASE | re.MULTILINE):
                    return name
        return None


def draft_spec(wide: WideFile) -> str:
    """YAML text of a spec guessed from names, labels, value labels and user-missing codes: to be read and corrected.

    What could not be found stands as a comment. The text loads as it is (`parse_spec`) and runs on the same file.
    """
    names = [str(name) for name in wide.frame.columns]
    identity = _id_of(wide, names)
    names = [name for name in names if name != identity]
    pairs = _pairs(names)
    second = {t6 for _, t6 in pairs.values()}
    draft = _Draft(wide, names, second)
    categories = {name: levels for name in names if (levels := _levels(wide, name))}
    stages = {name: levels for name, levels in categories.items() if len(set(levels) & set(STAGES)) >= 2}
    numeric_pairs = {
        stem: pair
        for stem, pair in pairs.items()
        if not COUNTED.search(stem) and not any(name in categories for name in pair) and _numbers(wide, pair)
    }
    notes: list[str] = []
    spec: dict[str, object] = {
        "id": identity,
        "missing_codes": _missing_codes(wide),
        "categories": categories,
        "describe": [name for name in names if name not in second and _describable(wide, name, categories)],
        "associations": [[name, stage] for stage in stages for name in categories if name not in stages][:6],
        "pairs": [{"name": stem, "t0": t0, "t6": t6} for stem, (t0, t6) in numeric_pairs.items()],
        "models": _models(draft, stages, notes),
    }
    head = [
        "# Drafted from the file's own labels. Read every line: a guess is not a definition.",
        "# The first category of a variable is the reference of its dummy codes; order them as the tables should.",
        *(f"# {note}" for note in notes),
    ]
    body = yaml.safe_dump(spec, sort_keys=False, allow_unicode=True, width=120, default_flow_style=None)
    return "\n".join(head) + "\n" + body


def _id_of(wide: WideFile, names: list[str]) -> str:
    telling = [name for name in names if re.search(r"(^|_)(id|case|record|participant|client)", name, re.IGNORECASE)]
    said = re.compile(r"\b(id|participant|case number)\b", re.IGNORECASE)
    labelled = [name for name in names if said.search(wide.labels.get(name, ""))]
    for name in (*telling, *labelled, *names):
        if wide.frame[name].notna().all() and wide.frame[name].is_unique:
            return name
    return names[0]


def _pairs(names: list[str]) -> dict[str, tuple[str, str]]:
    found: dict[str, tuple[str, str]] = {}
    used: set[str] = set()
    for first, second in WAVES:
        by_stem = {re.sub(second, "", name.lower()): name for name in names if re.search(second, name.lower())}
        for name in names:
            stem = re.sub(first, "", name.lower())
            if stem and re.search(first, name.lower()) and stem in by_stem and not {name, by_stem[stem]} & used:
                found[stem.strip("_")] = (name, by_stem[stem])
                used |= {name, by_stem[stem]}
    return found


def _levels(wide: WideFile, name: str) -> list[str]:
    """Categories of a labelled variable with more than two values, or of a text with few; a yes/no stays a number."""
    labels = wide.value_labels.get(name, {})
    missing = [level_text(low) for low, high in wide.user_missing.get(name, []) if low == high]
    kept = [label for code, label in labels.items() if code not in missing]
    if len(kept) > 2 and len(set(kept)) == len(kept) and wide.measures.get(name) != "scale":
        return kept
    column = read_column(wide.frame[name], set())
    if column.numbers is None and column.texts is not None and not column.boolean:
        distinct = sorted({text for text in column.texts if text is not None})
        if 1 < len(distinct) <= MAX_LEVELS:
            return list(STAGES) if len(distinct) > 1 and set(distinct) <= set(STAGES) else distinct
    return []


def _numbers(wide: WideFile, pair: tuple[str, str]) -> bool:
    return all(read_column(wide.frame[name], set()).numbers is not None for name in pair)


def _describable(wide: WideFile, name: str, categories: dict[str, list[str]]) -> bool:
    column = read_column(wide.frame[name], set())
    return name in categories or column.numbers is not None


def _missing_codes(wide: WideFile) -> list[float]:
    codes = {low for ranges in wide.user_missing.values() for low, high in ranges if low == high}
    return sorted(int(code) if float(code).is_integer() else code for code in codes if isinstance(code, float))


def _models(draft: _Draft, stages: dict[str, list[str]], notes: list[str]) -> list[dict[str, object]]:
    models: list[dict[str, object]] = []
    for title, family, outcome_role, roles in MODELS:
        outcome = draft.find(outcome_role)
        fitting = {role: draft.find(role) for role in roles}
        absent = [role for role, variable in fitting.items() if variable is None]
        predictors = list(dict.fromkeys(name for name in fitting.values() if name and name != outcome))
        if outcome is None or not predictors:
            wanted = outcome_role if outcome is None else ", ".join(roles)
            notes.append(f"No model {title}: nothing looks like {wanted}.")
            continue
        if absent:
            notes.append(f"Model {title} lacks {', '.join(absent)}: nothing in the file looks like it.")
        models.append(
            {"name": title, "family": family, "outcome": outcome, "predictors": predictors, "missing": "listwise"}
        )
    stage = next((name for name in stages if name not in draft.second), None)
    predictors = [found for role in ("mspss", "cope", "age") if (found := draft.find(role)) is not None]
    if stage is None or not predictors:
        notes.append("No model readiness: no variable has stages of change as its value labels.")
    else:
        reference = next((level for level in stages[stage] if level == STAGES[0]), stages[stage][0])
        readiness = {"name": "readiness", "family": "multinomial", "outcome": stage, "reference": reference}
        models.append({**readiness, "predictors": predictors})
    return models
