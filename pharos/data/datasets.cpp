// TensorDataset and MNIST.
#include <pharos/data/dataset.h>
#include <pharos/data/readers.h>
#include <pharos/ops/functions.h>
#include <unistd.h>

#include <cstring>

namespace torch::data::datasets {

TensorDataset::TensorDataset(const std::vector<at::Tensor>& tensors)
    : TensorDataset(at::stack(tensors)) {}
TensorDataset::TensorDataset(at::Tensor tensor) : tensor(std::move(tensor)) {}
TensorExample TensorDataset::get(size_t index) {
  return tensor.select(0, static_cast<int64_t>(index));
}
std::optional<size_t> TensorDataset::size() const { return static_cast<size_t>(tensor.size(0)); }

namespace {

// The plain file, or the packed one that it is distributed as.
pharos::data::IdxArray read_part(const std::string& root, const char* name, size_t rank) {
  std::string path = root + (root.empty() || root.back() == '/' ? "" : "/") + name;
  if (access(path.c_str(), F_OK) != 0 && access((path + ".gz").c_str(), F_OK) == 0) path += ".gz";
  pharos::data::IdxArray array = pharos::data::read_idx(path);
  TORCH_CHECK(array.shape.size() == rank, path, " should hold an array of ", rank,
              " dimensions, but holds one of ", array.shape.size());
  return array;
}

}  // namespace

MNIST::MNIST(const std::string& root, Mode mode) : is_train_(mode == Mode::kTrain) {
  const auto images =
      read_part(root, is_train_ ? "train-images-idx3-ubyte" : "t10k-images-idx3-ubyte", 3);
  const auto labels =
      read_part(root, is_train_ ? "train-labels-idx1-ubyte" : "t10k-labels-idx1-ubyte", 1);
  TORCH_CHECK(images.shape[0] == labels.shape[0], "MNIST files in ", root, " hold ",
              images.shape[0], " images but ", labels.shape[0], " labels");
  images_ = at::empty({images.shape[0], 1, images.shape[1], images.shape[2]}, at::kFloat);
  float* pixels = images_.data_ptr<float>();
  for (size_t i = 0; i < images.values.size(); ++i) {
    pixels[i] = static_cast<float>(images.values[i]) / 255.0F;
  }
  targets_ = at::empty({labels.shape[0]}, at::kLong);
  int64_t* targets = targets_.data_ptr<int64_t>();
  for (size_t i = 0; i < labels.values.size(); ++i) targets[i] = labels.values[i];
}

Example<> MNIST::get(size_t index) {
  const auto i = static_cast<int64_t>(index);
  return {images_.select(0, i), targets_.select(0, i)};
}
std::optional<size_t> MNIST::size() const { return static_cast<size_t>(images_.size(0)); }
bool MNIST::is_train() const noexcept { return is_train_; }
const at::Tensor& MNIST::images() const { return images_; }
const at::Tensor& MNIST::targets() const { return targets_; }

}  // namespace torch::data::datasets
