#!/usr/bin/env python3
"""Runs the operator samples in real PyTorch and stores what it gives, one file per operator.

make_ops.py TEST_BINARY [ROW...]: TEST_BINARY is test_ops_internal of any build; without rows all are
made. Needs PyTorch (the version is in docs/benchmarks.md); the library's tests need only the files.
"""

import collections
import os
import subprocess
import sys
import tempfile
import zipfile

import torch

DTYPES = {0: torch.uint8, 1: torch.int8, 2: torch.int16, 3: torch.int32, 4: torch.int64, 5: torch.float16,
          6: torch.float32, 7: torch.float64, 9: torch.complex64, 10: torch.complex128, 11: torch.bool,
          15: torch.bfloat16}
FORMATS = {0: torch.contiguous_format, 1: torch.preserve_format, 2: torch.channels_last, 3: torch.channels_last_3d}
SEED = 12345


def converted(value, arg):
    kind = str(arg.real_type if hasattr(arg, "real_type") else arg.type)
    if value is None:
        return None
    if "ScalarType" in kind:
        return DTYPES[value]
    if "MemoryFormat" in kind:
        return FORMATS[value]
    if "Layout" in kind:
        return torch.strided
    return value


def fresh(value):
    """A copy to write to, gaps in memory included."""
    if isinstance(value, (tuple, list)):
        return [fresh(v) for v in value]
    if any(n > 1 and s == 0 for n, s in zip(value.shape, value.stride())):
        return value.clone()
    return torch.empty_strided(value.shape, value.stride(), dtype=value.dtype).copy_(value)


def run(row, args):
    name, _, overload = row.partition(".")
    op = getattr(getattr(torch.ops.aten, name), overload or "default")
    schema = op._schema
    values = [fresh(converted(v, a)) if a.is_write else converted(v, a) for v, a in zip(args, schema.arguments)]
    positional = [v for v, a in zip(values, schema.arguments) if not a.kwarg_only]
    keyword = {a.name: v for v, a in zip(values, schema.arguments) if a.kwarg_only}
    torch.manual_seed(SEED)
    out = op(*positional, **keyword)
    if schema.returns:
        return out
    # What an operator without results gives is what it wrote.
    written = [v for v, a in zip(values, schema.arguments) if a.is_write]
    return [t for v in written for t in (v if isinstance(v, list) else [v])]


def listed(out):
    if isinstance(out, (tuple, list)):
        return [stored(o) for o in out]
    return [stored(out)]


def stored(value):
    if isinstance(value, torch.Tensor):
        value = value.detach().resolve_conj().resolve_neg()
        # Only what the tensor shows: a small view would drag its whole storage along.
        return value if value.untyped_storage().nbytes() <= 2 * value.nbytes else restrided(value)
    if isinstance(value, torch.dtype):
        return next(k for k, v in DTYPES.items() if v == value)
    if isinstance(value, (tuple, list)):
        return [stored(v) for v in value]
    return value


def restrided(t):
    try:
        fresh = torch.empty_strided(t.shape, t.stride(), dtype=t.dtype)
        return fresh.copy_(t)
    except RuntimeError:
        return t.clone()


def check_error(row, case):
    try:
        run(row, case["args"])
        print(f"{row}: PyTorch accepts what the sample says fails with: {case['error']}")
    except Exception as e:
        if case["error"] not in str(e):
            print(f"{row}: the sample expects: {case['error']}\n  PyTorch says: {str(e).splitlines()[0]}")


def main():
    binary, rows = sys.argv[1], set(sys.argv[2:])
    folder = os.path.join(os.path.dirname(os.path.abspath(__file__)), "ops")
    os.makedirs(folder, exist_ok=True)
    with tempfile.TemporaryDirectory() as tmp:
        dump = os.path.join(tmp, "samples.pt")
        subprocess.run([binary, "--gtest_filter=Samples.Dump"], check=True, stdout=subprocess.DEVNULL,
                       env={**os.environ, "PHAROS_DUMP_SAMPLES": dump})
        cases = torch.load(dump, weights_only=True)
    by_row = collections.defaultdict(dict)
    for case in cases:
        row = case["row"]
        if rows and row not in rows:
            continue
        if "error" in case:
            check_error(row, case)
            continue
        entry = {"hash": case["hash"]}
        try:
            out = run(row, case["args"])
            entry["results"] = listed(out)
            if case["unset"]:
                for t in entry["results"]:
                    t.zero_()
        except Exception as e:  # what PyTorch refuses is a result too
            entry["error"] = str(e).split("\n")[0][:200]
            entry["kind"] = type(e).__name__
        by_row[row][case["id"]] = entry
    for row, entries in by_row.items():
        torch.save(entries, os.path.join(folder, row + ".pt"))
    print(f"{len(by_row)} operators, {sum(map(len, by_row.values()))} cases, PyTorch {torch.__version__}")


if __name__ == "__main__":
    main()
