// A file that may or may not be gzipped, read as a stream of bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

struct gzFile_s;

namespace pharos::data {

// Throws c10::Error with the path and the reason when the file is missing, damaged or cut short.
class GzFile {
 public:
  explicit GzFile(std::string path);
  ~GzFile();
  GzFile(const GzFile&) = delete;
  GzFile& operator=(const GzFile&) = delete;

  const std::string& path() const { return path_; }
  // Up to `size` bytes; fewer only at the end.
  size_t read(void* out, size_t size);
  // Everything that is left, if it is no more than `limit` bytes.
  std::string read_all(size_t limit);

 private:
  std::string path_;
  gzFile_s* file_;
};

}  // namespace pharos::data
