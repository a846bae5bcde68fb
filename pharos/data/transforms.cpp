// The bodies of the built-in transforms.
#include <pharos/data/transforms.h>
#include <pharos/ops/functions.h>

namespace pharos::data {

at::Tensor per_channel(c10::ArrayRef<double> values) {
  at::Tensor tensor = at::empty({static_cast<int64_t>(values.size()), 1, 1}, at::kFloat);
  float* p = tensor.data_ptr<float>();
  for (size_t i = 0; i < values.size(); ++i) p[i] = static_cast<float>(values[i]);
  return tensor;
}

at::Tensor standardize(const at::Tensor& input, const at::Tensor& mean, const at::Tensor& stddev) {
  return at::div(at::sub(input, mean), stddev);
}

}  // namespace pharos::data

namespace torch::data::transforms {

Example<> Stack<Example<>>::apply_batch(std::vector<Example<>> examples) {
  std::vector<at::Tensor> data, targets;
  data.reserve(examples.size());
  targets.reserve(examples.size());
  for (Example<>& example : examples) {
    data.push_back(std::move(example.data));
    targets.push_back(std::move(example.target));
  }
  return {at::stack(data), at::stack(targets)};
}

TensorExample Stack<TensorExample>::apply_batch(std::vector<TensorExample> examples) {
  std::vector<at::Tensor> data;
  data.reserve(examples.size());
  for (TensorExample& example : examples) data.push_back(std::move(example.data));
  return at::stack(data);
}

}  // namespace torch::data::transforms
