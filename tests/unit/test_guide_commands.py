"""The documentation names only commands and options that exist."""

import re
from pathlib import Path

import pytest
import typer

from orchestration.cli import app

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([*ROOT.glob("docs/guide/*.md"), *ROOT.glob("docs/playbooks/*.md"), ROOT / "docs/README.md"])
CALL = re.compile(r"(?:^|[`/( ])outcomes ((?:[a-z][a-z-]+)(?: [^`\n|#]*)?)", re.MULTILINE)
COMMANDS = typer.main.get_command(app).commands


def calls(page: Path) -> list[list[str]]:
    """Each ``outcomes …`` in code, as words."""
    text = page.read_text(encoding="utf-8")
    code = re.findall(r"```(?:sh)?\n(.*?)```", text, re.DOTALL) + re.findall(r"`([^`\n]+)`", text)
    return [match.split() for piece in code for match in CALL.findall(piece)]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_and_options_of_the_page_exist(page: Path) -> None:
    unknown = []
    for name, *words in calls(page):
        if name not in COMMANDS:
            unknown.append(name)
            continue
        options = {option for parameter in COMMANDS[name].params for option in parameter.opts}
        unknown += [f"{name} {word}" for word in words if word.startswith("--") and word not in options | {"--help"}]
    assert unknown == []


def test_the_pages_do_name_commands() -> None:
    named = {words[0] for page in PAGES for words in calls(page)}
    assert {"run", "inspect", "replicate", "ui"} <= named
