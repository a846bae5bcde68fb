"""Operator bodies: dispatch, recording, the in-place and out= forms.

Every row of the operator table is one function of namespace pharos::op; the public functions and
methods forward to it. Bodies are leaves: nobody includes them.
"""

from __future__ import annotations

import re

from cpp_types import cpp_arg_type, cpp_return_type
from emit_declarations import (arg_name, functions, grouped_params, has_options, is_method,
                               method_args, options_call, out_params, plain_params)
from emit_nodes import (NodePlan, call_args, emit_node, guard_edge, is_optional_list,
                        is_optional_tensor, is_tensor, is_tensor_list, plan_node, returns_list,
                        row_name, takes_gradient, tensor_results)
from ops_file import Op
from schema import Arg, FunctionSchema, SchemaError, base_of


# ---- forms ---------------------------------------------------------------------------------------


def _key(args) -> str:
    parts = [f"key_of_optionals({arg_name(a)})" if is_optional_list(a) else f"key_of({arg_name(a)})" for a in args
             if base_of(a.type).name == "Tensor"]
    return " | ".join(parts) or "0"


def _stale(args) -> str:
    """Views that came to require grad through their base add it to the key."""
    parts = [f"stale_key_of_optionals({arg_name(a)})" if is_optional_list(a) else f"stale_key({arg_name(a)})"
             for a in args if base_of(a.type).name == "Tensor"]
    return f"if (key & kViewKey) key |= {' | '.join(parts)};" if parts else ""


def _tensors(args) -> str:
    return ", ".join(f"&{arg_name(a)}" for a in args if is_tensor(a))


def _device_args(args) -> str:
    return ", ".join(arg_name(a) for a in args if takes_gradient(a) and not is_optional_list(a))


def _connects(op: Op, plan: NodePlan, result: str) -> list[str]:
    lines = []
    if any(is_tensor_list(a) for a in plan.edges):
        total = " + ".join(f"{arg_name(a)}.size()" if is_tensor_list(a) else "1" for a in plan.edges)
        lines.append(f"node->set_edge_count({total});")
        lines.append("size_t at_edge = 0;")
        for a in plan.edges:
            n = arg_name(a)
            if is_tensor_list(a):
                lines.append(f"node->{n}_edges_ = {n}.size();")
                lines.append(f"for (const Tensor& t : {n}) connect(node->edges[at_edge++], t);")
            else:
                lines.append(f"connect(node->edges[at_edge++], {n});")
        return lines
    covered = {t for targets, _ in plan.formulas for t in targets}
    for i, a in enumerate(plan.edges):
        if a.name not in covered:
            continue
        if op.broadcast:
            lines.append(f"connect_broadcast(node->edges_[{i}], {arg_name(a)}, {result});")
        else:
            lines.append(f"connect(node->edges_[{i}], {arg_name(a)});")
    return lines


def _saves(plan: NodePlan, after: bool) -> list[str]:
    lines = []
    for name, m in plan.members.items():
        if m.save and m.after == after:
            edge = guard_edge(plan, name)
            guard = f"if (node->edges_[{edge}].fn) " if edge is not None else ""
            lines.append(guard + m.save.replace("{n}", "node"))
    return lines


def _prologue(op: Op, s: FunctionSchema) -> str:
    sig = f"{cpp_return_type(s, 'at::')}({', '.join(cpp_arg_type(a, 'at::') for a in s.all_args)})"
    args = call_args(s.all_args)
    return (f"  if (PHAROS_UNLIKELY(thread_state.special & kSpecialInterposer))\n"
            f"    return Boxed<{sig}>::interpose(kOpTable[ROW({s.full_name})]{', ' + args if args else ''});\n")


def _catch(s: FunctionSchema) -> str:
    return f"""  }} catch (c10::Error& e) {{
    add_operator_context(e, "{s.full_name}");
    throw;
  }}"""


def _head(s: FunctionSchema) -> str:
    params = ", ".join(plain_params(s, "at::"))
    return f"{cpp_return_type(s, 'at::')} {row_name(s)}({params})"


def _slow(op: Op, s: FunctionSchema) -> str:
    """Undefined arguments are refused; lazy conj and neg bits are resolved by calling again."""
    checks = " ".join(
        f'check_defined({arg_name(a)}, "{a.name}", {i});' for i, a in enumerate(s.all_args) if is_tensor(a))
    again = []
    for a in s.all_args:
        n = arg_name(a)
        if a.is_write:
            again.append(n)
        elif is_tensor(a) or is_optional_tensor(a) or is_tensor_list(a) or is_optional_list(a):
            again.append(f"resolved({n})")
        else:
            again.append(n)
    return f"""    if (PHAROS_UNLIKELY(key & kSlowKey)) {{
      {checks}
      if (key & kLazyKey) return op::{row_name(s)}({', '.join(again)});
      {_stale(s.all_args)}
    }}
"""


def functional(op: Op, plan: NodePlan | None) -> str:
    s = op.schema
    args = call_args(s.all_args)
    ret = cpp_return_type(s, "at::")
    text = _head(s) + " {\n" + _prologue(op, s)
    if op.kind == "todo":
        return text + f'  not_implemented("{s.full_name}");\n}}\n'
    if op.kind == "composite":
        return text + f"  try {{\n    return pharos::ops::{op.impl}({args});\n{_catch(s)}\n}}\n"
    text += "  try {\n"
    takes = any(base_of(a.type).name == "Tensor" for a in s.all_args)
    if takes:
        text += f"    uint64_t key = {_key(s.all_args)};\n"
        if op.kind == "view":
            text += ("    if (PHAROS_UNLIKELY(key & (kUndefinedKey | kViewKey))) { " + " ".join(
                f'check_defined({arg_name(a)}, "{a.name}", {i});' for i, a in enumerate(s.all_args) if is_tensor(a))
                + f" {_stale(s.all_args)} }}\n")
        else:
            text += _slow(op, s)
    if plan is not None:
        text += f"    if (PHAROS_UNLIKELY(records(key))) return {row_name(s)}_recorded(key{', ' + args if args else ''});\n"
    text += f"    return {row_name(s)}_raw({'key, ' if takes else ''}{args});\n" if ret != "void" else f"    {row_name(s)}_raw({'key, ' if takes else ''}{args});\n"
    return text + _catch(s) + "\n}\n"


def raw(op: Op) -> str:
    """The functional form below autograd."""
    s = op.schema
    args = call_args(s.all_args)
    takes = any(base_of(a.type).name == "Tensor" for a in s.all_args)
    params = ", ".join((["uint64_t key"] if takes else []) + plain_params(s, "at::"))
    ret = cpp_return_type(s, "at::")
    head = f"static {ret} {row_name(s)}_raw({params}) {{\n"
    if op.kind == "structured":
        n = tensor_results(s)
        results = ", ".join(f"result[{i}]" for i in range(n))
        tail = "return std::move(result[0]);" if n == 1 else "return {" + ", ".join(f"std::move(result[{i}])" for i in range(n)) + "};"
        shape = op.shape if "(" in op.shape else f"{op.shape}({args})"
        name, rest = shape.split("(", 1)
        sep = "" if rest.strip() == ")" else ", "
        return head + f"""  Tensor result[{n}];
  Out out(result, {n});
  pharos::ops::{name}(out{sep}{rest};
  {_kernel_call(op, results, args)}
  {tail}
}}
"""
    guard = "  BelowAutograd below;\n" if op.kind == "direct" and takes else ""
    if takes and ("any" in op.devices or op.kind == "view"):
        guard += "  (void)key;\n"
    elif takes:
        fn = f"{ret}(*)({', '.join(cpp_arg_type(a, 'at::') for a in s.all_args)})"
        # What runs on meta tensors makes shapes there and touches no data.
        refuse = "" if "meta" in op.devices else f'    refuse_device("{s.full_name}", key);\n'
        guard += f"""  if (PHAROS_UNLIKELY(key & kDeviceKey)) {{
    auto* on_device = device_kernel<{fn}>(ROW({s.full_name}), {{{_device_args(s.all_args)}}});
    if (on_device) return on_device({args});
{refuse}  }}
"""
    call = f"pharos::ops::{op.impl}({args})"
    if op.kind == "view":
        self_name = arg_name(next(a for a in s.all_args if is_tensor(a)))
        track = "track_views" if returns_list(s) else "track_view"
        # A view through which no gradient flows shares memory and version, but has no base.
        tracked = f"{track}(result, {self_name})" if op.backward else "untrack(result)"
        return head + guard + f"  auto result = [&] {{ BelowAutograd below; return {call}; }}();\n  {tracked};\n  return result;\n}}\n"
    if ret == "void" or ret.endswith("&") or not any("Tensor" in str(base_of(r.type).name) for r in s.returns):
        return head + guard + ("  return " if ret != "void" else "  ") + call + ";\n}\n"
    return head + guard + f"  auto result = {call};\n  untrack(result);\n  return result;\n}}\n"


def _kernel_call(op: Op, results: str, args: str) -> str:
    tensors = _device_args(op.schema.all_args)
    sep = ", " if args else ""
    fn = f"void(*)({', '.join(['const Tensor&'] * tensor_results(op.schema) + [cpp_arg_type(a, 'at::') for a in op.schema.all_args])})"
    if not tensors:
        return f"pharos::cpu::{op.kernel}({results}{sep}{args});"
    return f"""if (PHAROS_LIKELY(!(key & kDeviceKey)))
    pharos::cpu::{op.kernel}({results}{sep}{args});
  else if (auto* kernel = device_kernel<{fn}>(ROW({op.schema.full_name}), {{{tensors}}}))
    kernel({results}{sep}{args});"""


def recorded(op: Op, plan: NodePlan) -> str:
    s = op.schema
    args = call_args(s.all_args)
    n = len(op.results)
    params = ", ".join(["uint64_t key"] + plain_params(s, "at::"))
    ret = cpp_return_type(s, "at::")
    lines = [f'refuse_gradient({arg_name(a)}, "{a.name}", "{s.base_name}");' for a in s.all_args
             if a.name in op.nondiff_args]
    lines.append(f"auto node = make_node<{row_name(s)}_Node>();")
    if returns_list(s):
        names = []
    elif n == 1:
        names = ["result"]
    else:
        names = [f"std::get<{i}>(result)" for i in range(n)]
    if op.kind == "view":
        # The function runs below autograd, the tracking of its result in the caller's mode.
        lines.append(f"{ret} result = {row_name(s)}_raw(key, {args});")
    else:
        lines.append(f"{ret} result = [&] {{ BelowAutograd below; return {row_name(s)}_raw(key, {args}); }}();")
    lines += _connects(op, plan, names[0] if names else "result[0]")
    lines += _saves(plan, False)
    if returns_list(s):
        lines.append("node->input_count = static_cast<uint32_t>(result.size());")
        lines.append("set_history(TensorList(result), node.get());")
    else:
        if n > 1:
            lines.append(f"node->input_count = {n};")
        for i, r in enumerate(op.results):
            if n > 1 and op.results[i] != names[i]:
                lines.append(f"const Tensor& {r} = {names[i]}; (void){r};")
        for i, r in enumerate(op.results):
            if r in op.nondiff_results:
                continue
            value = "result" if n == 1 else r
            if n == 1 and r != "result":
                lines.append(f"const Tensor& {r} = result; (void){r};")
            if n > 1:
                lines.append(f"if (is_differentiable({value})) set_history({value}, node.get(), {i});")
            else:
                lines += _saves(plan, True) + [f"if (is_differentiable({value})) give_history({value}, node);"]
        lines += _saves(plan, True) if n > 1 else []
    lines.append("return result;")
    body = "\n".join("  " + line for line in lines)
    return f"PHAROS_NOINLINE static {ret} {row_name(s)}_recorded({params}) {{\n{body}\n}}\n"


def inplace(op: Op, plan: NodePlan | None) -> str:
    s = op.inplace
    f = op.schema
    args = call_args(s.all_args)
    text = _head(s) + " {\n" + _prologue(op, s)
    if op.kind == "todo":
        return text + f'  not_implemented("{s.full_name}");\n}}\n'
    if op.inplace_impl and op.kind == "composite":
        return text + f"  try {{\n    return pharos::ops::{op.inplace_impl}({args});\n{_catch(s)}\n}}\n"
    if op.kind == "composite":
        return text + f"  try {{\n    return self.copy_(pharos::ops::{op.impl}({args}));\n{_catch(s)}\n}}\n"
    params = ", ".join(["uint64_t key"] + plain_params(s, "at::"))
    name = row_name(s)
    write = (f"PHAROS_NOINLINE static void {name}_write({params}) {{\n  (void)key;\n{_write_inplace(op)}"
             "  bump_version(self);\n}\n\n")
    text += f"  try {{\n    uint64_t key = {_key(s.all_args)};\n" + _slow_inplace(s)
    if plan is None:
        text += "    check_inplace(self, false);\n" if op.nondiff else ""
        return write + text + f"    {name}_write(key, {args});\n    return self;\n" + _catch(s) + "\n}\n"
    text += f"""    if (PHAROS_UNLIKELY(records(key))) return {name}_recorded(key, {args});
    check_inplace(self, false);
    {name}_write(key, {args});
    return self;
"""
    lines = ["check_inplace(self, true);", f"auto node = make_node<{row_name(f)}_Node>();"]
    saves_self = "self" in plan.members
    if saves_self:
        # The formula wants the value that is about to be overwritten.
        copy = "[&] { BelowAutograd below; return with_history(self.clone(), self); }()"
        plan.members["self"].save = f"{{n}}->self_.save({copy});"
    lines += _connects(op, plan, "self")
    lines += _saves(plan, False)
    lines += [f"{{ BelowAutograd below; {name}_write(key, {args}); }}", "rebase_history(self, node.get());"]
    after = _saves(plan, True)
    if after:
        lines += [f"const Tensor& {op.results[0]} = self;", *after]
    lines.append("return self;")
    body = "\n".join("  " + line for line in lines)
    ret = cpp_return_type(s, "at::")
    recorded_form = f"PHAROS_COLD static {ret} {name}_recorded({params}) {{\n{body}\n}}\n\n"
    return write + recorded_form + text + _catch(s) + "\n}\n"


def _slow_inplace(s: FunctionSchema) -> str:
    checks = " ".join(
        f'check_defined({arg_name(a)}, "{a.name}", {i});' for i, a in enumerate(s.all_args) if is_tensor(a))
    again = [f"resolved({arg_name(a)})" if takes_gradient(a) and not a.is_write else arg_name(a) for a in s.all_args]
    n = arg_name(s.args[0])
    return f"""    if (PHAROS_UNLIKELY(key & kSlowKey)) {{
      {checks}
      if (key_of({n}) & kLazyKey) return write_lazy({n}, [&](Tensor& {n}) {{ op::{row_name(s)}({', '.join(again)}); }});
      if (key & kLazyKey) return op::{row_name(s)}({', '.join(again)});
      {_stale(s.all_args)}
    }}
"""


def _write_inplace(op: Op) -> str:
    s = op.inplace
    args = call_args(s.all_args)
    if op.inplace_impl:
        return f"    pharos::ops::{op.inplace_impl}({args});\n"
    if op.kind == "structured":
        shape = op.shape if "(" in op.shape else f"{op.shape}({args})"
        name, rest = shape.split("(", 1)
        inputs = _tensors(op.schema.all_args)
        return f"""    {{
      Tensor* const target[1] = {{&self}};
      OutInto out(Out::Mode::kInplace, target, 1, {{{inputs}}});
      pharos::ops::{name}(out, {rest};
      {_kernel_call(op, 'out[0]', args)}
      out.finish();
    }}
"""
    key = "key, "
    return f"    write_result(Out::Mode::kInplace, self, {row_name(op.schema)}_raw({key}{args}));\n"


def out_form(op: Op) -> str:
    s = op.out
    f = op.schema
    plain = [a for a in s.all_args if a not in s.out_args]
    outs = [arg_name(a) for a in s.out_args]
    n = len(outs)
    ret = cpp_return_type(s, "at::")
    tail = f"return {outs[0]};" if n == 1 else "return {" + ", ".join(outs) + "};"
    if ret == "void":
        tail = "return;"
    text = _head(s) + " {\n" + _prologue(op, s)
    if op.kind == "todo":
        return text + f'  not_implemented("{s.full_name}");\n}}\n'
    text += "  try {\n"
    if op.out_impl:
        text += f"    pharos::ops::{op.out_impl}({call_args(plain)}, {', '.join(outs)});\n    {tail}\n"
        return text + _catch(s) + "\n}\n"
    key = _key(s.all_args)
    text += f'    const uint64_t key = {key};\n    if (PHAROS_UNLIKELY(key & (kSlowKey | kRequiresGradKey)))\n      check_out_call("{f.base_name}", key);\n'
    lists = any(is_tensor_list(a) for a in s.out_args)
    if op.kind == "structured" and not lists and f.all_args and [a.name for a in plain] == [a.name for a in f.all_args]:
        args = call_args(plain)
        shape = op.shape if "(" in op.shape else f"{op.shape}({args})"
        name, rest = shape.split("(", 1)
        results = ", ".join(f"out_[{i}]" for i in range(n))
        text += f"""    if (PHAROS_LIKELY(!(key & kLazyKey))) {{
      Tensor* const targets[{n}] = {{{', '.join('&' + o for o in outs)}}};
      OutInto out_(Out::Mode::kOut, targets, {n}, {{{_tensors(f.all_args)}}});
      pharos::ops::{name}(out_, {rest};
      {_kernel_call(op, results, args)}
      out_.finish();
      {tail}
    }}
"""
    spread = [arg_name(a) if any(p.name == a.name for p in plain) else _option_from(outs[0], a) for a in f.all_args]
    text += f"    BelowAutograd below;\n    auto computed = op::{row_name(f)}({', '.join(spread)});\n"
    if n == 1 and not lists:
        text += f"    write_result(Out::Mode::kOut, {outs[0]}, computed);\n"
    elif lists:
        text += f"    write_results({outs[0]}, computed);\n"
    else:
        text += "".join(f"    write_result(Out::Mode::kOut, {o}, std::get<{i}>(computed));\n" for i, o in enumerate(outs))
    return text + f"    {tail}\n" + _catch(s) + "\n}\n"


def _option_from(out: str, a: Arg) -> str:
    return {"dtype": f"{out}.scalar_type()", "layout": "std::nullopt", "device": f"{out}.device()",
            "pin_memory": "std::nullopt"}.get(a.name, "{}")


def written(op: Op, plan: NodePlan | None) -> str:
    """An entry whose own schema writes its first argument, or out arguments."""
    s = op.schema
    args = call_args(s.all_args)
    text = _head(s) + " {\n" + _prologue(op, s)
    if op.kind == "todo":
        return text + f'  not_implemented("{s.full_name}");\n}}\n'
    if op.kind == "composite":
        return text + f"  try {{\n    return pharos::ops::{op.impl}({args});\n{_catch(s)}\n}}\n"
    text += "  try {\n"
    if s.out_args:
        text += f'    const uint64_t key = {_key(s.all_args)};\n    if (PHAROS_UNLIKELY(key & (kSlowKey | kRequiresGradKey)))\n      check_out_call("{s.base_name}", key);\n'
        return text + f"    BelowAutograd below;\n    return pharos::ops::{op.impl}({args});\n" + _catch(s) + "\n}\n"
    if is_tensor_list(s.args[0]):
        return text + _written_lists(op) + _catch(s) + "\n}\n"
    n = arg_name(s.args[0])
    lines = [f"uint64_t key = {_key(s.all_args)};"] + _slow_inplace(s).rstrip().split("\n")
    if "any" not in op.devices:
        lines.append(f'if (PHAROS_UNLIKELY(key & kDeviceKey)) refuse_device("{s.full_name}", key);')
    lines.append("const bool recording = records(key);")
    lines.append(f"check_inplace({n}, recording);")
    if plan is not None:
        lines += ["if (PHAROS_UNLIKELY(recording)) {", f"auto node = make_node<{row_name(s)}_Node>();"]
        lines += _connects(op, plan, n)
        lines += _saves(plan, False)
        lines += [f"{{ BelowAutograd below; pharos::ops::{op.impl}({args}); }}", f"bump_version({n});",
                  f"rebase_history({n}, node.get());"]
        lines += _saves(plan, True)
        lines += [f"return {n};", "}"]
    lines += ["BelowAutograd below;", f"pharos::ops::{op.impl}({args});", f"bump_version({n});", f"return {n};"]
    return text + "\n".join("    " + line for line in lines) + "\n" + _catch(s) + "\n}\n"


def _written_lists(op: Op) -> str:
    """Whole lists are written (fused optimiser steps): no node, lazy bits are the function's affair."""
    s = op.schema
    if op.backward or s.returns or op.kind != "direct" or "any" not in op.devices:
        raise SchemaError(f"{op.where}: what writes lists is direct, nondiff, on any device, without a result")
    lists = [(i, a, arg_name(a)) for i, a in enumerate(s.all_args) if is_tensor_list(a)]
    checks = [f'for (const Tensor& t : {n}) check_defined(t, "{a.name}", {i});' for i, a, n in lists]
    each = lambda what: [f"for (const Tensor& t : {n}) {what};" for _, a, n in lists if a.is_write]
    return "\n".join("    " + line for line in [
        f"const uint64_t key = {_key(s.all_args)};", "if (PHAROS_UNLIKELY(key & kUndefinedKey)) {", *checks, "}",
        "if (PHAROS_UNLIKELY(records(key) || (key & flag_bit(c10::TensorImpl::kInference)))) {",
        *each("check_inplace(t, records(key))"), "}", "BelowAutograd below;",
        f"pharos::ops::{op.impl}({call_args(s.all_args)});", *each("bump_version(t)")]) + "\n"


def alias_forms(op: Op, table: dict[str, Op]) -> str:
    """Every form of an alias forwards to the same overload of another operator."""
    other = table[f"aten::{op.impl}" + (f".{op.schema.overload}" if op.schema.overload else "")]
    text = ""
    for (form, s, _) in op.forms:
        target = {"functional": other.schema, "inplace": other.inplace, "out": other.out}[form]
        if form == "functional" and s.is_inplace and not other.schema.is_inplace:
            target = other.inplace
        text += _head(s) + " {\n" + _prologue(op, s) + f"  return {row_name(target)}({call_args(s.all_args)});\n}}\n"
    return text


# ---- public forwarding ---------------------------------------------------------------------------


def forwards(op: Op) -> str:
    """at:: functions and Tensor methods, each one call of the row's function."""
    out = []
    for form, s, variants in op.forms:
        ret = cpp_return_type(s)
        row = f"pharos::op::{row_name(s)}"
        if form == "out" or s.out_args:
            out.append(f"{ret} {s.base_name}_outf({', '.join(plain_params(s))}) {{ return {row}({call_args(s.all_args)}); }}")
            out.append(f"{ret} {s.base_name}_out({', '.join(out_params(s, False))}) {{ return {row}({call_args(s.all_args)}); }}")
        elif "function" in variants:
            if has_options(s):
                call = options_call(s)
                wrap = f"{row}({call})"
                if ret == "Tensor":
                    wrap = f"pharos::op::with_requires_grad({wrap}, options)"
                out.append(f"{ret} {s.base_name}({', '.join(grouped_params(s, False))}) {{ return {wrap}; }}")
            out.append(f"{ret} {s.base_name}({', '.join(plain_params(s))}) {{ return {row}({call_args(s.all_args)}); }}")
        if is_method(s, variants):
            m = method_args(s)
            self_ref = "const_cast<Tensor&>(*this)" if next(a for a in s.args if a.name == "self").is_write else "*this"
            names = ", ".join(self_ref if a.name == "self" else arg_name(a) for a in s.all_args)
            if has_options(s):
                call = options_call(s).split(", ")
                call = ", ".join("*this" if a.name == "self" else c for a, c in zip(s.all_args, call))
                out.append(f"{ret} Tensor::{s.base_name}({', '.join(grouped_params(m, False))}) const {{ return pharos::op::with_requires_grad({row}({call}), options); }}")
            out.append(f"{ret} Tensor::{s.base_name}({', '.join(plain_params(m))}) const {{ return {row}({names}); }}")
    return "\n".join(out)


# ---- files ---------------------------------------------------------------------------------------


def declarations(ops: list[Op]) -> str:
    """What an operator's author defines: kernels and functions of pharos::ops, by exact signature."""
    kernels, impls = [], []
    for op in ops:
        s = op.schema
        if op.kind == "structured":
            params = ", ".join([f"const Tensor& out{i}" for i in range(tensor_results(s))] + plain_params(s, "at::"))
            kernels.append(f"void {op.kernel}({params});")
        elif op.kind in ("composite", "direct", "view"):
            impls.append(f"{cpp_return_type(s, 'at::')} {op.impl}({', '.join(plain_params(s, 'at::'))});")
        if op.inplace_impl:
            impls.append(f"{cpp_return_type(op.inplace, 'at::')} {op.inplace_impl}({', '.join(plain_params(op.inplace, 'at::'))});")
        if op.out_impl:
            params = plain_params(op.out, "at::")
            impls.append(f"{cpp_return_type(op.out, 'at::')} {op.out_impl}({', '.join(params)});")
    unique = lambda lines: "\n".join(dict.fromkeys(lines))
    return f"""// Generated: the functions and kernels that the entries of this family name.
#pragma once

#include "ops/out.h"

namespace pharos::ops {{

{unique(impls)}

}}  // namespace pharos::ops

namespace pharos::cpu {{

{unique(kernels)}

}}  // namespace pharos::cpu
"""


def bodies(family: str, ops: list[Op], table: dict[str, Op], rows: dict[str, int]) -> str:
    parts = []
    protos = [f"{_head(s)};" for op in ops for _, s, _ in op.forms]
    for op in ops:
        s = op.schema
        if op.kind == "alias":
            parts.append(alias_forms(op, table))
            continue
        plan = None
        if op.backward and op.kind in ("structured", "direct", "view"):
            plan = plan_node(op)
            parts.append(emit_node(op, plan))
        if s.is_inplace or s.out_args:
            parts.append(written(op, plan))
            continue
        if op.kind in ("structured", "direct", "view"):
            parts.append(raw(op))
        if plan is not None:
            parts.append(recorded(op, plan))
        parts.append(functional(op, plan))
        if op.inplace:
            parts.append(inplace(op, plan))
        if op.out:
            parts.append(out_form(op))
    text = "\n".join(parts)
    text = re.sub(r"ROW\(([\w:.]+)\)", lambda m: str(rows[m[1]]), text)
    own = f'#include "ops/{family}/{family}.h"' if (family in HAVE_HEADER) else ""
    return f"""// Generated from {family}.ops: bodies of its operators.
#include <pharos/tensor_operators.h>

#include "dispatch/boxing.h"
#include "dispatch/op_table.h"
#include "ops/body.h"
#include "ops/{family}_decls.h"
#include "ops/rows.h"
{own}

namespace pharos::op {{

using namespace pharos::tape;
using namespace at;
using namespace pharos::backward;

{text}
}}  // namespace pharos::op

namespace at {{

{chr(10).join(forwards(op) for op in ops)}

}}  // namespace at
""", "\n".join(protos)


HAVE_HEADER: set[str] = set()


def emit(ops: list[Op], ops_root=None) -> dict[str, str]:
    if ops_root is not None:
        HAVE_HEADER.update(p.stem for p in ops_root.glob("*/*.h") if p.stem == p.parent.name)
    table = {op.schema.full_name: op for op in ops}
    from emit_table import row_key
    order = sorted((s for op in ops for _, s, _ in op.forms), key=row_key)
    rows = {s.full_name: i for i, s in enumerate(order)}
    files = {}
    protos = []
    for family in sorted({op.family for op in ops}):
        mine = [op for op in ops if op.family == family]
        files[f"ops/{family}_decls.h"] = declarations(mine)
        body, proto = bodies(family, mine, table, rows)
        files[f"ops/{family}_bodies.cpp"] = body
        protos.append(proto)
    files["ops/rows.h"] = f"""// Generated: one function per row of the operator table.
#pragma once

#include <pharos/dispatch/ivalue.h>
#include <pharos/tensor.h>

namespace pharos::op {{

{chr(10).join(protos)}

}}  // namespace pharos::op
"""
    return files
