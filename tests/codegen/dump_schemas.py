"""dump_schemas.py IN OUT: the structure of each schema of IN, one a line, as the build-time parser
sees it. The run-time parser's test writes the same and compares."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "codegen"))

from schema import BaseType, ListType, parse_function  # noqa: E402


def plain(t):
    """The type without alias and list sizes."""
    if isinstance(t, BaseType):
        return t.name
    return plain(t.elem) + ("[]" if isinstance(t, ListType) else "?")


def size(t):
    """The size of the outermost list."""
    while not isinstance(t, BaseType):
        if isinstance(t, ListType):
            return "" if t.size is None else str(t.size)
        t = t.elem
    return ""


def fields(item, kwarg_only, default):
    t = item.type
    while not isinstance(t, BaseType):
        t = t.elem
    a = t.alias
    alias = f"{'w' if a.is_write else 'r'}{'|'.join(a.before)}>{'|'.join(a.after or a.before)}" if a else ""
    return ";".join([item.name or "", plain(item.type), size(item.type), "k" if kwarg_only else "", alias,
                     default or ""])


def main():
    lines = []
    for text in pathlib.Path(sys.argv[1]).read_text().splitlines():
        f = parse_function(text)
        args = [fields(a, a.kwarg_only, a.default) for a in f.all_args]
        returns = [fields(r, False, None) for r in f.returns]
        lines.append("\t".join([f.name, f.overload, str(len(args)), *args, *returns]))
    pathlib.Path(sys.argv[2]).write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
