#include "files.h"

#include <pharos/core/exception.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <vector>

namespace pharos::cli {
namespace {

namespace fs = std::filesystem;

// As torch::save names its own.
const char* const kTemporary = ".tmp.";

}  // namespace

void replace_file(const std::string& path, const std::string& text) {
  const std::string temporary = path + kTemporary + std::to_string(getpid());
  std::FILE* file = std::fopen(temporary.c_str(), "wb");
  TORCH_CHECK(file != nullptr, path, ": ", std::strerror(errno));
  bool written = std::fwrite(text.data(), 1, text.size(), file) == text.size() &&
                 std::fflush(file) == 0 && fsync(fileno(file)) == 0;
  written = std::fclose(file) == 0 && written;
  written = written && std::rename(temporary.c_str(), path.c_str()) == 0;
  if (written) return;
  const int reason = errno;
  std::remove(temporary.c_str());
  AT_ERROR(path, ": ", std::strerror(reason));
}

void remove_leftovers(const std::string& path) {
  const fs::path whole(path);
  const std::string start = whole.filename().string() + kTemporary;
  std::vector<fs::path> found;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(whole.parent_path(), error)) {
    if (entry.path().filename().string().rfind(start, 0) == 0) found.push_back(entry.path());
  }
  for (const fs::path& leftover : found) fs::remove(leftover, error);
}

}  // namespace pharos::cli
