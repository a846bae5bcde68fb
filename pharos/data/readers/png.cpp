// PNG through libpng. libpng reports errors with longjmp, so the functions that call setjmp own
// nothing: every object with a destructor lives in their callers.

#include <pharos/core/exception.h>

#include <png.h>

#include <csetjmp>
#include <cstdio>
#include <cstring>

#include "data/readers/codecs.h"

namespace pharos::data {
namespace {

// Ancillary chunks (text, colour profiles) are of no use here; their size is bounded all the same.
constexpr png_alloc_size_t kMaxChunkBytes = png_alloc_size_t{1} << 24;
constexpr png_uint_32 kMaxChunks = 1000;
// Deflate's longest match is 258 bytes, for which it needs at least two bits.
constexpr size_t kMaxDeflateRatio = 1032;

struct PngReader {
  PngReader(const uint8_t* bytes, size_t size) : next(bytes), left(size) {}
  ~PngReader() { png_destroy_read_struct(&png, &info, nullptr); }
  PngReader(const PngReader&) = delete;
  PngReader& operator=(const PngReader&) = delete;

  const uint8_t* next;
  size_t left;
  png_structp png = nullptr;
  png_infop info = nullptr;
  png_uint_32 height = 0, width = 0;
  int channels = 0;
  size_t packed_bytes = 0;  // at least so many are in the compressed stream, once unpacked
  char reason[200] = "out of memory";
};

[[noreturn]] void on_error(png_structp png, png_const_charp message) {
  auto* reader = static_cast<PngReader*>(png_get_error_ptr(png));
  std::snprintf(reader->reason, sizeof reader->reason, "%s", message);
  png_longjmp(png, 1);
}

void on_warning(png_structp, png_const_charp) {}

void take_bytes(png_structp png, png_bytep out, size_t size) {
  auto* reader = static_cast<PngReader*>(png_get_io_ptr(png));
  if (size > reader->left) png_error(png, "the file ends too early");
  std::memcpy(out, reader->next, size);
  reader->next += size;
  reader->left -= size;
}

// Header and transformations. Whatever the file holds, rows come out as 8-bit samples in 1 to 4
// channels.
bool read_header(PngReader* r) {
  r->png = png_create_read_struct(PNG_LIBPNG_VER_STRING, r, on_error, on_warning);
  if (r->png == nullptr) return false;
  r->info = png_create_info_struct(r->png);
  if (r->info == nullptr) return false;
  if (setjmp(png_jmpbuf(r->png)) != 0) return false;
  png_set_read_fn(r->png, r, take_bytes);
  png_set_user_limits(r->png, kMaxImageSide, kMaxImageSide);
  png_set_chunk_malloc_max(r->png, kMaxChunkBytes);
  png_set_chunk_cache_max(r->png, kMaxChunks);
  png_read_info(r->png, r->info);
  const size_t row_bits = static_cast<size_t>(png_get_image_width(r->png, r->info)) *
                          png_get_channels(r->png, r->info) * png_get_bit_depth(r->png, r->info);
  r->packed_bytes = row_bits * png_get_image_height(r->png, r->info) / 8;
  png_set_expand(r->png);  // palettes to RGB, 1, 2 and 4 bits to 8, tRNS to alpha
  png_set_scale_16(r->png);
  png_set_interlace_handling(r->png);
  png_read_update_info(r->png, r->info);
  r->height = png_get_image_height(r->png, r->info);
  r->width = png_get_image_width(r->png, r->info);
  r->channels = png_get_channels(r->png, r->info);
  return true;
}

bool read_rows(PngReader* r, png_bytepp rows) {
  if (setjmp(png_jmpbuf(r->png)) != 0) return false;
  png_read_image(r->png, rows);
  png_read_end(r->png, nullptr);
  return true;
}

}  // namespace

Image decode_png(const uint8_t* bytes, size_t size, const std::string& name) {
  PngReader reader(bytes, size);
  TORCH_CHECK(read_header(&reader), name, ": damaged PNG file: ", reader.reason);
  check_image_size(reader.height, reader.width, name);
  // Before the pixels are allocated and zeroed: a few bytes must not cost a quarter of a gigabyte.
  TORCH_CHECK(reader.packed_bytes / kMaxDeflateRatio <= reader.left, name,
              ": damaged PNG file: too short for ", reader.width, " x ", reader.height, " pixels");
  Image image{reader.height, reader.width, reader.channels, {}};
  const size_t row_bytes = static_cast<size_t>(image.width * image.channels);
  TORCH_CHECK(png_get_rowbytes(reader.png, reader.info) == row_bytes, name,
              ": damaged PNG file: rows of unexpected length");
  image.pixels.resize(row_bytes * static_cast<size_t>(image.height));
  std::vector<png_bytep> rows(static_cast<size_t>(image.height));
  for (size_t y = 0; y < rows.size(); ++y) rows[y] = image.pixels.data() + y * row_bytes;
  TORCH_CHECK(read_rows(&reader, rows.data()), name, ": damaged PNG file: ", reader.reason);
  return image;
}

std::vector<uint8_t> encode_png(const Image& image) {
  TORCH_CHECK_VALUE(image.channels >= 1 && image.channels <= 4,
                    "encode_png: expected 1 to 4 channels, got ", image.channels);
  check_image_size(image.height, image.width, "encode_png");
  TORCH_CHECK_VALUE(
      static_cast<int64_t>(image.pixels.size()) == image.height * image.width * image.channels,
      "encode_png: ", image.height, " x ", image.width, " x ", image.channels, " needs ",
      image.height * image.width * image.channels, " bytes, got ", image.pixels.size());
  constexpr png_uint_32 kFormats[] = {PNG_FORMAT_GRAY, PNG_FORMAT_GA, PNG_FORMAT_RGB,
                                      PNG_FORMAT_RGBA};
  png_image request{};
  request.version = PNG_IMAGE_VERSION;
  request.height = static_cast<png_uint_32>(image.height);
  request.width = static_cast<png_uint_32>(image.width);
  request.format = kFormats[image.channels - 1];
  std::vector<uint8_t> bytes(PNG_IMAGE_PNG_SIZE_MAX(request));
  png_alloc_size_t size = bytes.size();
  const int done =
      png_image_write_to_memory(&request, bytes.data(), &size, 0, image.pixels.data(), 0, nullptr);
  TORCH_CHECK(done != 0, "encode_png: ", request.message);
  bytes.resize(size);
  return bytes;
}

}  // namespace pharos::data
