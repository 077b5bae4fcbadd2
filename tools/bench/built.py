"""Programs of the native build that are made on demand."""

import functools
import os
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
NATIVE = os.path.join(ROOT, "build", "native")


@functools.cache
def built(target):
    """The path of tools/bench's program, built from what the checkout holds."""
    if not os.path.exists(os.path.join(NATIVE, "build.ninja")):
        subprocess.run(["cmake", "--preset", "native"], cwd=ROOT, check=True, stdout=sys.stderr)
    subprocess.run(["ninja", "-C", NATIVE, target], check=True, stdout=sys.stderr)
    return os.path.join(NATIVE, "tools", "bench", target)
