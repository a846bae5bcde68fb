// A dataset of sequences of different lengths, some of them corrupted: bad samples are skipped and
// reported, and a collate function pads each batch to its longest sequence.
#include <torch/torch.h>

#include <iostream>
#include <stdexcept>

using Example = torch::data::Example<>;

struct Sequences : torch::data::datasets::Dataset<Sequences> {
  Example get(size_t index) override {
    if (index % 7 == 3)
      throw std::runtime_error("sequence " + std::to_string(index) + ": bad checksum");
    const auto length = static_cast<int64_t>(2 + index % 5);
    return {torch::full({length}, static_cast<double>(index)),
            torch::tensor(static_cast<int64_t>(index))};
  }
  c10::optional<size_t> size() const override { return 20; }
};

static Example pad(std::vector<Example> examples) {
  int64_t longest = 0;
  for (const auto& e : examples) longest = std::max(longest, e.data.size(0));
  std::vector<torch::Tensor> data, target;
  for (const auto& e : examples) {
    data.push_back(torch::constant_pad_nd(e.data, {0, longest - e.data.size(0)}, -1));
    target.push_back(e.target);
  }
  return {torch::stack(data), torch::stack(target)};
}

int main() {
  auto loader = torch::data::make_data_loader<torch::data::samplers::SequentialSampler>(
      Sequences().map(torch::data::transforms::BatchLambda<std::vector<Example>, Example>(pad)),
      torch::data::DataLoaderOptions().batch_size(6).workers(2).bad_samples(
          torch::data::BadSamplePolicy::skip));
  for (auto& batch : *loader)
    std::cout << "batch of shape " << batch.data.sizes() << ", samples " << batch.target.sizes()
              << "\n";
  std::cout << "skipped:\n";
  for (const auto& bad : loader->bad_samples())
    std::cout << "  " << bad.index << ": " << bad.reason << "\n";
}
