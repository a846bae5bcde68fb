#!/usr/bin/env python3
"""Each public header compiles alone, in C++17, within its budget of compiler memory.

usage: header_budget.py [--build DIR] [--list] [PATTERN]

--list prints what every header takes instead of judging it.
"""

import argparse
import concurrent.futures
import fnmatch
import os
import re
import subprocess

from common import ROOT, finish, skip, table

UNITS = {"": 1e-6, "k": 1e-3, "M": 1.0, "G": 1e3}


def measure(header, includes):
    """Megabytes that g++ counts for the header, or what it says against it."""
    command = ["g++", "-std=c++17", "-fsyntax-only", "-ftime-report", *includes, "-x", "c++", "-"]
    done = subprocess.run(command, input=f"#include <{header}>\n", capture_output=True, text=True)
    total = re.search(r"^ TOTAL .*?([\d.]+)([kMG]?)\s*$", done.stderr, re.MULTILINE)
    if done.returncode or not total:
        return None, "does not compile alone: " + next(
            (line for line in done.stderr.splitlines() if "error" in line), done.stderr[:300])
    return float(total.group(1)) * UNITS[total.group(2)], None


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", default="build")
    parser.add_argument("--list", action="store_true")
    parser.add_argument("pattern", nargs="?", default="*")
    arguments = parser.parse_args()
    roots = [ROOT / "include", ROOT / arguments.build / "gen" / "include"]
    if not roots[1].is_dir():
        skip("header_budget", f"{arguments.build}/ is not configured")
    headers = sorted(str(p.relative_to(root)) for root in roots for p in root.rglob("*.h"))
    headers = [h for h in headers if fnmatch.fnmatch(h, arguments.pattern)]
    budget = [(p, float(mb)) for p, mb in table(ROOT / "scripts/checks/header_budget.tsv")]
    includes = [f"-I{root}" for root in roots]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        measured = list(pool.map(lambda h: measure(h, includes), headers))
    findings, largest = [], (0.0, "none")
    for header, (used, error) in zip(headers, measured):
        if error:
            findings.append(f"{header}: {error}")
            continue
        allowed = next((mb for p, mb in budget if fnmatch.fnmatch(header, p)), None)
        if arguments.list:
            print(f"{used:7.1f} MB of {allowed}  {header}")
        elif allowed is None:
            findings.append(f"{header}: no pattern of header_budget.tsv fits it")
        elif used > allowed:
            findings.append(f"{header}: {used:.1f} MB, budget {allowed:g} MB")
        largest = max(largest, (used, header))
    finish("header_budget", findings,
           f"{len(headers)} headers within budget, largest {largest[1]} with {largest[0]:.0f} MB")


if __name__ == "__main__":
    main()
