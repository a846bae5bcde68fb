// IDX, the array format of MNIST and its descendants: a big-endian header, then the values.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace pharos::data {

struct IdxArray {
  std::vector<int64_t> shape;
  std::vector<uint8_t> values;  // row-major
};

// Reads an IDX file of unsigned bytes, gzipped or not. Throws c10::Error with the path and the
// reason for any other content, missing or surplus bytes.
IdxArray read_idx(const std::string& path);

}  // namespace pharos::data
