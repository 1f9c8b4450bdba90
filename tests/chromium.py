"""Debian's Chromium: its shell without a window where there is one, which opens a page in a quarter of the time."""

import os
import shutil

COMMANDS = ("chromium-headless-shell", "chromium")
_QUIET = ("--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run")
_PATHS = (path for name in COMMANDS if (path := shutil.which(name)))

LAUNCH = {
    "executable_path": next(_PATHS, None),
    # Chromium has no sandbox for root.
    "args": [*_QUIET, *(["--no-sandbox"] if os.geteuid() == 0 else [])],
}
"""What Playwright starts it with."""
