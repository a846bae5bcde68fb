// Reads and writes the zip archives that PyTorch keeps its files in. Own code over zlib's crc32 and
// inflate rather than minizip: minizip neither tells where a stored entry's bytes lie (needed to
// use them in place), nor aligns entries, nor refuses directories whose entries overlap or disagree
// with their local headers.
#pragma once

#include "io/bytes.h"

#include <unordered_map>

namespace pharos::io {

struct ZipEntry {
  std::string name;
  uint64_t offset = 0;           // of the first data byte, from the start of the source
  uint64_t size = 0;             // of the contents
  uint64_t compressed_size = 0;  // of the data in the source
  uint32_t crc = 0;
  bool deflated = false;
};

// The directory of an archive, fully checked when it is opened: every entry lies within the source,
// no two overlap or share a name, and each agrees with its local header.
class ZipReader {
 public:
  explicit ZipReader(std::shared_ptr<ByteSource> source);
  static bool looks_like_zip(const ByteSource& source);

  const std::vector<ZipEntry>& entries() const { return entries_; }
  const ZipEntry* find(const std::string& name) const;
  const std::shared_ptr<ByteSource>& source() const { return source_; }
  // Writes entry.size bytes to `out` and checks them against the entry's CRC.
  void read(const ZipEntry& entry, void* out) const;
  std::vector<char> read(const ZipEntry& entry) const;
  // The bytes in place, CRC checked; null where they are compressed or not addressable.
  const char* view(const ZipEntry& entry) const;

 private:
  void locate_directory(uint64_t& offset, uint64_t& size, uint64_t& count) const;
  void parse_directory(const std::vector<char>& directory, uint64_t offset, uint64_t count);
  void check_local_header(ZipEntry& entry, uint64_t directory_offset) const;
  void inflate_to(const ZipEntry& entry, void* out) const;
  [[noreturn]] void fail(const std::string& why) const;

  std::shared_ptr<ByteSource> source_;
  std::vector<ZipEntry> entries_;
  std::unordered_map<std::string, size_t> index_;
};

// Writes stored entries whose data begin at multiples of 64 bytes, laid out as PyTorch lays them
// out (sizes follow the data; padding in an extra field "FB"; zip64 records always).
class ZipWriter {
 public:
  explicit ZipWriter(ByteSink& sink) : sink_(sink) {}
  void add(const std::string& name, const void* data, size_t size);
  void add(const std::string& name, const std::string& text) {
    add(name, text.data(), text.size());
  }
  // 40 digits that depend on the names and contents written so far.
  std::string fingerprint() const;
  // Writes the directory. The sink is the caller's to close.
  void finish();

 private:
  void put(const void* data, size_t n);

  ByteSink& sink_;
  uint64_t position_ = 0;
  std::vector<ZipEntry> entries_;  // offset: of the local header
  std::unordered_map<std::string, size_t> index_;
  uint64_t names_hash_ = 0, data_hash_ = 0;
};

}  // namespace pharos::io
