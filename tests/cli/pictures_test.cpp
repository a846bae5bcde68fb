// What `--data` may name: the bundled digits, IDX files, folders of pictures; and what it may not.

#include "pictures.h"

#include <gtest/gtest.h>
#include <pharos/core/exception.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace pharos::cli {
namespace {

namespace fs = std::filesystem;

class PicturesTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "pharos-pictures-XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
  }
  void TearDown() override { fs::remove_all(folder_); }

  void write(const std::string& name, const std::string& bytes) const {
    fs::create_directories((folder_ / name).parent_path());
    std::ofstream(folder_ / name, std::ios::binary) << bytes;
  }
  void write_picture(const std::string& name, int64_t height, int64_t width, int64_t channels,
                     uint8_t value) const {
    fs::create_directories((folder_ / name).parent_path());
    data::Image image{height, width, channels, {}};
    image.pixels.assign(static_cast<size_t>(height * width * channels), value);
    data::write_png(folder_ / name, image);
  }
  void write_idx(const std::string& name, const std::vector<uint8_t>& shape,
                 const std::string& values) const {
    std::string bytes{'\0', '\0', '\x08', static_cast<char>(shape.size())};
    for (uint8_t size : shape) bytes += std::string(3, '\0') + static_cast<char>(size);
    write(name, bytes + values);
  }
  std::string error() const {
    try {
      load_pictures(folder_.string());
    } catch (const c10::Error& e) {
      return e.msg();
    }
    ADD_FAILURE() << "no error";
    return "";
  }

  fs::path folder_;
};

TEST_F(PicturesTest, BundledDigits) {
  const PictureData digits = load_pictures("");
  EXPECT_EQ(digits.class_names.size(), 10U);
  EXPECT_EQ(digits.train.size() + digits.test.size(), 1797U);
  EXPECT_EQ(digits.test.size(), 359U);
  const auto begin = digits.train.labels().begin(), end = digits.train.labels().end();
  for (int digit = 0; digit < 10; ++digit) EXPECT_GT(std::count(begin, end, digit), 130);
  ASSERT_EQ(digits.train.name(0), "digits.csv row 1");
  EXPECT_EQ(digits.train.label(0), 1);
  const data::Image first = digits.train.read(0);
  EXPECT_EQ(first.pixels.size(), 64U);
  const std::vector<uint8_t> row(first.pixels.begin(), first.pixels.begin() + 8);
  EXPECT_EQ(row, (std::vector<uint8_t>{0, 0, 0, 191, 207, 80, 0, 0}));  // 12, 13, 5 of 16
  EXPECT_THROW(digits.train.read(digits.train.size()), c10::Error);
}

TEST_F(PicturesTest, DataFolderFromTheEnvironment) {
  setenv("PHAROS_DATA", "/no/such/place", 1);
  EXPECT_EQ(digits_folder(), "/no/such/place/digits");
  EXPECT_THROW(load_pictures(""), c10::Error);
  setenv("PHAROS_DATA", folder_.c_str(), 1);
  write("digits/digits.csv.gz", "1,2,3\n");
  write("digits/test_indices.txt", "0\n");
  EXPECT_THROW(load_pictures(""), c10::Error);
  unsetenv("PHAROS_DATA");
  EXPECT_EQ(load_pictures("").test.size(), 359U);
}

TEST_F(PicturesTest, IdxFiles) {
  write_idx("train-images-idx3-ubyte", {2, 2, 3}, "abcdefghijkl");
  write_idx("train-labels-idx1-ubyte", {2}, std::string("\x01\x04", 2));
  write_idx("t10k-images.idx3-ubyte", {1, 2, 3}, "uvwxyz");
  write_idx("t10k-labels.idx1-ubyte", {1}, std::string("\x02", 1));
  const PictureData set = load_pictures(folder_.string() + "/");
  EXPECT_EQ(set.title, folder_.filename().string());
  EXPECT_EQ(set.class_names, (std::vector<std::string>{"0", "1", "2", "3", "4"}));
  EXPECT_EQ(set.train.labels(), (std::vector<int>{1, 4}));
  EXPECT_EQ(set.train.read(1).pixels, (std::vector<uint8_t>{'g', 'h', 'i', 'j', 'k', 'l'}));
  EXPECT_EQ(set.test.read(0).pixels, (std::vector<uint8_t>{'u', 'v', 'w', 'x', 'y', 'z'}));
  EXPECT_EQ(set.test.name(0), "t10k 0");
}

TEST_F(PicturesTest, IdxFilesThatDoNotFit) {
  write_idx("train-images-idx3-ubyte", {2, 1, 1}, "ab");
  EXPECT_NE(error().find("train-labels-idx1-ubyte is missing"), std::string::npos);
  write_idx("train-labels-idx1-ubyte", {1}, "a");
  EXPECT_NE(error().find("train has 2 pictures and 1 labels"), std::string::npos);
  write_idx("train-labels-idx1-ubyte", {2}, "ab");
  EXPECT_NE(error().find("t10k-images-idx3-ubyte is missing"), std::string::npos);
  write_idx("t10k-images-idx3-ubyte", {1, 2, 1}, "ab");
  write_idx("t10k-labels-idx1-ubyte", {1}, "a");
  EXPECT_NE(error().find("training pictures are 1 x 1, test pictures 2 x 1"), std::string::npos);
}

TEST_F(PicturesTest, FolderForEachClass) {
  for (int i = 0; i < 10; ++i) {
    write_picture("cat/" + std::to_string(i) + ".png", 4, 6, 1, static_cast<uint8_t>(i));
    write_picture("dog/" + std::to_string(i) + ".PNG", 8, 8, 3, static_cast<uint8_t>(100 + i));
  }
  write("cat/notes.txt", "not a picture");
  const PictureData set = load_pictures(folder_.string());
  EXPECT_EQ(set.class_names, (std::vector<std::string>{"cat", "dog"}));
  EXPECT_EQ(set.train.size(), 16U);
  EXPECT_EQ(set.test.size(), 4U);
  EXPECT_EQ(std::count(set.test.labels().begin(), set.test.labels().end(), 1), 2);
  for (const Pictures* part : {&set.train, &set.test}) {
    for (size_t i = 0; i < part->size(); ++i) {
      const data::Image image = part->read(i);
      EXPECT_EQ(image.height, 4);
      EXPECT_EQ(image.width, 6);
      EXPECT_EQ(image.channels, 3);  // because the dogs have colour
      EXPECT_EQ(image.pixels, std::vector<uint8_t>(72, image.pixels[0]));
      EXPECT_EQ(image.pixels[0] >= 100, part->label(i) == 1);
    }
  }
}

TEST_F(PicturesTest, DamagedFirstPicturesArePassedOver) {
  write("cat/0.png", "damaged");
  write("dog/0.png", "damaged");
  write_picture("cat/1.png", 4, 6, 1, 1);
  write_picture("dog/1.png", 8, 8, 3, 2);
  write_picture("dog/2.png", 8, 8, 3, 3);
  const PictureData set = load_pictures(folder_.string());
  EXPECT_EQ(set.shape.height, 4);
  EXPECT_EQ(set.shape.width, 6);
  EXPECT_EQ(set.shape.channels, 3);
}

TEST_F(PicturesTest, TrainAndTestFolders) {
  write_picture("train/a/1.png", 3, 3, 1, 1);
  write_picture("train/b/1.png", 3, 3, 1, 2);
  write_picture("test/b/2.png", 3, 3, 1, 3);
  const PictureData set = load_pictures(folder_.string());
  EXPECT_EQ(set.train.size(), 2U);
  EXPECT_EQ(set.test.labels(), std::vector<int>{1});
  write_picture("test/c/2.png", 3, 3, 1, 3);
  EXPECT_NE(error().find("class c has no folder among the training pictures"), std::string::npos);
}

TEST_F(PicturesTest, FoldersThatTeachNothing) {
  EXPECT_NE(error().find("expected IDX files or at least two folders"), std::string::npos);
  write_picture("a/1.png", 3, 3, 1, 1);
  fs::create_directory(folder_ / "b");
  EXPECT_NE(error().find("b: holds no PNG or JPEG files"), std::string::npos);
  write_picture("b/1.png", 3, 3, 1, 1);
  EXPECT_NE(error().find("too few pictures"), std::string::npos);
  write("a/1.png", "damaged");
  write("b/1.png", "damaged");
  EXPECT_NE(error().find("a/1.png: neither a PNG nor a JPEG file"), std::string::npos);
}

TEST_F(PicturesTest, FittingKeepsWhatThePictureShows) {
  data::Image ramp{8, 8, 1, {}};
  for (int y = 0; y < 8; ++y) {
    for (int x = 0; x < 8; ++x) ramp.pixels.push_back(static_cast<uint8_t>(20 * x + 5 * y));
  }
  EXPECT_EQ(fit_image(ramp, {8, 8, 1}).pixels, ramp.pixels);
  for (const auto& [height, width] : {std::pair<int64_t, int64_t>{4, 2}, {16, 24}, {5, 7}}) {
    const data::Image fitted = fit_image(ramp, {height, width, 1});
    for (int64_t y = 1; y + 1 < height; ++y) {
      for (int64_t x = 1; x + 1 < width; ++x) {
        // The same ramp, taken at the new pixels' centres.
        const double at_x = (static_cast<double>(x) + 0.5) * 8 / static_cast<double>(width) - 0.5;
        const double at_y = (static_cast<double>(y) + 0.5) * 8 / static_cast<double>(height) - 0.5;
        EXPECT_NEAR(fitted.pixels[static_cast<size_t>(y * width + x)], 20 * at_x + 5 * at_y, 4);
      }
    }
  }
  const data::Image red{1, 1, 4, {200, 0, 0, 9}};
  EXPECT_EQ(fit_image(red, {1, 1, 3}).pixels, (std::vector<uint8_t>{200, 0, 0}));
  EXPECT_EQ(fit_image(red, {1, 1, 1}).pixels, std::vector<uint8_t>{60});
  const data::Image grey{1, 1, 2, {50, 9}};
  EXPECT_EQ(fit_image(grey, {1, 2, 3}).pixels, std::vector<uint8_t>(6, 50));
}

TEST_F(PicturesTest, SplitTakesAFifthOfEveryClass) {
  std::vector<int> labels;
  for (int i = 0; i < 1000; ++i) labels.push_back(i < 700 ? 0 : i < 990 ? 1 : i < 999 ? 2 : 3);
  const std::vector<bool> test = stratified_test_split(labels);
  std::map<int, int> counts;
  for (size_t i = 0; i < labels.size(); ++i) counts[labels[i]] += test[i] ? 1 : 0;
  EXPECT_EQ(counts, (std::map<int, int>{{0, 140}, {1, 58}, {2, 2}, {3, 0}}));
  EXPECT_EQ(test, stratified_test_split(labels));
  EXPECT_GT(std::count(test.begin(), test.begin() + 350, true), 40);
}

}  // namespace
}  // namespace pharos::cli
