"""The border around parsers: what they raise may quote cells, so it is told by its kind alone."""

from collections.abc import Iterator
from contextlib import contextmanager

from assets.errors import DataError
from assets.ingest.parsed import ReadAgainError, SinkError

_PANIC = "PanicException"
"""The class of a failure in native code: no ``Exception``, and of a module that cannot be imported."""


@contextmanager
def told_by_kind() -> Iterator[None]:
    """Turn a parser's own failure into :class:`DataError` ``READER_FAILED`` with the type of the failure and no text.

    A refusal of ours, a failure of the database, the wish to read again and the want of memory pass as they are.
    """
    try:
        yield
    except (DataError, SinkError, ReadAgainError, MemoryError):
        raise
    except Exception as error:
        raise DataError("READER_FAILED", f"the reader failed ({type(error).__name__})") from None
    except BaseException as error:
        if type(error).__name__ != _PANIC:
            raise
        raise DataError("READER_FAILED", "the reader failed (panic)") from None
