// Bred pictures and arrays: whole pixels or a c10::Error, whatever the files hold.
#include <gtest/gtest.h>
#include <pharos/data/readers.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "support/fuzz.h"

namespace {

namespace fs = std::filesystem;
using namespace std::string_literals;

std::vector<std::string> pictures(const char* suffix) {
  std::vector<fs::path> paths;
  for (const auto& entry : fs::directory_iterator(fs::path("tests") / "data" / "images"))
    if (entry.path().extension() == suffix) paths.push_back(entry.path());
  std::sort(paths.begin(), paths.end());
  std::vector<std::string> files;
  for (const fs::path& path : paths) {
    std::ifstream file(path, std::ios::binary);
    files.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
  }
  return files;
}

std::string decode(const std::string& bytes) {
  const pharos::data::Image image = pharos::data::decode_image(
      reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size(), "some.file");
  EXPECT_EQ(static_cast<int64_t>(image.pixels.size()), image.height * image.width * image.channels);
  // Reads every pixel, for the memory checkers.
  const bool dark = std::all_of(image.pixels.begin(), image.pixels.end(), [](int v) { return !v; });
  return std::to_string(image.channels) + " channels" +
         (image.height == 10 ? "" : ", not as high") + (image.width == 12 ? "" : ", not as wide") +
         (dark ? ", dark" : "");
}

// Makes the checksum of each chunk fit, as far as the lengths lead to chunks.
std::string with_checksums(std::string png) {
  for (size_t at = 8; at + 12 <= png.size();) {
    uint32_t length = 0;
    for (int i = 0; i < 4; ++i) length = length << 8 | static_cast<uint8_t>(png[at + i]);
    if (length > png.size() - at - 12) break;
    const auto* type = reinterpret_cast<const Bytef*>(png.data()) + at + 4;
    const auto sum = crc32(0, type, length + 4);
    for (int i = 0; i < 4; ++i) png[at + 8 + length + i] = static_cast<char>(sum >> (24 - 8 * i));
    at += length + 12;
  }
  return png;
}

TEST(Fuzz, Png) {
  const std::vector<std::string> tokens = {"IHDR"s, "PLTE"s, "IDAT"s, "IEND"s, "tRNS"s,    "gAMA"s,
                                           "sBIT"s, "bKGD"s, "iCCP"s, "tEXt"s, "\0\0\0\0"s};
  pharos::testing::fuzz("png", pictures(".png"), tokens,
                        [](const std::string& input) { return decode(with_checksums(input)); });
}

TEST(Fuzz, Jpeg) {
  const std::vector<std::string> tokens = {"\xff\xd8"s, "\xff\xd9"s, "\xff\xc0"s, "\xff\xc2"s,
                                           "\xff\xc4"s, "\xff\xda"s, "\xff\xdb"s, "\xff\xdd"s,
                                           "\xff\xd0"s, "\xff\xe0"s, "\xff\xee"s, "\xff\xcc"s};
  pharos::testing::fuzz("jpeg", pictures(".jpg"), tokens, decode);
}

TEST(Fuzz, Idx) {
  const std::string path =
      (fs::temp_directory_path() / "pharos-fuzz-").string() + std::to_string(getpid());
  const std::vector<std::string> seeds = {"\0\0\x08\3\0\0\0\2\0\0\0\1\0\0\0\3"s + "abcdef",
                                          "\0\0\x08\1\0\0\0\4"s + "wxyz", "\0\0\x08\0"s + "z"};
  pharos::testing::fuzz(
      "idx", seeds, {"\x1f\x8b\x08"s, "\0\0\x08"s, "\0\0\x0d"s}, [&](const std::string& input) {
        std::ofstream(path, std::ios::binary) << input;
        const pharos::data::IdxArray array = pharos::data::read_idx(path);
        size_t count = 1;
        for (int64_t n : array.shape) count *= static_cast<size_t>(n);
        EXPECT_EQ(count, array.values.size());
        return std::to_string(array.shape.size()) + " dimensions" + (count == 0 ? ", empty" : "");
      });
  unlink(path.c_str());
}

}  // namespace
