// The zip writer: one pass, stored entries only. Sizes and CRC follow each entry's data, so nothing
// is written twice and the sink may be a pipe.
#include <pharos/core/exception.h>
#include <zlib.h>

#include "io/zip.h"

namespace pharos::io {
namespace {

constexpr uint64_t kAlignment = 64, kMax32 = 0xffffffff;
constexpr uint16_t kFlags = 0x0808;  // sizes follow the data; names are UTF-8

class Record {
 public:
  Record& u16(uint64_t v) { return little(v, 2); }
  Record& u32(uint64_t v) { return little(v, 4); }
  Record& u64(uint64_t v) { return little(v, 8); }
  Record& text(const std::string& s) {
    bytes_ += s;
    return *this;
  }
  const std::string& bytes() const { return bytes_; }

 private:
  Record& little(uint64_t v, int n) {
    for (int i = 0; i < n; ++i) bytes_ += static_cast<char>(v >> (8 * i) & 0xff);
    return *this;
  }
  std::string bytes_;
};

uint64_t clamp32(uint64_t v) { return v >= kMax32 ? kMax32 : v; }

// The zip64 extra field: what does not fit 32 bits, in the order that the format fixes.
std::string zip64_extra(uint64_t size, uint64_t offset) {
  Record fields;
  if (size >= kMax32) fields.u64(size).u64(size);
  if (offset >= kMax32) fields.u64(offset);
  if (fields.bytes().empty()) return {};
  return Record().u16(1).u16(fields.bytes().size()).text(fields.bytes()).bytes();
}

uint64_t mix(uint64_t seed, uint64_t v) {
  v += seed + 0x9e3779b97f4a7c15u;
  v = (v ^ (v >> 30)) * 0xbf58476d1ce4e5b9u;
  v = (v ^ (v >> 27)) * 0x94d049bb133111ebu;
  return v ^ (v >> 31);
}

std::string digits20(uint64_t v) {
  std::string s = std::to_string(v);
  return std::string(20 - s.size(), '0') + s;
}

}  // namespace

void ZipWriter::put(const void* data, size_t n) {
  sink_.write(data, n);
  position_ += n;
}

void ZipWriter::add(const std::string& name, const void* data, size_t size) {
  TORCH_CHECK(!name.empty() && name.size() <= 0xffff, "a zip entry's name has ", name.size(),
              " bytes");
  TORCH_CHECK(index_.emplace(name, entries_.size()).second, "the archive already has an entry '",
              name, "'");
  ZipEntry e;
  e.name = name;
  e.offset = position_;
  e.size = e.compressed_size = size;
  e.crc = static_cast<uint32_t>(::crc32_z(0, static_cast<const Bytef*>(data), size));

  std::string wide = zip64_extra(size, position_);
  uint64_t start = position_ + 30 + name.size() + wide.size() + 4;
  uint64_t padding = (kAlignment - start % kAlignment) % kAlignment;
  Record h;
  h.u32(0x04034b50).u16(0).u16(kFlags).u16(0).u16(0).u16(0).u32(0);
  h.u32(wide.empty() ? 0 : clamp32(size)).u32(wide.empty() ? 0 : clamp32(size));
  h.u16(name.size()).u16(wide.size() + 4 + padding).text(name).text(wide);
  h.text("FB").u16(padding).text(std::string(padding, 'Z'));
  put(h.bytes().data(), h.bytes().size());
  put(data, size);
  Record d;
  d.u32(0x08074b50).u32(e.crc);
  if (wide.empty())
    d.u32(size).u32(size);
  else
    d.u64(size).u64(size);
  put(d.bytes().data(), d.bytes().size());

  uint64_t name_hash = 14695981039346656037u;
  for (unsigned char c : name) name_hash = (name_hash ^ c) * 1099511628211u;
  names_hash_ = mix(names_hash_, name_hash);
  data_hash_ = mix(data_hash_, e.crc);
  entries_.push_back(std::move(e));
}

std::string ZipWriter::fingerprint() const { return digits20(names_hash_) + digits20(data_hash_); }

void ZipWriter::finish() {
  uint64_t directory = position_;
  for (const ZipEntry& e : entries_) {
    std::string wide = zip64_extra(e.size, e.offset);
    Record h;
    h.u32(0x02014b50).u16(0).u16(0).u16(kFlags).u16(0).u16(0).u16(0).u32(e.crc);
    h.u32(clamp32(e.size)).u32(clamp32(e.size)).u16(e.name.size()).u16(wide.size()).u16(0).u16(0);
    h.u16(0).u32(0).u32(clamp32(e.offset)).text(e.name).text(wide);
    put(h.bytes().data(), h.bytes().size());
  }
  uint64_t end = position_, n = entries_.size();
  Record t;
  t.u32(0x06064b50)
      .u64(44)
      .u16(0x031e)
      .u16(45)
      .u32(0)
      .u32(0)
      .u64(n)
      .u64(n)
      .u64(end - directory)
      .u64(directory);
  t.u32(0x07064b50).u32(0).u64(end).u32(1);
  uint64_t n16 = n >= 0xffff ? 0xffff : n;
  t.u32(0x06054b50)
      .u16(0)
      .u16(0)
      .u16(n16)
      .u16(n16)
      .u32(clamp32(end - directory))
      .u32(clamp32(directory))
      .u16(0);
  put(t.bytes().data(), t.bytes().size());
}

}  // namespace pharos::io
