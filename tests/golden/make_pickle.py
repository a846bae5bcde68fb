#!/usr/bin/env python3
"""Writes golden/io/*.pt with real PyTorch and LibTorch, and beside most X.pt an X.json:
what `pharos inspect --json --stats` must say of it (tensors and values). Run from the repository's root
with PyTorch installed; LibTorch's archives are made by make_pickle.cpp, compiled against it.
"""
import collections
import enum
import io
import json
import math
import os
import pathlib
import struct
import subprocess
import tempfile
import zipfile

import numpy as np
import torch

OUT = os.path.join("tests", "golden", "io")


class Colour(enum.Enum):
    RED = 1


Point = collections.namedtuple("Point", "x y")


class Settings:
    def __init__(self):
        self.rate = 0.5
        self.layers = [1, 2]
        self.mean = torch.tensor([1.0, 2.0])


class Slots:
    __slots__ = ("a",)

    def __init__(self):
        self.a = 3


class MyList(list):
    pass


class MyDict(dict):
    pass


def number(v):
    v = float(v)
    return "nan" if math.isnan(v) else ("inf" if v > 0 else "-inf") if math.isinf(v) else v


def describe(name, t):
    d = {"name": name, "dtype": str(t.dtype)[6:], "shape": list(t.shape), "stride": list(t.stride()),
         "offset": t.storage_offset(), "requires_grad": t.requires_grad, "numel": t.numel(),
         "nbytes": t.numel() * t.element_size()}
    if t.is_meta:
        return dict(d, sum=None, min=None, max=None, nan=None, inf=None)
    f = t.detach().resolve_conj().resolve_neg()
    if f.is_complex():
        s = f.to(torch.complex128).sum().item()
        d.update(sum=[number(s.real), number(s.imag)], min=None, max=None)
        d.update(nan=int(f.isnan().sum()), inf=int((f.isinf() & ~f.isnan()).sum()))
        return d
    f = f.double()
    v = f[~f.isnan()]
    exact = math.fsum(f.flatten().tolist()) if f.isfinite().all() else f.sum()
    d.update(sum=number(exact), min=number(v.min()) if v.numel() else None,
             max=number(v.max()) if v.numel() else None,
             nan=int(f.isnan().sum()), inf=int(f.isinf().sum()))
    return d


def key_text(k):
    if isinstance(k, tuple):
        return "(" + ", ".join(key_text(e) for e in k) + ")"
    return str(k)


def values(v, path, tensors):
    """What inspect gives for data; classes are described by the recipes that make them."""
    def at(key):
        return f"{path}.{key}" if path else key
    if isinstance(v, torch.Tensor):
        tensors.append(describe(path, v))
        return {"__tensor__": path}
    if v is None or isinstance(v, (bool, str)):
        return v
    if type(v) is int:
        if -2**63 <= v < 2**63:
            return v
        return {"__class__": "builtins.int", "state": hex(v)}
    if isinstance(v, float):
        return number(v)
    if isinstance(v, complex):
        return {"__complex__": [v.real, v.imag]}
    if isinstance(v, torch.device):
        return str(v)
    if isinstance(v, torch.dtype):
        return {"__global__": str(v)}
    if isinstance(v, (bytes, bytearray)):
        return {"__class__": "builtins." + type(v).__name__, "size": len(v), "hex": v[:64].hex()}
    if isinstance(v, (set, frozenset)):
        return {"__class__": "builtins." + type(v).__name__,
                "items": [values(e, at(str(i)), tensors) for i, e in enumerate(v)]}
    if isinstance(v, dict):
        return {key_text(k): values(e, at(key_text(k)), tensors) for k, e in v.items()}
    if type(v) in (list, tuple, torch.Size):
        return [values(e, at(str(i)), tensors) for i, e in enumerate(v)]
    raise TypeError(type(v))


def keep(name, v, what=None, data=None, **kwargs):
    """Saves v; `what` replaces v in the description where v is no plain data."""
    path = os.path.join(OUT, name + ".pt")
    if data is None:
        torch.save(v, path, **kwargs)
    else:
        with open(path, "wb") as f:
            f.write(data)
    tensors = []
    what = values(v, "", tensors) if what is None else what(tensors)
    describe_file(name, {"tensors": tensors, "values": what})


def describe_file(name, what):
    with open(os.path.join(OUT, name + ".json"), "w") as f:
        json.dump(what, f, separators=(",", ":"))
        f.write("\n")


def dtypes():
    base = torch.tensor([0.0, 1.0, 2.0, 3.0, 100.0])
    d = {str(t)[6:]: base.to(t) for t in (
        torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64, torch.float16,
        torch.bfloat16, torch.float32, torch.float64, torch.complex64, torch.complex128, torch.bool)}
    d["special"] = torch.tensor([1.0, math.nan, math.inf, -math.inf, -2.5])
    d["only_nan"] = torch.full((3,), math.nan, dtype=torch.float16)
    d["large"] = torch.tensor([2**53, 1, -(2**53)], dtype=torch.int64)
    return d


def views():
    base = torch.arange(24.0).reshape(2, 3, 4)
    c = torch.complex(torch.arange(4.0), torch.ones(4))
    return {"base": base, "transposed": base.transpose(0, 2), "part": base[1, 1:, ::2],
            "expanded": base[0, 0, :1].expand(5, 1), "scalar": torch.tensor(3.5),
            "empty": torch.empty(0, 3), "conj": c.conj(), "neg": torch.complex(torch.ones(3), torch.arange(3.0)).conj().imag,
            "grad": torch.ones(2, requires_grad=True),
            "parameter": torch.nn.Parameter(torch.zeros(2)),
            "channels_last": torch.arange(16.0).reshape(1, 2, 2, 4).to(
                memory_format=torch.channels_last),
            "many_dims": torch.arange(4.0).reshape(1, 2, 1, 1, 2, 1, 1)}


def containers():
    shared = [1, 2]
    return {"int": 5, "neg": -1, "i16": 40000, "i32": -70000, "i64": 1 << 40, "min": -2**63,
            "huge": 2**70, "minus_huge": -(2**70) - 5, "float": 0.1, "inf": math.inf, "nan": math.nan,
            "true": True, "false": False, "none": None, "text": "caf\u00e9 \U0001f600 \"q\"\n",
            "empty": "", "list": [1, "a", None], "tuple": (1, 2, 3, 4), "one": (1,), "nothing": (),
            "dict": {"b": 1, 2: "two", (1, "x"): None, None: 0}, "set": {7},
            "complex": 1.5 - 2j, "bytes": b"\x00\xff\x80abc", "bytearray": bytearray(b"\x01\xfe"),
            "no_bytes": b"", "device": torch.device("cuda:1"), "cpu": torch.device("cpu"),
            "dtype": torch.bfloat16, "size": torch.Size([2, 3]), "shared": [shared, shared],
            "ordered": collections.OrderedDict([("z", 1), ("a", 2)]),
            "counter": collections.Counter("aab"), "long": list(range(2500)),
            "many": {str(i): i for i in range(1200)}}


def checkpoint():
    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.Conv2d(1, 2, 3), torch.nn.BatchNorm2d(2),
                                torch.nn.Flatten(), torch.nn.Linear(8, 3))
    adam = torch.optim.AdamW(model.parameters(), lr=1e-3, betas=(0.8, 0.99))
    model(torch.randn(4, 1, 4, 4)).sum().backward()
    adam.step()
    return {"epoch": 3, "model_state_dict": model.state_dict(),
            "optimizer_state_dict": adam.state_dict(), "loss": 0.25,
            "rng": torch.get_rng_state()}


def unknown(tensors):
    module = Settings.__module__
    tensors.append(describe("settings.mean", torch.tensor([1.0, 2.0])))
    return {
        "settings": {"__class__": module + ".Settings", "state": {
            "rate": 0.5, "layers": [1, 2], "mean": {"__tensor__": "settings.mean"}}},
        "colour": {"__class__": module + ".Colour", "state": {"__args__": [1]}},
        "point": {"__class__": module + ".Point", "state": {"__args__": [1, 2]}},
        "slots": {"__class__": module + ".Slots", "state": [None, {"a": 3}]},
        "list": {"__class__": module + ".MyList", "state": {"__list__": [1, 2]}},
        "dict": {"__class__": module + ".MyDict", "state": {"__items__": {"k": 1}}},
        "path": {"__class__": "pathlib.PosixPath", "state": {"__args__": ["a", "b"]}},
        "class": {"__global__": "torch.nn.modules.linear.Linear"},
        "range": {"__class__": "builtins.range", "state": {"__args__": [0, 5, 1]}},
        "default": {"k": []}}


def numpy_values():
    a = np.arange(6, dtype=np.float32).reshape(2, 3)
    return {"c": a, "f": np.asfortranarray(a), "big": a.astype(">f4"), "i": np.arange(3),
            "b": np.array([True, False]), "z": np.array([1 + 2j]), "f64": np.float64(2.5),
            "i64": np.int64(-7), "bool": np.bool_(True), "empty": np.zeros((0, 2), np.int16)}


def numpy_described(tensors):
    out = {}
    for k, v in numpy_values().items():
        if isinstance(v, np.ndarray):
            t = torch.from_numpy(v.astype(v.dtype.newbyteorder("=")))
            if v.flags.f_contiguous and v.ndim == 2 and v.size:
                t = t.t().contiguous().t()
            d = describe(k, t)
            d["stride"] = None if t.numel() == 0 else d["stride"]
            tensors.append(d)
            out[k] = {"__tensor__": k}
        else:
            out[k] = v.item()
    return out


def rezip(source, method=zipfile.ZIP_STORED, change=lambda name, data: data):
    out = io.BytesIO()
    with zipfile.ZipFile(os.path.join(OUT, source)) as z, zipfile.ZipFile(out, "w", method) as w:
        for name in z.namelist():
            w.writestr(zipfile.ZipInfo(name), change(name, z.read(name)), method)
    return out.getvalue()


def to_big_endian(v):
    """views.pt as a big-endian machine would write it."""
    sizes = {}
    for t in v.values():
        item = t.element_size() // (2 if t.is_complex() else 1)
        sizes.setdefault(t.untyped_storage().data_ptr(), (item, bytes(t.untyped_storage())))

    by_data = {data: item for item, data in sizes.values()}

    def change(name, data):
        if name.endswith("byteorder"):
            return b"big"
        if "/data/" in name and data:
            n = by_data[data]
            return b"".join(data[i:i + n][::-1] for i in range(0, len(data), n))
        return data
    return rezip("views.pt", change=change)


class Scripted(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.linear = torch.nn.Linear(2, 2)
        self.register_buffer("count", torch.tensor(4))
        self.factor = 2.5
        self.names = ["a", "b"]

    def forward(self, x):
        return self.linear(x) * self.factor


def scripted(tensors):
    torch.manual_seed(0)
    module = torch.jit.script(Scripted())
    buffer = io.BytesIO()
    torch.jit.save(module, buffer)
    for name, t in [("linear.weight", module.linear.weight), ("linear.bias", module.linear.bias),
                    ("count", module.count)]:
        tensors.append(describe(name, t))
    return buffer.getvalue()


def libtorch():
    root = os.path.dirname(torch.__file__)
    with tempfile.TemporaryDirectory() as d:
        program = os.path.join(d, "make")
        subprocess.check_call(
            ["g++", "-std=c++20", "-O0", "tests/golden/make_pickle.cpp", f"-I{root}/include",
             f"-I{root}/include/torch/csrc/api/include", f"-L{root}/lib", "-ltorch", "-ltorch_cpu",
             "-lc10", f"-Wl,-rpath,{root}/lib", "-o", program])
        subprocess.check_call([program, OUT])


def main():
    os.makedirs(OUT, exist_ok=True)
    keep("dtypes", dtypes())
    keep("views", views())
    keep("containers", containers())
    for protocol in (0, 1, 3, 4, 5):
        # The same values: containers.json describes these too.
        torch.save(containers(), os.path.join(OUT, f"protocol{protocol}.pt"),
                   pickle_protocol=protocol)
    keep("checkpoint", checkpoint())
    keep("tensor", torch.arange(3, dtype=torch.int16))
    keep("meta", {"m": torch.empty(2, 3, device="meta")})
    cycle = MyList()
    cycle.append(cycle)
    default = collections.defaultdict(list)
    default["k"]  # makes the entry
    keep("unknown", {"settings": Settings(), "colour": Colour.RED, "point": Point(1, 2),
                     "slots": Slots(), "list": MyList([1, 2]), "dict": MyDict(k=1),
                     "path": pathlib.PosixPath("a/b"), "class": torch.nn.Linear,
                     "range": range(5), "default": default}, what=unknown)
    keep("cycle", cycle, what=lambda _: {
        "__class__": MyList.__module__ + ".MyList", "state": {"__list__": [{"__class__": "cycle"}]}})
    keep("numpy", numpy_values(), what=numpy_described)
    keep("numpy5", numpy_values(), what=numpy_described, pickle_protocol=5)
    keep("deflated", checkpoint(), data=rezip("checkpoint.pt", zipfile.ZIP_DEFLATED))
    keep("big_endian", views(), data=to_big_endian(views()))
    torch.save({"a": torch.ones(2)}, os.path.join(OUT, "legacy.pt"),
               _use_new_zipfile_serialization=False)
    tensors = []
    with open(os.path.join(OUT, "scripted.pt"), "wb") as f:
        f.write(scripted(tensors))
    describe_file("scripted", {"tensors": tensors})
    libtorch()


if __name__ == "__main__":
    main()
