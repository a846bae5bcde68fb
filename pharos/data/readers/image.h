// Pictures as plain bytes: what the PNG and JPEG readers give and the PNG writer takes.
// No tensors here, so that the codecs stay a leaf.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace pharos::data {

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

// Both recognise the format by its signature and throw c10::Error with `name` and the reason for
// anything but a whole, sound picture. Samples are as stored: neither gamma nor EXIF orientation is
// applied, as in the other training tools, so that the same file gives the same numbers.
Image read_image(const std::string& path);
Image decode_image(const uint8_t* bytes, size_t size, const std::string& name);

// `write_png` replaces `path` only once the whole file is written.
std::vector<uint8_t> encode_png(const Image& image);
void write_png(const std::string& path, const Image& image);

}  // namespace pharos::data
