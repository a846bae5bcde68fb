// The pictures that the tool learns from: the bundled digits, IDX files or folders of PNG and JPEG
// files, all as labelled 8-bit pictures of one size. No tensors here.
#pragma once

#include <pharos/data/readers.h>

#include <cstdint>
#include <string>
#include <vector>

namespace pharos::cli {

struct PictureShape {
  int64_t height = 0, width = 0, channels = 0;
};

// `read` may be called from several threads.
class Pictures {
 public:
  // Pictures in memory, one after the other in `pixels`.
  Pictures(PictureShape shape, std::vector<uint8_t> pixels, std::vector<int> labels,
           std::vector<std::string> names);
  // Pictures in files, decoded when they are asked for and fitted to `shape`.
  Pictures(PictureShape shape, std::vector<std::string> files, std::vector<int> labels);

  size_t size() const { return labels_.size(); }
  int label(size_t index) const { return labels_.at(index); }
  const std::vector<int>& labels() const { return labels_; }
  // Where it came from: a file, or a place in one.
  const std::string& name(size_t index) const { return names_.at(index); }
  // Throws c10::Error for a file that cannot be read.
  data::Image read(size_t index) const;

 private:
  PictureShape shape_;
  bool in_memory_;
  std::vector<uint8_t> pixels_;
  std::vector<int> labels_;
  std::vector<std::string> names_;
};

struct PictureData {
  std::string title;
  PictureShape shape;
  std::vector<std::string> class_names;
  Pictures train, test;
};

// `folder` as --data names it; empty for the bundled digits. Throws c10::Error where the folder
// holds nothing that can be learnt from.
PictureData load_pictures(const std::string& folder);

// Folder of digits.csv.gz: $PHAROS_DATA/digits, else beside the installed tool, else in the source
// tree it was built from.
std::string digits_folder();

// The same picture with the given size and channels: averaged where it shrinks, interpolated where
// it grows; alpha is dropped, colour to grey as ITU-R 601 weighs it.
data::Image fit_image(const data::Image& image, const PictureShape& shape);

// For each sample, whether it belongs to the test set: a fifth of every class, at least one of a
// class of two or more, always the same for the same labels.
std::vector<bool> stratified_test_split(const std::vector<int>& labels);

}  // namespace pharos::cli
