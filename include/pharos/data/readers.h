// Files of pictures and arrays as plain bytes: PNG and JPEG in, PNG out, IDX (MNIST) and text that
// may be gzipped. No tensors here. Every function throws c10::Error with the path and the reason
// for a file that is missing, damaged, cut short or unreasonably large.
#pragma once

#include <pharos/core/macros.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace pharos {
namespace data {

// Refused above this, before memory is asked for: a few hundred bytes of PNG can claim terabytes.
constexpr int64_t kMaxImageSide = 65535;
constexpr int64_t kMaxImagePixels = int64_t{1} << 26;

// 8-bit samples, row by row, the channels of a pixel side by side: 1 grey, 2 grey and alpha, 3 RGB,
// 4 RGB and alpha.
struct Image {
  int64_t height = 0;
  int64_t width = 0;
  int64_t channels = 0;
  std::vector<uint8_t> pixels;
};

// Both recognise the format by its signature. Samples are as stored: neither gamma nor EXIF
// orientation is applied, as in the other training tools, so that a file gives the same numbers.
PHAROS_API Image read_image(const std::string& path);
PHAROS_API Image decode_image(const uint8_t* bytes, size_t size, const std::string& name);

// `write_png` replaces `path` only once the whole file is written.
PHAROS_API std::vector<uint8_t> encode_png(const Image& image);
PHAROS_API void write_png(const std::string& path, const Image& image);

struct IdxArray {
  std::vector<int64_t> shape;
  std::vector<uint8_t> values;  // row-major
};

// An IDX file of unsigned bytes, gzipped or not, of any rank.
PHAROS_API IdxArray read_idx(const std::string& path);

// A whole file, gzipped or not, of at most `limit` bytes when unpacked.
PHAROS_API std::string read_text(const std::string& path, size_t limit);

}  // namespace data
}  // namespace pharos
