// The zip layer: round trips, agreement with PyTorch's layout, and refusal of damaged or crafted
// archives by an error that says what is wrong.
#include "io/zip.h"

#include <gtest/gtest.h>
#include <pharos/core/exception.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <cstring>
#include <sstream>

#include "io/io_support.h"

namespace pharos::io {
namespace {

using testing::scratch_file;

std::vector<char> make_archive(const std::vector<std::pair<std::string, std::string>>& entries) {
  std::vector<char> out;
  auto sink = vector_sink(out);
  ZipWriter w(*sink);
  for (auto& [name, text] : entries) w.add(name, text);
  w.finish();
  sink->close();
  return out;
}

std::string error_of(std::vector<char> bytes) {
  try {
    ZipReader r(own_memory(std::move(bytes)));
    for (const ZipEntry& e : r.entries()) r.read(e);
  } catch (const c10::Error& e) {
    return e.msg();
  }
  return "";
}

#define EXPECT_REFUSED(bytes, why)                                             \
  do {                                                                         \
    std::string message = error_of(bytes);                                     \
    EXPECT_NE(message.find(why), std::string::npos) << "message: " << message; \
  } while (false)

// Finds the nth occurrence of a 4-byte magic.
size_t find_magic(const std::vector<char>& b, const char* magic, int nth = 0) {
  for (size_t i = 0; i + 4 <= b.size(); ++i)
    if (std::memcmp(&b[i], magic, 4) == 0 && nth-- == 0) return i;
  ADD_FAILURE() << "no such record";
  return 0;
}
const char kCentral[] = "PK\1\2", kEnd[] = "PK\5\6", kEnd64[] = "PK\6\6";

void put32(std::vector<char>& b, size_t at, uint32_t v) { std::memcpy(&b[at], &v, 4); }

// An archive with one deflated entry, which the writer never makes.
std::vector<char> deflated_archive(const std::string& text, uint32_t claimed_size) {
  std::vector<char> packed(text.size() + 100);
  z_stream z{};
  deflateInit2(&z, 9, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY);
  z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  z.avail_in = static_cast<uInt>(text.size());
  z.next_out = reinterpret_cast<Bytef*>(packed.data());
  z.avail_out = static_cast<uInt>(packed.size());
  EXPECT_EQ(deflate(&z, Z_FINISH), Z_STREAM_END);
  packed.erase(packed.end() - z.avail_out, packed.end());
  deflateEnd(&z);
  std::vector<char> b = make_archive({{"a", std::string(packed.begin(), packed.end())}});
  size_t c = find_magic(b, kCentral);
  b[8] = 8;
  b[c + 10] = 8;
  put32(
      b, c + 16,
      static_cast<uint32_t>(crc32_z(0, reinterpret_cast<const Bytef*>(text.data()), text.size())));
  put32(b, c + 24, claimed_size);
  return b;
}

TEST(Zip, RoundTripsInMemory) {
  std::string big(100000, 'x');
  auto bytes = make_archive({{"m/data.pkl", "hello"}, {"m/empty", ""}, {"m/data/0", big}});
  ZipReader r(own_memory(bytes));
  ASSERT_EQ(r.entries().size(), 3u);
  EXPECT_EQ(r.read(*r.find("m/data.pkl")), std::vector<char>({'h', 'e', 'l', 'l', 'o'}));
  EXPECT_TRUE(r.read(*r.find("m/empty")).empty());
  const ZipEntry* e = r.find("m/data/0");
  ASSERT_TRUE(e);
  EXPECT_EQ(std::string(r.view(*e), e->size), big);
  EXPECT_EQ(r.find("data.pkl"), nullptr);
  for (const ZipEntry& entry : r.entries()) EXPECT_EQ(entry.offset % 64, 0u) << entry.name;
}

TEST(Zip, ReadsWhatIsReadByPositionAndMapped) {
  std::string path = scratch_file("zip_mapped.zip");
  {
    auto sink = atomic_file(path);
    ZipWriter w(*sink);
    w.add("a/b", "mapped bytes");
    w.finish();
    sink->close();
  }
  for (bool map : {false, true}) {
    ZipReader r(open_file(path, map));
    const ZipEntry* e = r.find("a/b");
    ASSERT_TRUE(e);
    EXPECT_EQ(r.view(*e) != nullptr, map);
    std::vector<char> v = r.read(*e);
    EXPECT_EQ(std::string(v.begin(), v.end()), "mapped bytes");
  }
  auto bytes = make_archive({{"a/b", "through callbacks"}});
  ZipReader r(from_callbacks(
      [&](uint64_t pos, void* buf, size_t n) {
        n = std::min<size_t>(n, 7);
        std::memcpy(buf, bytes.data() + pos, n);
        return n;
      },
      bytes.size()));
  EXPECT_EQ(r.read(*r.find("a/b")).size(), 17u);
  ::unlink(path.c_str());
}

TEST(Zip, InflatesWithinBounds) {
  std::string text(50000, 'z');
  ZipReader r(own_memory(deflated_archive(text, 50000)));
  std::vector<char> v = r.read(r.entries()[0]);
  EXPECT_EQ(std::string(v.begin(), v.end()), text);
  EXPECT_EQ(r.view(r.entries()[0]), nullptr);
  EXPECT_REFUSED(deflated_archive(text, 49999), "does not inflate to its size");
  EXPECT_REFUSED(deflated_archive(text, 50001), "does not inflate to its size");
  EXPECT_REFUSED(deflated_archive(text, 0xfffffff0u), "cannot inflate to its size");
}

TEST(Zip, RefusesDamage) {
  auto good = make_archive({{"m/one", "first entry"}, {"m/two", "second"}});
  EXPECT_EQ(error_of(good), "");

  auto b = good;
  b[64] ^= 1;
  EXPECT_REFUSED(b, "entry 'm/one' is damaged (CRC-32 check failed)");

  b = good;
  put32(b, find_magic(b, kCentral) + 42, 0xfffffff0u);
  EXPECT_REFUSED(b, "lies outside the file");

  b = good;
  put32(b, find_magic(b, kCentral) + 20, 0x7fffffff);
  put32(b, find_magic(b, kCentral) + 24, 0x7fffffff);
  EXPECT_REFUSED(b, "lies outside the file");

  b = good;
  put32(b, find_magic(b, kCentral) + 24, 5);
  EXPECT_REFUSED(b, "has two sizes");

  b = good;
  b[find_magic(b, kCentral) + 8] |= 1;
  EXPECT_REFUSED(b, "encrypted");

  b = good;
  b[find_magic(b, kCentral) + 10] = 12;
  EXPECT_REFUSED(b, "unsupported compression");

  b = good;
  b[30] = 'q';
  EXPECT_REFUSED(b, "disagrees with its local header");

  b = good;
  put32(b, find_magic(b, kEnd64) + 32, 0xffffffffu);
  EXPECT_REFUSED(b, "too small for its number of entries");

  b = good;
  put32(b, find_magic(b, kEnd64) + 48, 0xffffffffu);
  EXPECT_REFUSED(b, "outside the file");

  EXPECT_REFUSED(std::vector<char>(good.begin(), good.end() - 1),
                 "failed finding central directory");
  EXPECT_REFUSED(std::vector<char>(), "failed finding central directory");
  EXPECT_REFUSED(std::vector<char>(1000, 'P'), "failed finding central directory");
}

TEST(Zip, RefusesOverlapsAndDuplicates) {
  auto b = make_archive({{"aa", "first entry"}, {"bb", "second"}});
  size_t c = find_magic(b, kCentral, 1);
  // The second name becomes the first's, in both headers.
  auto twin = b;
  std::memcpy(&twin[c + 46], "aa", 2);
  std::memcpy(&twin[128 - 64 + 11 + 16 + 30], "aa", 2);
  EXPECT_REFUSED(twin, "two entries 'aa'");
  // The first entry's data now reach over the second entry.
  auto over = b;
  size_t first = find_magic(b, kCentral);
  put32(over, first + 20, 70);
  put32(over, first + 24, 70);
  EXPECT_REFUSED(over, "overlap");
}

TEST(Zip, RefusesNamesMeantToEscape) {
  for (const char* name : {"/etc/passwd", "../x", "a/../../x", "a/.."})
    EXPECT_REFUSED(make_archive({{name, "x"}}), "unsafe name");
  EXPECT_EQ(error_of(make_archive({{"a/..b", "x"}, {"a/.data/x", "y"}, {"c..", "z"}})), "");
  std::vector<char> out;
  auto sink = vector_sink(out);
  ZipWriter w(*sink);
  w.add("a", "1");
  EXPECT_THROW(w.add("a", "2"), c10::Error);
}

TEST(Zip, SurvivesTruncationAndFlips) {
  auto good = make_archive({{"m/data.pkl", "hello"}, {"m/data/0", std::string(300, 'x')}});
  for (size_t n = 0; n < good.size(); ++n)
    EXPECT_NE(error_of(std::vector<char>(good.begin(), good.begin() + n)), "") << n;
  testing::Flipper flip(1);
  for (int i = 0; i < 20000; ++i) error_of(flip(good));
}

TEST(AtomicFile, ReplacesOnlyWhenClosed) {
  std::string path = scratch_file("atomic.bin");
  testing::write_file(path, "old");
  ::chmod(path.c_str(), 0640);
  {
    auto sink = atomic_file(path);
    sink->write("new", 3);
  }
  EXPECT_EQ(testing::read_file(path), "old");
  {
    auto sink = atomic_file(path);
    sink->write("new!", 4);
    EXPECT_EQ(testing::read_file(path), "old");
    sink->close();
  }
  EXPECT_EQ(testing::read_file(path), "new!");
  struct stat st;
  ASSERT_EQ(::stat(path.c_str(), &st), 0);
  EXPECT_EQ(st.st_mode & 0777, 0640u);
  ::unlink(path.c_str());
  EXPECT_THROW(atomic_file("/nonexistent/folder/file"), c10::Error);
  EXPECT_THROW(open_file("/nonexistent"), c10::Error);
  EXPECT_THROW(open_file("/tmp"), c10::Error);
}

TEST(Sinks, WriteToStreamsAndCallbacks) {
  std::ostringstream out;
  {
    auto sink = stream_sink(out);
    ZipWriter w(*sink);
    w.add("x", "1");
    w.finish();
    sink->close();
  }
  std::istringstream in(out.str());
  ZipReader r(read_stream(in));
  EXPECT_TRUE(r.find("x"));
  std::istringstream again(out.str());
  EXPECT_THROW(read_stream(again, 10), c10::Error);
  auto sink = callback_sink([](const void*, size_t n) { return n - 1; });
  EXPECT_THROW(sink->write("abc", 3), c10::Error);
}

}  // namespace
}  // namespace pharos::io
