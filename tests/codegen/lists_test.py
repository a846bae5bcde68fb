"""Entries that write whole lists, as the fused optimiser steps do."""

import pathlib
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "codegen"))

import emit_bodies  # noqa: E402
from ops_file import read_ops  # noqa: E402
from schema import SchemaError  # noqa: E402

ENTRY = """op aten::_step_(Tensor(a!)[] self, Tensor(b!)[] states, Tensor[] counts, *, float lr) -> {returns}
  direct    step
  nondiff
{devices}"""


def body(returns="()", devices="  devices   any\n"):
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "steps" / "steps.ops"
        path.parent.mkdir()
        path.write_text(ENTRY.format(returns=returns, devices=devices))
        return emit_bodies.emit(read_ops(pathlib.Path(folder)))["ops/steps_bodies.cpp"]


class WrittenLists(unittest.TestCase):
    def test_written_lists_are_checked_and_bumped(self):
        text = body()
        self.assertIn("void _step__(at::TensorList self, at::TensorList states, at::TensorList counts, "
                      "double lr)", text)
        for name in ("self", "states"):
            self.assertIn(f"for (const Tensor& t : {name}) check_inplace(t, records(key));", text)
            self.assertIn(f"for (const Tensor& t : {name}) bump_version(t);", text)
        self.assertNotIn("counts) bump_version", text)
        self.assertIn('for (const Tensor& t : counts) if (!t.defined()) refuse_undefined(2, "counts");', text)
        self.assertIn("pharos::ops::step(self, states, counts, lr);", text)

    def test_results_and_single_devices_are_refused(self):
        for changes in ({"returns": "Tensor"}, {"devices": ""}):
            with self.assertRaisesRegex(SchemaError, "what writes lists"):
                body(**changes)


if __name__ == "__main__":
    unittest.main()
