"""Nodes of the graph: what each operator's backward formulas keep, and how they run."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from cpp_types import cpp_arg_type
from emit_declarations import arg_name
from ops_file import Op
from schema import Arg, BaseType, FunctionSchema, ListType, OptionalType, base_of


def row_name(s: FunctionSchema) -> str:
    """The C++ identifier of a row: add_Tensor, add__Tensor, add_out."""
    return s.base_name + (f"_{s.overload}" if s.overload else "_")


def is_tensor(a: Arg) -> bool:
    return isinstance(a.type, BaseType) and a.type.name == "Tensor"


def is_optional_tensor(a: Arg) -> bool:
    return isinstance(a.type, OptionalType) and isinstance(a.type.elem, BaseType) and a.type.elem.name == "Tensor"


def is_tensor_list(a: Arg) -> bool:
    return isinstance(a.type, ListType) and isinstance(a.type.elem, BaseType) and a.type.elem.name == "Tensor"


def is_optional_list(a: Arg) -> bool:
    return isinstance(a.type, ListType) and isinstance(a.type.elem, OptionalType) and base_of(a.type).name == "Tensor"


def takes_gradient(a: Arg) -> bool:
    return is_tensor(a) or is_optional_tensor(a) or is_tensor_list(a)


def call_args(args) -> str:
    return ", ".join(arg_name(a) for a in args)


def tensor_results(s: FunctionSchema) -> int:
    return len(s.returns)


def returns_list(s: FunctionSchema) -> bool:
    return len(s.returns) == 1 and isinstance(s.returns[0].type, ListType)


# ---- nodes ---------------------------------------------------------------------------------------

_PROPERTIES = {
    "sizes": ("SavedInts", "{0}.sizes()", "c10::IntArrayRef"),
    "strides": ("SavedInts", "{0}.strides()", "c10::IntArrayRef"),
    "dim": ("int64_t", "{0}.dim()", "int64_t"),
    "numel": ("int64_t", "{0}.numel()", "int64_t"),
    "scalar_type": ("c10::ScalarType", "{0}.scalar_type()", "c10::ScalarType"),
    "options": ("c10::TensorOptions", "{0}.options()", "c10::TensorOptions"),
    "storage_offset": ("int64_t", "{0}.storage_offset()", "int64_t"),
    "is_complex": ("bool", "{0}.is_complex()", "bool"),
    "device": ("c10::Device", "{0}.device()", "c10::Device"),
}


@dataclass
class Member:
    decl: str      # the node's member
    save: str      # statement in the recorder; {n} is the node
    unpack: str    # statement in run()
    release: str = ""
    after: bool = False  # saved after the operator ran
    slot: int | None = None  # of a tensor that its node keeps beside its edges


@dataclass
class NodePlan:
    """What the backward formulas of an operator need."""

    edges: list[Arg]
    members: dict[str, Member] = field(default_factory=dict)
    formulas: list[tuple[tuple[str, ...], str]] = field(default_factory=list)


def _value_member(a: Arg) -> tuple[str, str, str]:
    """(member type, how to save, how a formula sees it) for an argument that is no tensor."""
    n = arg_name(a)
    t = cpp_arg_type(a, "at::")
    table = {
        "at::IntArrayRef": ("SavedInts", f"{{n}}->{n}_.save({n});", f"c10::IntArrayRef {n} = {n}_;"),
        "at::OptionalIntArrayRef": (
            "std::optional<std::vector<int64_t>>",
            f"if ({n}.has_value()) {{n}}->{n}_ = {n}->vec();", f"at::OptionalIntArrayRef {n}({n}_);"),
        "const at::Scalar&": ("at::Scalar", f"{{n}}->{n}_ = {n};", f"const at::Scalar& {n} = {n}_;"),
        "const ::std::optional<at::Scalar>&": (
            "std::optional<at::Scalar>", f"{{n}}->{n}_ = {n};", f"const std::optional<at::Scalar>& {n} = {n}_;"),
        "c10::string_view": ("std::string", f"{{n}}->{n}_ = std::string({n});", f"c10::string_view {n} = {n}_;"),
        "::std::optional<c10::string_view>": (
            "std::optional<std::string>", f"if ({n}) {{n}}->{n}_ = std::string(*{n});",
            f"std::optional<c10::string_view> {n}; if ({n}_) {n} = c10::string_view(*{n}_);"),
        "::std::optional<at::ArrayRef<double>>": (
            "std::optional<std::vector<double>>", f"if ({n}) {{n}}->{n}_ = {n}->vec();",
            f"std::optional<at::ArrayRef<double>> {n}; if ({n}_) {n} = at::ArrayRef<double>(*{n}_);"),
    }
    if t in table:
        return table[t]
    return t, f"{{n}}->{n}_ = {n};", f"const auto& {n} = {n}_;"


def _uses(formula: str, name: str) -> bool:
    return re.search(rf"(?<![\w.>]){name}\b(?!\()", formula) is not None


def plan_node(op: Op) -> NodePlan:
    s = op.schema
    plan = NodePlan([a for a in s.all_args if takes_gradient(a)])
    for targets, formula in op.backward.items():
        text = formula
        for a in s.all_args + tuple(
                Arg(BaseType("Tensor"), r) for r in op.results if not returns_list(s)):
            if not _uses(text, a.name):
                continue
            n = arg_name(a)
            result = a.name in op.results and a not in s.all_args
            if is_tensor(a) or is_optional_tensor(a):
                for prop, (mtype, expr, vtype) in _PROPERTIES.items():
                    pattern = rf"(?<![\w.>]){a.name}\.{prop}\(\)"
                    if re.search(pattern, text):
                        source = expr.format(n)
                        key = f"{n}_{prop}"
                        save = f"{{n}}->{key}_.save({source});" if mtype == "SavedInts" else f"{{n}}->{key}_ = {source};"
                        init = " = c10::Device(c10::DeviceType::CPU)" if prop == "device" else (
                            "" if mtype in ("SavedInts", "c10::TensorOptions") else "{}")
                        guard = f"if ({n} && {n}->defined()) " if is_optional_tensor(a) else ""
                        source_fix = save.replace(f"{n}.", f"{n}->") if is_optional_tensor(a) else save
                        plan.members[key] = Member(f"{mtype} {key}_{init};", guard + source_fix,
                                                   f"const {vtype} {key} = {key}_; (void){key};", after=result)
                        text = re.sub(pattern, key, text)
                pattern = rf"(?<![\w.>]){a.name}\.size\(([^()]*)\)"
                if re.search(pattern, text):
                    key = f"{n}_sizes"
                    plan.members[key] = Member(f"SavedInts {key}_;", f"{{n}}->{key}_.save({n}.sizes());",
                                               f"const c10::IntArrayRef {key} = {key}_;", after=result)
                    text = re.sub(pattern, rf"size_at({key}, \1)", text)
                if not _uses(text, a.name):
                    continue
                if result:
                    index = op.results.index(a.name)
                    # A result without a gradient has no history to come back with.
                    save = f"save({n})" if a.name in op.nondiff_results else f"save_output({n}, {index})"
                    plan.members[n] = Member(f"SavedTensor {n}_;", f"{{n}}->{n}_.{save};",
                                             f"const Tensor {n} = {n}_.unpack(this);", f"{n}_.reset();", True)
                else:
                    plan.members[n] = Member(f"SavedTensor {n}_;", f"{{n}}->{n}_.save({n});",
                                             f"const Tensor {n} = {n}_.unpack(this);", f"{n}_.reset();")
            elif is_tensor_list(a):
                if re.search(rf"(?<![\w.>]){a.name}\.size\(\)", text):
                    key = f"{n}_count"
                    plan.members[key] = Member(f"size_t {key}_ = 0;", f"{{n}}->{key}_ = {n}.size();",
                                               f"const size_t {key} = {key}_;")
                    text = re.sub(rf"(?<![\w.>]){a.name}\.size\(\)", key, text)
                if _uses(text, a.name):
                    plan.members[n] = Member(f"SavedTensors {n}_;", f"{{n}}->{n}_.save({n});",
                                             f"const std::vector<Tensor> {n} = {n}_.unpack(this);", f"{n}_.reset();")
            elif is_optional_list(a):
                plan.members[n] = Member(f"SavedOptionals {n}_;", f"{{n}}->{n}_.save({n});",
                                         f"const auto {n} = {n}_.unpack(this);", f"{n}_.reset();")
            else:
                mtype, save, unpack = _value_member(a)
                init = "{}" if mtype in ("int64_t", "double", "bool") else ""
                plan.members[n] = Member(f"{mtype} {n}_{init};", save, unpack + f" (void){n};")
        plan.formulas.append((targets, text))
    if not any(map(is_tensor_list, plan.edges)):
        tensors = [(n, m) for n, m in plan.members.items() if m.decl.startswith("SavedTensor ")]
        for slot, (n, m) in enumerate(tensors):
            place = f"saved_[{slot}]."
            plan.members[n] = Member("", m.save.replace(f"{n}_.", place), m.unpack.replace(f"{n}_.", place),
                                     after=m.after, slot=slot)
    return plan


def edge_index(plan: NodePlan, name: str) -> int:
    return [a.name for a in plan.edges].index(name)


def guard_edge(plan: NodePlan, name: str) -> int | None:
    """The edge without which the saved tensor `name` is not needed: its only formula's only target."""
    if len(plan.edges) < 2 or any(is_tensor_list(a) for a in plan.edges) or plan.members[name].slot is None:
        return None
    users = [targets for targets, formula in plan.formulas if _uses(formula, name)]
    if len(users) != 1 or len(users[0]) != 1:
        return None
    return edge_index(plan, users[0][0])


def emit_node(op: Op, plan: NodePlan) -> str:
    s = op.schema
    lists = [a for a in plan.edges if is_tensor_list(a)]
    slots = sum(m.slot is not None for m in plan.members.values())
    base = "ListNode" if lists else f"NodeOf<{len(plan.edges)}, {slots}>"
    release = "".join(f" {m.release}" for m in plan.members.values() if m.release)
    if release:
        release = f"  void release_variables() override {{ {base}::release_variables();{release} }}\n"
    lines = []
    if len(op.results) == 1 and not returns_list(s):
        lines.append("const Tensor& grad = grads[0]; (void)grad;")
    else:
        differentiable = [r for r in op.results if r not in op.nondiff_results]
        first = op.results.index(differentiable[0]) if differentiable else 0
        lines.append(f"const Tensor& grad = grads[{first}]; (void)grad;")
        if not returns_list(s):
            for i, r in enumerate(op.results):
                if any(f"grad_{r}" in f for _, f in plan.formulas):
                    lines.append(f"const Tensor& grad_{r} = grads[{i}];")
    lines += [m.unpack for name, m in plan.members.items() if guard_edge(plan, name) is None]
    if lists:
        body = _list_run(op, plan)
    else:
        body = _fixed_run(plan)
    # _list_run adds the counts of edges.
    members = "".join(f"  {m.decl}\n" for m in plan.members.values() if m.decl)
    return f"""struct {row_name(s)}_Node final : {base} {{
{members}  std::string name() const override {{ return "{op.node or op.schema.base_name}"; }}
{release}  void run(Tensor* grads, Tensor* out) override {{
    {chr(10).join('    ' + line for line in lines).strip()}
{body}
  }}
}};
"""


def _fixed_run(plan: NodePlan) -> str:
    lines = []
    for targets, formula in plan.formulas:
        idx = [edge_index(plan, t) for t in targets]
        if len(targets) == 1:
            own = [m.unpack for name, m in plan.members.items() if guard_edge(plan, name) == idx[0]]
            lines.append(f"    if (edges[{idx[0]}].fn) {{ {' '.join(own)} out[{idx[0]}] = {formula}; }}")
        else:
            cond = " || ".join(f"edges[{i}].fn" for i in idx)
            needs = ", ".join(f"edges[{i}].fn != nullptr" for i in idx)
            names = ", ".join(f"g{i}" for i in idx)
            assign = "\n      ".join(f"if (needs[{k}]) out[{i}] = std::move(g{i});" for k, i in enumerate(idx))
            lines.append(f"""    if ({cond}) {{
      const std::array<bool, {len(idx)}> needs{{{needs}}};
      auto [{names}] = {formula};
      {assign}
    }}""")
    return "\n".join(lines)


def _list_run(op: Op, plan: NodePlan) -> str:
    lines = ["    size_t at_edge = 0;"]
    by_target = {t: (targets, f) for targets, f in plan.formulas for t in targets}
    for a in plan.edges:
        if a.name in by_target:
            _, formula = by_target[a.name]
            if is_tensor_list(a):
                lines.append(f"""    {{
      const size_t count = {arg_name(a)}_edges_;
      bool wanted = false;
      for (size_t i = 0; i < count; ++i) wanted |= edges[at_edge + i].fn != nullptr;
      if (wanted) {{
        std::vector<Tensor> list = {formula};
        for (size_t i = 0; i < count && i < list.size(); ++i)
          if (edges[at_edge + i].fn) out[at_edge + i] = std::move(list[i]);
      }}
      at_edge += count;
    }}""")
                continue
            lines.append(f"    if (edges[at_edge].fn) out[at_edge] = {formula};")
        lines.append("    at_edge += " + (f"{arg_name(a)}_edges_;" if is_tensor_list(a) else "1;"))
    for a in plan.edges:
        if is_tensor_list(a):
            plan.members[arg_name(a) + "_edges"] = Member(f"size_t {arg_name(a)}_edges_ = 0;", "", "")
    return "\n".join(lines) + "\n    (void)at_edge;"
