#!/usr/bin/env python3
"""Does real PyTorch read what Pharos writes? Run by hand where PyTorch is installed:

    python tests/parity/io_torch.py PROGRAM

PROGRAM is tests/parity/io_resave.cpp compiled against Pharos: `PROGRAM in.pt out.pt` loads a file and
saves what it loaded. Every golden file whose values Python's weights_only loader takes is saved again
so, loaded with weights_only=True (mapped too) and compared with what the original gives.
"""
import collections
import os
import subprocess
import sys
import tempfile

import torch

GOLDEN = os.path.join("tests", "golden", "io")
PLAIN = ("dtypes", "views", "checkpoint", "tensor", "meta", "big_endian", "deflated", "cpp_pickle")


def same(a, b, where):
    if isinstance(a, torch.Tensor):
        assert isinstance(b, torch.Tensor), where
        assert a.dtype == b.dtype and a.shape == b.shape, where
        assert a.stride() == b.stride() and a.storage_offset() == b.storage_offset(), where
        assert a.requires_grad == b.requires_grad and a.device == b.device, where
        assert a.is_conj() == b.is_conj() and a.is_neg() == b.is_neg(), where
        if not a.is_meta:
            assert torch.equal(a.isnan(), b.isnan()), where
            assert torch.equal(torch.nan_to_num(a), torch.nan_to_num(b)), where
    elif isinstance(a, dict):
        assert isinstance(b, dict) and list(a) == list(b), where
        for k in a:
            same(a[k], b[k], f"{where}.{k}")
    elif isinstance(a, (list, tuple)):
        assert len(a) == len(b) and isinstance(b, (list, tuple)), where
        for i, (x, y) in enumerate(zip(a, b)):
            same(x, y, f"{where}.{i}")
    else:
        assert a == b or (a != a and b != b), (where, a, b)


def aliases(v, out, path=""):
    """Names of tensors by the storage they are on."""
    if isinstance(v, torch.Tensor):
        if v.numel() and not v.is_meta:
            out[v.untyped_storage().data_ptr()].append(path)
    elif isinstance(v, dict):
        for k, e in v.items():
            aliases(e, out, f"{path}.{k}")
    elif isinstance(v, (list, tuple)):
        for i, e in enumerate(v):
            aliases(e, out, f"{path}.{i}")
    return out


def groups(v):
    return sorted(aliases(v, collections.defaultdict(list)).values())


def main():
    program = sys.argv[1]
    with tempfile.TemporaryDirectory() as d:
        out = os.path.join(d, "out.pt")
        for name in PLAIN + ("containers",):
            source = os.path.join(GOLDEN, name + ".pt")
            subprocess.check_call([program, source, out])
            want = torch.load(source, weights_only=False)
            if name == "containers":
                # Integers beyond 64 bits and frozensets are nothing that weights_only takes.
                got = torch.load(out, weights_only=False)
            else:
                got = torch.load(out, weights_only=True)
                same(want, torch.load(out, weights_only=True, mmap=True), name)
            same(want, got, name)
            assert groups(want) == groups(got), name
            print(f"{name}: same")


if __name__ == "__main__":
    main()
