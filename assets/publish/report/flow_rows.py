"""What Figure 1 draws: the rows of ``participant_flow`` sorted into blocks that count the same thing."""

import re
from dataclasses import dataclass, field

from assets.publish.report import numbers as fmt
from assets.publish.report.labels import Labels
from assets.publish.report.records import Record, unique
from assets.publish.report.text import clean

_PAIR = re.compile(r"^(?P<name>.+): (?P<part>t0|t6|both)$")
_MODEL = re.compile(r"^model (?P<name>.+)$")
_CODE = re.compile(r"^[a-z0-9]+(_[a-z0-9]+)*$")


@dataclass(frozen=True)
class Bar:
    """One line of the figure: a bar of ``n``; ``inner`` is the part of it that also counts at the other wave."""

    label: str
    n: float
    told: str
    below: str = ""
    inner: float | None = None
    left_out: bool = False


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
    clients, responses, scores, fitted = (
        Block("Clients"),
        Block("Survey responses"),
        Block("Clients with scores"),
        Block("Clients in the models"),
    )
    counted = [row for row in records if fmt.is_number(row.get("n"))]
    by_step = {str(row.get("step")): row for row in counted}
    outcomes = {str(row.get("model")): row.get("outcome") for row in models}
    for row in counted:
        step = str(row.get("step"))
        pair, model = _PAIR.match(step), _MODEL.match(step)
        if pair:
            if pair["part"] == "t0":
                scores.bars.append(_pair_bar(pair["name"], by_step, labels))
        elif model and model["name"] in outcomes:
            name = model["name"]
            fitted.bars.append(_plain_bar(row, labels.model(name, outcomes[name])))
        else:
            block = responses if " responses" in step else clients
            block.bars.append(_plain_bar(row, labels.step(step)))
    # The rows come sorted by step; one instrument's rows belong together.
    instruments = unique(_instrument(bar) for bar in responses.bars)
    responses.bars.sort(key=lambda bar: instruments.index(_instrument(bar)))
    return [block for block in (clients, responses, scores, fitted) if block.bars]


def _instrument(bar: Bar) -> str:
    return bar.label.split(" responses")[0]


def _plain_bar(row: Record, label: str) -> Bar:
    reason = clean(row.get("reason") or "")
    is_code = bool(_CODE.match(reason))
    if is_code:
        label = f"{label}: {reason.replace('_', ' ')}"
    return Bar(label, float(row["n"]), fmt.count(row["n"]), "" if is_code else reason, left_out=is_code)


def _pair_bar(name: str, by_step: dict[str, Record], labels: Labels) -> Bar:
    first, second, both = (by_step.get(f"{name}: {part}", {}).get("n") for part in ("t0", "t6", "both"))
    told = f"{fmt.count(first)} / {fmt.count(second)} / {fmt.count(both)}"
    return Bar(labels.variable(name), float(first or 0), told, inner=float(both or 0))
