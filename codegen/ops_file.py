"""The .ops catalogue: one entry per operator, read into Op records.

An entry is the line `op <schema>` and indented `key value` lines below it. CONTRIBUTING.md explains
the keys to authors; here they are only read and checked, never interpreted as C++.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

from schema import FunctionSchema, SchemaError, base_of, parse_function

KINDS = ("alias", "composite", "direct", "view", "structured", "todo")
KEYS = {"variants", "inplace", "out", "alias", "composite", "direct", "view", "shape", "kernel",
        "backward", "nondiff", "node", "results", "reference", "doc", "todo", "broadcast", "geometry",
        "inplace_impl", "out_impl", "devices"}


@dataclass
class Op:
    """One entry: the schema of its functional form and how every form of it comes about."""

    schema: FunctionSchema
    family: str
    where: str
    variants: tuple[str, ...] = ("function",)
    inplace: FunctionSchema | None = None
    inplace_variants: tuple[str, ...] = ()
    out: FunctionSchema | None = None
    kind: str = "todo"
    impl: str = ""  # C++ function in pharos::ops (alias: operator base name)
    shape: str = ""
    kernel: str = ""
    inplace_impl: str = ""
    out_impl: str = ""
    backward: dict[tuple[str, ...], str] = field(default_factory=dict)
    nondiff: bool = False
    nondiff_args: tuple[str, ...] = ()
    node: str = ""
    results: tuple[str, ...] = ()
    nondiff_results: tuple[str, ...] = ()
    broadcast: bool = False
    geometry: bool = False  # writes sizes and strides alone
    reference: str = ""
    devices: str = ""
    doc: str = ""

    @property
    def source(self) -> str:
        """The name of the .ops file, without its ending."""
        return self.where.partition(".ops")[0]

    @property
    def forms(self) -> list[tuple[str, FunctionSchema, tuple[str, ...]]]:
        """(form, schema, variants) of every row of the operator table that this entry gives."""
        rows = [("functional", self.schema, self.variants)]
        if self.inplace:
            rows.append(("inplace", self.inplace, self.inplace_variants))
        if self.out:
            rows.append(("out", self.out, ("function",)))
        return rows


def _split_top(text: str) -> list[str]:
    return [p for p in re.split(r"[\s,]+", text) if p]


def derived_inplace(s: FunctionSchema) -> str:
    """`mul(Tensor self, ...) -> Tensor` becomes `mul_(Tensor(a!) self, ...) -> Tensor(a!)`."""
    text = str(s)
    name, rest = text.split("(", 1)
    base, dot, overload = name.partition(".")
    args = rest[: rest.rindex(") -> ")].replace("Tensor self", "Tensor(a!) self", 1)
    return f"{base}_{dot}{overload}({args}) -> Tensor(a!)"


def derived_out(s: FunctionSchema, overload: str) -> str:
    """Adds the written keyword arguments, one per result, and drops the tensor options."""
    options = {"dtype", "layout", "device", "pin_memory"}
    is_factory = any(a.name == "pin_memory" for a in s.all_args)
    kwonly = [a for a in s.kwonly if not (is_factory and a.name in options)]
    args = [str(a) for a in s.args] + ["*"] + [str(a) for a in kwonly]
    rets = []
    for i, r in enumerate(s.returns):
        letter = "abcdefgh"[i]
        named = r.name if len(s.returns) > 1 else None
        only = overload if overload == "grad_input" else "out"
        args.append(f"Tensor({letter}!) {named or (only if len(s.returns) == 1 else f'out{i}')}")
        rets.append(f"Tensor({letter}!)" + (f" {named}" if named else ""))
    ret = rets[0] if len(rets) == 1 else f"({', '.join(rets)})"
    return f"{s.name}.{overload}({', '.join(args)}) -> {ret}"


def _finish(op: Op) -> None:
    names = {a.name for a in op.schema.all_args}
    if not op.results:
        count = len(op.schema.returns)
        op.results = tuple(
            r.name or ("result" if count == 1 else f"result{i}") for i, r in enumerate(op.schema.returns))
    for targets in op.backward:
        for t in targets:
            if t not in names:
                raise SchemaError(f"{op.where}: backward names {t!r}, which is no argument")
    if op.shape:
        op.kind = "structured"
        op.kernel = op.kernel or op.schema.base_name
    takes_tensor = any(base_of(a.type).name == "Tensor" for a in op.schema.all_args)
    if (op.kind in ("direct", "view", "structured") and takes_tensor and not op.backward
            and not op.nondiff):
        raise SchemaError(f"{op.where}: {op.schema.full_name} has neither backward nor nondiff")


def _apply(op: Op, key: str, value: str) -> None:
    name = op.schema.name
    if key == "variants":
        op.variants = tuple(value.split())
    elif key == "inplace":
        variants, _, text = value.partition(":")
        op.inplace_variants = tuple(variants.split()) or ("method",)
        op.inplace = parse_function("aten::" + text.strip() if text else derived_inplace(op.schema), op.where)
    elif key == "out":
        text = derived_out(op.schema, value) if re.fullmatch(r"\w+", value) else "aten::" + value
        op.out = parse_function(text, op.where)
    elif key in ("alias", "composite", "direct", "view", "todo"):
        op.kind, op.impl = key, value or name.split("::")[1]
    elif key == "backward":
        targets, _, formula = value.partition(":")
        one_call = re.fullmatch(r"[\w:]+\([\w, .()]*\)", formula.strip())
        if len(formula.strip()) > (200 if one_call else 100):
            raise SchemaError(f"{op.where}: a formula above 100 columns becomes a C++ function")
        op.backward[tuple(_split_top(targets))] = formula.strip()
    elif key == "nondiff":
        args = value.split()
        # Of `name=0` the gradient is zero; the others may not require one.
        op.nondiff_args, op.nondiff = tuple(a for a in args if not a.endswith("=0")), op.nondiff or not args
    elif key == "results":
        names = value.split()
        op.results = tuple(n.rstrip("!") for n in names)
        op.nondiff_results = tuple(n[:-1] for n in names if n.endswith("!"))
    elif key in ("broadcast", "geometry"):
        setattr(op, key, True)
    elif key == "doc":
        op.doc = value.strip('"')
    else:
        setattr(op, key, value)


def read_ops(root: Path) -> list[Op]:
    """All entries below root, in the order of families and lines."""
    ops: list[Op] = []
    seen: dict[str, str] = {}
    for path in sorted(root.rglob("*.ops")):
        op: Op | None = None
        for number, line in enumerate(path.read_text().splitlines(), 1):
            where = f"{path.name}:{number}"
            text = line.split(" #")[0].rstrip() if not line.startswith("#") else ""
            if not text.strip():
                continue
            if text.startswith("op "):
                if op:
                    _finish(op)
                op = Op(parse_function(text[3:], where), path.parent.name, where)
                ops.append(op)
                continue
            key, _, value = text.strip().partition(" ")
            if op is None or not text.startswith("  ") or key not in KEYS:
                raise SchemaError(f"{where}: unexpected {key!r}")
            _apply(op, key, value.strip())
        if op:
            _finish(op)
    for op in ops:
        for _, schema, _ in op.forms:
            if schema.full_name in seen:
                raise SchemaError(f"{op.where}: {schema.full_name} is already at {seen[schema.full_name]}")
            seen[schema.full_name] = op.where
    return ops
