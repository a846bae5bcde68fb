"""Operator bodies: dispatch, recording, the in-place and out= forms.

Every row of the operator table is one function of namespace pharos::op; the public functions and
methods forward to it. Bodies are leaves: nobody includes them.
"""

from __future__ import annotations

import re

from cpp_types import cpp_arg_type, cpp_return_type
from emit_declarations import (arg_name, grouped_params, has_options, is_method, method_args,
                               options_call, out_params, plain_params)
from emit_nodes import (NodePlan, call_args, emit_node, guard_edge, is_optional_list,
                        is_optional_tensor, is_tensor, is_tensor_list, plan_node, returns_list,
                        row_name, takes_gradient, tensor_results)
from ops_file import Op
from schema import Arg, FunctionSchema, SchemaError, base_of


# ---- forms ---------------------------------------------------------------------------------------


def _holds_tensors(a: Arg) -> bool:
    return base_of(a.type).name == "Tensor"


def _key(args) -> str:
    """The key of the arguments with the thread's special word; _slow tests for both."""
    return " | ".join([*(f"key_of({arg_name(a)})" for a in args if _holds_tensors(a)),
                       "thread_state.special"])


def _tensors(args) -> str:
    return ", ".join(f"&{arg_name(a)}" for a in args if is_tensor(a))


def _tensor_args(args) -> str:
    """The arguments that hold tensors, as a list of pointers or of TensorArg; optional lists apart."""
    held = [a for a in args if takes_gradient(a) and not is_optional_list(a)]
    return ", ".join(f"&{arg_name(a)}" if all(map(is_tensor, held)) else arg_name(a) for a in held)


def _connects(op: Op, plan: NodePlan, result: str) -> list[str]:
    if any(is_tensor_list(a) for a in plan.edges):
        total = " + ".join(f"{arg_name(a)}.size()" if is_tensor_list(a) else "1" for a in plan.edges)
        lines = [f"node->set_edge_count({total});", "size_t at_edge = 0;"]
        for a in plan.edges:
            n = arg_name(a)
            if is_tensor_list(a):
                lines += [f"node->{n}_edges_ = {n}.size();",
                          f"for (const Tensor& t : {n}) connect(node->edges[at_edge++], t);"]
            else:
                lines.append(f"connect(node->edges[at_edge++], {n});")
        return lines
    covered = {t for targets, _ in plan.formulas for t in targets}
    how, more = ("connect_broadcast", f", {result}") if op.broadcast else ("connect", "")
    return [f"{how}(node->edges_[{i}], {arg_name(a)}{more});"
            for i, a in enumerate(plan.edges) if a.name in covered]


def _saves(plan: NodePlan, after: bool) -> list[str]:
    lines = []
    for name, m in plan.members.items():
        if m.save and m.after == after:
            edge = guard_edge(plan, name)
            guard = f"if (node->edges_[{edge}].fn) " if edge is not None else ""
            lines.append(guard + m.save.replace("{n}", "node"))
    return lines


def _signature(s: FunctionSchema) -> str:
    return f"{cpp_return_type(s, 'at::')}({', '.join(cpp_arg_type(a, 'at::') for a in s.all_args)})"


def _plain_function(s: FunctionSchema, body: str) -> str:
    """The function of a row: interposers come before anything else."""
    return f"{_head(s)} {{\n{_interposed(s)}{body}}}\n"


def _interposed(s: FunctionSchema) -> str:
    return f"  if (PHAROS_UNLIKELY(thread_state.special & kSpecialInterposer)) {_boxed(s)}\n"


def _boxed(s: FunctionSchema) -> str:
    """The call handed over with boxed arguments."""
    args = ", ".join(["call_boxed_or_resolved", f"kOpTable[ROW({s.full_name})]", *map(arg_name, s.all_args)])
    return f"return Boxed<{_signature(s)}>::through({args});"


def _function(s: FunctionSchema, lines: list[str]) -> str:
    """The function of a row whose errors say which operator they passed."""
    return _keyed_function(s, "  " + _interposed(s) + "".join(f"    {line}\n" for line in lines))


def _keyed_function(s: FunctionSchema, body: str) -> str:
    """The same where the body tests for interposers, which its key shows."""
    return f"""{_head(s)} {{
  try {{
{body}  }} catch (...) {{
    rethrow_in_operator(ROW({s.full_name}));
  }}
}}
"""


def _todo(s: FunctionSchema) -> str:
    return _plain_function(s, f'  not_implemented("{s.full_name}");\n')


def _static(attributes: str, ret: str, name: str, params: str, lines: list[str]) -> str:
    return f"{attributes}static {ret} {name}({params}) {{\n" + "".join(f"  {l}\n" for l in lines) + "}\n"


def _shape_call(op: Op, out: str) -> str:
    """The shape rule with the arguments that the entry gives it, or all."""
    args = call_args(op.schema.all_args)
    name, rest = (op.shape if "(" in op.shape else f"{op.shape}({args})").split("(", 1)
    return f"pharos::ops::{name}({out}{'' if rest.strip() == ')' else ', '}{rest};"


def _head(s: FunctionSchema) -> str:
    params = ", ".join(plain_params(s, "at::"))
    return f"{cpp_return_type(s, 'at::')} {row_name(s)}({params})"


def _slow(s: FunctionSchema, slow: str = "kSlowKey", boxed: str = "kBoxedKey") -> str:
    """Undefined arguments are refused, views asked whether they came to require grad; interposers
    and lazy conj and neg bits take the boxed way."""
    optionals = "".join(f" | stale_key({arg_name(a)})" for a in s.all_args if is_optional_list(a))
    return f"""    if (PHAROS_UNLIKELY(key & {slow})) {{
      if (key & {boxed}) {_boxed(s)}
      key = slow_key(ROW({s.full_name}), key, {{{_tensor_args(s.all_args)}}}){optionals};
    }}
"""


def _slow_of(op: Op, s: FunctionSchema) -> str:
    """Views of lazy tensors are lazy; other sizes and strides leave lazy bits as they are."""
    keeps = op.kind == "view" or op.geometry
    return _slow(s, "kSlowViewKey", "kSpecialInterposer") if keeps else _slow(s)


def functional(op: Op, plan: NodePlan | None) -> str:
    s = op.schema
    args = call_args(s.all_args)
    if op.kind == "todo":
        return _todo(s)
    if op.kind == "composite":
        return _function(s, [f"return pharos::ops::{op.impl}({args});"])
    takes = any(map(_holds_tensors, s.all_args))
    text = f"    uint64_t key = {_key(s.all_args)};\n" + _slow_of(op, s)
    if plan is not None:
        recording = ", ".join(["key", *map(arg_name, s.all_args)])
        text += f"    if (PHAROS_UNLIKELY(records(key))) return {row_name(s)}_recorded({recording});\n"
    returns = "return " if s.returns else ""
    if not takes:
        return _function(s, [f"{returns}{row_name(s)}_raw({args});"])
    return _keyed_function(s, text + f"    {returns}{row_name(s)}_raw(key, {args});\n")


def raw(op: Op) -> str:
    """The functional form below autograd."""
    s = op.schema
    args = call_args(s.all_args)
    takes = any(map(_holds_tensors, s.all_args))
    params = ", ".join((["uint64_t key"] if takes else []) + plain_params(s, "at::"))
    ret = cpp_return_type(s, "at::")
    head = f"static {ret} {row_name(s)}_raw({params}) {{\n"
    if op.kind == "structured":
        n = tensor_results(s)
        if n == 1:
            return head + f"""  Tensor result;
  Out out(&result, 1);
  {_shape_call(op, 'out')}
  {_kernel_call(op, 'result', args)}
  return result;
}}
"""
        moved = ", ".join(f"std::move(result[{i}])" for i in range(n))
        return head + f"""  Tensor result[{n}];
  Out out(result, {n});
  {_shape_call(op, 'out')}
  {_kernel_call(op, ', '.join(f'result[{i}]' for i in range(n)), args)}
  return {{{moved}}};
}}
"""
    guard = "  BelowAutograd below;\n" if op.kind == "direct" and takes else ""
    if takes and ("any" in op.devices or op.kind == "view"):
        guard += "  (void)key;\n"
    elif takes:
        fn = _signature(s).replace("(", "(*)(", 1)
        # What runs on meta tensors makes shapes there and touches no data.
        refuse = "" if "meta" in op.devices else f'    refuse_device("{s.full_name}", key);\n'
        guard += f"""  if (PHAROS_UNLIKELY(key & kDeviceKey)) {{
    auto* on_device = device_kernel<{fn}>(ROW({s.full_name}), {{{_tensor_args(s.all_args)}}});
    if (on_device) return on_device({args});
{refuse}  }}
"""
    call = f"pharos::ops::{op.impl}({args})"
    if op.kind == "view":
        self_name = arg_name(next(a for a in s.all_args if is_tensor(a)))
        track = "track_views" if returns_list(s) else "track_view"
        # A view through which no gradient flows shares memory and version, but has no base.
        tracked = f"{track}(result, {self_name})" if op.backward else "untrack(result)"
        return head + guard + f"""  auto result = [&] {{ BelowAutograd below; return {call}; }}();
  {tracked};
  return result;
}}
"""
    if ret.endswith("&") or not any(base_of(r.type).name == "Tensor" for r in s.returns):
        return head + guard + ("  return " if ret != "void" else "  ") + call + ";\n}\n"
    return head + guard + f"  auto result = {call};\n  untrack(result);\n  return result;\n}}\n"


def _shares_into(op: Op, s: FunctionSchema | None) -> bool:
    """Whether the in-place or out= form `s` has the shape rule and kernel write its targets."""
    if op.kind != "structured" or s is None or (op.inplace_impl if s.is_inplace else op.out_impl):
        return False
    plain = [a.name for a in s.all_args if a not in s.out_args]
    return (s.is_inplace or bool(plain) and plain == [a.name for a in op.schema.all_args]) and not any(
        is_tensor_list(a) for a in s.out_args)


def into(op: Op) -> str:
    """Results written to given tensors: what the in-place and out= forms of a structured operator share."""
    s = op.schema
    n = tensor_results(s)
    params = ", ".join(["Out::Mode mode", "Tensor* const* targets", "uint64_t key"] + plain_params(s, "at::"))
    return f"""PHAROS_NOINLINE static void {row_name(s)}_into({params}) {{
  (void)key;
  OutInto out(mode, targets, {n}, {{{_tensors(s.all_args)}}});
  {_shape_call(op, 'out')}
  {_kernel_call(op, ', '.join(f'out[{i}]' for i in range(n)), call_args(s.all_args))}
  out.finish();
}}
"""


def _call_into(op: Op, mode: str, targets: list[str]) -> str:
    addresses = ", ".join(f"&{t}" for t in targets)
    args = ", ".join(["Out::Mode::" + mode, "targets", "key", *map(arg_name, op.schema.all_args)])
    return f"Tensor* const targets[] = {{{addresses}}}; {row_name(op.schema)}_into({args});"


def _kernel_call(op: Op, results: str, args: str) -> str:
    tensors = _tensor_args(op.schema.all_args)
    sep = ", " if args else ""
    types = ["const Tensor&"] * tensor_results(op.schema)
    types += [cpp_arg_type(a, "at::") for a in op.schema.all_args]
    fn = f"void(*)({', '.join(types)})"
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
    names = ["result"] if n == 1 else [f"std::get<{i}>(result)" for i in range(n)]
    run = f"{row_name(s)}_raw(key, {args});"
    # A view's function runs below autograd, the tracking of its result in the caller's mode.
    lines.append(f"{ret} result = " + (
        run if op.kind == "view" else f"[&] {{ BelowAutograd below; return {run} }}();"))
    lines += _connects(op, plan, "result[0]" if returns_list(s) else names[0])
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
    return _static("PHAROS_NOINLINE ", ret, f"{row_name(s)}_recorded", params, lines)


def inplace(op: Op, plan: NodePlan | None) -> str:
    s, f = op.inplace, op.schema
    args = call_args(s.all_args)
    if op.kind == "todo":
        return _todo(s)
    if op.kind == "composite":
        call = f"self.copy_(pharos::ops::{op.impl}({args}))"
        if op.inplace_impl:
            call = f"pharos::ops::{op.inplace_impl}({args})"
        return _function(s, [f"return {call};"])
    params = ", ".join(["uint64_t key"] + plain_params(s, "at::"))
    name = row_name(s)
    attribute = "inline" if _shares_into(op, s) else "PHAROS_NOINLINE"
    forms = (f"{attribute} static void {name}_write({params}) {{\n  (void)key;\n{_write_inplace(op)}"
             "  bump_version(self);\n}\n\n")
    text = f"    uint64_t key = {_key(s.all_args)};\n" + _slow(s)
    if plan is not None:
        forms += _recorded_inplace(op, plan, params) + "\n"
        text += f"    if (PHAROS_UNLIKELY(records(key))) return {name}_recorded(key, {args});\n"
    if plan is not None or op.nondiff:
        text += "    check_inplace(self, false);\n"
    return forms + _keyed_function(s, text + f"    {name}_write(key, {args});\n    return self;\n")


def _recorded_inplace(op: Op, plan: NodePlan, params: str) -> str:
    s = op.inplace
    name = row_name(s)
    lines = ["check_inplace(self, true);", f"auto node = make_node<{row_name(op.schema)}_Node>();"]
    if "self" in plan.members:
        # The formula wants the value that is about to be overwritten.
        copy = "[&] { BelowAutograd below; return with_history(self.clone(), self); }()"
        kept = plan.members["self"]
        kept.save = f"{{n}}->saved_[{kept.slot}].save({copy});"
    lines += _connects(op, plan, "self") + _saves(plan, False)
    lines += [f"{{ BelowAutograd below; {name}_write(key, {call_args(s.all_args)}); }}",
              "rebase_history(self, node.get());"]
    if after := _saves(plan, True):
        lines += [f"const Tensor& {op.results[0]} = self;", *after]
    ret = cpp_return_type(s, "at::")
    return _static("PHAROS_COLD ", ret, f"{name}_recorded", params, [*lines, "return self;"])


def _write_inplace(op: Op) -> str:
    s = op.inplace
    args = call_args(s.all_args)
    if op.inplace_impl:
        return f"    pharos::ops::{op.inplace_impl}({args});\n"
    if _shares_into(op, s):
        return f"  {_call_into(op, 'kInplace', ['self'])}\n"
    return f"    write_result(Out::Mode::kInplace, self, {row_name(op.schema)}_raw(key, {args}));\n"


def _out_key(s: FunctionSchema) -> str:
    return f"""    const uint64_t key = {_key(s.all_args)};
    if (PHAROS_UNLIKELY(key & (kSlowKey | kRequiresGradKey))) {{
      if (key & kBoxedKey) {_boxed(s)}
      check_out_call("{s.base_name}", key);
    }}
"""


def out_form(op: Op) -> str:
    s, f = op.out, op.schema
    if op.kind == "todo":
        return _todo(s)
    plain = [a for a in s.all_args if a not in s.out_args]
    outs = [arg_name(a) for a in s.out_args]
    n = len(outs)
    tail = f"return {outs[0]};" if n == 1 else "return {" + ", ".join(outs) + "};"
    if not s.returns:
        tail = "return;"
    if op.out_impl:
        return _function(s, [f"pharos::ops::{op.out_impl}({call_args(plain)}, {', '.join(outs)});", tail])
    text = _out_key(s)
    lists = any(is_tensor_list(a) for a in s.out_args)
    if _shares_into(op, s):
        return _keyed_function(s, f"{text}    {_call_into(op, 'kOut', outs)}\n    {tail}\n")
    given = {a.name for a in plain}
    spread = [arg_name(a) if a.name in given else _option_from(outs[0], a) for a in f.all_args]
    lines = ["BelowAutograd below;", f"auto computed = op::{row_name(f)}({', '.join(spread)});"]
    if lists:
        lines.append(f"write_results({outs[0]}, computed);")
    else:
        values = ["computed"] if n == 1 else [f"std::get<{i}>(computed)" for i in range(n)]
        lines += [f"write_result(Out::Mode::kOut, {o}, {v});" for o, v in zip(outs, values)]
    return _keyed_function(s, text + "".join(f"    {line}\n" for line in [*lines, tail]))


def _option_from(out: str, a: Arg) -> str:
    return {"dtype": f"{out}.scalar_type()", "layout": "std::nullopt", "device": f"{out}.device()",
            "pin_memory": "std::nullopt"}.get(a.name, "{}")


def written(op: Op, plan: NodePlan | None) -> str:
    """An entry whose own schema writes its first argument, or out arguments."""
    s = op.schema
    call = f"pharos::ops::{op.impl}({call_args(s.all_args)});"
    if op.kind == "todo":
        return _todo(s)
    if op.kind == "composite":
        return _function(s, [f"return {call}"])
    if s.out_args:
        return _keyed_function(s, _out_key(s) + f"    BelowAutograd below;\n    return {call}\n")
    if is_tensor_list(s.args[0]):
        return _function(s, _written_lists(op))
    n = arg_name(s.args[0])
    lines = []
    if "any" not in op.devices:
        lines.append(f'if (PHAROS_UNLIKELY(key & kDeviceKey)) refuse_device("{s.full_name}", key);')
    lines += ["const bool recording = records(key);", f"check_inplace({n}, recording);"]
    if plan is not None:
        lines += ["if (PHAROS_UNLIKELY(recording)) {", f"auto node = make_node<{row_name(s)}_Node>();",
                  *_connects(op, plan, n), *_saves(plan, False), f"{{ BelowAutograd below; {call} }}",
                  f"bump_version({n});", f"rebase_history({n}, node.get());", *_saves(plan, True),
                  f"return {n};", "}"]
    lines += ["BelowAutograd below;", call, f"bump_version({n});", f"return {n};"]
    return _keyed_function(s, f"    uint64_t key = {_key(s.all_args)};\n" + _slow_of(op, s)
                           + "".join(f"    {line}\n" for line in lines))


def _written_lists(op: Op) -> list[str]:
    """Whole lists are written (fused optimiser steps): no node, lazy bits are the function's affair."""
    s = op.schema
    if op.backward or s.returns or op.kind != "direct" or "any" not in op.devices:
        raise SchemaError(f"{op.where}: what writes lists is direct, nondiff, on any device, without a result")
    lists = [(i, a, arg_name(a)) for i, a in enumerate(s.all_args) if is_tensor_list(a)]
    checks = [f'for (const Tensor& t : {n}) if (!t.defined()) refuse_undefined({i}, "{a.name}");'
              for i, a, n in lists]
    each = lambda what: [f"for (const Tensor& t : {n}) {what};" for _, a, n in lists if a.is_write]
    return [
        f"const uint64_t key = {_key(s.all_args)};", "if (PHAROS_UNLIKELY(key & kUndefinedKey)) {", *checks, "}",
        "if (PHAROS_UNLIKELY(records(key) || (key & flag_bit(c10::TensorImpl::kInference)))) {",
        *each("check_inplace(t, records(key))"), "}", "BelowAutograd below;",
        f"pharos::ops::{op.impl}({call_args(s.all_args)});", *each("bump_version(t)")]


def alias_forms(op: Op, table: dict[str, Op]) -> str:
    """Every form of an alias forwards to the same overload of another operator."""
    other = table[f"aten::{op.impl}" + (f".{op.schema.overload}" if op.schema.overload else "")]
    text = ""
    for (form, s, _) in op.forms:
        target = {"functional": other.schema, "inplace": other.inplace, "out": other.out}[form]
        if form == "functional" and s.is_inplace and not other.schema.is_inplace:
            target = other.inplace
        text += _plain_function(s, f"  return {row_name(target)}({call_args(s.all_args)});\n")
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
                wrap = f"{row}({', '.join(options_call(s))})"
                if ret == "Tensor":
                    wrap = f"pharos::op::with_requires_grad({wrap}, options)"
                out.append(f"{ret} {s.base_name}({', '.join(grouped_params(s, False))}) {{ return {wrap}; }}")
            out.append(f"{ret} {s.base_name}({', '.join(plain_params(s))}) {{ return {row}({call_args(s.all_args)}); }}")
        if is_method(s, variants):
            m = method_args(s)
            self_ref = "const_cast<Tensor&>(*this)" if next(a for a in s.args if a.name == "self").is_write else "*this"
            names = ", ".join(self_ref if a.name == "self" else arg_name(a) for a in s.all_args)
            if has_options(s):
                call = ", ".join("*this" if a.name == "self" else c for a, c in zip(s.all_args, options_call(s)))
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
        if _shares_into(op, op.inplace) or _shares_into(op, op.out):
            parts.append(into(op))
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
    return f"""// Generated from {ops[0].source}.ops: bodies of its operators.
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
        for source in sorted({op.source for op in mine}):
            body, proto = bodies(family, [op for op in mine if op.source == source], table, rows)
            files[f"ops/{source}_bodies.cpp"] = body
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
