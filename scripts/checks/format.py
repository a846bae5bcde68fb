#!/usr/bin/env python3
"""Every C++ file is as clang-format leaves it (`make format` puts it right)."""

import re
import shutil
import subprocess

from common import ROOT, finish, skip, tracked

# Tables of numbers are laid out by the programs that wrote them.
EXEMPT = re.compile(r"^tests/.*/(golden|data|fixtures)/|_table\.(h|cpp)$")


def main():
    if not shutil.which("clang-format"):
        skip("format", "clang-format is not installed")
    files = [str(p) for p in tracked(".h", ".cpp") if not EXEMPT.search(str(p))]
    findings = []
    for start in range(0, len(files), 50):
        done = subprocess.run(["clang-format", "--dry-run", "-Werror", *files[start:start + 50]],
                              cwd=ROOT, capture_output=True, text=True)
        wrong = re.findall(r"^([^\s:]+):\d+:\d+: error", done.stderr, re.MULTILINE)
        findings += [f"{path}: run make format" for path in sorted(set(wrong))]
        if done.returncode and not wrong:
            findings.append(done.stderr.strip()[:2000])
    finish("format", findings, f"{len(files)} files are formatted")


if __name__ == "__main__":
    main()
