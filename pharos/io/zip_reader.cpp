// The zip reader. Every number in the file is untrusted: it is compared with what the source really
// holds before anything is allocated or read by it.
#include <pharos/core/exception.h>
#include <zlib.h>

#include <algorithm>
#include <cstring>

#include "io/zip.h"

namespace pharos::io {
namespace {

constexpr size_t kEndSize = 22, kEnd64Size = 56, kLocator64Size = 20;
constexpr size_t kCentralSize = 46, kLocalSize = 30;
constexpr uint32_t kEndMagic = 0x06054b50, kEnd64Magic = 0x06064b50, kLocator64Magic = 0x07064b50;
constexpr uint32_t kCentralMagic = 0x02014b50, kLocalMagic = 0x04034b50;
// What deflated entries of one archive may grow to in all: enough for honest archives that were
// packed again, little enough that a crafted file cannot exhaust memory.
constexpr uint64_t kInflateFree = uint64_t{1} << 30, kInflateRatio = 16;
// Deflate cannot do better than this.
constexpr uint64_t kDeflateMax = 1032;

uint64_t little(const char* p, int n) {
  uint64_t v = 0;
  for (int i = n - 1; i >= 0; --i) v = v << 8 | static_cast<unsigned char>(p[i]);
  return v;
}
uint16_t u16(const char* p) { return static_cast<uint16_t>(little(p, 2)); }
uint32_t u32(const char* p) { return static_cast<uint32_t>(little(p, 4)); }
uint64_t u64(const char* p) { return little(p, 8); }

uint32_t crc_of(const void* data, uint64_t n) {
  return static_cast<uint32_t>(::crc32_z(0, static_cast<const Bytef*>(data), n));
}

// Names are never used as paths; those that could only be meant to harm a program which does are
// refused, so that nobody who lists an archive is surprised.
bool harmless_name(const std::string& name) {
  if (name.empty() || name[0] == '/' || name.find('\0') != std::string::npos) return false;
  for (size_t at = name.find(".."); at != std::string::npos; at = name.find("..", at + 1)) {
    bool starts = at == 0 || name[at - 1] == '/';
    bool ends = at + 2 == name.size() || name[at + 2] == '/';
    if (starts && ends) return false;
  }
  return true;
}

// Replaces the fields that overflowed 32 bits by those of the zip64 extra field, which holds them
// in this order and only where needed.
bool apply_zip64(const char* extra, size_t n, ZipEntry& e, uint64_t& local_offset) {
  bool need = e.size == 0xffffffff || e.compressed_size == 0xffffffff || local_offset == 0xffffffff;
  while (n >= 4) {
    size_t len = u16(extra + 2);
    if (len > n - 4) return !need;
    if (u16(extra) == 1 && need) {
      const char* p = extra + 4;
      for (uint64_t* field : {&e.size, &e.compressed_size, &local_offset}) {
        if (*field != 0xffffffff) continue;
        if (len < 8) return false;
        *field = u64(p);
        p += 8;
        len -= 8;
      }
      return true;
    }
    extra += 4 + len;
    n -= 4 + len;
  }
  // Without such a field the 32-bit values stand as they are.
  return true;
}

}  // namespace

void ZipReader::fail(const std::string& why) const {
  TORCH_CHECK(false, "failed reading zip archive ", source_->name(), ": ", why);
  __builtin_unreachable();
}

bool ZipReader::looks_like_zip(const ByteSource& source) {
  char head[4];
  if (source.size() < sizeof head) return false;
  source.read(0, head, sizeof head);
  return u32(head) == kLocalMagic || u32(head) == kEndMagic;
}

ZipReader::ZipReader(std::shared_ptr<ByteSource> source) : source_(std::move(source)) {
  uint64_t offset, size, count;
  locate_directory(offset, size, count);
  std::vector<char> directory(size);
  source_->read(offset, directory.data(), size);
  parse_directory(directory, offset, count);
}

void ZipReader::locate_directory(uint64_t& offset, uint64_t& size, uint64_t& count) const {
  uint64_t total = source_->size();
  if (total < kEndSize) fail("failed finding central directory");
  size_t tail = static_cast<size_t>(std::min<uint64_t>(total, kEndSize + 0xffff + kLocator64Size));
  std::vector<char> t(tail);
  source_->read(total - tail, t.data(), tail);
  size_t at = tail - kEndSize + 1;
  do {
    if (at-- == 0) fail("failed finding central directory");
  } while (u32(&t[at]) != kEndMagic || u16(&t[at + 20]) > tail - kEndSize - at);
  uint64_t end = total - tail + at;
  count = u16(&t[at + 10]);
  size = u32(&t[at + 12]);
  offset = u32(&t[at + 16]);
  if (u16(&t[at + 4]) != 0 && u16(&t[at + 4]) != 0xffff)
    fail("archives in several parts are not supported");
  if (at >= kLocator64Size && u32(&t[at - kLocator64Size]) == kLocator64Magic) {
    uint64_t at64 = u64(&t[at - kLocator64Size + 8]);
    if (at64 > end - kLocator64Size || end - kLocator64Size - at64 < kEnd64Size)
      fail("its zip64 directory end lies outside the file");
    char e[kEnd64Size];
    source_->read(at64, e, sizeof e);
    if (u32(e) != kEnd64Magic) fail("its zip64 directory end is damaged");
    count = u64(e + 32);
    size = u64(e + 40);
    offset = u64(e + 48);
    end = at64;
  }
  if (size > end || offset > end - size) fail("its central directory lies outside the file");
  if (count > size / kCentralSize)
    fail("its central directory is too small for its number of entries");
}

void ZipReader::parse_directory(const std::vector<char>& d, uint64_t offset, uint64_t count) {
  entries_.reserve(count);
  index_.reserve(count);
  size_t at = 0;
  uint64_t inflated = 0;
  for (uint64_t i = 0; i < count; ++i) {
    if (d.size() - at < kCentralSize || u32(&d[at]) != kCentralMagic)
      fail("its central directory is damaged");
    const char* h = &d[at];
    size_t name_n = u16(h + 28), extra_n = u16(h + 30), comment_n = u16(h + 32);
    if (d.size() - at - kCentralSize < name_n + extra_n + comment_n)
      fail("its central directory is damaged");
    ZipEntry e;
    e.name.assign(h + kCentralSize, name_n);
    if (!harmless_name(e.name)) fail("it has an entry with an unsafe name");
    if (u16(h + 8) & 1) fail("entry '" + e.name + "' is encrypted");
    uint16_t method = u16(h + 10);
    if (method != 0 && method != 8)
      fail("entry '" + e.name + "' has an unsupported compression method");
    e.deflated = method == 8;
    e.crc = u32(h + 16);
    e.compressed_size = u32(h + 20);
    e.size = u32(h + 24);
    e.offset = u32(h + 42);
    if (!apply_zip64(h + kCentralSize + name_n, extra_n, e, e.offset))
      fail("entry '" + e.name + "' has damaged zip64 sizes");
    if (!e.deflated && e.size != e.compressed_size)
      fail("stored entry '" + e.name + "' has two sizes");
    check_local_header(e, offset);
    if (e.deflated) {
      // Each size is at most 1032 times what the file holds, so the sum cannot wrap.
      if (e.size / kDeflateMax > e.compressed_size)
        fail("entry '" + e.name + "' cannot inflate to its size");
      inflated += e.size;
      if (inflated > kInflateFree && (inflated - kInflateFree) / kInflateRatio > source_->size())
        fail("its compressed entries would inflate to too much");
    }
    if (!index_.emplace(e.name, entries_.size()).second)
      fail("it has two entries '" + e.name + "'");
    entries_.push_back(std::move(e));
    at += kCentralSize + name_n + extra_n + comment_n;
  }
  std::vector<const ZipEntry*> order;
  order.reserve(entries_.size());
  for (const ZipEntry& e : entries_) order.push_back(&e);
  std::sort(order.begin(), order.end(), [](auto* a, auto* b) { return a->offset < b->offset; });
  for (size_t i = 1; i < order.size(); ++i) {
    // The next entry's local header lies between the two runs of data.
    const ZipEntry &a = *order[i - 1], &b = *order[i];
    if (b.offset - a.offset < a.compressed_size + kLocalSize + b.name.size())
      fail("entries '" + a.name + "' and '" + b.name + "' overlap");
  }
}

// Turns e.offset from the local header's place into that of the data.
void ZipReader::check_local_header(ZipEntry& e, uint64_t directory_offset) const {
  if (e.offset > directory_offset || directory_offset - e.offset < kLocalSize + e.name.size())
    fail("entry '" + e.name + "' lies outside the file");
  std::vector<char> h(kLocalSize + e.name.size());
  source_->read(e.offset, h.data(), h.size());
  if (u32(h.data()) != kLocalMagic || u16(&h[26]) != e.name.size() ||
      std::memcmp(&h[kLocalSize], e.name.data(), e.name.size()) != 0 ||
      (u16(&h[8]) == 8) != e.deflated)
    fail("entry '" + e.name + "' disagrees with its local header");
  e.offset += h.size() + u16(&h[28]);
  if (e.offset > directory_offset || directory_offset - e.offset < e.compressed_size)
    fail("entry '" + e.name + "' lies outside the file");
}

const ZipEntry* ZipReader::find(const std::string& name) const {
  auto it = index_.find(name);
  return it == index_.end() ? nullptr : &entries_[it->second];
}

void ZipReader::inflate_to(const ZipEntry& e, void* out) const {
  z_stream z{};
  TORCH_CHECK(inflateInit2(&z, -MAX_WBITS) == Z_OK, "zlib could not start");
  struct End {
    z_stream& z;
    ~End() { inflateEnd(&z); }
  } end{z};
  std::vector<char> chunk(static_cast<size_t>(std::min<uint64_t>(e.compressed_size, 1 << 18)));
  uint64_t in_at = 0, out_left = e.size;
  Bytef nothing[1];
  Bytef* next = e.size ? static_cast<Bytef*>(out) : nothing;
  int rc = Z_OK;
  while (rc == Z_OK) {
    if (z.avail_in == 0 && in_at < e.compressed_size) {
      size_t n = static_cast<size_t>(std::min<uint64_t>(chunk.size(), e.compressed_size - in_at));
      source_->read(e.offset + in_at, chunk.data(), n);
      in_at += n;
      z.next_in = reinterpret_cast<Bytef*>(chunk.data());
      z.avail_in = static_cast<uInt>(n);
    }
    uInt room = static_cast<uInt>(std::min<uint64_t>(out_left, 1u << 30));
    z.next_out = next;
    z.avail_out = room;
    rc = ::inflate(&z, Z_NO_FLUSH);
    next += room - z.avail_out;
    out_left -= room - z.avail_out;
    if (rc == Z_BUF_ERROR && in_at < e.compressed_size) rc = Z_OK;
    if (rc == Z_OK && out_left == 0 && z.avail_in == 0 && in_at == e.compressed_size)
      rc = Z_DATA_ERROR;
  }
  if (rc != Z_STREAM_END || out_left != 0)
    fail("entry '" + e.name + "' does not inflate to its size");
}

void ZipReader::read(const ZipEntry& e, void* out) const {
  if (e.deflated)
    inflate_to(e, out);
  else
    source_->read(e.offset, out, e.size);
  if (crc_of(out, e.size) != e.crc) fail("entry '" + e.name + "' is damaged (CRC-32 check failed)");
}

std::vector<char> ZipReader::read(const ZipEntry& e) const {
  std::vector<char> out(e.size);
  read(e, out.data());
  return out;
}

const char* ZipReader::view(const ZipEntry& e) const {
  if (e.deflated || !source_->data()) return nullptr;
  const char* p = source_->data() + e.offset;
  if (crc_of(p, e.size) != e.crc) fail("entry '" + e.name + "' is damaged (CRC-32 check failed)");
  return p;
}

}  // namespace pharos::io
