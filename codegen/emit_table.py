"""The operator table: one row per schema, sorted by name and overload for binary search."""

from __future__ import annotations

import json

from cpp_types import cpp_arg_type, cpp_return_type
from ops_file import Op
from schema import FunctionSchema


def row_key(s: FunctionSchema) -> tuple[str, str]:
    return s.name, s.overload


def emit(ops: list[Op]) -> dict[str, str]:
    from emit_bodies import row_name
    order = sorted((s for op in ops for _, s, _ in op.forms), key=row_key)
    kinds = {s.full_name: op.kind for op in ops for _, s, _ in op.forms}
    chunks = []
    rows = []
    for s in order:
        sig = f"{cpp_return_type(s, 'at::')}({', '.join(cpp_arg_type(a, 'at::') for a in s.all_args)})"
        pointer = f"{cpp_return_type(s, 'at::')}(*)({', '.join(cpp_arg_type(a, 'at::') for a in s.all_args)})"
        rows.append(
            f'    {{"{s.name}", "{s.overload}", {json.dumps(str(s))},\n'
            f"     reinterpret_cast<void (*)()>(static_cast<{pointer}>(&op::{row_name(s)})),\n"
            f"     &Boxed<{sig}>::call, {4 if kinds[s.full_name] == 'todo' else 0}}},")
        chunks.append(sig)
    text = "\n".join(rows)
    return {"ops/op_table.cpp": f"""// Generated: the operator table.
#include "dispatch/boxing.h"
#include "dispatch/op_table.h"
#include "ops/rows.h"

namespace pharos {{

const OpRow kOpTable[] = {{
{text}
}};
const size_t kOpTableSize = {len(order)};

}}  // namespace pharos
"""}
