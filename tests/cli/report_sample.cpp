// See report_sample.h. The digits are drawn from the bundled data, the numbers are made up.

#include "report_sample.h"

#include <cmath>
#include <string>

namespace pharos::cli {
namespace {

data::Image digit(size_t row) {
  const std::string text = data::read_text("data/digits/digits.csv.gz", 1 << 20);
  size_t at = 0;
  for (size_t i = 0; i < row; ++i) at = text.find('\n', at) + 1;
  data::Image image{8, 8, 1, {}};
  for (int i = 0; i < 64; ++i) {
    image.pixels.push_back(static_cast<uint8_t>(std::stoi(text.substr(at)) * 255 / 16));
    at = text.find(',', at) + 1;
  }
  return image;
}

data::Image waves(int side, int seed) {
  data::Image image{side, side, 1, {}};
  for (int y = 0; y < side; ++y) {
    for (int x = 0; x < side; ++x) {
      const double v = std::sin(0.9 * x * (1 + seed % 3) + seed) * std::cos(0.7 * y + 2 * seed);
      image.pixels.push_back(static_cast<uint8_t>(127 + 127 * v));
    }
  }
  return image;
}

LayerMaps layer(const char* name, const char* description, int count, int side) {
  LayerMaps maps{name, description, {}};
  for (int i = 0; i < count; ++i) {
    const bool dead = i % 13 == 5;
    data::Image image = waves(side, i);
    if (dead) image.pixels.assign(image.pixels.size(), 0);
    maps.maps.push_back({image, dead, dead ? "zero after ReLU for every test picture" : ""});
  }
  return maps;
}

}  // namespace

Report sample_report() {
  Report r;
  r.title = "LeNet on handwritten digits";
  r.subtitle = "1,438 training and 359 test pictures of 8 x 8, 10 classes; 23 November 2026";
  r.figures = {{"Test accuracy", "98.61 %", "354 of 359, epoch 30"},
               {"Best", "98.89 %", "epoch 21"},
               {"Training time", "12.4 s", "30 epochs"},
               {"Speed", "3,480", "pictures a second"},
               {"Parameters", "61,706", "241 KiB"}};
  r.settings = {{"Model", "lenet"},   {"Epochs", "30"},
                {"Batch size", "64"}, {"Learning rate", "0.001, cosine to 0"},
                {"Seed", "0"},        {"Threads", "2"},
                {"Workers", "2"},     {"Output", "out/demo"}};
  for (int e = 1; e <= 30; ++e) {
    const double fall = std::exp(-0.28 * e), wiggle = 0.01 * std::sin(e * 2.1);
    r.epochs.push_back({e, 2.3 * fall + 0.006, 2.3 * fall + 0.05 + std::abs(wiggle),
                        1 - 0.9 * fall - 0.001, 0.988 - 0.85 * fall + 0.2 * wiggle,
                        0.0005 * (1 + std::cos(3.14159 * e / 30))});
  }
  for (int c = 0; c < 10; ++c) {
    r.class_names.push_back(std::to_string(c));
    std::vector<int64_t> row(10);
    row[static_cast<size_t>(c)] = 34 + c % 4;
    r.confusion.push_back(row);
  }
  r.confusion[3][8] = 2;
  r.confusion[9][5] = 1;
  r.confusion[1][8] = 1;
  r.confusion[8][1] = 1;
  r.mistake_count = 5;
  r.mistakes = {{digit(5), "row 5", 5, 9, 0.004, 0.991},
                {digit(37), "row 37", 9, 5, 0.11, 0.87},
                {digit(69), "row 69", 9, 3, 0.21, 0.74},
                {digit(129), "row 129", 1, 8, 0.3, 0.61},
                {digit(235), "row 235", 9, 3, 0.4, 0.52}};
  r.sample = digit(2);
  r.sample_label = "a 2 (row 2)";
  r.layers = {layer("features.0", "Conv2d(1, 16, 3x3), 16 maps of 8 x 8", 16, 8),
              layer("features.3", "Conv2d(16, 96, 3x3), 96 maps of 4 x 4", 96, 4)};
  r.notes = {"Training and test pictures come from the same 13 writers.",
             "A filter counts as dead when its output after the activation is zero for every test "
             "picture."};
  return r;
}

}  // namespace pharos::cli
