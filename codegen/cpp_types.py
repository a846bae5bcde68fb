"""The C++ spelling of schema types and defaults, as LibTorch's headers have them.

`ns` goes before the names of namespace at: pass "at::" outside of it. `::std` is written so because
the operator `std` hides the namespace inside at.
"""

from __future__ import annotations

import ast
import json
from dataclasses import replace

from schema import NUMBER, Arg, BaseType, FunctionSchema, ListType, OptionalType, Return
from schema import SchemaError, base_of

_BY_VALUE = {
    "int": "int64_t", "SymInt": "int64_t", "float": "double", "bool": "bool", "SymBool": "bool",
    "str": "c10::string_view", "complex": "c10::complex<double>", 
    "Any": "const c10::IValue&",
}
_INTS = ("int", "SymInt")


def _value(name: str, ns: str) -> str:
    return _BY_VALUE.get(name) or ns + name


def cpp_arg_type(arg: Arg, ns: str = "") -> str:
    """The type that LibTorch's C++ functions declare for this argument."""
    t = arg.type
    if isinstance(t, BaseType):
        if t.name == "Tensor":
            return f"{ns}Tensor&" if arg.is_write else f"const {ns}Tensor&"
        return f"const {ns}Scalar&" if t.name == "Scalar" else _value(t.name, ns)
    if isinstance(t, ListType):
        return _cpp_list(t, ns)
    inner = t.elem
    if isinstance(inner, ListType):
        if inner.elem in (BaseType("int"), BaseType("SymInt")):
            return f"{ns}OptionalIntArrayRef"
        return f"::std::optional<{_cpp_list(inner, ns)}>"
    if inner.name in ("Tensor", "Scalar"):
        return f"const ::std::optional<{ns}{inner.name}>&"
    return f"::std::optional<{_value(inner.name, ns)}>"


def _cpp_list(t: ListType, ns: str) -> str:
    if isinstance(t.elem, OptionalType) and base_of(t).name == "Tensor":
        return f"const c10::List<::std::optional<{ns}Tensor>>&"
    if not isinstance(t.elem, BaseType):
        raise SchemaError(f"no C++ type for {t}")
    if t.elem.name == "Tensor":
        return f"{ns}TensorList"
    if t.elem.name in _INTS:
        return f"{ns}IntArrayRef"
    if t.elem.name == "bool" and t.size is not None:
        return f"::std::array<bool,{t.size}>"
    return f"{ns}ArrayRef<{_value(t.elem.name, ns)}>"


def _cpp_return(r: Return, ns: str) -> str:
    t = r.type
    if isinstance(t, ListType):
        return f"::std::vector<{_cpp_return(Return(t.elem), ns)}>"
    if isinstance(t, OptionalType):
        return f"::std::optional<{_cpp_return(Return(t.elem), ns)}>"
    if t.name == "Tensor" and t.alias is not None and t.alias.is_write:
        return f"{ns}Tensor&"
    return {"str": "::std::string", "Any": "c10::IValue"}.get(t.name) or _value(t.name, ns)


def cpp_return_type(schema: FunctionSchema, ns: str = "") -> str:
    """void, one type, or a tuple; what is written (in-place, out=) comes back as a reference."""
    types = [_cpp_return(r, ns) for r in schema.returns]
    if len(types) > 1:
        return f"::std::tuple<{','.join(types)}>"
    return types[0] if types else "void"


_NAMED = {"True": "true", "False": "false", "long": "kLong", "float": "kFloat", "double": "kDouble",
          "bool": "kBool", "strided": "kStrided", "Mean": "Reduction::Mean", "Sum": "Reduction::Sum",
          "contiguous_format": "MemoryFormat::Contiguous",
          "preserve_format": "MemoryFormat::Preserve",
          "channels_last": "MemoryFormat::ChannelsLast"}


def cpp_default(arg: Arg, ns: str = "") -> str | None:
    """The default as LibTorch's declarations spell it; None where there is none."""
    text = arg.default
    if text is None:
        return None
    if text == "None":
        return "{}" if base_of(arg.type).name == "Tensor" else "::std::nullopt"
    if text[0] in "'\"":
        return json.dumps(ast.literal_eval(text))
    if text[0] == "[":
        items = [v.strip() for v in text[1:-1].split(",") if v.strip()]
        t = arg.type.elem if isinstance(arg.type, OptionalType) else arg.type
        if isinstance(t, ListType) and t.size == len(items) and len(set(items)) == 1:
            return items[0]
        return "{" + ",".join(cpp_default(replace(arg, default=v), ns) or "" for v in items) + "}"
    named = _NAMED.get(text)
    if named is None:
        if not NUMBER.match(text):
            raise SchemaError(f"no C++ spelling for the default {text!r} of argument {arg.name!r}")
        return text
    return named if named in ("true", "false") else ns + named
