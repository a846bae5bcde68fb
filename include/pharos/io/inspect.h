// Lists what a checkpoint holds without running anything: every tensor with its geometry,
// everything else as plain values.
#pragma once

#include <cstdint>
#include <string>

#include <pharos/core/macros.h>

namespace pharos {

struct InspectOptions {
  bool stats = false;  // sum, min, max, counts of NaN and infinities; reads all data
  int indent = -1;     // spaces per level; one line if negative
};

// One JSON object:
//   file, bytes, format ("torch", "torchscript"), and for TorchScript `records`
//   tensors: a list of {name, dtype, shape, stride, offset, requires_grad, storage, numel, nbytes,
//            [conj], [neg], [sum, min, max, nan, inf]}. name: keys joined by dots. Tensors with
//            equal `storage` share memory. sum is taken in float64 over all values; min and max
//            leave NaN out. Numbers that JSON lacks are "nan", "inf" and "-inf"; min and max of
//            nothing null.
//   values:  everything else; a tensor in it is {"__tensor__": its name}
// A file that is no checkpoint or damaged throws c10::Error.
PHAROS_API std::string inspect_json(const std::string& filename,
                                    const InspectOptions& options = {});

}  // namespace pharos
