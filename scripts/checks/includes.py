#!/usr/bin/env python3
"""Includes point only along the arrows of docs/architecture.md.

A file belongs to the layer of its folder; a layer may include itself, the layers named beside it
and what those may include. Third-party and standard headers are allowed by folder. A public header
belongs to the layer of its folder under include/pharos/, and a header directly there to the layer
that PUBLIC_LAYER names.
"""

import fnmatch
import re

from common import ROOT, finish, tracked

ARROWS = {
    "core": [],
    "decl": ["core"],  # generated declarations of the operators
    "dispatch": ["core"],
    "tape": ["core", "dispatch"],
    "kernels": ["core"],
    "ops": ["core", "tape", "kernels", "decl"],
    "autograd": ["tape", "decl"],
    "io": ["core", "dispatch"],
    "nn": ["decl", "autograd", "io"],
    "optim": ["decl", "autograd", "io"],
    "data": ["decl", "autograd", "io"],
    "jit": ["nn", "optim", "data", "ops", "kernels"],
    "onnx": ["jit", "io"],
    "distributed": ["core", "autograd", "decl"],
    # The umbrella headers of programs, and everything outside the library.
    "front": ["nn", "optim", "data", "jit", "onnx", "distributed"],
}
# Public headers, by their path under include/pharos/ (first match), whose folder does not name the
# layer. Others directly in include/pharos/ are umbrellas of the front end.
PUBLIC_LAYER = [
    ("nn/arg.h", "core"),  # the macro of all options
    ("autograd/function*.h", "autograd"),
    ("autograd/gradcheck.h", "autograd"),
    ("autograd/explain.h", "autograd"),
    ("autograd/*", "tape"),
    ("ops/tensor_methods.inc", "core"),  # generated text inside class Tensor
    ("ops/*", "decl"),
    ("version.h", "core"),
    ("tensor.h", "core"),
    ("tensor_operators.h", "decl"),
    ("functions.h", "decl"),
    ("parallel.h", "decl"),
    ("types.h", "autograd"),
    ("util.h", "core"),
    ("maybe.h", "core"),
    ("context.h", "core"),
    ("dispatch_types.h", "core"),
    ("cuda.h", "dispatch"),
    ("indexing.h", "decl"),
    ("tensor_new.h", "decl"),
    ("serialize.h", "nn"),
    ("nested.h", "data"),
    ("random.h", "core"),
]
PRIVATE_FOLDERS = set(ARROWS) - {"decl", "front"}

THIRD_PARTY = {
    "dnnl": r"(oneapi/dnnl/)?dnnl\w*\.(h|hpp)$",
    "hwy": r"hwy/",
    "sleef": r"sleef\.h$",
    "png": r"png\.h$",
    "jpeg": r"(jpeglib|jerror|turbojpeg)\.h$",
    "zip": r"(minizip/|zlib\.h$|zconf\.h$)",
    "cli": r"CLI/",
    "fmt": r"fmt/",
    "json": r"nlohmann/",
    "gtest": r"(gtest|gmock)/",
    "benchmark": r"benchmark/",
}
# Files (fnmatch, first match wins) and the third-party libraries that they may include.
THIRD_PARTY_ALLOWED = [
    ("include/*", ""),
    ("pharos/kernels/*", "dnnl hwy sleef"),
    ("pharos/ops/*_cpu.cpp", "dnnl hwy sleef"),
    ("pharos/ops/*_simd.cpp", "hwy sleef"),
    ("pharos/io/*", "zip"),
    ("pharos/data/readers/*", "png jpeg zip"),
    ("pharos/*", ""),
    ("cli/*", "cli fmt json png"),
    ("bench/*", "benchmark"),
    ("tests/*", "gtest benchmark dnnl hwy sleef png jpeg zip json"),
    ("*", ""),
]

# What public headers may use of the standard library: together about half of torch.h's parse time.
PUBLIC_STD = set(
    """array atomic cassert cerrno cfloat climits cmath cstdarg cstddef cstdint cstdio cstdlib
    cstring cctype exception functional initializer_list iosfwd iterator limits memory new optional
    stdexcept string string_view tuple type_traits typeindex typeinfo unordered_map utility vector
    stddef.h stdint.h""".split())
# One umbrella may pay for what programs use without including it: (file, header).
PUBLIC_STD_EXTRA = {
    ("include/torch/torch.h", header)
    for header in """algorithm chrono condition_variable ctime deque iomanip iostream list map mutex
    numeric queue set sstream stack thread unordered_set""".split()
}
STD = PUBLIC_STD | set(
    """algorithm any barrier bit bitset charconv chrono compare complex concepts condition_variable
    coroutine cfenv cinttypes clocale csetjmp csignal ctime cuchar cwchar cwctype deque execution
    filesystem format forward_list fstream future iomanip ios iostream istream latch list locale map
    memory_resource mutex numbers numeric ostream queue random ranges ratio regex scoped_allocator
    semaphore set shared_mutex source_location span sstream stack stop_token streambuf
    syncstream system_error thread unordered_set valarray variant version cxxabi.h""".split())
SYSTEM = re.compile(
    r"(sys/\w+|sys/platform/x86|arpa/\w+|netinet/\w+|unistd|dlfcn|fcntl|pthread|sched|signal|errno|execinfo|dirent|"
    r"poll|malloc|omp|\w*intrin|cpuid|alloca|endian|link|elf|termios|time|stdlib|stdio|string|math|"
    r"spawn|netdb|linux/\w+)\.h$")
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"]', re.MULTILINE)


def reachable(layer, seen=None):
    seen = seen if seen is not None else set()
    if layer not in seen:
        seen.add(layer)
        for lower in ARROWS[layer]:
            reachable(lower, seen)
    return seen


REACHABLE = {layer: reachable(layer) for layer in ARROWS}


def public_layer(path):
    """Layer of a public header, given as programs write it: pharos/nn/module.h."""
    parts = path.split("/")
    if parts[0] != "pharos":
        return "front"  # the forwarding headers of torch/, ATen/, c10/
    for pattern, layer in PUBLIC_LAYER:
        if fnmatch.fnmatch("/".join(parts[1:]), pattern):
            return layer
    return parts[1] if len(parts) > 2 and parts[1] in ARROWS else "front"


def layer_of(path):
    if path.startswith("include/"):
        return public_layer(path[len("include/"):])
    parts = path.split("/")
    if parts[0] == "pharos" and len(parts) > 2 and parts[1] in ARROWS:
        return parts[1]
    if path == "pharos/version.cpp":
        return "core"
    return "front"


def third_party(path, header):
    for name, pattern in THIRD_PARTY.items():
        if re.match(pattern, header):
            for files, allowed in THIRD_PARTY_ALLOWED:
                if fnmatch.fnmatch(path, files):
                    return "" if name in allowed.split() else f"{name} is not allowed in this folder"
    return None


def private_target(path, header):
    """Path from the root of a quoted include that names a private header, else None."""
    if header.split("/")[0] in PRIVATE_FOLDERS and "/" in header:
        return "pharos/" + header
    folders = [(ROOT / path).parent]
    if path.startswith("tests/"):
        folders.append(ROOT / "tests")
    if path.startswith("tests/cli/"):
        folders.append(ROOT / "cli")  # the tool's tests see the tool's headers as the tool does
    for folder in folders:
        near = folder / header
        if near.is_file() and near.resolve().is_relative_to(ROOT):
            return str(near.resolve().relative_to(ROOT))
    return None


def judge(path, kind, header):
    """Why this file must not include this header, or None."""
    own = layer_of(path)
    public = path.startswith("include/")
    refusal = third_party(path, header)
    if refusal is not None:
        return refusal or None
    if re.match(r"(pharos|torch|ATen|c10)/", header):
        if header.startswith("pharos/") or public:
            target = public_layer(header)
        else:
            target = "front"
        if not header.startswith("pharos/") and path.startswith("pharos/"):
            return "the library includes <pharos/...>, the forwarding headers are for programs"
        return None if target in REACHABLE[own] else f"{own} must not include {target}"
    if kind == '"':
        target = private_target(path, header)
        if target is None:
            # Generated private headers lie in build/gen: rows of kernels, names of tables.
            return None if header.startswith(("gen/", "ops/")) else "no such file in the repository"
        if public and target.startswith("pharos/"):
            return "a public header must not include a private one"
        if target.startswith("pharos/") and path.startswith(("cli/", "examples/", "models/")):
            return "programs use public headers only"
        layer = layer_of(target)
        if path.startswith("pharos/") and layer not in REACHABLE[own]:
            return f"{own} must not include {layer}"
        return None
    if public:
        if header in PUBLIC_STD or (path, header) in PUBLIC_STD_EXTRA:
            return None
        return "not on the allow-list of standard headers for include/"
    if header in STD or SYSTEM.match(header):
        return None
    return "neither a standard, system, public nor listed third-party header"


def main():
    findings = []
    files = [str(p) for p in tracked(".h", ".cpp")]
    files = [p for p in files if p.startswith(
        ("include/", "pharos/", "cli/", "examples/", "models/", "bench/", "tests/"))]
    count = 0
    for path in files:
        text = (ROOT / path).read_text(errors="replace")
        for match in INCLUDE.finditer(text):
            count += 1
            why = judge(path, match.group(1), match.group(2))
            if why:
                line = text.count("\n", 0, match.start()) + 1
                findings.append(f"{path}:{line}: {match.group(0).strip()}: {why}")
    finish("includes", findings, f"{count} includes in {len(files)} files point the right way")


if __name__ == "__main__":
    main()
