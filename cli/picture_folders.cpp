// load_pictures: finds out what a folder holds and reads it.

#include <fmt/format.h>
#include <pharos/core/exception.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <utility>

#include "pictures.h"

namespace pharos::cli {
namespace {

namespace fs = std::filesystem;

constexpr size_t kMaxTextBytes = size_t{1} << 24;
constexpr int64_t kMaxFolderSide = 128;  // larger pictures in folders are shrunk to it
constexpr int kMaxClasses = 10'000;

// Reads the next number of a text; anything but digits between numbers is an error.
class Numbers {
 public:
  Numbers(std::string path, const std::string& text)
      : path_(std::move(path)), next_(text.data()), end_(text.data() + text.size()) {}
  bool at_end() const { return next_ == end_; }
  int take(char after, int limit) {
    int value = -1;
    const auto [end, error] = std::from_chars(next_, end_, value);
    TORCH_CHECK(
        error == std::errc() && value >= 0 && value <= limit && end != end_ && *end == after, path_,
        ": damaged near line ", line_);
    next_ = end + 1;
    if (after == '\n') ++line_;
    return value;
  }

 private:
  std::string path_;
  const char *next_, *end_;
  int line_ = 1;
};

PictureData load_digits(const std::string& folder) {
  constexpr int kSide = 8, kLevels = 16;
  const std::string path = folder + "/digits.csv.gz", split = folder + "/test_indices.txt";
  const std::string text = data::read_text(path, kMaxTextBytes);
  std::vector<uint8_t> pixels;
  std::vector<int> labels;
  for (Numbers numbers(path, text); !numbers.at_end();) {
    for (int i = 0; i < kSide * kSide; ++i) {
      pixels.push_back(static_cast<uint8_t>((numbers.take(',', kLevels) * 255 + 8) / kLevels));
    }
    labels.push_back(numbers.take('\n', 9));
  }
  std::vector<bool> is_test(labels.size(), false);
  const std::string rows = data::read_text(split, kMaxTextBytes);
  for (Numbers numbers(split, rows); !numbers.at_end();) {
    is_test[static_cast<size_t>(numbers.take('\n', static_cast<int>(labels.size()) - 1))] = true;
  }
  const PictureShape shape{kSide, kSide, 1};
  std::vector<uint8_t> part_pixels[2];
  std::vector<int> part_labels[2];
  std::vector<std::string> part_names[2];
  for (size_t i = 0; i < labels.size(); ++i) {
    const size_t part = is_test[i] ? 1 : 0;
    const auto begin = pixels.begin() + static_cast<std::ptrdiff_t>(i) * kSide * kSide;
    part_pixels[part].insert(part_pixels[part].end(), begin, begin + kSide * kSide);
    part_labels[part].push_back(labels[i]);
    part_names[part].push_back(fmt::format("digits.csv row {}", i));
  }
  std::vector<std::string> names;
  for (int digit = 0; digit < 10; ++digit) names.push_back(std::to_string(digit));
  return {"handwritten digits (UCI)", shape, names,
          Pictures(shape, std::move(part_pixels[0]), part_labels[0], part_names[0]),
          Pictures(shape, std::move(part_pixels[1]), part_labels[1], part_names[1])};
}

std::string title_of(const std::string& folder) {
  return fs::absolute(folder + "/.").lexically_normal().parent_path().filename().string();
}

// MNIST's files are found with a dash or a dot before "idx", packed or not.
std::optional<std::string> idx_path(const std::string& folder, const std::string& part, int rank) {
  for (const char* dash : {"-", "."}) {
    for (const char* ending : {"", ".gz"}) {
      const std::string path =
          fmt::format("{}/{}{}idx{}-ubyte{}", folder, part, dash, rank, ending);
      if (fs::exists(path)) return path;
    }
  }
  return std::nullopt;
}

Pictures load_idx_part(const std::string& folder, const std::string& part, PictureShape& shape) {
  const auto images_path = idx_path(folder, part + "-images", 3);
  const auto labels_path = idx_path(folder, part + "-labels", 1);
  TORCH_CHECK(images_path && labels_path, folder, ": ", part,
              images_path ? "-labels-idx1-ubyte" : "-images-idx3-ubyte", " is missing");
  data::IdxArray images = data::read_idx(*images_path);
  const data::IdxArray labels = data::read_idx(*labels_path);
  TORCH_CHECK(images.shape.size() == 3, *images_path, ": expected 3 dimensions, got ",
              images.shape.size());
  TORCH_CHECK(labels.shape.size() == 1, *labels_path, ": expected 1 dimension, got ",
              labels.shape.size());
  TORCH_CHECK(images.shape[0] == labels.shape[0], folder, ": ", part, " has ", images.shape[0],
              " pictures and ", labels.shape[0], " labels");
  TORCH_CHECK(images.shape[0] > 0 && images.shape[1] > 0 && images.shape[2] > 0, *images_path,
              ": holds no pictures");
  const PictureShape own{images.shape[1], images.shape[2], 1};
  TORCH_CHECK(shape.height == 0 || (shape.height == own.height && shape.width == own.width), folder,
              ": training pictures are ", shape.height, " x ", shape.width, ", test pictures ",
              own.height, " x ", own.width);
  shape = own;
  std::vector<std::string> names;
  for (size_t i = 0; i < labels.values.size(); ++i) names.push_back(fmt::format("{} {}", part, i));
  return Pictures(own, std::move(images.values), {labels.values.begin(), labels.values.end()},
                  std::move(names));
}

PictureData load_idx(const std::string& folder) {
  PictureShape shape;
  Pictures train = load_idx_part(folder, "train", shape);
  Pictures test = load_idx_part(folder, "t10k", shape);
  int classes = 0;
  for (const Pictures* part : {&train, &test}) {
    for (int label : part->labels()) classes = std::max(classes, label + 1);
  }
  std::vector<std::string> names;
  for (int i = 0; i < classes; ++i) names.push_back(std::to_string(i));
  return {title_of(folder), shape, names, std::move(train), std::move(test)};
}

std::vector<std::string> entries(const std::string& folder, bool folders) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    if (name.front() == '.' || entry.is_directory() != folders) continue;
    std::string ending = entry.path().extension().string();
    std::transform(ending.begin(), ending.end(), ending.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    if (folders || ending == ".png" || ending == ".jpg" || ending == ".jpeg") names.push_back(name);
  }
  std::sort(names.begin(), names.end());
  return names;
}

struct Listing {
  std::vector<std::string> files;
  std::vector<int> labels;
};

Listing list_classes(const std::string& folder, const std::vector<std::string>& classes,
                     bool all_needed) {
  Listing listing;
  for (const std::string& name : entries(folder, true)) {
    const auto found = std::find(classes.begin(), classes.end(), name);
    TORCH_CHECK(found != classes.end(), folder, ": class ", name,
                " has no folder among the training pictures");
    const std::string path = folder + "/" + name;
    const std::vector<std::string> files = entries(path, false);
    TORCH_CHECK(!files.empty() || !all_needed, path, ": holds no PNG or JPEG files");
    for (const std::string& file : files) {
      listing.files.push_back(path + "/" + file);
      listing.labels.push_back(static_cast<int>(found - classes.begin()));
    }
  }
  return listing;
}

// The size of the first picture, and colour if the first picture of any class has it. Damaged ones
// are passed over; if all are, the first one's error says so.
PictureShape folder_shape(const Listing& train) {
  PictureShape shape;
  std::optional<c10::Error> first_error;
  int done_label = -1;
  for (size_t i = 0; i < train.files.size(); ++i) {
    if (train.labels[i] == done_label) continue;
    data::Image image;
    try {
      image = data::read_image(train.files[i]);
    } catch (const c10::Error& error) {
      if (!first_error) first_error = error;
      continue;
    }
    done_label = train.labels[i];
    if (shape.height == 0) {
      const double longest = static_cast<double>(std::max(image.height, image.width));
      const double scale = std::min(1.0, static_cast<double>(kMaxFolderSide) / longest);
      const auto side = [&](int64_t n) {
        return std::max<int64_t>(1, std::llround(scale * static_cast<double>(n)));
      };
      shape = {side(image.height), side(image.width), 1};
    }
    if (image.channels >= 3) shape.channels = 3;
  }
  if (shape.height == 0 && first_error) throw *first_error;
  return shape;
}

PictureData load_classes(const std::string& folder) {
  const bool split = fs::is_directory(folder + "/train");
  std::string test_folder;
  for (const char* name : {"test", "val", "valid"}) {
    if (split && test_folder.empty() && fs::is_directory(folder + "/" + name)) {
      test_folder = folder + "/" + name;
    }
  }
  const std::string train_folder = split ? folder + "/train" : folder;
  const std::vector<std::string> classes = entries(train_folder, true);
  TORCH_CHECK(classes.size() >= 2, train_folder,
              ": expected IDX files or at least two folders of PNG or JPEG files, one a class");
  TORCH_CHECK(classes.size() <= kMaxClasses, train_folder, ": ", classes.size(),
              " classes are more than ", kMaxClasses);
  Listing train = list_classes(train_folder, classes, true), test;
  const PictureShape shape = folder_shape(train);
  if (!test_folder.empty()) {
    test = list_classes(test_folder, classes, false);
  } else {
    const Listing all = std::exchange(train, {});
    const std::vector<bool> is_test = stratified_test_split(all.labels);
    for (size_t i = 0; i < all.files.size(); ++i) {
      Listing& part = is_test[i] ? test : train;
      part.files.push_back(all.files[i]);
      part.labels.push_back(all.labels[i]);
    }
  }
  TORCH_CHECK(!test.files.empty(), folder, ": too few pictures to put some aside for the test");
  return {title_of(folder), shape, classes,
          Pictures(shape, std::move(train.files), std::move(train.labels)),
          Pictures(shape, std::move(test.files), std::move(test.labels))};
}

}  // namespace

std::string digits_folder() {
  if (const char* data = std::getenv("PHAROS_DATA"); data != nullptr && *data != '\0') {
    return std::string(data) + "/digits";
  }
  std::error_code error;
  const fs::path program = fs::read_symlink("/proc/self/exe", error);
  if (!error) {
    const fs::path installed = program.parent_path().parent_path() / "share/pharos/digits";
    if (fs::exists(installed / "digits.csv.gz", error)) return installed.string();
  }
  return PHAROS_SOURCE_DATA "/digits";
}

PictureData load_pictures(const std::string& folder) {
  if (folder.empty()) return load_digits(digits_folder());
  try {
    const bool idx = idx_path(folder, "train-images", 3) || idx_path(folder, "train-labels", 1);
    return idx ? load_idx(folder) : load_classes(folder);
  } catch (const fs::filesystem_error& error) {
    AT_ERROR(error.path1().string(), ": ", error.code().message());
  }
}

}  // namespace pharos::cli
