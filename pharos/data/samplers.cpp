// The samplers, and their state in archives under LibTorch's names.
#include <pharos/data/samplers.h>
#include <pharos/io/serialize.h>
#include <pharos/ops/functions.h>

#include <algorithm>
#include <numeric>
#include <random>

namespace torch::data::samplers {
namespace {

using serialize::InputArchive;
using serialize::OutputArchive;

void write_count(OutputArchive& archive, const std::string& key, size_t value) {
  at::Tensor tensor = at::empty({}, at::kLong);
  *tensor.data_ptr<int64_t>() = static_cast<int64_t>(value);
  archive.write(key, tensor, /*is_buffer=*/true);
}

size_t read_count(InputArchive& archive, const std::string& key) {
  at::Tensor tensor;
  archive.read(key, tensor, /*is_buffer=*/true);
  TORCH_CHECK(tensor.scalar_type() == at::kLong && tensor.numel() == 1 && tensor.is_contiguous() &&
                  *tensor.const_data_ptr<int64_t>() >= 0,
              "a sampler's '", key, "' should be a count");
  return static_cast<size_t>(*tensor.const_data_ptr<int64_t>());
}

std::optional<std::vector<size_t>> count_up(size_t& index, size_t end, size_t batch_size) {
  if (index >= end) return std::nullopt;
  std::vector<size_t> batch(std::min(batch_size, end - index));
  std::iota(batch.begin(), batch.end(), index);
  index += batch.size();
  return batch;
}

std::optional<std::vector<size_t>> take(const std::vector<size_t>& all, size_t& index, size_t end,
                                        size_t batch_size) {
  if (index >= end) return std::nullopt;
  const auto from = all.begin() + static_cast<std::ptrdiff_t>(index);
  const size_t n = std::min(batch_size, end - index);
  index += n;
  return std::vector<size_t>(from, from + static_cast<std::ptrdiff_t>(n));
}

// 0, 1, ..., started over where the shares need more than there are.
std::vector<size_t> cyclic(size_t count, size_t size) {
  std::vector<size_t> indices(count);
  for (size_t i = 0; i < count; ++i) indices[i] = i % size;
  return indices;
}

void check_share(size_t num_replicas, size_t rank) {
  TORCH_CHECK(num_replicas > 0 && rank < num_replicas,
              "a sampler's rank should be below num_replicas=", num_replicas, ", but got ", rank);
}

template <typename T>
void append(std::vector<size_t>& out, const at::Tensor& indices, int64_t from, int64_t n) {
  const T* p = indices.const_data_ptr<T>() + from;
  for (int64_t i = 0; i < n; ++i) out.push_back(static_cast<size_t>(p[i]));
}

}  // namespace

RandomSampler::RandomSampler(int64_t size, c10::ScalarType index_dtype)
    : indices_(at::randperm(size, at::TensorOptions().dtype(index_dtype))) {}

void RandomSampler::reset(std::optional<size_t> new_size) {
  const int64_t size = new_size ? static_cast<int64_t>(*new_size) : indices_.numel();
  indices_ = at::randperm(size, at::TensorOptions().dtype(indices_.scalar_type()));
  index_ = 0;
}

std::optional<std::vector<size_t>> RandomSampler::next(size_t batch_size) {
  const int64_t left = indices_.numel() - index_;
  if (left <= 0) return std::nullopt;
  const int64_t n = static_cast<int64_t>(std::min(batch_size, static_cast<size_t>(left)));
  std::vector<size_t> batch;
  batch.reserve(static_cast<size_t>(n));
  switch (indices_.scalar_type()) {
    case at::kLong:
      append<int64_t>(batch, indices_, index_, n);
      break;
    case at::kInt:
      append<int32_t>(batch, indices_, index_, n);
      break;
    default:
      append<int64_t>(batch, indices_.narrow(0, index_, n).to(at::kLong), 0, n);
  }
  index_ += n;
  return batch;
}

void RandomSampler::save(OutputArchive& archive) const {
  write_count(archive, "index", static_cast<size_t>(index_));
  archive.write("indices", indices_, /*is_buffer=*/true);
}

void RandomSampler::load(InputArchive& archive) {
  const size_t index = read_count(archive, "index");
  at::Tensor indices;
  archive.read("indices", indices, /*is_buffer=*/true);
  TORCH_CHECK(indices.dim() == 1 && indices.is_contiguous() && indices.device().is_cpu() &&
                  index <= static_cast<size_t>(indices.numel()),
              "a sampler's 'indices' should be a 1-D tensor");
  indices_ = indices;
  index_ = static_cast<int64_t>(index);
}

size_t RandomSampler::index() const noexcept { return static_cast<size_t>(index_); }

SequentialSampler::SequentialSampler(size_t size) : size_(size) {}
void SequentialSampler::reset(std::optional<size_t> new_size) {
  if (new_size) size_ = *new_size;
  index_ = 0;
}
std::optional<std::vector<size_t>> SequentialSampler::next(size_t batch_size) {
  return count_up(index_, size_, batch_size);
}
void SequentialSampler::save(OutputArchive& archive) const {
  write_count(archive, "index", index_);
}
void SequentialSampler::load(InputArchive& archive) { index_ = read_count(archive, "index"); }
size_t SequentialSampler::index() const noexcept { return index_; }

DistributedRandomSampler::DistributedRandomSampler(size_t size, size_t num_replicas, size_t rank,
                                                   bool allow_duplicates)
    : DistributedSampler(size, num_replicas, rank, allow_duplicates) {
  check_share(num_replicas, rank);
  DistributedRandomSampler::reset(size_);
}

void DistributedRandomSampler::populate_indices() {
  const size_t share = local_sample_count();
  all_indices_ = cyclic(num_replicas_ == 1 ? size_ : share * num_replicas_, size_);
  begin_index_ = rank_ * share;
  end_index_ = begin_index_ + share;
  sample_index_ = begin_index_;
}

void DistributedRandomSampler::reset(std::optional<size_t> new_size) {
  size_ = new_size.value_or(size_);
  populate_indices();
  std::mt19937 engine(static_cast<uint32_t>(epoch_));
  std::shuffle(all_indices_.begin(), all_indices_.end(), engine);
}

std::optional<std::vector<size_t>> DistributedRandomSampler::next(size_t batch_size) {
  return take(all_indices_, sample_index_, end_index_, batch_size);
}

void DistributedRandomSampler::save(OutputArchive& archive) const {
  write_count(archive, "sample_index_", sample_index_);
  write_count(archive, "epoch_", epoch_);
}

void DistributedRandomSampler::load(InputArchive& archive) {
  const size_t index = read_count(archive, "sample_index_");
  epoch_ = read_count(archive, "epoch_");
  reset(size_);
  sample_index_ = std::min(std::max(index, begin_index_), end_index_);
}

size_t DistributedRandomSampler::index() const noexcept { return sample_index_; }

DistributedSequentialSampler::DistributedSequentialSampler(size_t size, size_t num_replicas,
                                                           size_t rank, bool allow_duplicates)
    : DistributedSampler(size, num_replicas, rank, allow_duplicates) {
  check_share(num_replicas, rank);
  populate_indices();
}

void DistributedSequentialSampler::populate_indices() {
  const size_t share = local_sample_count();
  all_indices_ = cyclic(num_replicas_ == 1 ? size_ : share * num_replicas_, size_);
  begin_index_ = rank_ * share;
  end_index_ = begin_index_ + share;
  sample_index_ = begin_index_;
}

void DistributedSequentialSampler::reset(std::optional<size_t> new_size) {
  if (new_size && *new_size != size_) {
    size_ = *new_size;
    populate_indices();
  }
  sample_index_ = begin_index_;
}

std::optional<std::vector<size_t>> DistributedSequentialSampler::next(size_t batch_size) {
  return take(all_indices_, sample_index_, end_index_, batch_size);
}

void DistributedSequentialSampler::save(OutputArchive& archive) const {
  write_count(archive, "sample_index_", sample_index_);
}

void DistributedSequentialSampler::load(InputArchive& archive) {
  const size_t index = read_count(archive, "sample_index_");
  sample_index_ = std::min(std::max(index, begin_index_), end_index_);
}

size_t DistributedSequentialSampler::index() const noexcept { return sample_index_; }

CustomBatchRequest::~CustomBatchRequest() = default;

BatchSize::BatchSize(size_t size) : size_(size) {}
size_t BatchSize::size() const noexcept { return size_; }
BatchSize::operator size_t() const noexcept { return size_; }

StreamSampler::StreamSampler(size_t epoch_size) : epoch_size_(epoch_size) {}
void StreamSampler::reset(std::optional<size_t> new_size) {
  if (new_size) epoch_size_ = *new_size;
  examples_retrieved_so_far_ = 0;
}
std::optional<BatchSize> StreamSampler::next(size_t batch_size) {
  if (examples_retrieved_so_far_ >= epoch_size_) return std::nullopt;
  const size_t n = std::min(batch_size, epoch_size_ - examples_retrieved_so_far_);
  examples_retrieved_so_far_ += n;
  return BatchSize(n);
}
void StreamSampler::save(OutputArchive& archive) const {
  write_count(archive, "examples_retrieved_so_far", examples_retrieved_so_far_);
}
void StreamSampler::load(InputArchive& archive) {
  examples_retrieved_so_far_ = read_count(archive, "examples_retrieved_so_far");
}

}  // namespace torch::data::samplers
