#!/usr/bin/env python3
"""Times bench/speed.cpp built against Pharos and against LibTorch, run by run in turn.

compare_speed.py PHAROS_SPEED TORCH_SPEED [--threads 1 2] [--rounds 3] [--only PREFIX...]
Each round runs one program and then the other for one group of lines, so that drift of the machine
meets both; the medians over the rounds and their ratio are printed as a Markdown table.
"""

import argparse
import collections
import os
import platform
import statistics
import subprocess
import sys

GROUPS = ["op.", "net.mlp", "net.lenet", "net.lstm", "net.resnet18", "net.resnet50", "net.gpt", "net.adam25m",
          "size.", "mm.", "conv."]


def run(program, threads, group):
    env = {**os.environ, "OMP_NUM_THREADS": str(threads)}
    out = subprocess.run([program, str(threads), group], capture_output=True, text=True, env=env)
    if out.returncode != 0:
        print(f"{program} {group}: {out.stderr.strip()[-300:]}", file=sys.stderr)
    pairs = (line.split("\t") for line in out.stdout.splitlines() if "\t" in line)
    return {name: float(seconds) for name, seconds in pairs if name.startswith(group)}


def shown(seconds):
    for unit, scale in (("s", 1), ("ms", 1e3), ("us", 1e6)):
        if seconds * scale >= 1:
            return f"{seconds * scale:.3g} {unit}"
    return f"{seconds * 1e9:.3g} ns"


def cpu():
    with open("/proc/cpuinfo") as f:
        model = next((line.split(":")[1].strip() for line in f if line.startswith("model name")), platform.machine())
    with open("/proc/cpuinfo") as f:
        text = f.read()
    return model + (", AVX-512" if "avx512f" in text else ", AVX2" if "avx2" in text else "")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pharos")
    parser.add_argument("torch")
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", nargs="+", default=GROUPS)
    args = parser.parse_args()
    print(f"Machine: {cpu()}, {os.cpu_count()} cores. Medians of {args.rounds} interleaved rounds.\n")
    for threads in args.threads:
        times = collections.defaultdict(lambda: ([], []))
        for group in args.only:
            for _ in range(args.rounds):
                for side, program in enumerate((args.pharos, args.torch)):
                    for name, seconds in run(program, threads, group).items():
                        times[name][side].append(seconds)
        print(f"| {threads} thread{'s' if threads > 1 else ''} | Pharos | PyTorch | ratio |\n|---|---|---|---|")
        ratios = collections.defaultdict(list)
        for name, (ours, theirs) in times.items():
            if not ours or not theirs:
                print(f"| {name} | {shown(statistics.median(ours)) if ours else '-'} | "
                      f"{shown(statistics.median(theirs)) if theirs else '-'} | - |")
                continue
            a, b = statistics.median(ours), statistics.median(theirs)
            ratios[name.split(".")[0]].append(b / a)
            print(f"| {name} | {shown(a)} | {shown(b)} | {b / a:.2f} |")
        for group, values in ratios.items():
            print(f"| *{group}: geometric mean* | | | {statistics.geometric_mean(values):.2f} |")
        print()


if __name__ == "__main__":
    main()
