// Indexing with tensors: masks become positions, index tensors are broadcast and turned into one
// list of offsets, and one kernel moves the blocks. The dims of the index take the place of the
// indexed dims where those are neighbours, and come first otherwise.
#include <pharos/ops/functions.h>

#include <algorithm>
#include <cstring>

#include "core/factory.h"
#include "kernels/cpu/gather_scatter.h"
#include "ops/index/index.h"
#include "ops/plain.h"

namespace pharos::ops {
namespace {

struct Plan {
  std::vector<int64_t> before, after;  // self's dims around the indexed ones
  std::vector<int64_t> indexed;
  std::vector<Tensor> index;    // int64, one per indexed dim
  std::vector<int64_t> shape;   // of the index
  std::vector<int64_t> result;  // of the result
  std::vector<int64_t> offset;  // in bytes, one per position of the index
};

// Masks become one index tensor per dim they cover; the list is one tensor (or undefined) per dim.
std::vector<Tensor> expand_masks(const Tensor& self, const Indices& indices) {
  TORCH_CHECK_INDEX(static_cast<int64_t>(indices.size()) <= self.dim(),
                    "too many indices for tensor of dimension ", self.dim(), " (got ",
                    indices.size(), ")");
  std::vector<Tensor> out;
  for (size_t i = 0; i < indices.size(); ++i) {
    const OptTensor entry = indices.get(i);
    if (!entry || !entry->defined()) {
      out.emplace_back();
      continue;
    }
    const Tensor& t = *entry;
    const ScalarType type = t.scalar_type();
    TORCH_CHECK_INDEX(
        type == c10::kLong || type == c10::kInt || type == c10::kByte || type == c10::kBool,
        "tensors used as indices must be long, int, byte or bool tensors");
    if (type == c10::kLong || type == c10::kInt) {
      out.push_back(t.to(c10::kLong));
      continue;
    }
    for (int64_t j = 0; j < t.dim(); ++j) {
      const auto at = static_cast<int64_t>(out.size()) + j;
      TORCH_CHECK_INDEX(at < self.dim() && t.size(j) == self.size(at), "The shape of the mask ",
                        t.sizes(), " at index ", j,
                        " does not match the shape of the indexed "
                        "tensor ",
                        self.sizes(), " at index ", at);
    }
    const Tensor positions = at::nonzero(t);
    for (int64_t j = 0; j < t.dim(); ++j) out.push_back(positions.select(1, j));
  }
  TORCH_CHECK_INDEX(static_cast<int64_t>(out.size()) <= self.dim(),
                    "too many indices for tensor of dimension ", self.dim(), " (got ", out.size(),
                    ")");
  return out;
}

std::vector<int64_t> broadcast_shape(const std::vector<Tensor>& index) {
  std::vector<int64_t> shape;
  bool fits = true;
  for (const Tensor& t : index) {
    const IntArrayRef s = t.sizes();
    while (shape.size() < s.size()) shape.insert(shape.begin(), 1);
    for (size_t i = 0; i < s.size(); ++i) {
      int64_t& n = shape[shape.size() - 1 - i];
      const int64_t m = s[s.size() - 1 - i];
      fits = fits && (n == m || n == 1 || m == 1);
      if (n == 1) n = m;
    }
  }
  if (!fits) {
    Message m;
    m << "shape mismatch: indexing tensors could not be broadcast together with shapes ";
    for (size_t i = 0; i < index.size(); ++i) m << (i ? ", " : "") << index[i].sizes();
    TORCH_CHECK_INDEX(false, m.take());
  }
  return shape;
}

void fill_offsets(const Tensor& self, Plan& plan) {
  if (self.is_meta()) return;
  const int64_t n = checked_numel(plan.shape);
  plan.offset.assign(static_cast<size_t>(n), 0);
  for (size_t k = 0; k < plan.index.size(); ++k) {
    const int64_t size = self.size(plan.indexed[k]);
    const int64_t stride = self.stride(plan.indexed[k]) * static_cast<int64_t>(self.itemsize());
    TORCH_CHECK_INDEX(n == 0 || size != 0, "index is out of bounds for dimension with size 0");
    TORCH_CHECK(!plan.index[k].is_meta(), "indices on the meta device need a tensor there");
    const Tensor list = plan.index[k].expand(plan.shape).contiguous();
    const int64_t* p = list.data_ptr<int64_t>();
    for (int64_t i = 0; i < n; ++i) {
      TORCH_CHECK_INDEX(p[i] >= -size && p[i] < size, "index ", p[i],
                        " is out of bounds for dimension ", k, " with size ", size);
      plan.offset[static_cast<size_t>(i)] += (p[i] < 0 ? p[i] + size : p[i]) * stride;
    }
  }
}

Plan make_plan(const Tensor& self, const Indices& indices) {
  std::vector<Tensor> list = expand_masks(self, indices);
  list.resize(static_cast<size_t>(self.dim()));
  Plan plan;
  for (int64_t d = 0; d < self.dim(); ++d) {
    if (!list[static_cast<size_t>(d)].defined()) continue;
    plan.indexed.push_back(d);
    plan.index.push_back(list[static_cast<size_t>(d)]);
  }
  plan.shape = broadcast_shape(plan.index);
  const bool neighbours = plan.indexed.empty() || plan.indexed.back() - plan.indexed.front() + 1 ==
                                                      static_cast<int64_t>(plan.indexed.size());
  for (int64_t d = 0; d < self.dim(); ++d) {
    if (list[static_cast<size_t>(d)].defined()) continue;
    const bool first = neighbours && !plan.indexed.empty() && d < plan.indexed.front();
    (first ? plan.before : plan.after).push_back(d);
  }
  for (int64_t d : plan.before) plan.result.push_back(self.size(d));
  plan.result.insert(plan.result.end(), plan.shape.begin(), plan.shape.end());
  for (int64_t d : plan.after) plan.result.push_back(self.size(d));
  fill_offsets(self, plan);
  return plan;
}

// The job between a packed tensor of the result's shape (a) and self (b).
cpu::IndexJob make_job(const Tensor& self, const Plan& plan) {
  cpu::IndexJob job;
  const auto item = static_cast<int64_t>(self.itemsize());
  int64_t stride = item;
  for (size_t i = plan.after.size(); i-- > 0;) {
    const int64_t d = plan.after[i];
    job.inner.add(self.size(d), stride, self.stride(d) * item);
    stride *= self.size(d);
  }
  job.step_a = stride;
  stride *= static_cast<int64_t>(plan.offset.size());
  for (size_t i = plan.before.size(); i-- > 0;) {
    const int64_t d = plan.before[i];
    job.outer.add(self.size(d), stride, self.stride(d) * item);
    stride *= self.size(d);
  }
  job.offset = plan.offset.data();
  job.n = static_cast<int64_t>(plan.offset.size());
  job.type = self.scalar_type();
  return job;
}

Tensor values_for(const Tensor& values, const Plan& plan) {
  Tensor v = values;
  const auto want = static_cast<int64_t>(plan.result.size());
  bool fits = v.dim() <= want;
  for (int64_t i = 0; fits && i < v.dim(); ++i) {
    const int64_t n = v.size(v.dim() - 1 - i);
    fits = n == 1 || n == plan.result[static_cast<size_t>(want - 1 - i)];
  }
  TORCH_CHECK(fits, "shape mismatch: value tensor of shape ", values.sizes(),
              " cannot be broadcast to indexing result of shape ", IntArrayRef(plan.result));
  return v.expand(plan.result).contiguous();
}

}  // namespace

namespace {

// The order of dims that PyTorch's iterator settles on, outermost last: by self's strides (none at
// the dims of the index), which tell only dims that both have one apart.
std::vector<int64_t> result_strides(const Tensor& self, const Plan& plan) {
  const size_t n = plan.result.size(), first = plan.before.size();
  std::vector<int64_t> stride(n, 0), order(n);
  for (size_t i = 0; i < first; ++i) stride[i] = self.stride(plan.before[i]);
  for (size_t i = 0; i < plan.after.size(); ++i) {
    stride[first + plan.shape.size() + i] = self.stride(plan.after[i]);
  }
  for (size_t i = 0; i < n; ++i) order[i] = static_cast<int64_t>(n - 1 - i);
  const auto compare = [&](int64_t a, int64_t b) {
    const int64_t x = stride[static_cast<size_t>(a)], y = stride[static_cast<size_t>(b)];
    if (x == 0 || y == 0) return 0;
    if (x != y) return x < y ? -1 : 1;
    return plan.result[static_cast<size_t>(a)] > plan.result[static_cast<size_t>(b)] ? 1 : 0;
  };
  for (size_t i = 1; i < n; ++i) {
    for (size_t at = i, j = i; j-- > 0;) {
      const int c = compare(order[j], order[at]);
      if (c > 0) {
        std::swap(order[j], order[at]);
        at = j;
      } else if (c < 0) {
        break;
      }
    }
  }
  std::vector<int64_t> out(n);
  int64_t step = 1;
  for (int64_t d : order) {
    out[static_cast<size_t>(d)] = step;
    step *= std::max<int64_t>(plan.result[static_cast<size_t>(d)], 1);
  }
  return out;
}

Tensor gather_blocks(const Tensor& self, const Plan& plan) {
  const Tensor result = empty_cpu(plan.result, self.scalar_type());
  cpu::IndexJob job = make_job(self, plan);
  cpu::run_index(job, data_of(result), data_of(self));
  return result;
}

}  // namespace

Tensor index_tensor(const Tensor& self, const Indices& indices) {
  const Plan plan = make_plan(self, indices);
  if (self.is_meta())
    return at::empty_strided(plan.result, result_strides(self, plan), self.options());
  const Tensor packed = gather_blocks(self, plan);
  if (self.is_contiguous()) return packed;
  const std::vector<int64_t> strides = result_strides(self, plan);
  if (packed.strides().equals(strides)) return packed;
  return empty_strided_cpu(plan.result, strides, self.scalar_type()).copy_(packed);
}

Tensor unsafe_index_tensor(const Tensor& self, const Indices& indices) {
  for (size_t i = 0; i < indices.size(); ++i) {
    const OptTensor t = indices.get(i);
    TORCH_CHECK(
        !t || !t->defined() || t->scalar_type() == c10::kLong || t->scalar_type() == c10::kInt,
        "_unsafe_index found unexpected index type ", t->scalar_type());
  }
  return index_tensor(self, indices);
}

Tensor& index_put_impl(Tensor& self, const Indices& indices, const Tensor& values, bool accumulate,
                       bool unsafe) {
  TORCH_CHECK(self.scalar_type() == values.scalar_type(),
              "Index put requires the source and destination dtypes match, got ",
              self.scalar_type(), " for the destination and ", values.scalar_type(),
              " for the source.");
  const Plan plan = make_plan(self, indices);
  Tensor v = values_for(values, plan);
  if (self.is_meta()) return self;
  TORCH_CHECK(!v.is_meta(), "index_put: values on the meta device have nothing to put");
  if (v.is_alias_of(self)) v = v.clone();
  cpu::IndexJob job = make_job(self, plan);
  job.to_b = true;
  job.op = accumulate ? cpu::ScatterOp::kAdd : cpu::ScatterOp::kSet;
  cpu::run_index(job, data_of(v), data_of(self));
  return self;
}

Tensor& index_put_inplace(Tensor& self, const Indices& indices, const Tensor& values,
                          bool accumulate) {
  return index_put_impl(self, indices, values, accumulate, false);
}

Tensor index_put(const Tensor& self, const Indices& indices, const Tensor& values,
                 bool accumulate) {
  Tensor result = self.clone();
  index_put_impl(result, indices, values, accumulate, false);
  return result;
}

Tensor unsafe_index_put(const Tensor& self, const Indices& indices, const Tensor& values,
                        bool accumulate) {
  return ops::index_put(self, indices, values, accumulate);
}

namespace {

// Row-major positions of the true items of a mask.
std::vector<int64_t> true_positions(const Tensor& t) {
  const Tensor truth = t.contiguous();
  const auto* p = static_cast<const uint8_t*>(truth.const_data_ptr());
  const int64_t n = truth.numel();
  int64_t count = 0;
  for (int64_t i = 0; i < n; ++i) count += p[i];
  std::vector<int64_t> out(static_cast<size_t>(count));
  int64_t at = 0;
  for (int64_t i = 0; at < count; ++i) {
    if (p[i]) out[static_cast<size_t>(at++)] = i;
  }
  return out;
}

// Coordinates of the nonzero items in row-major order, dim d of item k at out[k * step + d *
// column]; at most `limit` of them. Gives their number.
int64_t write_coordinates(const uint8_t* p, IntArrayRef sizes, int64_t* out, int64_t step,
                          int64_t column, int64_t limit) {
  if (sizes.empty()) return limit > 0 && *p;
  const auto last = static_cast<int64_t>(sizes.size()) - 1;
  const int64_t length = sizes[static_cast<size_t>(last)];
  int64_t rows = 1, k = 0;
  for (int64_t d = 0; d < last; ++d) rows *= sizes[static_cast<size_t>(d)];
  std::vector<int64_t> at(sizes.size(), 0);
  for (int64_t r = 0; r < rows && k < limit; ++r, p += length) {
    for (int64_t i = 0; i < length && k < limit; ++i) {
      if (!p[i]) continue;
      for (int64_t d = 0; d < last; ++d) out[k * step + d * column] = at[static_cast<size_t>(d)];
      out[k++ * step + last * column] = i;
    }
    for (int64_t d = last; d-- > 0;) {
      if (++at[static_cast<size_t>(d)] < sizes[static_cast<size_t>(d)]) break;
      at[static_cast<size_t>(d)] = 0;
    }
  }
  return k;
}

Tensor truth_of(const Tensor& t) {
  return (t.scalar_type() == c10::kBool ? t : at::ne(t, 0)).contiguous();
}

}  // namespace

Tensor masked_select(const Tensor& self, const Tensor& mask) {
  TORCH_CHECK(mask.scalar_type() == c10::kBool, "masked_select: expected BoolTensor for mask");
  const std::vector<Tensor> both = at::broadcast_tensors({self, mask});
  const Tensor src = both[0].contiguous();
  const std::vector<int64_t> positions = true_positions(both[1]);
  const auto n = static_cast<int64_t>(positions.size());
  const Tensor result = empty_cpu({n}, self.scalar_type());
  std::vector<int64_t> offset = positions;
  const auto item = static_cast<int64_t>(self.itemsize());
  for (int64_t& o : offset) o *= item;
  cpu::IndexJob job;
  job.offset = offset.data();
  job.n = n;
  job.step_a = item;
  job.type = self.scalar_type();
  cpu::run_index(job, data_of(result), data_of(src));
  return result;
}

Tensor nonzero(const Tensor& self) {
  const Tensor truth = truth_of(self);
  const auto* p = static_cast<const uint8_t*>(truth.const_data_ptr());
  int64_t n = 0;
  for (int64_t i = 0; i < truth.numel(); ++i) n += p[i];
  // One packed column per dim, as PyTorch lays it out.
  const Tensor result = empty_strided_cpu({n, self.dim()}, {1, n}, c10::kLong);
  write_coordinates(p, self.sizes(), result.data_ptr<int64_t>(), 1, n, n);
  return result;
}

Tensor nonzero_static(const Tensor& self, int64_t size, int64_t fill_value) {
  TORCH_CHECK(size >= 0, "nonzero_static: 'size' must be an non-negative integer");
  const Tensor truth = truth_of(self);
  Tensor result = at::full({size, self.dim()}, fill_value, at::TensorOptions(c10::kLong));
  if (truth.numel() > 0) {
    write_coordinates(static_cast<const uint8_t*>(truth.const_data_ptr()), self.sizes(),
                      result.data_ptr<int64_t>(), self.dim(), 1, size);
  }
  return result;
}

std::vector<Tensor> nonzero_numpy(const Tensor& self) {
  return (self.dim() == 0 ? self.unsqueeze(0) : self).nonzero().unbind(1);
}

Tensor argwhere(const Tensor& self) { return self.nonzero(); }

}  // namespace pharos::ops
