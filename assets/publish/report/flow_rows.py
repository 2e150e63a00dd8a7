"""What Figure 1 draws: the rows of ``participant_flow`` sorted into blocks that count the same thing."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from assets.publish.report import numbers as fmt
from assets.publish.report.labels import Labels
from assets.publish.report.records import Record, unique
from assets.publish.report.text import clean

_PAIR = re.compile(r"^(?P<name>.+): (?P<part>t0|t6|both)$")
_MODEL = re.compile(r"^model (?P<name>.+)$")
_RESPONSES = re.compile(r"^(?P<name>.+) responses (?P<what>received|left out|used at (?P<wave>\S+))$")
_CODE = re.compile(r"^[a-z0-9]+(_[a-z0-9]+)*$")

MAIN, PART, REST = "main", "part", "rest"
"""How a piece of a bar is coloured: what counts, a lesser part of it, what was left out."""


@dataclass(frozen=True)
class Bar:
    """One line of the figure: pieces of a bar from left to right, the numbers beside it, sentences below."""

    label: str
    pieces: tuple[tuple[float, str], ...]
    told: str
    below: str = ""

    @property
    def n(self) -> float:
        """What the whole bar stands for."""
        return sum(n for n, _ in self.pieces)


@dataclass
class Block:
    """Lines that count the same unit, under one heading."""

    title: str
    bars: list[Bar] = field(default_factory=list)

    @property
    def largest(self) -> float:
        """What the longest bar stands for; at least 1, so that a block of zeros can be drawn."""
        return max([1.0, *(bar.n for bar in self.bars)])


def flow_blocks(records: list[Record], models: list[Record], labels: Labels) -> list[Block]:
    """Sort the rows into clients, survey responses, scores and models; empty blocks are left out."""
    counted = [row for row in records if fmt.is_number(row.get("n"))]
    matches = {
        kind: [(pattern.match(str(row.get("step"))), row) for row in counted] for kind, pattern in _KINDS.items()
    }
    outcomes = {str(row.get("model")): row.get("outcome") for row in models}
    pairs = [(found, row) for found, row in matches["pair"] if found]
    fitted = [(found["name"], row) for found, row in matches["model"] if found and found["name"] in outcomes]
    responses = [(found, row) for found, row in matches["responses"] if found]
    special = [id(row) for _, row in (*pairs, *fitted, *responses)]
    by_step = {str(row.get("step")): row for row in counted}
    blocks = [
        Block("Clients", [_plain_bar(row, labels.step(row.get("step"))) for row in counted if id(row) not in special]),
        Block(
            "Survey responses",
            [
                _response_bar(name, [(found, row) for found, row in responses if found["name"] == name], labels)
                for name in unique(found["name"] for found, _ in responses)
            ],
        ),
        Block(
            "Clients with scores",
            [_pair_bar(name, by_step, labels) for name in unique(found["name"] for found, _ in pairs)],
        ),
        Block("Clients in the models", [_plain_bar(row, labels.model(name, outcomes[name])) for name, row in fitted]),
    ]
    return [block for block in blocks if block.bars]


_KINDS = {"pair": _PAIR, "model": _MODEL, "responses": _RESPONSES}


def _plain_bar(row: Record, label: str) -> Bar:
    """A reason that is a code marks what was left out: the step names it already."""
    reason = clean(row.get("reason") or "")
    is_code = bool(_CODE.match(reason))
    piece = (float(row["n"]), REST if is_code else MAIN)
    return Bar(label, (piece,), fmt.count(row["n"]), "" if is_code else reason)


def _pair_bar(name: str, by_step: Mapping[str, Record], labels: Labels) -> Bar:
    """The clients scored at the first wave, those at both as the dark part."""
    first, second, both = (by_step.get(f"{name}: {part}", {}).get("n") for part in ("t0", "t6", "both"))
    told = f"{fmt.count(first)} / {fmt.count(second)} / {fmt.count(both)}"
    inner = float(both or 0)
    return Bar(labels.variable(name), ((inner, MAIN), (max(0.0, float(first or 0) - inner), PART)), told)


def _response_bar(name: str, rows: list[tuple[re.Match[str], Record]], labels: Labels) -> Bar:
    """The responses of one survey: used at each wave, then left out, with the reasons below, the commonest first."""
    used = [(found["wave"], row) for found, row in rows if found["wave"]]
    left = sorted((row for found, row in rows if found["what"] == "left out"), key=lambda row: -row["n"])
    received = next((row["n"] for found, row in rows if found["what"] == "received"), None)
    pieces = [(float(row["n"]), MAIN if at == 0 else PART) for at, (_, row) in enumerate(used)]
    pieces.append((float(sum(row["n"] for row in left)), REST))
    told = [f"{fmt.count(row['n'])} used at {labels.wave(wave)}" for wave, row in used]
    reasons = [f"{fmt.count(row['n'])} {clean(row.get('reason') or 'not told').replace('_', ' ')}" for row in left]
    if reasons:
        told.append(f"left out: {', '.join(reasons)}")
    return Bar(
        labels.instrument(name),
        tuple(pieces),
        fmt.count(received) if received is not None else fmt.count(sum(n for n, _ in pieces)),
        "; ".join(told),
    )
