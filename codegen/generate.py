#!/usr/bin/env python3
"""Writes everything that follows from the operator catalogue.

generate.py --ops pharos/ops --out DIR [--list]: with --list only prints the outputs' paths. A file
is rewritten only if its text changed, so that nothing else is rebuilt.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import emit_bodies
import emit_declarations
import emit_table
from ops_file import read_ops
from schema import SchemaError


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ops", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--list", action="store_true")
    args = parser.parse_args()
    try:
        ops = read_ops(args.ops)
        files = emit_declarations.emit(ops) | emit_bodies.emit(ops, args.ops) | emit_table.emit(ops)
    except SchemaError as e:
        print(f"generate.py: {e}", file=sys.stderr)
        return 1
    for name, text in files.items():
        path = args.out / name
        if args.list:
            print(path)
            continue
        if not path.exists() or path.read_text() != text:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
