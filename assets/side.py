"""A second interpreter beside the night's own, for what is slow to import.

Great Expectations takes 3.4 s of processor time to import and the report's libraries another 1.5 s, on a machine with
two cores. The side process imports them while the night reads the inbox; then it answers calls of our own functions.
It is a child that reads its standard input until that closes, so it ends with its parent, however the parent ends.
Frames travel through a pipe in memory; an error comes back as its kind and our line, never as its text.
"""

import gc
import importlib
import os
import pickle
import select
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from typing import IO, Any, Self

from assets.errors import ConfigError, DataError, StepError, describe
from assets.home import PROJECT_ROOT

PRELOADED = (
    "pandas",
    "great_expectations",
    "great_expectations.expectations",
    "expectations.runner",
    "great_tables",
    "matplotlib.figure",
    "matplotlib.backends.backend_svg",
    "assets.publish.report",
)


class Side:
    """The parent's end. ``call("module:function", …)`` runs a function of this project over there and waits for it."""

    def __init__(self, preload: Sequence[str] = PRELOADED) -> None:
        self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
            [sys.executable, "-m", "assets.side", *preload],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=PROJECT_ROOT,
        )
        self._lock = threading.Lock()

    def call(self, target: str, *arguments: Any) -> Any:
        """Return what ``target`` returns. Raises the error it raised when that is one of ours, else ``StepError``."""
        return self.ask(target, *arguments)()

    def ask(self, target: str, *arguments: Any) -> Callable[[], Any]:
        """Start ``target`` over there and go on; the returned function waits for its answer, once, as ``call`` does.

        One question at a time: the lock is held until the answer was fetched.
        """
        requests, answers = self._process.stdin, self._process.stdout
        if requests is None or answers is None:
            raise StepError("the side process has no pipes")
        self._lock.acquire()
        try:
            pickle.dump((target, arguments), requests, protocol=pickle.HIGHEST_PROTOCOL)
            requests.flush()
        except BrokenPipeError:
            self._lock.release()
            raise StepError(f"the side process ended before {target}") from None

        def answer() -> Any:
            try:
                kind, found = pickle.load(answers)  # noqa: S301 - written by our own child
            except EOFError:
                raise StepError(f"the side process ended during {target}") from None
            finally:
                self._lock.release()
            if kind == "error":
                raise found
            return found

        return answer

    def close(self) -> None:
        """Let the child end and wait for it."""
        if self._process.stdin:
            self._process.stdin.close()
        if self._process.stdout:
            self._process.stdout.close()
        self._process.wait(timeout=30)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _serve(requests: IO[bytes], answers: IO[bytes], preload: Sequence[str]) -> None:
    waiting = list(preload)
    while True:
        # Import the next module only while nobody is asking. The parent waits for each answer before it asks again, so
        # nothing can sit unseen in the buffer.
        while waiting and not select.select([requests], [], [], 0)[0]:
            importlib.import_module(waiting.pop(0))
        try:
            target, arguments = pickle.load(requests)  # noqa: S301 - written by our own parent
        except EOFError:
            return
        pickle.dump(_answer(target, arguments), answers, protocol=pickle.HIGHEST_PROTOCOL)
        answers.flush()


def _answer(target: str, arguments: Sequence[Any]) -> tuple[str, Any]:
    module, _, name = target.partition(":")
    try:
        return "answer", getattr(importlib.import_module(module), name)(*arguments)
    except (DataError, ConfigError) as error:
        return "error", StepError(str(error))
    except Exception as error:
        return "error", StepError(describe(error))


if __name__ == "__main__":
    gc.set_threshold(100_000, 50, 100)
    # Whatever a library prints must not mix with the answers.
    answers = sys.stdout.buffer
    sys.stdout = sys.stderr
    _serve(sys.stdin.buffer, answers, sys.argv[1:])
    # Taking down the libraries it holds costs half a second that the parent would wait for; there is nothing to save.
    os._exit(0)
