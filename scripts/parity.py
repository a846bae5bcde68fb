#!/usr/bin/env python3
"""Writes docs/parity.md: what of PyTorch is here, and which of it is tested.

parity.py [--build DIR]   writes the page; DIR is configured and has the generated headers
parity.py --check         fails if the page is not what would be written, or if an operator lacks an overload
parity.py --facts         rewrites scripts/pytorch_names.tsv, the names of PyTorch, and compares schemas;
                          needs PyTorch and PyYAML
"""

import argparse
import collections
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
FACTS = ROOT / "scripts" / "pytorch_names.tsv"
PAGE = ROOT / "docs" / "parity.md"
sys.path.insert(0, str(ROOT / "codegen"))

# Overloads of features that Pharos leaves out by design.
LEFT_OUT = ("Dimname", "Storage", "ConstQuantizerPtr")


def catalogue():
    from ops_file import read_ops

    return read_ops(ROOT / "pharos" / "ops")


def pytorch_facts():
    """(kind, name, overloads) of this machine's PyTorch: operators, modules, optimisers, schedules."""
    import inspect

    import torch
    import torchgen.model
    import yaml

    native = pathlib.Path(torchgen.__file__).parent / "packaged" / "ATen" / "native" / "native_functions.yaml"
    rows, schemas = [], {}
    overloads = collections.defaultdict(list)
    for entry in yaml.safe_load(native.read_text()):
        schema = entry["func"]
        full_name = schema.split("(")[0]
        name, _, overload = full_name.partition(".")
        schemas[full_name] = str(torchgen.model.FunctionSchema.parse(schema)).replace("SymInt", "int")
        if not any(re.search(rf"\b{word}\b", schema) for word in LEFT_OUT):
            overloads[name].append(overload)
    rows += [("operator", name, " ".join(o or "default" for o in some)) for name, some in overloads.items()]
    for kind, module, base in (("module", torch.nn, torch.nn.Module), ("optimiser", torch.optim, torch.optim.Optimizer),
                               ("schedule", torch.optim.lr_scheduler, torch.optim.lr_scheduler.LRScheduler)):
        rows += [(kind, name, "") for name, cls in vars(module).items()
                 if inspect.isclass(cls) and issubclass(cls, base) and cls is not base and not name.startswith("_")]
    return torch.__version__.split("+")[0], sorted(rows), schemas


def write_facts():
    version, rows, schemas = pytorch_facts()
    lines = [f"# Names of PyTorch {version}: kind, name, overloads. Written by scripts/parity.py --facts."]
    FACTS.write_text("\n".join(lines + ["\t".join(row) for row in rows]) + "\n")
    for op in catalogue():
        for _, schema, _ in op.forms:
            mine = str(schema).removeprefix("aten::").replace("SymInt", "int")
            theirs = schemas.get(schema.full_name.removeprefix("aten::"))
            if schema.name.startswith("aten::") and mine != theirs:
                print(f"schema differs:\n  {mine}\n  {theirs}")


def facts():
    by_kind = collections.defaultdict(dict)
    version = ""
    for line in FACTS.read_text().splitlines():
        if line.startswith("#"):
            version = re.search(r"PyTorch ([\d.]+)", line)[1]
            continue
        kind, name, overloads = line.split("\t")
        by_kind[kind][name] = overloads.split()
    return version, by_kind


class Operator:
    def __init__(self, family):
        self.family = family
        self.overloads = set()
        self.rows = set()  # functional rows, as sample tables name them
        self.differentiable = False


def operators():
    """Base name -> Operator, from the catalogue; in-place forms count as operators of their own."""
    found = {}
    for op in catalogue():
        for form, schema, _ in op.forms:
            base, _, overload = schema.full_name.split("::")[1].partition(".")
            entry = found.setdefault(base, Operator(op.family))
            entry.overloads.add(overload or "default")
            if form == "functional":
                entry.rows.add(base + ("." + overload if overload else ""))
            entry.differentiable |= bool(op.backward) or op.kind in ("composite", "alias") and not op.nondiff
    return found


def rows_without_samples():
    listed = ROOT / "tests" / "ops" / "without_samples.txt"
    return set(listed.read_text().split("\n")) if listed.exists() else set()


def names_in(folder, pattern):
    return {m for p in sorted((ROOT / folder).rglob("*.h")) for m in re.findall(pattern, p.read_text())}


def mentioned(folder, name):
    return any(re.search(rf"\b{name}\b", p.read_text()) for p in sorted((ROOT / folder).rglob("*.*"))
               if p.suffix in (".cpp", ".h", ".py"))


def declared_modules(build):
    """Modules that torch/nn.h declares, read after its macros are expanded."""
    text = subprocess.run(["g++", "-std=c++17", "-E", "-P", f"-I{ROOT / 'include'}", f"-I{build / 'gen/include'}",
                           "-x", "c++", ROOT / "include/torch/nn.h"], capture_output=True, text=True, check=True).stdout
    implementations = set(re.findall(r"\b([A-Z]\w+)Impl\b", text))
    return {name for name in re.findall(r"\b(?:class|using) (\w+) (?:: public|= ModuleHolder<)", text)
            if name in implementations}


def wrapped(names):
    line, lines = "", []
    for name in names:
        if len(line) + len(name) > 96:
            lines.append(line.rstrip())
            line = ""
        line += name + ", "
    return "\n".join(lines + [line.rstrip(", ")])


def operator_part(known):
    have = operators()
    without = rows_without_samples()
    shown = {name: op for name, op in have.items() if op.rows and name in known}
    lacking = {name: sorted(set(known[name]) - op.overloads) for name, op in have.items() if name in known}
    lacking = {name: some for name, some in lacking.items() if some}
    lines = ["## Operators", "",
             f"{len(shown)} operators of {len(known_functional(known))}, not counting in-place and out= forms apart. "
             "An operator is tested when every",
             "one of its overloads has a sample table, from which the harness checks PyTorch's values, dtypes,",
             "strides, gradients, boxed calls, in-place and out= forms and meta shapes.", ""]
    families = collections.defaultdict(list)
    for name, op in sorted(shown.items()):
        families[op.family].append(name)
    for family, names in sorted(families.items()):
        untested = [n for n in names if shown[n].rows & without]
        plain = [f"{n}{'' if shown[n].differentiable else '*'}" for n in names if n not in untested]
        lines += [f"### {family}: {len(names)}, tested {len(plain)}", "", wrapped(plain), ""]
        if untested:
            lines += ["Not tested: " + wrapped(untested), ""]
    lines += ["`*`: has no gradient, here or in PyTorch.", ""]
    if lacking:
        lines += ["Overloads that are missing: "
                  + wrapped(f"{n}.{o}" for n, some in sorted(lacking.items()) for o in some), ""]
    missing = [n for n in known_functional(known) if n not in have]
    lines += ["### Not here", "", wrapped(missing), ""]
    return lines, lacking


def known_functional(known):
    """Names a program calls: no in-place twins, no internals."""
    return sorted(n for n in known if not n.startswith("_") and not (n.endswith("_") and n[:-1] in known)
                  and not re.search(r"_(copy|jvp)$|^(cudnn|miopen|mkldnn|mps|xnnpack|quantized|fbgemm|sparse|sym|fused)_?",
                                    n))


def class_part(title, known, have, test_folder, note):
    present = sorted(n for n in known if n in have)
    tested = [n for n in present if mentioned(test_folder, n)]
    lines = [f"## {title}: {len(present)} of {len(known)}", "", note, "", "Tested: " + wrapped(tested), ""]
    untested = [n for n in present if n not in tested]
    if untested:
        lines += ["Here, not tested: " + wrapped(untested), ""]
    return lines + ["Not here: " + wrapped(sorted(n for n in known if n not in have)), ""]


def page(build):
    version, known = facts()
    operator_lines, lacking = operator_part(known["operator"])
    lines = [f"# What of PyTorch {version} is here", "",
             "Written by `scripts/parity.py` from the catalogue, the headers and the tests.", ""]
    lines += class_part("Modules", known["module"], declared_modules(build), "tests/nn",
                        "Names of Python's `torch.nn`. Tested: printing, initial numbers, outputs and gradients against LibTorch.")
    lines += class_part("Optimisers", known["optimiser"], names_in("include/pharos/optim", r"class \w+ (\w+) "), "tests/optim",
                        "Tested: trajectories of 100 steps against PyTorch, state both ways.")
    lines += class_part("Schedules", known["schedule"],
                        {n.replace("Scheduler", "") for n in names_in("include/pharos/optim/schedulers", r"class \w+ (\w+)")}
                        | {"ReduceLROnPlateau"}, "tests/optim", "Tested: the sequence of learning rates against PyTorch.")
    return "\n".join(lines + operator_lines).rstrip() + "\n", lacking


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default="build")
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--facts", action="store_true")
    arguments = parser.parse_args()
    if arguments.facts:
        write_facts()
    text, lacking = page(ROOT / arguments.build)
    if not arguments.check:
        PAGE.write_text(text)
        return 0
    findings = [f"{name} lacks the overloads {', '.join(some)}" for name, some in sorted(lacking.items())]
    if not PAGE.exists() or PAGE.read_text() != text:
        findings.append("docs/parity.md is out of date: run scripts/parity.py")
    for finding in findings:
        print(f"parity: {finding}")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
