// The decoders behind `decode_image`, one per format and source file.
#pragma once

#include <pharos/data/readers.h>

namespace pharos::data {

Image decode_png(const uint8_t* bytes, size_t size, const std::string& name);
Image decode_jpeg(const uint8_t* bytes, size_t size, const std::string& name);

// Throws unless the size is one that we are willing to allocate.
void check_image_size(int64_t height, int64_t width, const std::string& name);

}  // namespace pharos::data
