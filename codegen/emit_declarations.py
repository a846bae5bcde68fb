"""Public declarations: free functions of namespace at (one header per family) and Tensor's methods."""

from __future__ import annotations

from dataclasses import replace

from cpp_types import cpp_arg_type, cpp_default, cpp_return_type
from ops_file import Op
from schema import Arg, FunctionSchema

# Arguments whose default LibTorch's C++ does not declare, or overloads would be ambiguous.
_CONV = {"bias", "stride", "padding"}
NO_DEFAULTS = {
    **{f"aten::{n}{o}": {"dim"} for n in ("all", "any") for o in (".dims", ".dims_out")},
    **{f"aten::{n}": {"min"} for n in ("clamp", "clamp_", "clamp.out", "clip", "clip_", "clip.out")},
    **{f"aten::{n}": {"step"} for n in ("arange.start_step", "arange.start_out", "range.out")},
    **{f"aten::conv{d}d.padding": _CONV for d in (1, 2, 3)},
    **{f"aten::{n}{o}": {"unbiased"} for n in ("std", "var", "std_mean", "var_mean") for o in ("", ".dim", ".out")},
}
# Methods that tensor.h writes by hand.
HAND_METHODS = {
    "size", "stride", "dim", "numel", "is_complex", "is_floating_point", "is_signed", "is_conj",
    "is_neg", "item", "to", "storage_offset", "requires_grad_", "index", "index_put_", "is_inference",
    "data", "set_data", "is_leaf", "output_nr", "_version", "retain_grad", "retains_grad", "is_pinned",
}
_OPTIONS = ("dtype", "layout", "device", "pin_memory")


def has_options(s: FunctionSchema) -> bool:
    """Whether the four tensor-options arguments are there, in PyTorch's order."""
    names = [a.name for a in s.all_args]
    return all(o in names for o in _OPTIONS)


def arg_name(a: Arg) -> str:
    return {"default": "default_value", "register": "register_value"}.get(a.name, a.name)


def declared_default(s: FunctionSchema, a: Arg, ns: str = "") -> str | None:
    return None if a.name in NO_DEFAULTS.get(s.full_name, ()) else cpp_default(a, ns)


def plain_params(s: FunctionSchema, ns: str = "", defaults: bool = False) -> list[str]:
    """Every schema argument as its own C++ parameter."""
    out = []
    for a in s.all_args:
        d = declared_default(s, a, ns) if defaults else None
        out.append(f"{cpp_arg_type(a, ns)} {arg_name(a)}" + (f" = {d}" if d is not None else ""))
    return out


def grouped_args(s: FunctionSchema) -> list[Arg | str]:
    """The arguments with dtype, layout, device, pin_memory as one "options"."""
    out: list[Arg | str] = []
    for a in s.all_args:
        if a.name in _OPTIONS:
            if a.name == "dtype":
                out.append("options")
        else:
            out.append(a)
    return out


def grouped_params(s: FunctionSchema, defaults: bool) -> list[str]:
    out = []
    dtype = next(a.default for a in s.all_args if a.name == "dtype")
    options_default = {None: "", "None": " = {}", "long": " = kLong"}[dtype] if defaults else ""
    for g in grouped_args(s):
        if isinstance(g, str):
            out.append("TensorOptions options" + options_default)
        else:
            d = declared_default(s, g) if defaults else None
            out.append(f"{cpp_arg_type(g)} {arg_name(g)}" + (f" = {d}" if d is not None else ""))
    return out


def options_call(s: FunctionSchema) -> list[str]:
    """Arguments of the plain overload as the grouped one passes them."""
    spread = {"dtype": "options.dtype_opt()", "layout": "options.layout_opt()",
              "device": "options.device_opt()", "pin_memory": "options.pinned_memory_opt()",
              "memory_format": "pharos::op::memory_format_of(options, memory_format)"}
    return [spread.get(a.name, arg_name(a)) for a in s.all_args]


def out_params(s: FunctionSchema, defaults: bool) -> list[str]:
    """at::add_out(out, self, ...): the written tensors come first."""
    rest = [a for a in s.all_args if a not in s.out_args]
    out = [f"Tensor& {arg_name(a)}" for a in s.out_args]
    for a in rest:
        d = declared_default(s, a) if defaults else None
        out.append(f"{cpp_arg_type(a)} {arg_name(a)}" + (f" = {d}" if d is not None else ""))
    return out


def cpp_name(s: FunctionSchema) -> str:
    """The C++ function of the row: outf forms take the schema's argument order."""
    return s.base_name + ("_outf" if s.out_args else "")


def functions(op: Op) -> list[str]:
    lines = []
    for form, s, variants in op.forms:
        ret = cpp_return_type(s)
        if form == "out" or s.out_args:
            base = s.base_name
            lines.append(f"{ret} {base}_outf({', '.join(plain_params(s))});")
            lines.append(f"{ret} {base}_out({', '.join(out_params(s, True))});")
        elif "function" not in variants:
            continue
        elif has_options(s):
            lines.append(f"{ret} {s.base_name}({', '.join(grouped_params(s, True))});")
            lines.append(f"{ret} {s.base_name}({', '.join(plain_params(s))});")
        else:
            lines.append(f"{ret} {s.base_name}({', '.join(plain_params(s, defaults=True))});")
    return lines


def method_args(s: FunctionSchema) -> FunctionSchema:
    """The schema without the argument that becomes *this."""
    args = tuple(a for a in s.args if a.name != "self")
    return replace(s, args=args)


def is_method(s: FunctionSchema, variants: tuple[str, ...]) -> bool:
    if "method" not in variants or s.base_name in HAND_METHODS:
        return False
    return any(a.name == "self" for a in s.args)


def methods(op: Op) -> list[str]:
    lines = []
    for _, s, variants in op.forms:
        if not is_method(s, variants):
            continue
        m = method_args(s)
        ret = cpp_return_type(s)
        if has_options(s):
            lines.append(f"{ret} {s.base_name}({', '.join(grouped_params(m, True))}) const;")
            lines.append(f"{ret} {s.base_name}({', '.join(plain_params(m))}) const;")
        else:
            lines.append(f"{ret} {s.base_name}({', '.join(plain_params(m, defaults=True))}) const;")
    return lines


def in_namespace_at(text: str) -> str:
    """Names as `at` has them. It also has functions `std`, so cpp_types writes `::std`; the compiler
    stores every token of a program before it parses, and these are thousands."""
    for name in ("optional", "nullopt"):
        text = text.replace("::std::" + name, name)
    return text


def emit(ops: list[Op]) -> dict[str, str]:
    """File name -> text."""
    files = {}
    families = sorted({op.family for op in ops})
    for family in families:
        body = in_namespace_at("\n".join(line for op in ops if op.family == family for line in functions(op)))
        files[f"include/pharos/ops/{family}.h"] = f"""// Generated from {family}.ops: operators as functions of namespace at.
#pragma once

#include <pharos/tensor.h>

// One attribute for all: as one for each, they are a tenth of what the header costs to read.
namespace at PHAROS_API {{

{body}

}}  // namespace at
"""
    includes = "\n".join(f"#include <pharos/ops/{f}.h>" for f in families)
    files["include/pharos/ops/functions.h"] = f"""// Generated: every operator as a function.
#pragma once

{includes}
"""
    rows = in_namespace_at("\n".join("  " + line for op in ops for line in methods(op)))
    files["include/pharos/ops/tensor_methods.inc"] = f"  // Generated: operators as methods of Tensor.\n{rows}\n"
    return files
