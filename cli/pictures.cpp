// See pictures.h: the in-memory and on-disk sets, the fitting of sizes, the split.

#include "pictures.h"

#include <pharos/core/exception.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <random>
#include <utility>

namespace pharos::cli {
namespace {

// Red, green, blue weights of luma, in 1/1000.
constexpr int kLuma[3] = {299, 587, 114};

data::Image with_channels(const data::Image& image, int64_t channels) {
  const bool colour = image.channels >= 3;
  if (image.channels == channels) return image;
  data::Image out{image.height, image.width, channels, {}};
  const auto count = static_cast<size_t>(image.height * image.width);
  out.pixels.resize(count * static_cast<size_t>(channels));
  for (size_t i = 0; i < count; ++i) {
    const uint8_t* from = image.pixels.data() + i * static_cast<size_t>(image.channels);
    uint8_t* to = out.pixels.data() + i * static_cast<size_t>(channels);
    const int luma =
        colour ? (kLuma[0] * from[0] + kLuma[1] * from[1] + kLuma[2] * from[2] + 500) / 1000
               : from[0];
    for (int64_t c = 0; c < channels; ++c) {
      to[c] = colour && channels == 3 ? from[c] : static_cast<uint8_t>(luma);
    }
  }
  return out;
}

struct Tap {
  int64_t first;
  std::vector<double> weights;  // sum to 1
};

// Triangle filter, widened by the scale where the picture shrinks (so that no pixel is skipped).
std::vector<Tap> filter_taps(int64_t from, int64_t to) {
  const double scale = static_cast<double>(from) / static_cast<double>(to);
  const double reach = std::max(1.0, scale);
  std::vector<Tap> taps;
  for (int64_t i = 0; i < to; ++i) {
    const double centre = (static_cast<double>(i) + 0.5) * scale;
    const auto first = std::max<int64_t>(0, static_cast<int64_t>(std::floor(centre - reach)));
    const auto last = std::min(from, static_cast<int64_t>(std::ceil(centre + reach)));
    Tap tap{first, {}};
    double sum = 0;
    for (int64_t j = first; j < last; ++j) {
      const double w = std::max(0.0, 1 - std::abs(static_cast<double>(j) + 0.5 - centre) / reach);
      tap.weights.push_back(w);
      sum += w;
    }
    for (double& w : tap.weights) w /= sum;
    taps.push_back(std::move(tap));
  }
  return taps;
}

data::Image resize(const data::Image& image, int64_t height, int64_t width) {
  const int64_t channels = image.channels;
  const std::vector<Tap> rows = filter_taps(image.height, height);
  const std::vector<Tap> columns = filter_taps(image.width, width);
  std::vector<double> narrow(static_cast<size_t>(image.height * width * channels));
  for (int64_t y = 0; y < image.height; ++y) {
    for (int64_t x = 0; x < width; ++x) {
      const Tap& tap = columns[static_cast<size_t>(x)];
      for (int64_t c = 0; c < channels; ++c) {
        double sum = 0;
        for (size_t k = 0; k < tap.weights.size(); ++k) {
          const int64_t at = (y * image.width + tap.first + static_cast<int64_t>(k)) * channels + c;
          sum += tap.weights[k] * image.pixels[static_cast<size_t>(at)];
        }
        narrow[static_cast<size_t>((y * width + x) * channels + c)] = sum;
      }
    }
  }
  data::Image out{height, width, channels, {}};
  out.pixels.reserve(static_cast<size_t>(height * width * channels));
  for (int64_t y = 0; y < height; ++y) {
    const Tap& tap = rows[static_cast<size_t>(y)];
    for (int64_t i = 0; i < width * channels; ++i) {
      double sum = 0;
      for (size_t k = 0; k < tap.weights.size(); ++k) {
        const int64_t at = (tap.first + static_cast<int64_t>(k)) * width * channels + i;
        sum += tap.weights[k] * narrow[static_cast<size_t>(at)];
      }
      out.pixels.push_back(static_cast<uint8_t>(std::lround(std::clamp(sum, 0.0, 255.0))));
    }
  }
  return out;
}

}  // namespace

Pictures::Pictures(PictureShape shape, std::vector<uint8_t> pixels, std::vector<int> labels,
                   std::vector<std::string> names)
    : shape_(shape),
      in_memory_(true),
      pixels_(std::move(pixels)),
      labels_(std::move(labels)),
      names_(std::move(names)) {
  const auto bytes = static_cast<size_t>(shape.height * shape.width * shape.channels);
  TORCH_CHECK(pixels_.size() == bytes * labels_.size() && names_.size() == labels_.size(),
              "Pictures: expected ", labels_.size(), " pictures of ", bytes, " bytes, got ",
              pixels_.size(), " bytes and ", names_.size(), " names");
}

Pictures::Pictures(PictureShape shape, std::vector<std::string> files, std::vector<int> labels)
    : shape_(shape), in_memory_(false), labels_(std::move(labels)), names_(std::move(files)) {
  TORCH_CHECK(names_.size() == labels_.size(), "Pictures: ", names_.size(), " files and ",
              labels_.size(), " labels");
}

data::Image Pictures::read(size_t index) const {
  if (!in_memory_) return fit_image(data::read_image(names_.at(index)), shape_);
  TORCH_CHECK_INDEX(index < labels_.size(), "picture ", index, " of ", labels_.size());
  const auto bytes = static_cast<std::ptrdiff_t>(shape_.height * shape_.width * shape_.channels);
  const auto begin = pixels_.begin() + static_cast<std::ptrdiff_t>(index) * bytes;
  return {shape_.height, shape_.width, shape_.channels, {begin, begin + bytes}};
}

data::Image fit_image(const data::Image& image, const PictureShape& shape) {
  TORCH_CHECK_VALUE(shape.channels == 1 || shape.channels == 3,
                    "fit_image: expected 1 or 3 channels, got ", shape.channels);
  data::Image fitted = with_channels(image, shape.channels);
  if (fitted.height == shape.height && fitted.width == shape.width) return fitted;
  return resize(fitted, shape.height, shape.width);
}

std::vector<bool> stratified_test_split(const std::vector<int>& labels) {
  constexpr uint32_t kSeed = 20240;
  std::map<int, std::vector<size_t>> by_class;
  for (size_t i = 0; i < labels.size(); ++i) by_class[labels[i]].push_back(i);
  std::mt19937 random(kSeed);
  std::vector<bool> test(labels.size(), false);
  for (auto& [label, members] : by_class) {
    // Not std::shuffle, which every standard library does in its own way.
    for (size_t i = members.size(); i > 1; --i) std::swap(members[i - 1], members[random() % i]);
    const size_t wanted = (members.size() + 2) / 5;
    const size_t count = members.size() < 2 ? 0 : std::max<size_t>(1, wanted);
    for (size_t i = 0; i < count; ++i) test[members[i]] = true;
  }
  return test;
}

}  // namespace pharos::cli
