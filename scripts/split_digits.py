#!/usr/bin/env python3
# Writes data/digits/test_indices.txt: the committed train/test split of the bundled digits.
# Stratified (a fifth of every class) and shuffled, because the file is ordered by writer: a split by
# position would put whole writers, and uneven classes, on one side. Deterministic for a seed.
# `--check` compares the committed file with what this script would write.
import argparse
import gzip
import pathlib
import random
import sys

FRACTION = 0.2
SEED = 20240


def read_labels(path):
    with gzip.open(path, "rt", encoding="ascii") as lines:
        return [int(line.rsplit(",", 1)[1]) for line in lines if line.strip()]


def choose_test_rows(labels, seed):
    rng = random.Random(seed)
    chosen = []
    for digit in sorted(set(labels)):
        rows = [row for row, label in enumerate(labels) if label == digit]
        rng.shuffle(rows)
        chosen += rows[: round(FRACTION * len(rows))]
    rng.shuffle(chosen)
    return chosen


def main():
    folder = pathlib.Path(__file__).resolve().parent.parent / "data" / "digits"
    parser = argparse.ArgumentParser(description="make the train/test split of the bundled digits")
    parser.add_argument("--check", action="store_true", help="compare, write nothing")
    arguments = parser.parse_args()

    rows = choose_test_rows(read_labels(folder / "digits.csv.gz"), SEED)
    text = "".join(f"{row}\n" for row in rows)
    target = folder / "test_indices.txt"
    if arguments.check:
        if target.read_text(encoding="ascii") != text:
            sys.exit(f"{target} is not what this script writes")
        return
    target.write_text(text, encoding="ascii")


if __name__ == "__main__":
    main()
