#!/usr/bin/env python3
"""Instructions per operation, counted by callgrind, stay below the gates of bench/gates.tsv.

Times move by half with nothing changed; instruction counts repeat within one per cent. The bench
program runs a workload N and 2N times and the difference counts, so start-up cost falls out.

usage: instructions.py [--build DIR] [NAME...]
"""

import argparse
import concurrent.futures
import os
import re
import shutil
import subprocess

from common import ROOT, finish, skip, table


def count(program, name, repetitions):
    """Instructions that one run of the program executes in all its threads."""
    command = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", program, name,
               str(repetitions)]
    done = subprocess.run(command, capture_output=True, text=True)
    collected = re.search(r"Collected : (\d+)", done.stderr)
    if done.returncode or not collected:
        said = [line for line in done.stderr.splitlines() if line and not line.startswith("==")]
        return None, f"{program.name} {name} exits with {done.returncode} {' '.join(said)[:300]}"
    return int(collected.group(1)), None


def per_repetition(program, name, repetitions):
    first, error = count(program, name, repetitions)
    if error is None:
        second, error = count(program, name, 2 * repetitions)
    if error is not None:
        return None, error
    return (second - first) / repetitions, None


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", default="build")
    parser.add_argument("names", nargs="*")
    arguments = parser.parse_args()
    program = ROOT / arguments.build / "bench" / "instructions"
    if not (ROOT / "bench" / "instructions.cpp").exists():
        skip("instructions", "bench/instructions.cpp does not exist yet")
    if not shutil.which("valgrind"):
        skip("instructions", "valgrind is not installed")
    if not program.exists():
        finish("instructions", [f"{program.relative_to(ROOT)} is not built"], "")
    gates = [(name, int(limit), int(repetitions))
             for name, limit, repetitions in table(ROOT / "bench" / "gates.tsv")
             if not arguments.names or name in arguments.names]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        counted = list(pool.map(lambda g: per_repetition(program, g[0], g[2]), gates))
    findings, told = [], []
    for (name, limit, _), (used, error) in zip(gates, counted):
        if error is not None:
            findings.append(f"{name}: {error}")
        elif used > limit:
            findings.append(f"{name}: {used:,.0f} instructions, {limit:,} allowed")
        else:
            told.append(f"{name} {used:,.0f}/{limit:,}")
    finish("instructions", findings, ", ".join(told))


if __name__ == "__main__":
    main()
