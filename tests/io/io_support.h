// Scratch files, golden files and seeded damage for the tests of files.
#pragma once

#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

namespace pharos::io::testing {

inline std::string scratch_file(const std::string& name) {
  const char* tmp = std::getenv("TMPDIR");
  return std::string(tmp ? tmp : "/tmp") + "/pharos_" + std::to_string(::getpid()) + "_" + name;
}

inline std::string golden_file(const std::string& name) {
  const char* root = std::getenv("PHAROS_SOURCE_DIR");
  return std::string(root ? root : ".") + "/tests/golden/io/" + name;
}

inline std::string read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(in), {});
}

inline void write_file(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
}

// Returns copies of given bytes with a few of them changed: by one bit, to an extreme, or copied
// from elsewhere.
class Flipper {
 public:
  explicit Flipper(uint64_t seed) : state_(seed * 0x9e3779b97f4a7c15u + 1) {}
  std::vector<char> operator()(std::vector<char> b) {
    if (b.empty()) return b;
    for (uint64_t n = 1 + next() % 4; n > 0; --n) {
      char& c = b[next() % b.size()];
      switch (next() % 5) {
        case 0:
          c = static_cast<char>(0xff);
          break;
        case 1:
          c = 0;
          break;
        case 2:
          c = b[next() % b.size()];
          break;
        case 3:
          c = static_cast<char>(next());
          break;
        default:
          c = static_cast<char>(c ^ 1 << next() % 8);
      }
    }
    return b;
  }
  uint64_t next() {
    state_ ^= state_ << 13;
    state_ ^= state_ >> 7;
    return state_ ^= state_ << 17;
  }

 private:
  uint64_t state_;
};

}  // namespace pharos::io::testing
