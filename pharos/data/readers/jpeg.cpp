// JPEG through libjpeg-turbo, which reports errors by a call that must not return: we longjmp, so
// the functions that call setjmp own nothing. Damage that libjpeg would paint over is an error
// here.

#include <pharos/core/exception.h>

#include <csetjmp>
#include <cstdio>  // jpeglib.h needs FILE and size_t declared before it

#include <jerror.h>
#include <jpeglib.h>

#include "data/readers/codecs.h"

namespace pharos::data {
namespace {

// A progressive file of a few kilobytes can hold many thousand scans, each a pass over all pixels.
constexpr int kMaxScans = 500;

struct JpegReader {
  JpegReader() = default;
  ~JpegReader() {
    if (created) jpeg_destroy_decompress(&decoder);
  }
  JpegReader(const JpegReader&) = delete;
  JpegReader& operator=(const JpegReader&) = delete;

  jpeg_decompress_struct decoder{};
  jpeg_error_mgr errors{};
  jpeg_source_mgr source{};
  jpeg_progress_mgr progress{};
  std::jmp_buf escape{};
  bool created = false;
  char reason[JMSG_LENGTH_MAX] = "unknown error";
};

JpegReader* reader_of(j_common_ptr decoder) {
  return static_cast<JpegReader*>(decoder->client_data);
}

[[noreturn]] void fail(j_common_ptr decoder) {
  JpegReader* r = reader_of(decoder);
  decoder->err->format_message(decoder, r->reason);
  std::longjmp(r->escape, 1);
}

[[noreturn]] void fail_with(j_common_ptr decoder, const char* reason) {
  JpegReader* r = reader_of(decoder);
  std::snprintf(r->reason, sizeof r->reason, "%s", reason);
  std::longjmp(r->escape, 1);
}

// Level -1 is libjpeg's "the data are corrupt, going on with what I have". Three of these leave the
// pixels whole and are common in files that cameras and editors write.
void on_message(j_common_ptr decoder, int level) {
  if (level >= 0) return;
  const int code = decoder->err->msg_code;
  if (code == JWRN_EXTRANEOUS_DATA || code == JWRN_ADOBE_XFORM || code == JWRN_JFIF_MAJOR) return;
  fail(decoder);
}

void on_progress(j_common_ptr decoder) {
  const auto* self = reinterpret_cast<j_decompress_ptr>(decoder);
  if (self->input_scan_number > kMaxScans) fail_with(decoder, "too many scans");
}

void begin_source(j_decompress_ptr) {}
void end_source(j_decompress_ptr) {}

boolean refill_source(j_decompress_ptr decoder) {
  fail_with(reinterpret_cast<j_common_ptr>(decoder), "the file ends too early");
}

void skip_source(j_decompress_ptr decoder, long count) {
  if (count <= 0) return;
  if (static_cast<size_t>(count) > decoder->src->bytes_in_buffer) refill_source(decoder);
  decoder->src->next_input_byte += count;
  decoder->src->bytes_in_buffer -= static_cast<size_t>(count);
}

void set_source(JpegReader* r, const uint8_t* bytes, size_t size) {
  r->source.init_source = begin_source;
  r->source.fill_input_buffer = refill_source;
  r->source.skip_input_data = skip_source;
  r->source.resync_to_restart = jpeg_resync_to_restart;
  r->source.term_source = end_source;
  r->source.next_input_byte = bytes;
  r->source.bytes_in_buffer = size;
  r->decoder.src = &r->source;
}

bool read_header(JpegReader* r, const uint8_t* bytes, size_t size) {
  r->decoder.err = jpeg_std_error(&r->errors);
  r->errors.error_exit = fail;
  r->errors.emit_message = on_message;
  r->decoder.client_data = r;
  if (setjmp(r->escape) != 0) return false;
  jpeg_create_decompress(&r->decoder);
  r->created = true;
  set_source(r, bytes, size);
  r->progress.progress_monitor = on_progress;
  r->decoder.progress = &r->progress;
  jpeg_read_header(&r->decoder, TRUE);
  switch (r->decoder.jpeg_color_space) {
    case JCS_GRAYSCALE:
      r->decoder.out_color_space = JCS_GRAYSCALE;
      break;
    case JCS_CMYK:
    case JCS_YCCK:
      r->decoder.out_color_space = JCS_CMYK;
      break;
    default:
      r->decoder.out_color_space = JCS_RGB;
  }
  jpeg_calc_output_dimensions(&r->decoder);
  return true;
}

bool read_rows(JpegReader* r, uint8_t* pixels) {
  if (setjmp(r->escape) != 0) return false;
  jpeg_start_decompress(&r->decoder);
  const size_t row_bytes =
      static_cast<size_t>(r->decoder.output_width) * r->decoder.output_components;
  while (r->decoder.output_scanline < r->decoder.output_height) {
    JSAMPROW row = pixels + r->decoder.output_scanline * row_bytes;
    jpeg_read_scanlines(&r->decoder, &row, 1);
  }
  jpeg_finish_decompress(&r->decoder);
  return true;
}

// Whether so many bytes can hold the picture. Each 8 x 8 block of the finest component takes a bit
// at least in any Huffman coded file; arithmetic coding has no such floor.
bool long_enough(const jpeg_decompress_struct& decoder, size_t size) {
  if (decoder.arith_code) return true;
  const uint64_t blocks =
      uint64_t{(decoder.image_width + 7) / 8} * uint64_t{(decoder.image_height + 7) / 8};
  return blocks / 8 <= size;
}

// Adobe stores inks inverted (255 is none), everybody else as they are.
Image cmyk_to_rgb(const Image& inks, bool inverted) {
  Image rgb{inks.height, inks.width, 3, {}};
  const size_t count = static_cast<size_t>(inks.height * inks.width);
  rgb.pixels.resize(3 * count);
  for (size_t i = 0; i < count; ++i) {
    const uint8_t* ink = inks.pixels.data() + 4 * i;
    const unsigned black = inverted ? ink[3] : 255U - ink[3];
    for (size_t c = 0; c < 3; ++c) {
      const unsigned light = inverted ? ink[c] : 255U - ink[c];
      rgb.pixels[3 * i + c] = static_cast<uint8_t>((light * black + 127) / 255);
    }
  }
  return rgb;
}

}  // namespace

Image decode_jpeg(const uint8_t* bytes, size_t size, const std::string& name) {
  JpegReader reader;
  TORCH_CHECK(read_header(&reader, bytes, size), name, ": damaged JPEG file: ", reader.reason);
  const jpeg_decompress_struct& decoder = reader.decoder;
  check_image_size(decoder.output_height, decoder.output_width, name);
  // Before the pixels are allocated and zeroed, as for PNG.
  TORCH_CHECK(long_enough(decoder, size), name, ": damaged JPEG file: too short for ",
              decoder.output_width, " x ", decoder.output_height, " pixels");
  Image image{decoder.output_height, decoder.output_width, decoder.output_components, {}};
  image.pixels.resize(static_cast<size_t>(image.height * image.width * image.channels));
  TORCH_CHECK(read_rows(&reader, image.pixels.data()), name,
              ": damaged JPEG file: ", reader.reason);
  if (decoder.out_color_space == JCS_CMYK) {
    return cmyk_to_rgb(image, decoder.saw_Adobe_marker != FALSE);
  }
  return image;
}

}  // namespace pharos::data
