#!/usr/bin/env python3
"""No hand-written source file is longer than 800 lines: a file is one concern."""

from common import ROOT, finish, tracked

LIMIT = 800
EXEMPT_FOLDERS = {"data", "fixtures", "golden"}  # tables, not code


def main():
    findings, longest, longest_path = [], 0, None
    for path in tracked(".cpp", ".h", ".py", ".ops", ".cu", ".cmake", ".md"):
        if path.parts[0] == "tests" and EXEMPT_FOLDERS & set(path.parts[1:-1]):
            continue
        lines = len((ROOT / path).read_text(errors="replace").splitlines())
        if lines > longest:
            longest, longest_path = lines, path
        if lines > LIMIT:
            findings.append(f"{path}: {lines} lines, {LIMIT} allowed")
    finish("file_sizes", findings, f"longest file {longest_path} with {longest} lines")


if __name__ == "__main__":
    main()
