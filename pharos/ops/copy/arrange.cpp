// Copies that repeat, turn or shift a tensor, and diagonals.
#include <pharos/ops/functions.h>

#include <cstring>

#include "kernels/cpu/copy.h"
#include "kernels/cpu/parallel.h"
#include "ops/copy/copy.h"
#include "ops/copy_decls.h"
#include "ops/shape_decls.h"

namespace pharos::ops {
namespace {

// dst = src for geometries that no tensor may have (negative strides).
void copy_view(const Tensor& dst, const Tensor& src) {
  if (dst.is_meta() || dst.numel() == 0) return;
  cpu::copy_values(dst, src);
}

uint64_t distinct_dims(IntArrayRef dims, int64_t ndim) {
  uint64_t mask = 0;
  for (int64_t d : dims) {
    const int64_t at = wrap(d, ndim);
    TORCH_CHECK(!(mask >> at & 1), "dim ", at, " appears multiple times in the list of dims");
    mask |= uint64_t{1} << at;
  }
  return mask;
}

}  // namespace

Tensor repeat(const Tensor& self, IntArrayRef repeats) {
  TORCH_CHECK(static_cast<int64_t>(repeats.size()) >= self.dim(),
              "Number of dimensions of repeat dims can not be smaller than number of dimensions of "
              "tensor");
  const size_t leading = repeats.size() - self.sizes().size();
  Geometry shape, to, from;
  for (size_t i = 0; i < repeats.size(); ++i)
    shape.push((i < leading ? 1 : self.sizes()[i - leading]) * repeats[i], 0);
  Tensor out = empty_on(self.device(), shape.sizes(), self.scalar_type());
  // Each dim as (repetition, element); the source stands still along repetitions.
  for (size_t i = 0; i < repeats.size(); ++i) {
    const int64_t size = i < leading ? 1 : self.sizes()[i - leading];
    const int64_t stride = out.strides()[i];
    if (repeats[i] != 1) {
      to.push(repeats[i], size * stride);
      from.push(repeats[i], 0);
    }
    if (size != 1) {
      to.push(size, stride);
      from.push(size, self.strides()[i - leading]);
    }
  }
  if (out.numel() > 0) copy_view(to.view(out), from.view(self));
  return out;
}

Tensor tile(const Tensor& self, IntArrayRef dims) {
  const int64_t missing = self.dim() - static_cast<int64_t>(dims.size());
  if (missing <= 0) return self.repeat(dims);
  std::vector<int64_t> all(static_cast<size_t>(missing), 1);
  all.insert(all.end(), dims.begin(), dims.end());
  return self.repeat(all);
}

Tensor repeat_interleave_repeats(const Tensor& repeats, std::optional<int64_t> output_size) {
  TORCH_CHECK(repeats.dim() == 1, "repeat_interleave only accept 1D vector as repeat");
  const ScalarType t = repeats.scalar_type();
  TORCH_CHECK_NOT_IMPLEMENTED(t == c10::kLong || t == c10::kInt,
                              "\"repeat_interleave_cpu\" not implemented for '", t, "'");
  const Tensor plain = repeats.to(c10::kLong).contiguous();
  const auto* p = plain.const_data_ptr<int64_t>();
  int64_t total = 0;
  for (int64_t i = 0; i < plain.numel(); ++i) {
    TORCH_CHECK(p[i] >= 0, "repeats can not be negative");
    total += p[i];
  }
  TORCH_CHECK(!output_size || *output_size == total, "allocated size does not match required size");
  Tensor out = empty_cpu({total}, c10::kLong);
  auto* to = out.data_ptr<int64_t>();
  for (int64_t i = 0; i < plain.numel(); ++i)
    for (int64_t k = 0; k < p[i]; ++k) *to++ = i;
  return out.to(t);
}

Tensor repeat_interleave_tensor(const Tensor& self, const Tensor& repeats,
                                std::optional<int64_t> dim, std::optional<int64_t> output_size) {
  const Tensor input = dim ? self : self.flatten();
  const int64_t d = wrap(dim.value_or(0), input.dim());
  Tensor counts = repeats;
  const int64_t size = input.dim() == 0 ? 1 : input.size(d);
  TORCH_CHECK(repeats.dim() <= 1, "repeats must be 0-dim or 1-dim tensor");
  if (repeats.dim() == 0 || (repeats.dim() == 1 && repeats.size(0) == 1))
    counts = repeats.reshape({1}).expand({size});
  else
    TORCH_CHECK(repeats.size(0) == size,
                "repeats must have the same size as input along dim, but "
                "got repeats.size(0) = ",
                repeats.size(0), " and input.size(", d, ") = ", size);
  return input.index_select(d, at::repeat_interleave(counts, output_size));
}

Tensor repeat_interleave_int(const Tensor& self, int64_t repeats, std::optional<int64_t> dim,
                             std::optional<int64_t> output_size) {
  Tensor input = dim ? self : self.flatten();
  TORCH_CHECK(repeats >= 0, "Repeats must be non-negative");
  const int64_t d = wrap(dim.value_or(0), input.dim());
  if (input.dim() == 0) input = input.reshape({1});
  TORCH_CHECK(!output_size || *output_size == input.size(d) * repeats,
              "allocated size does not match required size");
  std::vector<int64_t> shape = input.sizes().vec();
  shape.insert(shape.begin() + d + 1, repeats);
  const Tensor wide = input.unsqueeze(d + 1).expand(shape);
  return wide.clone(c10::MemoryFormat::Contiguous).flatten(d, d + 1);
}

Tensor flip(const Tensor& self, IntArrayRef dims) {
  const uint64_t mask = distinct_dims(dims, self.dim());
  Tensor out = at::empty_like(self);
  Geometry g(self);
  int64_t offset = 0;
  for (int i = 0; i < g.n; ++i) {
    if (!(mask >> i & 1) || g.size[i] == 0) continue;
    offset += (g.size[i] - 1) * g.stride[i];
    g.stride[i] = -g.stride[i];
  }
  copy_view(out, g.view(self, offset));
  return out;
}
Tensor fliplr(const Tensor& self) {
  TORCH_CHECK(self.dim() >= 2, "Input must be >= 2-d.");
  return self.flip({1});
}
Tensor flipud(const Tensor& self) {
  TORCH_CHECK(self.dim() >= 1, "Input must be >= 1-d.");
  return self.flip({0});
}

Tensor roll(const Tensor& self, IntArrayRef shifts, IntArrayRef dims) {
  TORCH_CHECK(!shifts.empty(), "`shifts` required");
  if (dims.empty() && shifts.size() == 1) {
    const Tensor flat = self.contiguous().view(-1);
    return ops::view(ops::roll(flat, shifts, IntArrayRef(int64_t{0})), self.sizes());
  }
  TORCH_CHECK(shifts.size() == dims.size(),
              "shifts and dimensions must align. shifts: ", shifts.size(), ", dims:", dims.size());
  Tensor out = self;
  for (size_t i = 0; i < dims.size(); ++i) {
    if (out.numel() == 0) return out.clone();
    const int64_t d = wrap(dims[i], out.dim());
    const int64_t size = out.size(d);
    int64_t start = (size - shifts[i]) % size;
    if (start < 0) start += size;
    const Tensor parts[] = {out.narrow(d, start, size - start), out.narrow(d, 0, start)};
    out = at::cat(parts, d);
  }
  return out;
}

Tensor rot90(const Tensor& self, int64_t k, IntArrayRef dims) {
  const int64_t total = self.dim();
  TORCH_CHECK(dims.size() == 2, "expected total rotation dims == 2, but got dims = ", dims.size());
  TORCH_CHECK(total >= 2, "expected total dims >= 2, but got total dims = ", total);
  TORCH_CHECK(dims[0] != dims[1] && std::abs(dims[0] - dims[1]) != total,
              "expected rotation dims to be different, but got dim0 = ", dims[0],
              " and dim1 = ", dims[1]);
  wrap(dims[0], total);
  wrap(dims[1], total);
  switch (((k % 4) + 4) % 4) {
    case 1:
      return ops::transpose(self.flip({dims[1]}), dims[0], dims[1]);
    case 2:
      return self.flip(dims);
    case 3:
      return ops::transpose(self.flip({dims[0]}), dims[0], dims[1]);
    default:
      return self.clone(c10::MemoryFormat::Contiguous);
  }
}

Tensor diag_embed(const Tensor& self, int64_t offset, int64_t dim1, int64_t dim2) {
  const int64_t n = self.dim() + 1;
  const int64_t a = wrap(dim1, n), b = wrap(dim2, n);
  TORCH_CHECK(a != b, "diagonal dimensions cannot be identical ", dim1, ", ", dim2);
  const int64_t length = self.size(-1) + std::abs(offset);
  std::vector<int64_t> shape(self.sizes().begin(), self.sizes().end() - 1);
  shape.insert(shape.begin() + std::min(a, b), length);
  shape.insert(shape.begin() + std::max(a, b), length);
  Tensor out = at::zeros(shape, self.options());
  out.diagonal(offset, a, b).copy_(self);
  return out;
}
Tensor diag(const Tensor& self, int64_t diagonal) {
  TORCH_CHECK(self.dim() == 1 || self.dim() == 2, "diag(): Supports 1D or 2D tensors. Got ",
              self.dim(), "D");
  if (self.dim() == 1) return at::diag_embed(self, diagonal);
  return self.diagonal(diagonal).clone(c10::MemoryFormat::Contiguous);
}
Tensor diagflat(const Tensor& self, int64_t offset) {
  return self.contiguous().view(-1).diag(offset);
}

// ---- triangles ----

void triangle_shape(Out& out, const Tensor& self, const char* name) {
  TORCH_CHECK(self.dim() >= 2, name, ": input tensor must have at least 2 dimensions");
  out.allow_same();
  out.set(0, self.sizes(), self.scalar_type(), self.device());
}
void tril_shape(Out& out, const Tensor& self) { triangle_shape(out, self, "tril"); }
void triu_shape(Out& out, const Tensor& self) { triangle_shape(out, self, "triu"); }

}  // namespace pharos::ops

namespace pharos::cpu {
namespace {

void zero_run(char* p, int64_t n, int64_t stride, int64_t item) {
  if (n <= 0) return;
  if (stride == item) {
    std::memset(p, 0, static_cast<size_t>(n * item));
    return;
  }
  for (int64_t i = 0; i < n; ++i) std::memset(p + i * stride, 0, static_cast<size_t>(item));
}

// Copies, then zeroes what lies above (or below) the diagonal, row by row.
void triangle(const Tensor& out, const Tensor& self, int64_t diagonal, bool lower) {
  if (out.numel() == 0) return;
  const TensorImpl *to = out.unsafeGetTensorImpl(), *from = self.unsafeGetTensorImpl();
  if (to->data != from->data || !out.strides().equals(self.strides())) copy_values(out, self);
  const int64_t rows = out.size(-2), columns = out.size(-1);
  const auto item = static_cast<int64_t>(out.itemsize());
  const int64_t row_step = out.stride(-2) * item, column_step = out.stride(-1) * item;
  const int64_t all = out.numel() / columns;
  parallel_for(0, all, std::max<int64_t>(32768 / columns, 1), [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const int64_t r = i % rows;
      char* row = to->data + r * row_step;
      int64_t rest = i / rows;
      for (int64_t d = out.dim() - 3; d >= 0; --d) {
        row += rest % out.size(d) * out.stride(d) * item;
        rest /= out.size(d);
      }
      if (lower) {
        const int64_t first = std::min(std::max<int64_t>(r + diagonal + 1, 0), columns);
        zero_run(row + first * column_step, columns - first, column_step, item);
      } else {
        zero_run(row, std::min(std::max<int64_t>(r + diagonal, 0), columns), column_step, item);
      }
    }
  });
}

}  // namespace

void tril(const Tensor& out, const Tensor& self, int64_t diagonal) {
  triangle(out, self, diagonal, true);
}
void triu(const Tensor& out, const Tensor& self, int64_t diagonal) {
  triangle(out, self, diagonal, false);
}

}  // namespace pharos::cpu

namespace pharos::backward {

Tensor repeat_gradient(const Tensor& grad, IntArrayRef repeats, IntArrayRef sizes) {
  for (int64_t r : repeats)
    if (r == 0) return at::zeros(sizes, grad.options());
  const size_t leading = repeats.size() - sizes.size();
  std::vector<int64_t> shape, summed;
  for (size_t i = 0; i < repeats.size(); ++i) {
    if (i < leading || repeats[i] != 1) {
      summed.push_back(static_cast<int64_t>(shape.size()));
      shape.push_back(repeats[i]);
    }
    if (i >= leading) shape.push_back(sizes[i - leading]);
  }
  if (summed.empty()) return grad;
  return grad.reshape(shape).sum(summed);
}

Tensor roll_gradient(const Tensor& grad, IntArrayRef shifts, IntArrayRef dims) {
  std::vector<int64_t> back, order;
  for (size_t i = shifts.size(); i-- > 0;) back.push_back(-shifts[i]);
  for (size_t i = dims.size(); i-- > 0;) order.push_back(dims[i]);
  return grad.roll(back, order);
}

}  // namespace pharos::backward
