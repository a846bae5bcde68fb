"""Writes pointwise.pt: calls of pointwise operators with what PyTorch answers, for the replay test.

Run with a Python that has torch: make_cases.py OUT.pt [STEP [PATTERN]] keeps every STEP-th case
of the operators that PATTERN names; the committed file is made with STEP 31. Each case is
[name, overload, arguments in schema order, error class or "", error text or results].
"""
import itertools
import re
import sys
import warnings

import torch

warnings.simplefilter("ignore")
torch.manual_seed(0)
F16, BF16, F32, F64 = torch.float16, torch.bfloat16, torch.float32, torch.float64
BOOL, U8, I8, I16, I32, I64 = torch.bool, torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64
C64, C128 = torch.complex64, torch.complex128
FLOATS, INTS, COMPLEX = [F32, F64, F16, BF16], [U8, I8, I16, I32, I64], [C64, C128]
ALL = FLOATS + INTS + [BOOL] + COMPLEX
NAN, INF = float("nan"), float("inf")
SPECIAL = [0.0, -0.0, 1.0, -1.0, 0.5, -0.5, 2.5, 3.5, -2.5, 1e-3, -1e-3, 7.25, -7.25, 30.0, -30.0, 88.5, -88.5,
           1e-30, 1e30, -1e30, INF, -INF, NAN, 0.7, -0.7, 1.5, 0.25, 100.0, -100.0, 3.0, -3.0]


def values(shape, dtype, kind="normal"):
    n = 1
    for s in shape:
        n *= s
    if kind == "special" and (dtype.is_floating_point or dtype.is_complex):
        t = torch.tensor([SPECIAL[i % len(SPECIAL)] for i in range(n)], dtype=F64)
        if dtype.is_complex:
            t = torch.complex(torch.randn(n, dtype=F64), torch.randn(n, dtype=F64))
        return t.to(dtype).reshape(shape)
    if dtype == BOOL:
        return (torch.randn(n) > 0).reshape(shape)
    if dtype == U8:
        return torch.randint(0, 12, (n,)).to(dtype).reshape(shape)
    if not dtype.is_floating_point and not dtype.is_complex:
        return torch.randint(-9, 10, (n,)).to(dtype).reshape(shape)
    if dtype.is_complex:
        return torch.complex(torch.randn(n, dtype=F64), torch.randn(n, dtype=F64)).to(dtype).reshape(shape)
    t = torch.randn(n, dtype=F64) * 2
    if kind == "positive":
        t = t.abs() + 0.1
    if kind == "unit":
        t = torch.rand(n, dtype=F64) * 1.96 - 0.98
    return t.to(dtype).reshape(shape)


def layouts(dtype, kind="normal"):
    yield values((3, 5), dtype, kind)
    yield values((), dtype, kind)
    yield values((0, 2), dtype, kind)
    yield values((5, 4), dtype, kind).t()
    yield values((2, 3, 4, 5), dtype, kind).to(memory_format=torch.channels_last)
    yield values((6, 7), dtype, kind)[::2, 1:6:2]
    yield values((1, 3), dtype, kind).expand(4, 3)
    yield values((2, 1, 3, 1, 2, 2), dtype, kind).permute(5, 1, 0, 3, 2, 4)
    if dtype in (F32, F16, I32):
        yield values((1031,), dtype, kind)
        yield values((600, 3), dtype, kind).t()
        yield values((700, 2), dtype, kind)[:, 0]


def pairs(a, b, kind="normal"):
    v = lambda shape, t: values(shape, t, kind)
    yield v((3, 5), a), v((3, 5), b)
    yield v((3, 5), a), v((5,), b)
    yield v((3, 1), a), v((1, 4), b)
    yield v((), a), v((2, 3), b)
    yield v((2, 3), a), v((), b)
    yield v((), a), v((), b)
    yield v((0, 3), a), v((3,), b)
    yield v((5, 3), a).t(), v((3, 5), b)
    yield v((2, 3, 4, 5), a).to(memory_format=torch.channels_last), v((1, 3, 1, 1), b)
    yield v((2, 3, 4), a).permute(2, 0, 1), v((2, 3, 4), b).permute(2, 0, 1)
    if a in (F32, I32):
        yield v((700, 3), a), v((3,), b)
        yield v((3, 700), a), v((3, 1), b)
        yield v((1100,), a)[::2], v((550,), b)


CASES = []
# dtype arguments travel as ScalarType's numbers.
NUMBERS = {U8: 0, I8: 1, I16: 2, I32: 3, I64: 4, F16: 5, F32: 6, F64: 7, C64: 9, C128: 10, BOOL: 11, BF16: 15}


def call(name, args, overload="default", **kwargs):
    op = getattr(getattr(torch.ops.aten, name), overload)
    schema = op._schema
    full = []
    for i, a in enumerate(schema.arguments):
        full.append(args[i] if i < len(args) else kwargs.get(a.name, a.default_value))
    inplace = any(a.alias_info is not None and a.alias_info.is_write for a in schema.arguments)
    saved = [x.clone() if inplace and i == 0 and isinstance(x, torch.Tensor) else x for i, x in enumerate(full)]
    saved = [NUMBERS[x] if isinstance(x, torch.dtype) else x for x in saved]
    positional = [v for v, a in zip(full, schema.arguments) if not a.kwarg_only]
    keywords = {a.name: v for v, a in zip(full, schema.arguments) if a.kwarg_only}
    try:
        result = op(*positional, **keywords)
        result = list(result) if isinstance(result, (tuple, list)) else [result]
        result = [r.resolve_conj().resolve_neg().detach().clone() for r in result]
        CASES.append([name, "" if overload == "default" else overload, saved, "", result])
    except Exception as e:  # noqa: BLE001
        CASES.append([name, "" if overload == "default" else overload, saved, type(e).__name__, str(e).split("\n")[0]])


def unary(names, kinds=("normal", "special"), dtypes=ALL, **kwargs):
    for name in names.split():
        base, _, overload = name.partition(".")
        for dtype in dtypes:
            for kind in kinds:
                if kind == "special":
                    call(base, [values((31,), dtype, kind)], overload or "default", **kwargs)
                    continue
                for t in layouts(dtype, kind):
                    call(base, [t], overload or "default", **kwargs)


MIXED = [(F32, F32), (F64, F64), (F16, F16), (BF16, BF16), (F32, F64), (F16, F32), (F16, BF16), (I64, F32), (I32, I64),
         (U8, I8), (BOOL, BOOL), (BOOL, I32), (I64, I64), (I16, I16), (U8, U8), (I8, I8), (C64, C64), (C128, C128),
         (F32, C64), (C64, F64), (F16, I64), (BOOL, F32), (I32, I32)]


def binary(names, kinds=("normal",), mixed=MIXED, overload="Tensor", **kwargs):
    for name in names.split():
        for a, b in mixed:
            for kind in kinds:
                # PyTorch multiplies by alpha's zero imaginary part: infinities become NaN there.
                if kind == "special" and a.is_complex != b.is_complex:
                    continue
                for x, y in pairs(a, b, kind):
                    call(name, [x, y], overload, **kwargs)


def number(names, numbers=(2, -3, 2.5, True, 0.1), overload="Scalar", dtypes=(F32, F64, F16, BF16, I64, I32, U8, BOOL, C64), **kwargs):
    for name in names.split():
        for dtype in dtypes:
            for n in numbers:
                call(name, [values((4, 3), dtype), n], overload, **kwargs)
                call(name, [values((), dtype), n], overload, **kwargs)


def all_cases():
    unary("abs neg sgn sign square sqrt rsqrt reciprocal exp exp2 expm1 log log2 log10 log1p sin cos tan asin acos "
          "atan sinh cosh tanh asinh acosh atanh sinc erf erfc lgamma digamma i0 sigmoid floor ceil round trunc "
          "frac signbit positive isnan isinf isfinite isposinf isneginf isreal bitwise_not logical_not nan_to_num deg2rad rad2deg "
          "angle conj_physical real relu relu6 selu silu mish hardsigmoid hardswish elu leaky_relu celu softplus "
          "hardtanh hardshrink softshrink log_sigmoid logit erfinv special_i1")
    unary("erfinv logit asin acos atanh", kinds=("unit",), dtypes=[F32, F64, F16])
    unary("imag view_as_real", dtypes=COMPLEX + [F32])
    unary("lgamma digamma log rsqrt acosh i0", kinds=("positive",), dtypes=[F32, F64])
    unary("gelu", kinds=("normal",))  # NaN at infinity by accident
    unary("gelu", approximate="tanh", dtypes=FLOATS, kinds=("normal",))
    unary("gelu", approximate="x", dtypes=[F32])
    unary("round.decimals", decimals=1, dtypes=FLOATS + [I64])
    unary("round.decimals", decimals=-1, dtypes=FLOATS)
    unary("logit", eps=0.1, dtypes=FLOATS)
    unary("nan_to_num", nan=1.5, posinf=2.0, neginf=-2.0, dtypes=ALL)
    unary("elu", alpha=1.3, scale=0.7, input_scale=1.1, dtypes=FLOATS)
    unary("leaky_relu", negative_slope=0.2, dtypes=FLOATS)
    unary("celu", alpha=0.5, dtypes=FLOATS)
    unary("softplus", beta=2, threshold=3, dtypes=FLOATS)
    unary("hardtanh", min_val=-2, max_val=1, dtypes=FLOATS + INTS)
    unary("threshold", threshold=0.5, value=-2, dtypes=FLOATS)
    unary("mvlgamma", p=2, kinds=("positive",), dtypes=[F32, F64])
    for n in (0, 1, 2, 3):
        for d in (F32, F64):
            call("polygamma", [n, values((4, 5), d, "positive")])
            call("polygamma", [n, values((31,), d)])
    binary("add sub mul div floor_divide remainder fmod", kinds=("normal",),
           mixed=[m for m in MIXED], overload="Tensor") if False else None
    binary("add sub mul div", kinds=("normal", "special"))
    binary("rsub", mixed=[(F32, F32), (I64, F32), (BOOL, BOOL)])
    for a, b in MIXED:
        for x, y in pairs(a, b):
            call("add", [x, y], "Tensor", alpha=2)
        call("sub", [values((3,), a), values((3,), b)], "Tensor", alpha=3)
        call("add", [values((3,), a), values((3,), b)], "Tensor", alpha=2.5)
        call("add", [values((3,), a), values((3,), b)], "Tensor", alpha=True)
        if F16 not in (a, b):
            call("rsub", [values((3,), a), values((3,), b)], "Tensor", alpha=3)
    for mode in ("floor", "trunc", None, "x"):
        # In halves PyTorch rounds the quotient before it truncates, in vectors it does not.
        binary("div", overload="Tensor_mode", rounding_mode=mode, mixed=[m for m in MIXED if not {F16, BF16} & set(m)])
        number("div", overload="Scalar_mode", rounding_mode=mode, dtypes=(F32, F64, I64, I32, U8, BOOL, C64))
    binary("remainder fmod xlogy copysign", kinds=("normal", "special"))
    binary("floor_divide", overload="default")
    binary("pow", overload="Tensor_Tensor", kinds=("normal", "positive", "special"))
    number("add sub mul div remainder fmod rsub")
    number("floor_divide", overload="Scalar")
    number("pow", overload="Tensor_Scalar", numbers=(0, 1, 2, 3, -1, -2, 0.5, -0.5, 2.5, 4, 1.0, 2.0))
    number("float_power", overload="Tensor_Scalar", numbers=(2, 0.5))
    for d in ALL:
        for base in (2, 1, 0, -2, 2.5):
            call("pow", [base, values((3, 4), d)], "Scalar")
        call("xlogy", [2, values((3, 4), d)], "Scalar_Self")
        call("xlogy", [values((3, 4), d), 2.5], "Scalar_Other")
        call("remainder", [5, values((3, 4), d)], "Scalar_Tensor")
    number("copysign", numbers=(1, -1.5))
    binary("atan2 hypot maximum minimum fmax fmin logaddexp logaddexp2 heaviside gcd lcm nextafter", overload="default",
           kinds=("normal", "special"))
    binary("ldexp", mixed=[(F32, I64), (F32, F32), (I64, I64)])
    binary("eq ne lt le gt ge", kinds=("normal", "special"))
    number("eq ne lt le gt ge", numbers=(2, 0, -1, 0.5, 0.1, True))
    binary("bitwise_and bitwise_or bitwise_xor bitwise_left_shift bitwise_right_shift")
    number("bitwise_and bitwise_or bitwise_xor", numbers=(2, -3, True, 1.5))
    number("bitwise_left_shift bitwise_right_shift", overload="Tensor_Scalar", numbers=(2, 40, -1))
    number("__and__ __or__ __xor__ __lshift__ __rshift__", numbers=(2, 3), dtypes=(I64, I32, BOOL))
    binary("logical_and logical_or logical_xor isclose", overload="default")
    for d in ALL:
        c = values((3, 4), BOOL)
        call("where", [c, values((3, 4), d), values((4,), d)], "self")
        call("where", [c, values((3, 4), d), values((), F32)], "self")
        call("where", [c, values((3, 4), d), 2.5], "ScalarOther")
        call("where", [c, 3, values((3, 4), d)], "ScalarSelf")
        call("where", [values((4, 1), BOOL), values((5, 4), d).t(), values((4, 5), d)], "self")
    call("where", [values((3,), BOOL), 1, 2.5], "Scalar")
    call("where", [values((3,), BOOL), 1, 2], "Scalar")
    call("where", [values((3,), I64), values((3,), F32), values((3,), F32)], "self")
    for d in ALL:
        for lo, hi in ((-1, 1), (None, 2.5), (0.5, None), (2, -2), (None, None), (NAN, 1)):
            call("clamp", [values((4, 3), d), lo, hi])
            call("clamp", [values((31,), d, "special"), lo, hi])
        for n in (-200, 300):
            for name in ("eq", "lt", "gt"):
                call(name, [values((4, 3), d), n], "Scalar")
            if d not in (F32, F64, F16, BF16):
                call("clamp", [values((4, 3), d), n, None])
                call("clamp", [values((4, 3), d), None, n])
        call("clamp_min", [values((4, 3), d), 1])
        call("clamp_max", [values((4, 3), d), 1.5])
        call("clamp", [values((4, 3), d), values((3,), d), values((4, 1), d)], "Tensor")
        call("clamp", [values((4, 3), d), None, values((4, 1), F32)], "Tensor")
        call("lerp", [values((4, 3), d), values((3,), d), 0.3], "Scalar")
        call("lerp", [values((4, 3), d), values((3,), d), 0.8], "Scalar")
        call("lerp", [values((4, 3), d), values((3,), d), values((4, 1), d)], "Tensor")
        for v in (1, 2, 2.5):
            call("addcmul", [values((4, 3), d), values((3,), d), values((4, 1), d)], value=v)
            call("addcdiv", [values((4, 3), d), values((3,), d, "positive"), values((4, 1), d, "positive")], value=v)
        call("addcmul", [values((4, 3), d), values((3,), F32), values((4, 1), I64)])
    for d in (F32, F64, F16, BF16):
        for shape in ((3, 4), (2, 3, 4, 5), (300, 3)):
            g, x = values(shape, d), values(shape, d)
            for n in ("sigmoid_backward", "tanh_backward", "silu_backward", "mish_backward", "hardsigmoid_backward",
                      "hardswish_backward", "gelu_backward"):
                call(n, [g, x])
            call("gelu_backward", [g, x], approximate="tanh")
            call("threshold_backward", [g, x, 0.5])
            call("leaky_relu_backward", [g, x, 0.1, False])
            call("elu_backward", [g, 1.1, 1.2, 1.3, False, x])
            call("elu_backward", [g, 1.1, 1.2, 1.3, True, x])
            call("softplus_backward", [g, x, 2, 3])
            call("hardtanh_backward", [g, x, -1, 1])
            call("hardshrink_backward", [g, x, 0.5])
            call("softshrink_backward", [g, x, 0.5])
            call("logit_backward", [g, x, 0.1])
            call("logit_backward", [g, x, None])
            call("log_sigmoid_forward", [x])
            call("log_sigmoid_backward", [g, x, (-x.abs()).exp()])
            for dim in (0, -1, 1):
                call("softmax", [x, dim], "int")
                call("log_softmax", [x, dim], "int")
                call("softmax", [x, dim], "int", dtype=torch.float64) if d == F32 else None
                call("_softmax_backward_data", [g, torch.softmax(x, dim), dim, d])
                call("_log_softmax_backward_data", [g, torch.log_softmax(x, dim), dim, d])
                if shape[dim] % 2 == 0:
                    call("glu", [x, dim])
            call("prelu", [x, values((1,), d)])
            call("prelu", [x, values((shape[1],), d)])
            call("prelu", [x, values((7,), d)])
        call("softmax", [values((), d), 0], "int")
        call("softmax", [values((0, 3), d), 0], "int")
        call("softmax", [values((3, 4), d).t(), 1], "int")
    call("softmax", [values((3,), I64), 0], "int")
    call("softmax", [values((3,), F32), 2], "int")
    for a, b in ((F32, F32), (F64, F64), (F32, F64), (I64, I64)):
        call("complex", [values((3, 4), a), values((4,), b)])
        call("polar", [values((3, 4), a), values((4,), b)])
    call("view_as_complex", [values((3, 2), F32)])
    call("view_as_complex", [values((2, 3), F32)])
    call("view_as_complex", [values((2, 3), F32).t()])
    inplace_cases()


def inplace_cases():
    for a, b in MIXED:
        for n in ("add_", "sub_", "mul_", "div_", "eq_", "lt_", "remainder_"):
            call(n, [values((3, 4), a), values((4,), b)], "Tensor")
            call(n, [values((4,), a), values((3, 4), b)], "Tensor")
            call(n, [values((4, 3), a).t(), values((3, 4), b)], "Tensor")
        call("copy_", [values((3, 4), a), values((4,), b)])
        call("copy_", [values((4,), a), values((3, 4), b)])
        call("copy_", [values((40, 30), a).t(), values((30, 40), b)])
        call("copy_", [values((30, 40), a), values((40, 30), b).t()])
        call("copy_", [values((3, 30, 40), a), values((40, 3, 30), b).permute(1, 2, 0)])
        call("logical_and_", [values((4,), a), values((4,), b)])
    for d in ALL:
        for n in ("exp_", "sqrt_", "abs_", "neg_", "floor_", "sigmoid_", "relu_", "zero_", "sgn_", "tanh_"):
            call(n, [values((3, 4), d)])
        for v in (1, 2.5, True, -1, 300):
            call("fill_", [values((3, 4), d), v], "Scalar")
            call("add_", [values((3, 4), d), v], "Scalar")
            call("mul_", [values((3, 4), d), v], "Scalar")
        call("fill_", [values((3, 4), d), values((), F32)], "Tensor")
        call("fill_", [values((3, 4), d), values((2,), F32)], "Tensor")
        if d != BOOL:  # PyTorch spells the dtype differently in this one error
            call("clamp_", [values((3, 4), d), -1, 1])
        call("float_power_", [values((3, 4), d), 2], "Scalar")


def packed(cases):
    """The cases with all tensors of a dtype as views of one storage: far smaller as a file."""
    pools, sizes = {}, {}

    def span(t):
        return 0 if t.numel() == 0 else 1 + sum((n - 1) * s for n, s in zip(t.shape, t.stride()))

    def collect(v):
        if isinstance(v, torch.Tensor):
            t = v.resolve_conj().resolve_neg()
            at = sizes.get(t.dtype, 0)
            n = span(t)
            pools.setdefault(t.dtype, []).append(t.as_strided((n,), (1,)))
            sizes[t.dtype] = at + n
            return lambda: pools[t.dtype].as_strided(t.shape, t.stride(), at)
        if isinstance(v, list):
            parts = [collect(x) for x in v]
            return lambda: [p() for p in parts]
        return lambda: v

    made = [collect(c) for c in cases]
    for dtype, parts in pools.items():
        pools[dtype] = torch.cat(parts)
    return [m() for m in made]


all_cases()
# OUT.pt [every nth case] [pattern of names]
step = int(sys.argv[2]) if len(sys.argv) > 2 else 1
pattern = re.compile(sys.argv[3]) if len(sys.argv) > 3 else None
chosen = [c for c in CASES if pattern is None or pattern.fullmatch(c[0])]
if step > 1:  # always the first of each operator
    seen = set()
    chosen = [c for i, c in enumerate(chosen) if i % step == 0 or not (c[0] in seen or seen.add(c[0]))]
torch.save(packed(chosen), sys.argv[1])
print(len(chosen), "cases")
