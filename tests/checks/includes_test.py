#!/usr/bin/env python3
"""The include check refuses what it must and lets pass what it should."""

import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "scripts" / "checks"))
import includes  # noqa: E402


class Judge(unittest.TestCase):
    def refused(self, path, kind, header):
        self.assertIsNotNone(includes.judge(path, kind, header), f"{path} includes {header}")

    def allowed(self, path, kind, header):
        self.assertIsNone(includes.judge(path, kind, header), f"{path} includes {header}")

    def test_arrows_between_folders(self):
        self.refused("pharos/core/x.cpp", '"', "tape/node.h")
        self.refused("pharos/io/x.cpp", '"', "nn/module.h")
        self.refused("pharos/nn/x.cpp", '"', "kernels/cpu/parallel.h")
        self.refused("pharos/kernels/cpu/x.cpp", "<", "pharos/ops/functions.h")
        self.allowed("pharos/ops/norm/x.cpp", '"', "kernels/cpu/parallel.h")
        self.allowed("pharos/ops/norm/x.cpp", '"', "dispatch/boxing.h")
        self.allowed("pharos/optim/x.cpp", "<", "pharos/autograd/grad_mode.h")

    def test_public_headers(self):
        self.refused("include/pharos/tensor.h", '"', "core/pool.h")
        self.refused("include/pharos/tensor.h", "<", "iostream")
        self.refused("include/pharos/core/scalar.h", "<", "pharos/nn/module.h")
        self.refused("include/pharos/nn/module.h", "<", "sys/stat.h")
        self.allowed("include/pharos/nn/module.h", "<", "pharos/tensor.h")
        self.allowed("include/torch/torch.h", "<", "pharos/pharos.h")
        self.allowed("include/pharos/tensor.h", "<", "vector")

    def test_third_party(self):
        self.refused("pharos/core/x.cpp", "<", "hwy/highway.h")
        self.refused("include/pharos/data/x.h", "<", "png.h")
        self.refused("pharos/ops/conv/conv.cpp", "<", "dnnl.hpp")
        self.refused("pharos/data/loader.cpp", "<", "jpeglib.h")
        self.allowed("pharos/ops/conv/conv_cpu.cpp", "<", "dnnl.hpp")
        self.allowed("pharos/data/readers/jpeg.cpp", "<", "jpeglib.h")
        self.allowed("cli/main.cpp", "<", "CLI/CLI.hpp")

    def test_no_circles(self):
        for layer, lower in includes.ARROWS.items():
            for other in lower:
                self.assertNotIn(layer, includes.REACHABLE[other], f"{layer} -> {other}")


if __name__ == "__main__":
    unittest.main()
