"""What a run that was killed leaves lying about: half-written files, copies on their way somewhere, spill files.

Everything on its way to its place has one of a few names, in one of a few folders, and only the holder of the writer's
lock makes it. So whoever takes the lock next may remove it all, before anything else.
"""

import os
import shutil

from assets.home import Home

TOOLS = "tools-"
"""Temporary files of the libraries of a run, by its process's number: ours are in use."""
ON_THE_WAY = {
    "work": ("*.rebuilt*", "*.encrypting*", "*.new"),
    "agency": (".*.part", ".*.new", "*.new", "*.encrypting*", "*.tmp.xlsx", "frozen/*/*.encrypting*"),
    "report": ("*.new",),
    "vault": ("*/*.sealing",),
    "research": (".*.part", ".*.new"),
    "public": (".*.new",),
}


def sweep_home(home: Home) -> int:
    """Remove what an interrupted run left in a home whose writer's lock the caller holds; returns how many entries."""
    places = {
        "work": home.work,
        "agency": home.agency,
        "report": home.report.parent,
        "vault": home.vault,
        "research": home.research,
        "public": home.public,
    }
    left = [path for path in home.temp.glob("*") if path.name != f"{TOOLS}{os.getpid()}"]
    for name, patterns in ON_THE_WAY.items():
        left += [path for pattern in patterns for path in places[name].glob(pattern)]
    for path in left:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    return len(left)
