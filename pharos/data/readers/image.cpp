// Reads and writes picture files: bytes from disk, the choice of decoder, the replacing write.

#include <pharos/core/exception.h>
#include <pharos/data/readers.h>

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

#include "data/readers/codecs.h"

namespace pharos::data {
namespace {

constexpr int64_t kMaxFileBytes = int64_t{1} << 30;

struct CloseFile {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
using File = std::unique_ptr<std::FILE, CloseFile>;

std::vector<uint8_t> read_bytes(const std::string& path) {
  File file(std::fopen(path.c_str(), "rb"));
  TORCH_CHECK(file, path, ": ", std::strerror(errno));
  struct stat info {};
  TORCH_CHECK(fstat(fileno(file.get()), &info) == 0, path, ": ", std::strerror(errno));
  TORCH_CHECK(S_ISREG(info.st_mode), path, ": not a regular file");
  TORCH_CHECK(info.st_size <= kMaxFileBytes, path, ": ", static_cast<int64_t>(info.st_size),
              " bytes are more than the ", kMaxFileBytes, " that a picture may have");
  std::vector<uint8_t> bytes(static_cast<size_t>(info.st_size));
  const size_t got = std::fread(bytes.data(), 1, bytes.size(), file.get());
  TORCH_CHECK(got == bytes.size(), path, ": read ", got, " of ", bytes.size(), " bytes");
  return bytes;
}

bool starts_with(const uint8_t* bytes, size_t size, const char* signature, size_t length) {
  return size >= length && std::memcmp(bytes, signature, length) == 0;
}

}  // namespace

void check_image_size(int64_t height, int64_t width, const std::string& name) {
  TORCH_CHECK(height > 0 && width > 0, name, ": empty picture (", width, " x ", height, ")");
  TORCH_CHECK(
      height <= kMaxImageSide && width <= kMaxImageSide && height * width <= kMaxImagePixels, name,
      ": a picture of ", width, " x ", height, " pixels is too large; at most ", kMaxImageSide,
      " a side and ", kMaxImagePixels, " in all");
}

Image decode_image(const uint8_t* bytes, size_t size, const std::string& name) {
  if (starts_with(bytes, size, "\x89PNG\r\n\x1a\n", 8)) return decode_png(bytes, size, name);
  if (starts_with(bytes, size, "\xff\xd8\xff", 3)) return decode_jpeg(bytes, size, name);
  AT_ERROR(name, ": neither a PNG nor a JPEG file");
}

Image read_image(const std::string& path) {
  const std::vector<uint8_t> bytes = read_bytes(path);
  return decode_image(bytes.data(), bytes.size(), path);
}

void write_png(const std::string& path, const Image& image) {
  const std::vector<uint8_t> bytes = encode_png(image);
  const std::string partial = path + ".partial-" + std::to_string(getpid());
  bool written = false;
  {
    File file(std::fopen(partial.c_str(), "wb"));
    TORCH_CHECK(file, path, ": ", std::strerror(errno));
    written = std::fwrite(bytes.data(), 1, bytes.size(), file.get()) == bytes.size() &&
              std::fflush(file.get()) == 0;
  }
  if (written) written = std::rename(partial.c_str(), path.c_str()) == 0;
  if (written) return;
  const int reason = errno;
  std::remove(partial.c_str());
  AT_ERROR(path, ": ", std::strerror(reason));
}

}  // namespace pharos::data
