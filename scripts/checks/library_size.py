#!/usr/bin/env python3
"""libpharos.so, stripped, does not grow: the aim is 7 MB, see docs/status.md.

usage: library_size.py [--build DIR]
"""

import argparse
import pathlib
import subprocess
import tempfile

from common import ROOT, finish, skip

LIMIT = 7_000_000


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", default="build")
    library = ROOT / parser.parse_args().build / "lib" / "libpharos.so"
    if not library.exists():
        skip("library_size", f"{library.relative_to(ROOT)} is not built")
    with tempfile.TemporaryDirectory() as folder:
        stripped = pathlib.Path(folder) / "libpharos.so"
        subprocess.run(["strip", "-o", stripped, library], check=True)
        size = stripped.stat().st_size
    findings = [f"{size:,} bytes stripped, {LIMIT:,} allowed"] if size > LIMIT else []
    finish("library_size", findings, f"{size:,} bytes stripped of {LIMIT:,}")


if __name__ == "__main__":
    main()
