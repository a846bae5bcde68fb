// The IDX reader. Sizes in the header are believed only as far as bytes follow: memory grows with
// what has been read, so that a forged header costs nothing.

#include <pharos/core/exception.h>
#include <pharos/data/readers.h>

#include <algorithm>

#include "data/readers/gz_file.h"

namespace pharos::data {
namespace {

constexpr uint8_t kUnsignedByte = 0x08;
constexpr int64_t kMaxValues = int64_t{1} << 32;
constexpr int64_t kStep = int64_t{1} << 20;

const char* type_name(uint8_t code) {
  switch (code) {
    case 0x09:
      return "signed bytes";
    case 0x0b:
      return "16-bit integers";
    case 0x0c:
      return "32-bit integers";
    case 0x0d:
      return "32-bit floats";
    case 0x0e:
      return "64-bit floats";
    default:
      return nullptr;
  }
}

std::vector<int64_t> read_shape(GzFile& file) {
  uint8_t magic[4] = {};
  const size_t got = file.read(magic, sizeof magic);
  TORCH_CHECK(got == sizeof magic && magic[0] == 0 && magic[1] == 0 &&
                  (magic[2] == kUnsignedByte || type_name(magic[2]) != nullptr),
              file.path(), ": not an IDX file");
  TORCH_CHECK_NOT_IMPLEMENTED(magic[2] == kUnsignedByte, file.path(), ": IDX files of ",
                              type_name(magic[2]), " are not supported, only unsigned bytes");
  std::vector<int64_t> shape;
  int64_t count = 1;
  for (int dim = 0; dim < magic[3]; ++dim) {
    uint8_t b[4] = {};
    TORCH_CHECK(file.read(b, sizeof b) == sizeof b, file.path(), ": the file ends in its header");
    const int64_t size = int64_t{b[0]} << 24 | int64_t{b[1]} << 16 | int64_t{b[2]} << 8 | b[3];
    TORCH_CHECK(size == 0 || count <= kMaxValues / size, file.path(),
                ": the header announces more than ", kMaxValues, " values");
    count *= size;
    shape.push_back(size);
  }
  return shape;
}

}  // namespace

IdxArray read_idx(const std::string& path) {
  GzFile file(path);
  IdxArray array;
  array.shape = read_shape(file);
  int64_t count = 1;
  for (int64_t size : array.shape) count *= size;
  int64_t done = 0;
  while (done < count) {
    const int64_t step = std::min(count - done, kStep);
    array.values.resize(static_cast<size_t>(done + step));
    const size_t got = file.read(array.values.data() + done, static_cast<size_t>(step));
    done += static_cast<int64_t>(got);
    TORCH_CHECK(static_cast<int64_t>(got) == step, path, ": the header announces ", count,
                " values, the file holds ", done);
  }
  char surplus = 0;
  TORCH_CHECK(file.read(&surplus, 1) == 0, path, ": bytes follow the ", count,
              " values that the header announces");
  return array;
}

}  // namespace pharos::data
