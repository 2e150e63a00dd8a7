"""The ``outcomes`` command. Each subcommand lives in ``orchestration/commands``; heavy libraries load only when used.

Exit codes: 0 done, 1 a failed gate, run or file, 2 wrong usage.
"""

import atexit
import os
import sys

import typer

from orchestration.commands import desk, files, history, lookup, nightly, pages, privacy, study, tools, warehouse

app = typer.Typer(
    name="outcomes",
    help="Turn an agency's exports into a checked, documented warehouse, and refit the study on it.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
)
nightly.add_to(app)
desk.add_to(app)
files.add_to(app)
study.add_to(app)
tools.add_to(app)
warehouse.add_to(app)
history.add_to(app)
lookup.add_to(app)
pages.add_to(app)
privacy.add_to(app)


def main() -> None:
    """Run the command line and leave at once.

    After a night the interpreter spends up to two seconds on taking down a million objects of its libraries. Every
    file and connection is closed by then, so what was printed is flushed and the process ends.
    """
    try:
        app()
    except SystemExit as leaving:
        code = leaving.code if isinstance(leaving.code, int) else int(leaving.code is not None)
    else:
        code = 0
    atexit._run_exitfuncs()  # what libraries asked to have done at the end is done; only the taking down is left out
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    main()
