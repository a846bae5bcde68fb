#!/usr/bin/env python3
"""Writes golden/random/*.txt with real PyTorch: what its CPU random streams give.

One line a call, `name dtype n arguments | hash state first...`: FNV-1a of the output's bytes and of
the generator's 5,056 bytes after the call, then the bits of the first elements. `seed S` restarts the
generator; otherwise calls follow each other, so that the state, cached normal included, carries over.
Input tensors are made by `ramp`, which the test repeats. Run from the repository's root.
"""
import os
import struct
import warnings

import torch

warnings.simplefilter("ignore")
OUT = os.path.join("tests", "golden", "random")
SIZES = (0, 1, 7, 15, 16, 17, 31, 32, 33, 100, 1000)
FLOATING = ("float", "double", "half", "bfloat16")
INTEGER = ("int8", "int16", "int32", "int64", "uint8")
UNSIGNED = ("uint16", "uint32", "uint64")
DTYPE = {n: getattr(torch, n) for n in FLOATING + INTEGER + UNSIGNED + ("bool",)}


def fnv(data):
    h = 0xCBF29CE484222325
    for byte in data:
        h = (h ^ byte) * 0x100000001B3 & 0xFFFFFFFFFFFFFFFF
    return h


def raw(tensor):
    flat = tensor.contiguous().flatten()
    return bytes(flat.view(torch.uint8).tolist()) if flat.numel() else b""


def ramp(n, scale, dtype):
    """Spread over [0, scale): the golden ratio's multiples modulo 1."""
    words = torch.arange(n, dtype=torch.int64) * 2654435761 & 0xFFFFFFFF
    return (words.double() / 2**32 * scale).to(DTYPE[dtype])


class Golden:
    def __init__(self, name):
        self.file = open(os.path.join(OUT, name + ".txt"), "w")
        self.gen = torch.Generator()

    def seed(self, seed):
        self.gen.manual_seed(seed)
        self.file.write(f"seed {seed}\n")

    def add(self, name, dtype, n, args, result):
        data = raw(result)
        size = result.element_size()
        first = [data[i : i + size][::-1].hex() for i in range(0, min(len(data), 2 * size), size)]
        state = fnv(raw(self.gen.get_state()))
        words = [name, dtype, n, *args, "|", f"{fnv(data):016x}", f"{state:016x}", *first]
        self.file.write(" ".join(str(w) for w in words) + "\n")


def empty(n, dtype):
    return torch.empty(n, dtype=DTYPE[dtype])


def engine():
    g = Golden("engine")
    for seed in (0, 1, 42, 2**32 + 5, 67280421310721, 2**63, 2**64 - 1):
        g.seed(seed)
        for n in (1, 1, 622, 1, 2000):
            draws = [empty(1, "int64").random_(-(2**63), None, generator=g.gen) for _ in range(n)]
            g.add("next64", "int64", n, (), torch.cat(draws))


def uniform():
    g = Golden("uniform")
    for seed in (0, 123456789012345):
        g.seed(seed)
        for dtype in FLOATING:
            for n in SIZES:
                for low, high in ((0, 1), (-0.3, 0.7)):
                    out = empty(n, dtype).uniform_(low, high, generator=g.gen)
                    g.add("uniform", dtype, n, (low, high), out)
        for dtype in FLOATING + INTEGER + ("bool",):
            for p in (0, 0.1, 0.5, 1):
                out = empty(333, dtype).bernoulli_(p, generator=g.gen)
                g.add("bernoulli", dtype, 333, (p,), out)
            for p in FLOATING:
                out = empty(333, dtype).bernoulli_(ramp(333, 1, p), generator=g.gen)
                g.add("bernoulli_tensor", dtype, 333, (p,), out)


def normal():
    g = Golden("normal")
    for seed in (0, 42):
        g.seed(seed)
        for dtype in FLOATING:
            for n in SIZES + (1023, 5000):
                for mean, std in ((0, 1), (-3.3, 0.02)):
                    out = empty(n, dtype).normal_(mean, std, generator=g.gen)
                    g.add("normal", dtype, n, (mean, std), out)
            for n in (1, 7, 16, 33):
                out = empty(3 * n, dtype)[::3] if n > 1 else empty(n, dtype)
                g.add("normal_serial", dtype, n, (0.5, 2), out.normal_(0.5, 2, generator=g.gen))
                out = empty(n, dtype).log_normal_(0.5, 0.7, generator=g.gen)
                g.add("log_normal", dtype, n, (0.5, 0.7), out)


def integer():
    g = Golden("integer")
    g.seed(7)
    ranges = ((0, 2), (0, 100), (-5, 100), (0, 2**28 - 1), (0, 2**28), (-(2**40), 2**50), (3, 2**53))
    limit = {"half": 2**11, "bfloat16": 2**8, "float": 2**24}
    for dtype in FLOATING + INTEGER + UNSIGNED + ("bool",):
        info = None if dtype in FLOATING + ("bool",) else torch.iinfo(DTYPE[dtype])
        low = 0 if dtype == "bool" else info.min if info else -(2**60)
        high = 1 if dtype == "bool" else min(info.max, 2**63 - 1) if info else 2**60
        high = limit.get(dtype, high)
        for a, b in ranges:
            if a >= low and b - 1 <= high and dtype != "uint64":
                out = empty(333, dtype).random_(a, b, generator=g.gen)
                g.add("random_from_to", dtype, 333, (a, b), out)
        for a in (0, 1, 17, -3):
            if low <= a < high and dtype != "uint64":
                out = empty(333, dtype).random_(a, None, generator=g.gen)
                g.add("random_from", dtype, 333, (a,), out)
        if dtype not in UNSIGNED:
            g.add("random", dtype, 1000, (), empty(1000, dtype).random_(generator=g.gen))
        for n in (0, 1, 2, 100, 2000):
            if dtype not in UNSIGNED + ("bool",) and n <= high:
                out = torch.randperm(n, dtype=DTYPE[dtype], generator=g.gen)
                g.add("randperm", dtype, n, (), out)
    # Bounds that the type cannot hold move to its neighbours.
    for dtype, a, b in (("half", 2049, 4099), ("bfloat16", 257, 1025), ("float", 2**24 + 1, 2**26 + 3),
                        ("double", 2**53 + 1, 2**55 + 5), ("bfloat16", -1025, 259),
                        ("int64", -(2**63), 2**63 - 1)):
        out = empty(333, dtype).random_(a, b, generator=g.gen)
        g.add("random_from_to", dtype, 333, (a, b), out)
    for dtype in ("int64", "float", "double", "bfloat16"):
        out = empty(333, dtype).random_(-(2**63), None, generator=g.gen)
        g.add("random_from", dtype, 333, (-(2**63),), out)


def continuous():
    g = Golden("continuous")
    g.seed(11)
    for dtype in FLOATING:
        for n in (1, 17, 1000):
            for rate in (1, 3.7):
                out = empty(n, dtype).exponential_(rate, generator=g.gen)
                g.add("exponential", dtype, n, (rate,), out)
            for median, sigma in ((0, 1), (0.5, 0.7)):
                out = empty(n, dtype).cauchy_(median, sigma, generator=g.gen)
                g.add("cauchy", dtype, n, (median, sigma), out)
        if dtype != "half":
            x = ramp(1000, 2, dtype) - 1
            noise = torch.empty_like(x)
            out = torch._C._nn.rrelu_with_noise(x, noise, 0.125, 1 / 3, True, generator=g.gen)
            g.add("rrelu", dtype, 1000, (0.125, 1 / 3), torch.cat((out, noise)))
    for dtype in FLOATING + INTEGER:
        for p in (0.01, 0.5, 0.9):
            out = empty(1000, dtype).geometric_(p, generator=g.gen)
            g.add("geometric", dtype, 1000, (p,), out)


def discrete():
    g = Golden("discrete")
    g.seed(5)
    for dtype in FLOATING:
        for scale in (3, 15, 3000):
            out = torch.poisson(ramp(1000, scale, dtype), generator=g.gen)
            g.add("poisson", dtype, 1000, (scale,), out)
    for dtype in FLOATING[:2]:
        for scale in (3, 60, 20000):
            count = ramp(1000, scale, dtype).floor()
            out = torch.binomial(count, ramp(1000, 1, dtype).flip(0), generator=g.gen)
            g.add("binomial", dtype, 1000, (scale,), out)
        for scale in (0.5, 3, 300):
            out = torch._standard_gamma(ramp(1000, scale, dtype), generator=g.gen)
            g.add("gamma", dtype, 1000, (scale,), out)
        for width in (1, 2, 5, 17, 100, 1000):
            out = torch._sample_dirichlet(ramp(1000, 3, dtype)[: 1000 // width * width]
                                          .reshape(-1, width), generator=g.gen)
            g.add("dirichlet", dtype, out.numel(), (3, width), out)


def multinomial():
    g = Golden("multinomial")
    g.seed(9)
    for dtype in FLOATING:
        for rows, width in ((1, 1), (1, 17), (5, 100), (2, 700)):
            for mode in ("ramp", "zeros"):
                p = ramp(rows * width, 1, dtype) + 1 / 128
                if mode == "zeros":
                    p[1::3] = 0
                p = p.reshape(rows, width)
                for k, replacement in ((1, 0), (1, 1), (width, 0), ((width + 2) // 3, 0), (50, 1)):
                    out = torch.multinomial(p, k, bool(replacement), generator=g.gen)
                    g.add("multinomial", dtype, out.numel(), (rows, width, k, replacement, mode), out)

            # Noise follows the memory of the probabilities, not their rows.
            p = (ramp(rows * width, 1, dtype) + 1 / 128).reshape(width, rows).t()
            for k in (1, (width + 2) // 3):
                out = torch.multinomial(p, k, generator=g.gen)
                g.add("multinomial", dtype, out.numel(), (rows, width, k, 0, "transposed"), out)

if __name__ == "__main__":
    os.makedirs(OUT, exist_ok=True)
    for make in (engine, uniform, normal, integer, continuous, discrete, multinomial):
        make()
