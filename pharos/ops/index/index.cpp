// Further operators of the index family: one_hot, bags of embeddings, diagonals, renormalisation.
#include "ops/index/index.h"

#include <pharos/ops/functions.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "core/factory.h"

namespace pharos::ops {

Tensor one_hot(const Tensor& self, int64_t num_classes) {
  TORCH_CHECK(self.scalar_type() == c10::kLong,
              "one_hot is only applicable to index tensor of type LongTensor.");
  if (self.numel() == 0) {
    TORCH_CHECK(num_classes > 0, "Can not infer total number of classes from empty tensor.");
    std::vector<int64_t> sizes = self.sizes().vec();
    sizes.push_back(num_classes);
    return at::empty(sizes, self.options());
  }
  if (self.is_meta()) {
    TORCH_CHECK(num_classes != -1, "one_hot: the number of classes of a meta tensor must be given");
    std::vector<int64_t> sizes = self.sizes().vec();
    sizes.push_back(num_classes);
    return at::empty(sizes, self.options());
  }
  const Tensor flat = self.contiguous();
  const int64_t* p = flat.data_ptr<int64_t>();
  const auto [lo, hi] = std::minmax_element(p, p + flat.numel());
  TORCH_CHECK(*lo >= 0, "Class values must be non-negative.");
  if (num_classes == -1) num_classes = *hi + 1;
  TORCH_CHECK(*hi < num_classes, "Class values must be smaller than num_classes.");
  std::vector<int64_t> sizes = self.sizes().vec();
  sizes.push_back(num_classes);
  const Tensor result = empty_cpu(sizes, c10::kLong);
  int64_t* out = result.data_ptr<int64_t>();
  std::memset(out, 0, result.nbytes());
  for (int64_t i = 0; i < flat.numel(); ++i) out[i * num_classes + p[i]] = 1;
  return result;
}

Tensor& fill_diagonal(Tensor& self, const Scalar& fill_value, bool wrap) {
  const int64_t ndim = self.dim();
  TORCH_CHECK(ndim >= 2, "dimensions must larger than 1");
  const int64_t height = self.size(0), width = self.size(1);
  int64_t size = height, stride = 0;
  for (int64_t d = 0; d < ndim; ++d) {
    TORCH_CHECK(ndim == 2 || self.size(d) == height,
                "all dimensions of input must be of equal length");
    size = std::min(size, self.size(d));
    stride += self.stride(d);
  }
  at::as_strided(self, {size}, {stride}, self.storage_offset()).fill_(fill_value);
  // A tall matrix: the diagonal starts again one row below its end.
  if (wrap && ndim == 2 && height > width + 1) {
    const int64_t step = width + 1;
    const int64_t rest = (self.numel() + step - 1) / step - size;
    at::as_strided(self, {rest}, {stride}, self.storage_offset() + self.stride(0) * step)
        .fill_(fill_value);
  }
  return self;
}

Tensor& embedding_renorm(Tensor& self, const Tensor& indices, double max_norm, double norm_type) {
  TORCH_CHECK(self.dim() == 2, "Expected 2-dimensional tensor, but got ", self.dim(),
              "-dimensional tensor for argument #1 'self' (while checking arguments for "
              "embedding_renorm_)");
  TORCH_CHECK(
      indices.scalar_type() == c10::kLong || indices.scalar_type() == c10::kInt,
      "Expected tensor for argument #2 'indices' to have one of the following scalar types: "
      "Long, Int; but got torch.",
      toString(indices.scalar_type()),
      "Tensor instead (while checking arguments for embedding_renorm_)");
  const Tensor flat = indices.to(c10::kLong).reshape({-1}).contiguous();
  std::vector<int64_t> rows(flat.data_ptr<int64_t>(), flat.data_ptr<int64_t>() + flat.numel());
  std::sort(rows.begin(), rows.end());
  rows.erase(std::unique(rows.begin(), rows.end()), rows.end());
  for (int64_t r : rows) {
    Tensor row = self.select(0, r);
    const double norm = row.norm(norm_type).item().toDouble();
    if (norm > max_norm) row.mul_(max_norm / (norm + 1e-7));
  }
  return self;
}

Tensor take_along_dim(const Tensor& self, const Tensor& indices, std::optional<int64_t> dim) {
  TORCH_CHECK(indices.scalar_type() == c10::kLong,
              "torch.take_along_dim(): dtype of indices should be Long but got ",
              indices.scalar_type());
  if (!dim) return self.reshape({-1}).gather(0, indices.reshape({-1}));
  const int64_t d = wrapped_dim(*dim, self.dim());
  TORCH_CHECK(self.dim() == indices.dim(),
              "torch.take_along_dim(): input and indices should have "
              "the same number of dimensions, but got ",
              self.dim(), " dimensions for input, and ", indices.dim(), " dimensions for indices");
  std::vector<int64_t> a = self.sizes().vec(), b = indices.sizes().vec();
  for (size_t i = 0; i < a.size(); ++i) {
    if (static_cast<int64_t>(i) == d) continue;
    TORCH_CHECK(a[i] == b[i] || a[i] == 1 || b[i] == 1, "The size of tensor a (", a[i],
                ") must match the size of tensor b (", b[i], ") at non-singleton dimension ", i);
    a[i] = b[i] = a[i] == 1 ? b[i] : a[i];
  }
  return self.expand(a).gather(d, indices.expand(b));
}

namespace {

enum BagMode : int64_t { kBagSum, kBagMean, kBagMax };

struct Bags {
  Tensor indices, offsets;  // int64, contiguous
  int64_t count = 0;
  int64_t begin(int64_t b) const { return offsets.data_ptr<int64_t>()[b]; }
  int64_t end(int64_t b) const {
    return b + 1 < offsets.numel() ? offsets.data_ptr<int64_t>()[b + 1] : indices.numel();
  }
};

void check_index_type(const Tensor& t, const char* name, int position) {
  TORCH_CHECK(t.scalar_type() == c10::kLong || t.scalar_type() == c10::kInt,
              "Expected tensor for argument #", position, " '", name,
              "' to have one of the following scalar types: Long, Int; but got torch.",
              toString(t.scalar_type()),
              "Tensor instead (while checking arguments for embedding_bag)");
}

Bags check_bags(const Tensor& weight, const Tensor& indices, const Tensor& offsets, int64_t mode,
                const OptTensor& per_sample_weights, bool include_last_offset) {
  TORCH_CHECK(indices.dim() == 1 || indices.dim() == 2,
              "input has to be a 1D or 2D Tensor, but got "
              "Tensor of dimension ",
              indices.dim());
  TORCH_CHECK(offsets.dim() == 1, "offsets has to be a 1D Tensor, but got Tensor of dimension ",
              offsets.dim());
  TORCH_CHECK(weight.dim() == 2, "weight has to be a 2D Tensor, but got Tensor of dimension ",
              weight.dim());
  TORCH_CHECK(weight.is_floating_point(),
              "Expected tensor for argument #1 'weight' to have one of the following scalar types: "
              "Half, BFloat16, Float, Double; but got torch.",
              toString(weight.scalar_type()),
              "Tensor instead (while checking arguments for embedding_bag)");
  check_index_type(indices, "indices", 1);
  check_index_type(offsets, "offsets", 1);
  TORCH_CHECK(mode >= kBagSum && mode <= kBagMax, "`mode` must be sum, mean, or max.");
  Bags bags{indices.to(c10::kLong).reshape({-1}).contiguous(), offsets.to(c10::kLong).contiguous()};
  const int64_t n = bags.offsets.numel();
  if (n > 0) {
    TORCH_CHECK(bags.begin(0) == 0,
                "offsets[0] has to be 0, i.e., the first sequence in the "
                "mini-batch has to start from position 0. However, got ",
                bags.begin(0));
    TORCH_CHECK(bags.begin(n - 1) <= bags.indices.numel(),
                "offsets[-1] can not be greater than "
                "input's length ",
                bags.indices.numel(), " but got offsets[-1] of ", bags.begin(n - 1));
    for (int64_t b = 0; b + 1 < n; ++b) {
      TORCH_CHECK(bags.begin(b) >= 0 && bags.begin(b) <= bags.begin(b + 1),
                  "offsets has to be non-decreasing");
    }
  }
  if (include_last_offset) {
    TORCH_CHECK(n >= 1, "include_last_offset: number of offset should be at least 1");
  }
  bags.count = include_last_offset ? n - 1 : n;
  if (per_sample_weights && per_sample_weights->defined()) {
    TORCH_CHECK(mode == kBagSum,
                "embedding_bag: per_sample_weights only supported with mode='sum'");
    TORCH_CHECK(per_sample_weights->scalar_type() == weight.scalar_type(), "expected scalar type ",
                weight.scalar_type(), " but found ", per_sample_weights->scalar_type());
    TORCH_CHECK(per_sample_weights->dim() == 1, "expected per_sample_weights to be 1D");
    TORCH_CHECK(
        per_sample_weights->numel() == bags.indices.numel(),
        "Expected per_sample_weights.value().numel() == indices.numel() to be true, but got "
        "false.  (Could this error message be improved?  If so, please report an "
        "enhancement request to PyTorch.)");
  }
  return bags;
}

// One bag: `rows` are its rows of the weight, in order; `max_row` says which row gave each value.
template <class T>
void pool_bag(const T* weight, int64_t width, const std::vector<int64_t>& rows,
              const std::vector<float>& scales, int64_t mode, float* out, int64_t* max_row) {
  std::fill_n(out, width, 0.0f);
  for (size_t i = 0; i < rows.size(); ++i) {
    const T* w = weight + rows[i] * width;
    for (int64_t j = 0; j < width; ++j) {
      const float x = static_cast<float>(w[j]);
      if (mode != kBagMax) {
        out[j] += scales.empty() ? x : x * scales[i];
      } else if (i == 0 || x > out[j]) {
        out[j] = x;
        max_row[j] = rows[i];
      }
    }
  }
  if (mode == kBagMean && !rows.empty()) {
    for (int64_t j = 0; j < width; ++j) out[j] /= static_cast<float>(rows.size());
  }
}

}  // namespace

std::tuple<Tensor, Tensor, Tensor, Tensor> embedding_bag_forward(
    const Tensor& weight, const Tensor& indices, const Tensor& offsets, bool scale_grad_by_freq,
    int64_t mode, bool sparse, const OptTensor& per_sample_weights, bool include_last_offset,
    int64_t padding_idx) {
  const Bags bags =
      check_bags(weight, indices, offsets, mode, per_sample_weights, include_last_offset);
  TORCH_CHECK_NOT_IMPLEMENTED(!sparse, "embedding_bag: sparse gradients are not implemented");
  const int64_t width = weight.size(1), rows_total = weight.size(0), n = bags.indices.numel();
  if (padding_idx < 0 && padding_idx != -1) padding_idx += rows_total;
  const int64_t* index = bags.indices.data_ptr<int64_t>();
  Tensor target = empty_cpu({n}, c10::kLong), bag_size = empty_cpu({bags.count}, c10::kLong);
  Tensor kept = empty_cpu({n}, c10::kBool);
  int64_t* bag_of = target.data_ptr<int64_t>();
  bool* keep = kept.data_ptr<bool>();
  std::fill_n(bag_of, n, bags.count);
  for (int64_t b = 0; b < bags.count; ++b) {
    int64_t size = 0;
    for (int64_t i = bags.begin(b); i < bags.end(b); ++i) {
      TORCH_CHECK(index[i] >= 0 && index[i] < rows_total,
                  "embedding_bag: Expected idx >= 0 && idx < num_embeddings but found idx to be ",
                  index[i]);
      keep[i] = index[i] != padding_idx;
      bag_of[i] = keep[i] ? b : bags.count;
      size += keep[i];
    }
    bag_size.data_ptr<int64_t>()[b] = size;
  }
  Tensor max_indices;
  if (mode == kBagMax) max_indices = at::full({bags.count, width}, -1, target.options());
  const bool doubles = weight.scalar_type() == c10::kDouble;
  // What PyTorch gives along: sums need no sizes of bags, plain ones no bags of indices either.
  const auto finish = [&](const Tensor& out) -> std::tuple<Tensor, Tensor, Tensor, Tensor> {
    const ScalarType type = indices.scalar_type();
    const bool plain = mode == kBagSum && padding_idx < 0 && !doubles;
    Tensor offset2bag = empty_cpu({plain ? 0 : n}, c10::kLong);
    if (!plain) {
      int64_t* p = offset2bag.data_ptr<int64_t>();
      std::fill_n(p, n, bags.count);
      for (int64_t b = 0; b < bags.count; ++b) std::fill(p + bags.begin(b), p + bags.end(b), b);
    }
    if (mode == kBagSum) bag_size.zero_();
    const Tensor top = mode == kBagMax ? max_indices : bag_size.clone();
    return {out, offset2bag.to(type), bag_size.to(type), top.to(type)};
  };
  if (doubles && mode != kBagMax) {  // sums of doubles go through index_add
    Tensor rows = weight.index_select(0, bags.indices);
    if (per_sample_weights && per_sample_weights->defined()) {
      rows = rows.mul(per_sample_weights->unsqueeze(1));
    }
    rows = rows.mul(kept.unsqueeze(1));
    Tensor sums = at::zeros({bags.count + 1, width}, weight.options());
    Tensor out = sums.index_add(0, target, rows).narrow(0, 0, bags.count).contiguous();
    if (mode == kBagMean) out = out.div(bag_size.clamp_min(1).unsqueeze(1));
    return finish(out);
  }
  const Tensor w = (doubles ? weight : weight.to(c10::kFloat)).contiguous();
  const Tensor scale = per_sample_weights && per_sample_weights->defined()
                           ? per_sample_weights->to(c10::kFloat).contiguous()
                           : Tensor();
  Tensor out = empty_cpu({bags.count, width}, c10::kFloat);
  Tensor exact;
  std::vector<int64_t> rows;
  std::vector<float> scales;
  std::vector<int64_t> max_row(static_cast<size_t>(width));
  for (int64_t b = 0; b < bags.count; ++b) {
    rows.clear();
    scales.clear();
    for (int64_t i = bags.begin(b); i < bags.end(b); ++i) {
      if (!keep[i]) continue;
      rows.push_back(index[i]);
      if (scale.defined()) scales.push_back(scale.const_data_ptr<float>()[i]);
    }
    std::fill(max_row.begin(), max_row.end(), -1);
    float* o = out.data_ptr<float>() + b * width;
    if (doubles)
      pool_bag(w.const_data_ptr<double>(), width, rows, scales, mode, o, max_row.data());
    else
      pool_bag(w.const_data_ptr<float>(), width, rows, scales, mode, o, max_row.data());
    if (mode == kBagMax) {
      std::copy(max_row.begin(), max_row.end(), max_indices.data_ptr<int64_t>() + b * width);
    }
  }
  if (mode == kBagMax) {  // the values themselves, unrounded
    exact = weight.gather(0, max_indices.clamp_min(0)).mul(at::ge(max_indices, 0));
    max_indices.clamp_min_(0);
    return finish(exact);
  }
  return finish(out.to(weight.scalar_type()));
}

std::tuple<Tensor, Tensor, Tensor, Tensor> embedding_bag(
    const Tensor& weight, const Tensor& indices, const Tensor& offsets, bool scale_grad_by_freq,
    int64_t mode, bool sparse, const OptTensor& per_sample_weights, bool include_last_offset) {
  return at::_embedding_bag(weight, indices, offsets, scale_grad_by_freq, mode, sparse,
                            per_sample_weights, include_last_offset, -1);
}

std::tuple<Tensor, Tensor, Tensor, Tensor> embedding_bag_padding(
    const Tensor& weight, const Tensor& indices, const Tensor& offsets, bool scale_grad_by_freq,
    int64_t mode, bool sparse, const OptTensor& per_sample_weights, bool include_last_offset,
    std::optional<int64_t> padding_idx) {
  int64_t padding = -1;
  if (padding_idx) {
    const int64_t rows = weight.size(0);
    padding = *padding_idx;
    TORCH_CHECK(padding >= -rows && padding < rows,
                "padding_idx must be within the number of embeddings, -", rows, " through ",
                rows - 1, ", but got ", padding);
    if (padding < 0) padding += rows;
  }
  return at::_embedding_bag(weight, indices, offsets, scale_grad_by_freq, mode, sparse,
                            per_sample_weights, include_last_offset, padding);
}

}  // namespace pharos::ops
