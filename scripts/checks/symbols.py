#!/usr/bin/env python3
"""Exported symbols: only names of our namespaces, none that another library could share with us.

A process may hold a real libtorch too. So libpharos exports no symbol outside at, c10, torch and
pharos, no UNIQUE symbol (the loader would merge it with libtorch's), and no writable variable
(-Bsymbolic and a program's copy of it would disagree), and asks the loader for no symbol that it
defines itself. Programs compiled from our headers must not
hold UNIQUE symbols of these namespaces either.

usage: symbols.py [--build DIR]
"""

import argparse
import re
import subprocess

from common import ROOT, finish, skip

SPACES = r"(at|c10|torch|pharos|caffe2)"
# A name, or what the compiler makes of a type or a function's static variable.
OURS = re.compile(
    rf"^((typeinfo|typeinfo name|vtable|VTT|construction vtable|guard variable|"
    rf"(non-)?virtual thunk|covariant return thunk) (for|to) )?"
    # A template's mangled name starts with its return type.
    rf"([\w:<>,*&() \[\]]+ )?{SPACES}::")
# C names that programs may look up with dlsym.
C_NAME = re.compile(r"^pharos_\w+$")


def symbols(path, *options):
    """(type letter, demangled name) of the file's defined symbols."""
    listed = subprocess.run(["nm", "-C", "--defined-only", *options, path], check=True,
                            capture_output=True, text=True).stdout
    for line in listed.splitlines():
        match = re.match(r"^[0-9a-f]+ (\w) (.*)$", line)
        if match:
            yield match.group(1), match.group(2)


def judge_library(library):
    findings, count = [], 0
    for kind, name in symbols(library, "-D"):
        count += 1
        if kind == "u":
            findings.append(f"UNIQUE symbol: {name}")
        elif not OURS.match(name) and not C_NAME.match(name):
            findings.append(f"exported from outside our namespaces: {name}")
        elif kind in "BDSG" and not re.match(r"^(vtable|VTT|construction vtable|typeinfo)", name):
            findings.append(f"exported writable variable: {name}")
    return findings, count


def judge_relocations(library):
    """Own symbols that the loader would look up by name, and could find elsewhere."""
    listed = subprocess.run(["readelf", "-rW", library], check=True, capture_output=True,
                            text=True).stdout
    defined = subprocess.run(["nm", "-D", "--defined-only", library], check=True,
                             capture_output=True, text=True).stdout
    own = {line.split()[-1].split("@")[0] for line in defined.splitlines()}
    named = re.findall(r"^[0-9a-f]+ +[0-9a-f]+ R_\w+ +[0-9a-f]+ ([^\s@]+)", listed, re.MULTILINE)
    return [f"bound by name at load time: {name}" for name in sorted(set(named) & own)]


def judge_objects(folders):
    """UNIQUE symbols that our headers put into other people's object files."""
    findings, count = [], 0
    for folder in folders:
        for path in sorted(folder.rglob("*.o")):
            count += 1
            # A libtorch has nothing of namespace pharos to merge with.
            found = [n for kind, n in symbols(path)
                     if kind == "u" and OURS.match(n) and not n.startswith("pharos::")]
            findings += [f"{path.name}: UNIQUE symbol out of our headers: {n}" for n in found]
    return findings, count


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", default="build")
    build = ROOT / parser.parse_args().build
    library = build / "lib" / "libpharos.so"
    if not library.exists():
        skip("symbols", f"{library.relative_to(ROOT)} is not built")
    findings, exported = judge_library(library)
    findings += judge_relocations(library)
    programs = [p for p in (build / "CMakeFiles").glob("*.dir")
                if p.name.startswith(("guide_", "bench_", "pharos_tool"))]
    more, objects = judge_objects(programs)
    finish("symbols", findings + more,
           f"{exported} exported symbols and {objects} program objects hold none to be merged")


if __name__ == "__main__":
    main()
