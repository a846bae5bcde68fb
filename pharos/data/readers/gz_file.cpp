// GzFile on zlib's gz functions, which pass files without gzip's signature through unchanged.

#include "data/readers/gz_file.h"

#include <pharos/core/exception.h>
#include <pharos/data/readers.h>

#include <sys/stat.h>
#include <zlib.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace pharos::data {

GzFile::GzFile(std::string path) : path_(std::move(path)), file_(nullptr) {
  struct stat info {};
  TORCH_CHECK(stat(path_.c_str(), &info) == 0, path_, ": ", std::strerror(errno));
  TORCH_CHECK(S_ISREG(info.st_mode), path_, ": not a regular file");
  errno = 0;
  file_ = gzopen(path_.c_str(), "rb");
  TORCH_CHECK(file_ != nullptr, path_, ": ", std::strerror(errno != 0 ? errno : ENOMEM));
}

GzFile::~GzFile() { gzclose(file_); }

size_t GzFile::read(void* out, size_t size) {
  constexpr size_t kMaxStep = size_t{1} << 30;  // gzread counts in int
  size_t done = 0;
  while (done < size) {
    const auto step = static_cast<unsigned>(std::min(size - done, kMaxStep));
    const int got = gzread(file_, static_cast<char*>(out) + done, step);
    int code = Z_OK;
    const char* reason = gzerror(file_, &code);
    if (code == Z_ERRNO) reason = std::strerror(errno);
    // Z_BUF_ERROR is a compressed stream cut short; gzread itself still hands out what came before.
    TORCH_CHECK(got >= 0 && (code == Z_OK || code == Z_STREAM_END), path_, ": ",
                code == Z_BUF_ERROR ? "the file ends too early" : reason);
    if (got == 0) break;
    done += static_cast<size_t>(got);
  }
  return done;
}

std::string GzFile::read_all(size_t limit) {
  constexpr size_t kStep = size_t{1} << 16;
  std::string bytes;
  for (;;) {
    const size_t before = bytes.size();
    bytes.resize(before + kStep);
    const size_t got = read(bytes.data() + before, kStep);
    bytes.resize(before + got);
    TORCH_CHECK(bytes.size() <= limit, path_, ": more than ", limit, " bytes");
    if (got < kStep) return bytes;
  }
}

std::string read_text(const std::string& path, size_t limit) {
  return GzFile(path).read_all(limit);
}

}  // namespace pharos::data
