#!/usr/bin/env python3
# The bundled digits are the file that their README names, and the committed split is a fifth of
# every class, each picture on one side only.
import collections
import gzip
import hashlib
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
DIGITS = ROOT / "data" / "digits"

packed = (DIGITS / "digits.csv.gz").read_bytes()
digest = hashlib.sha256(packed).hexdigest()
assert digest in (DIGITS / "README.md").read_text(encoding="utf-8"), digest

rows = [[int(v) for v in line.split(",")] for line in gzip.decompress(packed).decode("ascii").split()]
assert len(rows) == 1797
assert all(len(row) == 65 and 0 <= min(row[:64]) and max(row[:64]) <= 16 and 0 <= row[64] <= 9 for row in rows)

test = [int(line) for line in (DIGITS / "test_indices.txt").read_text(encoding="ascii").split()]
assert len(set(test)) == len(test) and 0 <= min(test) and max(test) < len(rows)
assert test != sorted(test)
total = collections.Counter(row[64] for row in rows)
chosen = collections.Counter(rows[i][64] for i in test)
assert all(abs(chosen[digit] - total[digit] / 5) <= 0.5 for digit in range(10)), chosen

subprocess.run([sys.executable, ROOT / "scripts" / "split_digits.py", "--check"], check=True)
print("digits and split: ok")
