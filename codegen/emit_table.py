"""The operator table: one row per schema, sorted by name and overload for binary search."""

from __future__ import annotations

import json

from cpp_types import cpp_arg_type, cpp_return_type
from ops_file import Op
from schema import FunctionSchema


def row_key(s: FunctionSchema) -> tuple[str, str]:
    return s.name, s.overload


def emit(ops: list[Op]) -> dict[str, str]:
    from emit_nodes import row_name
    order = sorted((s for op in ops for _, s, _ in op.forms), key=row_key)
    owner = {s.full_name: op for op in ops for _, s, _ in op.forms}
    rows = []
    for s in order:
        op = owner[s.full_name]
        args = ", ".join(cpp_arg_type(a, "at::") for a in s.all_args)
        ret = cpp_return_type(s, "at::")
        function, flags = f"&op::{row_name(s)}", "kOpTodo" if op.kind == "todo" else "0"
        if op.kind == "composite" and s is op.schema:
            # Behind the test for interposers, so that one may enter and see the operators inside.
            function, flags = f"&ops::{op.impl}", "kOpComposite"
        rows.append(f"""    {{"{s.name}", "{s.overload}", {json.dumps(str(s))},
     reinterpret_cast<void (*)()>(static_cast<{ret} (*)({args})>({function})),
     &Boxed<{ret}({args})>::call, {flags}}},""")
    text = "\n".join(rows)
    decls = "\n".join(f'#include "ops/{f}_decls.h"' for f in sorted({op.family for op in ops}))
    return {"ops/op_table.cpp": f"""// Generated: the operator table.
#include "dispatch/boxing.h"
#include "dispatch/op_table.h"
{decls}
#include "ops/rows.h"

namespace pharos {{

const OpRow kOpTable[] = {{
{text}
}};
const size_t kOpTableSize = {len(order)};

}}  // namespace pharos
"""}
