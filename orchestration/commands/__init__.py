"""What the subcommands share: the home option, consoles, and how an error is told."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from rich.console import Console

from assets.errors import ConfigError, DataError, describe
from assets.home import Home
from orchestration.lock import HomeBusyError
from orchestration.settings import home_from_env

out = Console(highlight=False)
err = Console(stderr=True, highlight=False)

HomeOption = Annotated[
    Path | None,
    typer.Option(
        "--home", help="Folder with inbox/, agency/, research/, public/ (default: OUTCOMES_HOME, else ./data)."
    ),
]


def home_of(option: Path | None) -> Home:
    """Resolve the home folder of this call."""
    return home_from_env(os.environ, option)


def built_home(option: Path | None) -> Home:
    """Resolve the home folder and refuse one in which no night has run yet."""
    home = home_of(option)
    if not home.work_db.is_file():
        fail(f"nothing is built in {home.root} yet: run `outcomes run` first")
    return home


def fail(message: str, code: int = 1) -> NoReturn:
    """Print one line on standard error and leave."""
    err.print(f"[red]✗[/red] {message}", soft_wrap=True)
    raise typer.Exit(code)


@contextmanager
def told_plainly() -> Iterator[None]:
    """Turn what can go wrong into one line: no traceback, no value."""
    try:
        yield
    except (DataError, ConfigError, HomeBusyError) as error:
        fail(str(error))
    except FileNotFoundError as error:
        fail(f"no such file or folder: {error.filename}", 2)
    except PermissionError as error:
        fail(f"no permission: {error.filename}")
    except (typer.Exit, typer.Abort, KeyboardInterrupt):
        raise
    except Exception as error:
        fail(f"this should not happen: {describe(error)}. Please report it with this line.")
