"""What a process has ready before its first visitor."""

import subprocess
import sys

from tests.servers import ROOT

ASKED = """
import gc, os, sys
os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
import console.asgi
print("executions.views.history" in sys.modules, gc.get_freeze_count() > 100_000)
"""


def test_all_is_loaded_and_out_of_the_collector_s_sight() -> None:
    done = subprocess.run([sys.executable, "-c", ASKED], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True", "True"]
