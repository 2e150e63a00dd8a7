"""Reading a file whose later rows tell how its earlier ones must be read."""

from collections import Counter
from pathlib import Path

from assets.ingest.load import Stage
from assets.ingest.parsed import Parsed, ReadAgainError
from assets.ingest.read import ReadContext, read_file


def read_into(stage: Stage, path: Path, context: ReadContext, parsed: Parsed) -> None:
    """Read the file into ``stage``, again from its beginning whenever a row makes rows before it doubtful.

    Rows are handed on in batches of 20,000, so that memory stays bounded. A date far down that cannot be in the
    declared order came too late for the batches before it: their dates were read in that order. Each new beginning
    knows one column more, so there are as many as a form has dates at the most. Raises what ``read_file`` raises.
    """
    noted = Counter(parsed.findings)
    while True:
        try:
            return read_file(path, context, parsed, stage.take)
        except ReadAgainError:
            stage.clear()
            parsed.begin_again(noted)
