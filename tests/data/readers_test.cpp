// PNG, JPEG and IDX readers: right pixels for every kind of file, and for damaged files an error
// with the path and the reason, never a crash or a silent half of a picture.

#include <gtest/gtest.h>
#include <pharos/core/exception.h>
#include <pharos/data/readers.h>
#include <zlib.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <random>
#include <string>
#include <vector>

namespace {

namespace fs = std::filesystem;
using pharos::data::Image;

constexpr int64_t kHeight = 10, kWidth = 12;                     // as in images/make_images.py
const fs::path kImages = fs::path("tests") / "data" / "images";  // tests run in the root

int value(int64_t y, int64_t x, int64_t c) {
  return static_cast<int>(20 + 12 * y + 6 * x + 20 * c);
}

std::string read_file(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  EXPECT_TRUE(file.good()) << path;
  return {std::istreambuf_iterator<char>(file), {}};
}

Image decode(const std::string& bytes) {
  return pharos::data::decode_image(reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size(),
                                    "some.file");
}

// The message of the c10::Error that `f` throws; a failure when it throws nothing or another type.
std::string error_of(const std::function<void()>& f) {
  try {
    f();
  } catch (const c10::Error& error) {
    return error.msg();
  }
  ADD_FAILURE() << "no error";
  return "";
}

using Pixel = std::function<int(int64_t y, int64_t x, int64_t c)>;

void expect_pixels(const Image& image, int64_t channels, const Pixel& expected, int tolerance) {
  ASSERT_EQ(image.height, kHeight);
  ASSERT_EQ(image.width, kWidth);
  ASSERT_EQ(image.channels, channels);
  ASSERT_EQ(image.pixels.size(), static_cast<size_t>(kHeight * kWidth * channels));
  const uint8_t* next = image.pixels.data();
  for (int64_t y = 0; y < kHeight; ++y) {
    for (int64_t x = 0; x < kWidth; ++x) {
      for (int64_t c = 0; c < channels; ++c, ++next) {
        ASSERT_NEAR(*next, expected(y, x, c), tolerance) << y << " " << x << " " << c;
      }
    }
  }
}

void expect_file(const char* name, int64_t channels, const Pixel& expected, int tolerance = 0) {
  SCOPED_TRACE(name);
  expect_pixels(pharos::data::read_image(kImages / name), channels, expected, tolerance);
}

class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string pattern = (fs::temp_directory_path() / "pharos-readers-XXXXXX").string();
    path_ = mkdtemp(pattern.data());
  }
  ~TemporaryFolder() { fs::remove_all(path_); }
  fs::path write(const char* name, const std::string& bytes) const {
    std::ofstream(path_ / name, std::ios::binary) << bytes;
    return path_ / name;
  }
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

std::string gzip(const std::string& bytes) {
  z_stream z{};
  EXPECT_EQ(deflateInit2(&z, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
  std::string out(deflateBound(&z, bytes.size()), '\0');
  z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  z.avail_in = static_cast<unsigned>(bytes.size());
  z.next_out = reinterpret_cast<Bytef*>(out.data());
  z.avail_out = static_cast<unsigned>(out.size());
  EXPECT_EQ(deflate(&z, Z_FINISH), Z_STREAM_END);
  out.resize(z.total_out);
  deflateEnd(&z);
  return out;
}

// Headers as bytes: type code, then one big-endian size per dimension.
std::string idx_bytes(uint8_t type, const std::vector<uint32_t>& shape, const std::string& values) {
  std::string bytes{'\0', '\0', static_cast<char>(type), static_cast<char>(shape.size())};
  for (uint32_t size : shape) {
    for (int shift = 24; shift >= 0; shift -= 8) bytes.push_back(static_cast<char>(size >> shift));
  }
  return bytes + values;
}

TEST(Readers, PngOfEveryKind) {
  const Pixel grey_alpha = [](auto y, auto x, auto c) {
    return c == 0 ? value(y, x, 0) : 255 - value(y, x, 0);
  };
  expect_file("grey.png", 1, value);
  expect_file("rgb.png", 3, value);
  expect_file("grey_alpha.png", 2, grey_alpha);
  expect_file("grey16.png", 1, value);
  expect_file("bilevel.png", 1, [](auto y, auto x, auto) { return 255 * ((x + y) & 1); });
  const Pixel palette = [](auto y, auto x, auto c) {
    const int index = static_cast<int>((y + x) % 16);
    const int colour[] = {16 * index, 255 - 16 * index, index, index == 3 ? 0 : 255};
    return colour[c];
  };
  expect_file("palette.png", 3, palette);
  expect_file("palette_transparent.png", 4, palette);
  expect_file("interlaced_rgba.png", 4, [](auto y, auto x, auto c) {
    return c == 3 ? 255 - value(y, x, 0) : value(y, x, c);
  });
}

TEST(Readers, JpegOfEveryKind) {
  expect_file("grey.jpg", 1, value, 2);
  expect_file("rgb.jpg", 3, value, 4);
  expect_file("progressive.jpg", 3, value, 4);
  expect_file("cmyk.jpg", 3, value, 12);
}

TEST(Readers, WrittenPngReadsBack) {
  TemporaryFolder folder;
  for (int64_t channels = 1; channels <= 4; ++channels) {
    Image image{kHeight, kWidth, channels, {}};
    for (int64_t i = 0; i < kHeight * kWidth * channels; ++i) {
      image.pixels.push_back(static_cast<uint8_t>(i * 37));
    }
    const fs::path path = folder.path() / "picture.png";
    pharos::data::write_png(path, image);
    const Image back = pharos::data::read_image(path);
    EXPECT_EQ(back.channels, channels);
    EXPECT_EQ(back.pixels, image.pixels);
  }
  EXPECT_EQ(std::distance(fs::directory_iterator(folder.path()), {}), 1);
}

TEST(Readers, WritePngRefusesWhatIsNoImage) {
  TemporaryFolder folder;
  const std::string path = folder.path() / "picture.png";
  EXPECT_THROW(pharos::data::write_png(path, Image{2, 2, 3, {1, 2}}), c10::ValueError);
  EXPECT_THROW(pharos::data::write_png(path, Image{1, 1, 5, {1, 2, 3, 4, 5}}), c10::ValueError);
  EXPECT_THROW(pharos::data::write_png(path, Image{}), c10::Error);
  EXPECT_FALSE(fs::exists(path));
  const Image dot{1, 1, 1, {7}};
  EXPECT_EQ(error_of([&] { pharos::data::write_png("/nowhere/at/all.png", dot); }),
            "/nowhere/at/all.png: No such file or directory");
}

TEST(Readers, NameWhatIsWrongWithTheFile) {
  TemporaryFolder folder;
  const auto message = [](const fs::path& path) {
    return error_of([&] { pharos::data::read_image(path); });
  };
  EXPECT_EQ(message("/nowhere/at/all.png"), "/nowhere/at/all.png: No such file or directory");
  EXPECT_EQ(message(folder.path()), folder.path().string() + ": not a regular file");
  const fs::path text = folder.write("text.png", "hello");
  EXPECT_EQ(message(text), text.string() + ": neither a PNG nor a JPEG file");
  const fs::path empty = folder.write("empty.png", "");
  EXPECT_EQ(message(empty), empty.string() + ": neither a PNG nor a JPEG file");
  const std::string jpeg = read_file(kImages / "rgb.jpg");
  const fs::path half = folder.write("half.jpg", jpeg.substr(0, jpeg.size() / 2));
  EXPECT_EQ(message(half), half.string() + ": damaged JPEG file: the file ends too early");
}

TEST(Readers, JpegTooShortForItsSizeIsRefusedUnread) {
  std::string bytes = read_file(kImages / "rgb.jpg");
  const size_t frame = bytes.find("\xff\xc0");
  ASSERT_NE(frame, std::string::npos);
  for (size_t i : {frame + 5, frame + 7}) {
    bytes[i] = '\x1f';  // the high bytes of height and width
    bytes[i + 1] = '\x40';
  }
  EXPECT_EQ(error_of([&] { decode(bytes); }),
            "some.file: damaged JPEG file: too short for 8000 x 8000 pixels");
}

TEST(Readers, EveryTruncationIsAnError) {
  for (const char* name : {"rgb.png", "interlaced_rgba.png", "palette.png", "rgb.jpg", "grey.jpg",
                           "progressive.jpg", "cmyk.jpg"}) {
    const std::string whole = read_file(kImages / name);
    for (size_t length = 0; length < whole.size(); ++length) {
      // A copy of exactly that length, so that the address sanitizer sees a read past its end.
      const std::vector<uint8_t> part(whole.begin(), whole.begin() + static_cast<long>(length));
      EXPECT_THROW(pharos::data::decode_image(part.data(), part.size(), name), c10::Error)
          << name << " cut to " << length;
    }
  }
}

TEST(Readers, FlippedBytesNeverCrash) {
  std::mt19937 random(7);
  int refused = 0, kept = 0;
  for (const char* name : {"grey.png", "palette_transparent.png", "interlaced_rgba.png", "rgb.jpg",
                           "progressive.jpg", "cmyk.jpg"}) {
    const std::string whole = read_file(kImages / name);
    for (int trial = 0; trial < 300; ++trial) {
      std::string bytes = whole;
      for (int flips = trial % 3; flips >= 0; --flips) {
        bytes[random() % bytes.size()] ^= static_cast<char>(1 + random() % 255);
      }
      try {
        const Image image = decode(bytes);
        EXPECT_EQ(static_cast<int64_t>(image.pixels.size()),
                  image.height * image.width * image.channels);
        ++kept;
      } catch (const c10::Error&) {
        ++refused;
      }
    }
  }
  EXPECT_GT(refused, 600);
  EXPECT_GT(kept, 0);
}

// A PNG file, the width and height in its header replaced.
std::string png_that_claims(const char* name, const std::string& size) {
  std::string png = read_file(kImages / name);
  png.replace(16, 8, size);
  const auto crc = crc32(0, reinterpret_cast<const Bytef*>(png.data()) + 12, 17);
  for (int i = 0; i < 4; ++i) png[29 + i] = static_cast<char>(crc >> (24 - 8 * i));
  return png;
}

TEST(Readers, HugePictureIsRefusedBeforeItIsAllocated) {
  const std::string huge("\x00\x00\xff\xff\x00\x00\xff\xff", 8);
  EXPECT_NE(error_of([&] {
              decode(png_that_claims("grey.png", huge));
            }).find("65535 x 65535 pixels is too large"),
            std::string::npos);
}

TEST(Readers, PngThatIsTooShortForItsPixelsIsRefusedBeforeTheyAreZeroed) {
  const std::string claimed("\x00\x00\x20\x00\x00\x00\x20\x00", 8);
  for (const char* name : {"grey.png", "bilevel.png", "palette_transparent.png", "rgb.png",
                           "interlaced_rgba.png", "grey16.png"}) {
    EXPECT_EQ(error_of([&] { decode(png_that_claims(name, claimed)); }),
              "some.file: damaged PNG file: too short for 8192 x 8192 pixels")
        << name;
  }
}

// As dense as deflate gets; kept, however suspicious the length looks.
TEST(Readers, BlankPngReadsBack) {
  TemporaryFolder folder;
  const fs::path path = folder.path() / "blank.png";
  for (int64_t channels : {1, 4}) {
    Image blank{2048, 2048, channels, {}};
    blank.pixels.resize(static_cast<size_t>(2048 * 2048 * channels));
    pharos::data::write_png(path, blank);
    EXPECT_GT(blank.pixels.size(), 900 * fs::file_size(path));
    EXPECT_EQ(pharos::data::read_image(path).pixels, blank.pixels);
  }
}

TEST(Readers, IdxOfAnyRank) {
  TemporaryFolder folder;
  const auto read = [&](const std::string& bytes) {
    return pharos::data::read_idx(folder.write("array", bytes));
  };
  const auto cube = read(idx_bytes(8, {2, 1, 3}, "abcdef"));
  EXPECT_EQ(cube.shape, (std::vector<int64_t>{2, 1, 3}));
  EXPECT_EQ(cube.values, (std::vector<uint8_t>{'a', 'b', 'c', 'd', 'e', 'f'}));
  const auto scalar = read(idx_bytes(8, {}, "z"));
  EXPECT_TRUE(scalar.shape.empty());
  EXPECT_EQ(scalar.values, std::vector<uint8_t>{'z'});
  const auto empty = read(idx_bytes(8, {0, 28, 28}, ""));
  EXPECT_EQ(empty.shape, (std::vector<int64_t>{0, 28, 28}));
  EXPECT_TRUE(empty.values.empty());
  const auto packed = read(gzip(idx_bytes(8, {4}, "wxyz")));
  EXPECT_EQ(packed.shape, std::vector<int64_t>{4});
  EXPECT_EQ(packed.values, (std::vector<uint8_t>{'w', 'x', 'y', 'z'}));
  std::string large(3'000'000, 'k');  // more than one step of the reader
  large.back() = 'l';
  EXPECT_EQ(read(gzip(idx_bytes(8, {3000, 1000}, large))).values,
            std::vector<uint8_t>(large.begin(), large.end()));
}

TEST(Readers, DamagedIdxIsAnError) {
  TemporaryFolder folder;
  const auto message = [&](const std::string& bytes) {
    const fs::path path = folder.write("array", bytes);
    const std::string text = error_of([&] { pharos::data::read_idx(path); });
    EXPECT_EQ(text.rfind(path.string() + ": ", 0), 0U) << text;
    return text.substr(text.find(": ") + 2);
  };
  const std::string whole = idx_bytes(8, {2, 3}, "abcdef");
  for (size_t length = 0; length < whole.size(); ++length) message(whole.substr(0, length));
  const std::string packed = gzip(whole);
  for (size_t length = 0; length < packed.size(); ++length) message(packed.substr(0, length));
  EXPECT_EQ(message(whole.substr(0, 15)), "the header announces 6 values, the file holds 3");
  EXPECT_EQ(message(whole + "g"), "bytes follow the 6 values that the header announces");
  EXPECT_EQ(message("PK\x03\x04"), "not an IDX file");
  EXPECT_EQ(message(idx_bytes(13, {1}, "abcd")),
            "IDX files of 32-bit floats are not supported, only unsigned bytes");
  EXPECT_EQ(message(idx_bytes(8, {0xffffffff, 0xffffffff, 0xffffffff}, "")),
            "the header announces more than 4294967296 values");
  EXPECT_EQ(message(idx_bytes(8, {0xffffffff}, "abc")),
            "the header announces 4294967295 values, the file holds 3");
  EXPECT_EQ(error_of([] { pharos::data::read_idx("/nowhere/at/all"); }),
            "/nowhere/at/all: No such file or directory");
}

TEST(Readers, FlippedBytesInGzippedIdxNeverPassUnseen) {
  TemporaryFolder folder;
  const std::string whole = gzip(idx_bytes(8, {4, 5}, "abcdefghijklmnopqrst"));
  const auto expected = pharos::data::read_idx(folder.write("array", whole)).values;
  std::mt19937 random(3);
  for (int trial = 0; trial < 300; ++trial) {
    std::string bytes = whole;
    bytes[random() % bytes.size()] ^= static_cast<char>(1 + random() % 255);
    try {
      // Only gzip's own header (time, system) is outside of its checksum.
      EXPECT_EQ(pharos::data::read_idx(folder.write("array", bytes)).values, expected);
    } catch (const c10::Error&) {
    }
  }
}

TEST(Readers, TextStopsAtItsLimit) {
  TemporaryFolder folder;
  const fs::path bomb = folder.write("bomb.gz", gzip(std::string(10'000'000, 'a')));
  EXPECT_EQ(error_of([&] { pharos::data::read_text(bomb, 1'000'000); }),
            bomb.string() + ": more than 1000000 bytes");
  EXPECT_EQ(pharos::data::read_text(bomb, 10'000'000).size(), 10'000'000U);
}

}  // namespace
