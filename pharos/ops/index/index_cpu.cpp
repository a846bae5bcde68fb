// CPU kernels of the index family.
#include <pharos/ops/functions.h>

#include <cstring>
#include <limits>

#include "core/factory.h"
#include "kernels/cpu/gather_scatter.h"
#include "ops/index/index.h"
#include "ops/index_decls.h"

namespace pharos::cpu {
namespace {

using ops::wrapped_dim;

char* data(const Tensor& t) { return t.unsafeGetTensorImpl()->data; }

// The functional and out= forms start from a copy of self; in place, the result is self.
void start_from(const Tensor& result, const Tensor& self) {
  if (result.is_same(self)) return;
  const TensorImpl *a = result.unsafeGetTensorImpl(), *b = self.unsafeGetTensorImpl();
  if (a->data == b->data && a->sizes().equals(b->sizes()) && a->strides().equals(b->strides())) {
    return;
  }
  Tensor(result).copy_(self.sizes().equals(result.sizes()) ? self : self.expand(result.sizes()));
}

struct ByteStrides {
  int64_t s[64];
  explicit ByteStrides(const Tensor& t) {
    const auto size = static_cast<int64_t>(t.itemsize());
    for (int64_t d = 0; d < t.dim(); ++d) s[d] = t.strides()[static_cast<size_t>(d)] * size;
    if (t.dim() == 0) s[0] = 0;
  }
};

Tensor as_long(const Tensor& index) {
  return index.scalar_type() == c10::kLong ? index : index.to(c10::kLong);
}

// A 0-dim tensor counts as one line of one item.
IntArrayRef sizes_or_one(const Tensor& t) {
  static const int64_t one = 1;
  return t.dim() == 0 ? IntArrayRef(&one, 1) : t.sizes();
}

int64_t limit_of(const Tensor& self, int64_t dim) { return self.dim() == 0 ? 1 : self.size(dim); }

void scatter_into(ScatterOp op, const Tensor& result, int64_t dim, const Tensor& index,
                  const Tensor* src, const void* value = nullptr) {
  if (index.numel() == 0) return;
  dim = wrapped_dim(dim, result.dim());
  const Tensor ix = as_long(index);
  const ByteStrides r(result), i(ix), s(src ? *src : result);
  int64_t none[64] = {};
  const IntArrayRef sizes = sizes_or_one(ix);
  const Lines<3> lines(static_cast<int>(sizes.size()), sizes.data(), static_cast<int>(dim),
                       {r.s, src ? s.s : none, i.s});
  scatter_lines(op, result.scalar_type(), lines, data(result),
                src ? data(*src) : static_cast<const char*>(value), data(ix), limit_of(result, dim),
                dim);
}

// `v` as one item of dtype t.
struct Item {
  alignas(16) char bytes[16];
  Item(const Scalar& v, ScalarType t) {
    const Tensor s = scalar_cpu(v, t);
    std::memcpy(bytes, s.data_ptr(), s.itemsize());
  }
};

Item identity(std::string_view reduce, ScalarType t) {
  if (reduce == "prod" || reduce == "multiply") return Item(1, t);
  if (reduce == "amax" || reduce == "amin") {
    const bool low = reduce == "amax";
    if (c10::isFloatingType(t)) {
      const double inf = std::numeric_limits<double>::infinity();
      return Item(low ? -inf : inf, t);
    }
    if (t == c10::kBool) return Item(!low, t);
    Item item(0, t);
#define PHAROS_LIMIT(T, Name)                                                          \
  if constexpr (std::is_integral_v<T>) {                                               \
    if (t == ScalarType::Name) {                                                       \
      const T v = low ? std::numeric_limits<T>::min() : std::numeric_limits<T>::max(); \
      std::memcpy(item.bytes, &v, sizeof v);                                           \
    }                                                                                  \
  }
    PHAROS_FORALL_SCALAR_TYPES(PHAROS_LIMIT)
#undef PHAROS_LIMIT
    return item;
  }
  return Item(0, t);
}

ScatterOp op_of(std::string_view reduce) {
  if (reduce == "prod" || reduce == "multiply") return ScatterOp::kMul;
  if (reduce == "amax") return ScatterOp::kMax;
  if (reduce == "amin") return ScatterOp::kMin;
  return ScatterOp::kAdd;
}

void divide_by(const Tensor& result, const Tensor& count) {
  Tensor r = result;
  const Tensor n = count.clamp_min(1);
  if (c10::isIntegralType(r.scalar_type(), true))
    r.div_(n, "floor");
  else
    r.div_(n);
}

// Checked copy of an index vector.
struct IndexList {
  Tensor values;
  template <class Fail>
  IndexList(const Tensor& index, int64_t limit, bool negative, Fail fail)
      : values(as_long(index).reshape({-1})) {
    if (negative || !values.is_contiguous()) values = values.clone();
    int64_t* p = values.data_ptr<int64_t>();
    for (int64_t i = 0; i < values.numel(); ++i) {
      if (PHAROS_UNLIKELY(p[i] < (negative ? -limit : 0) || p[i] >= limit)) fail(p[i]);
      if (negative && p[i] < 0) p[i] += limit;
    }
  }
  const int64_t* get() const { return values.data_ptr<int64_t>(); }
  int64_t size() const { return values.numel(); }
};

// result[..., index[i], ...] op= source[..., i, ...].
void index_into(ScatterOp op, const Tensor& result, int64_t dim, const IndexList& index,
                const Tensor& source) {
  if (index.size() == 0 || source.numel() == 0) return;
  const Tensor src = source.dim() == 0 && result.dim() > 0 ? source.reshape({1}) : source;
  const IntArrayRef sizes = sizes_or_one(result);
  if (result.is_contiguous() && src.is_contiguous()) {
    int64_t outer = 1, inner = 1;
    for (int64_t d = 0; d < dim; ++d) outer *= sizes[static_cast<size_t>(d)];
    for (size_t d = static_cast<size_t>(dim) + 1; d < sizes.size(); ++d) inner *= sizes[d];
    index_rows(op, result.scalar_type(), data(result), data(src), index.get(), outer, index.size(),
               inner, sizes[static_cast<size_t>(dim)]);
    return;
  }
  std::vector<int64_t> shape = sizes.vec();
  shape[static_cast<size_t>(dim)] = index.size();
  const ByteStrides r(result), s(src);
  const Lines<2> lines(static_cast<int>(shape.size()), shape.data(), static_cast<int>(dim),
                       {r.s, s.s});
  index_lines(op, result.scalar_type(), lines, data(result), data(src), index.get());
}

auto bounds_error(const char* prefix, int64_t dim, int64_t limit, bool index_error) {
  return [=](int64_t i) {
    const std::string text =
        message(prefix, "index ", i, " is out of bounds for dimension ", dim, " with size ", limit);
    TORCH_CHECK_INDEX(!index_error, text);
    TORCH_CHECK(false, text);
  };
}
auto range_error() {
  return [](int64_t) { TORCH_CHECK_INDEX(false, "index out of range in self"); };
}

// Byte offset of logical position `i`.
int64_t offset_at(int64_t i, const Tensor& t) {
  int64_t offset = 0;
  for (int64_t d = t.dim(); d-- > 0;) {
    const int64_t n = t.sizes()[static_cast<size_t>(d)];
    offset += i % n * t.strides()[static_cast<size_t>(d)];
    i /= n;
  }
  return offset * static_cast<int64_t>(t.itemsize());
}

IndexList flat_index(const Tensor& index, int64_t numel) {
  return IndexList(index, numel, true, [=](int64_t i) {
    TORCH_CHECK_INDEX(false, "out of range: tried to access index ", i, " on a tensor of ", numel,
                      " elements.");
  });
}

template <class F>
void by_size(int64_t itemsize, F&& f) {
  struct Item16 {
    uint64_t a, b;
  };
  switch (itemsize) {
    case 1:
      return f(uint8_t());
    case 2:
      return f(uint16_t());
    case 4:
      return f(uint32_t());
    case 8:
      return f(uint64_t());
    default:
      return f(Item16());
  }
}

void fill_masked(const Tensor& result, const Tensor& mask, const Scalar& value) {
  if (result.numel() == 0) return;
  const Tensor m = mask.expand(result.sizes());
  const ByteStrides r(result), ms(m);
  const IntArrayRef sizes = sizes_or_one(result);
  const int last = static_cast<int>(sizes.size()) - 1;
  const Lines<2> lines(static_cast<int>(sizes.size()), sizes.data(), last, {r.s, ms.s});
  const Item item(value, result.scalar_type());
  char* base = data(result);
  const char* mask_base = data(m);
  by_size(static_cast<int64_t>(result.itemsize()), [&](auto tag) {
    using T = decltype(tag);
    T v;
    std::memcpy(&v, item.bytes, sizeof v);
    const bool packed = lines.step(0) == int64_t{sizeof(T)} && lines.step(1) == 1;
    lines.for_each([&](const int64_t* at) {
      char* p = base + at[0];
      const char* q = mask_base + at[1];
      if (packed && sizeof(T) <= 8) {
        T* t = reinterpret_cast<T*>(p);
        for (int64_t i = 0; i < lines.length(); ++i) {
          if constexpr (sizeof(T) <= 8) t[i] = q[i] ? v : t[i];
        }
        return;
      }
      for (int64_t i = 0; i < lines.length(); ++i) {
        if (q[i * lines.step(1)]) *reinterpret_cast<T*>(p + i * lines.step(0)) = v;
      }
    });
  });
}

}  // namespace

void gather(const Tensor& result, const Tensor& self, int64_t dim, const Tensor& index,
            bool sparse_grad) {
  if (index.numel() == 0) return;
  dim = wrapped_dim(dim, self.dim());
  const Tensor ix = as_long(index);
  const ByteStrides r(result), s(self), i(ix);
  const IntArrayRef sizes = sizes_or_one(ix);
  const Lines<3> lines(static_cast<int>(sizes.size()), sizes.data(), static_cast<int>(dim),
                       {r.s, s.s, i.s});
  gather_lines(lines, data(result), data(self), data(ix), limit_of(self, dim),
               static_cast<int64_t>(self.itemsize()), dim);
}

void scatter_src(const Tensor& result, const Tensor& self, int64_t dim, const Tensor& index,
                 const Tensor& src) {
  start_from(result, self);
  scatter_into(ScatterOp::kSet, result, dim, index, &src);
}
void scatter_value(const Tensor& result, const Tensor& self, int64_t dim, const Tensor& index,
                   const Scalar& value) {
  start_from(result, self);
  const Item item(value, result.scalar_type());
  scatter_into(ScatterOp::kSet, result, dim, index, nullptr, item.bytes);
}
void scatter_old_reduce(const Tensor& result, const Tensor& self, int64_t dim, const Tensor& index,
                        const Tensor& src, c10::string_view reduce) {
  start_from(result, self);
  scatter_into(op_of(reduce), result, dim, index, &src);
}
void scatter_value_reduce(const Tensor& result, const Tensor& self, int64_t dim,
                          const Tensor& index, const Scalar& value, c10::string_view reduce) {
  start_from(result, self);
  const Item item(value, result.scalar_type());
  scatter_into(op_of(reduce), result, dim, index, nullptr, item.bytes);
}
void scatter_add(const Tensor& result, const Tensor& self, int64_t dim, const Tensor& index,
                 const Tensor& src) {
  start_from(result, self);
  scatter_into(ScatterOp::kAdd, result, dim, index, &src);
}
void scatter_reduce_two(const Tensor& result, const Tensor& self, int64_t dim, const Tensor& index,
                        const Tensor& src, c10::string_view reduce, bool include_self) {
  start_from(result, self);
  if (index.numel() == 0) return;
  if (!include_self) {
    const Item item = identity(reduce, result.scalar_type());
    scatter_into(ScatterOp::kSet, result, dim, index, nullptr, item.bytes);
  }
  scatter_into(op_of(reduce), result, dim, index, &src);
  if (reduce == "mean") {
    const Tensor count = at::full(result.sizes(), include_self ? 1 : 0, result.options());
    const Item one(1, count.scalar_type());
    scatter_into(ScatterOp::kAdd, count, dim, index, nullptr, one.bytes);
    divide_by(result, count);
  }
}

void index_select(const Tensor& result, const Tensor& self, int64_t dim, const Tensor& index) {
  dim = wrapped_dim(dim, self.dim());
  const IndexList list(index, limit_of(self, dim), false, range_error());
  if (result.numel() == 0) return;
  const ByteStrides r(result), s(self);
  IndexJob job;
  switch (self.itemsize()) {
    case 1:
      job.type = ScalarType::Byte;
      break;
    case 2:
      job.type = ScalarType::Short;
      break;
    case 4:
      job.type = ScalarType::Int;
      break;
    case 8:
      job.type = ScalarType::Long;
      break;
    default:
      job.type = ScalarType::ComplexDouble;
  }
  for (int64_t d = self.dim() - 1; d > dim; --d) job.inner.add(self.size(d), r.s[d], s.s[d]);
  for (int64_t d = dim - 1; d >= 0; --d) job.outer.add(self.size(d), r.s[d], s.s[d]);
  std::vector<int64_t> offsets(list.get(), list.get() + list.size());
  for (int64_t& o : offsets) o *= s.s[dim];
  job.offset = offsets.data();
  job.n = list.size();
  job.step_a = self.dim() ? r.s[dim] : 0;
  run_index(job, data(result), data(self));
}

void index_add(const Tensor& result, const Tensor& self, int64_t dim, const Tensor& index,
               const Tensor& source, const Scalar& alpha) {
  start_from(result, self);
  dim = wrapped_dim(dim, self.dim());
  const IndexList list(index, limit_of(self, dim), false,
                       bounds_error("", dim, limit_of(self, dim), false));
  index_into(ScatterOp::kAdd, result, dim, list, alpha.equal(1) ? source : source.mul(alpha));
}
void index_copy(const Tensor& result, const Tensor& self, int64_t dim, const Tensor& index,
                const Tensor& source) {
  start_from(result, self);
  dim = wrapped_dim(dim, self.dim());
  const IndexList list(index, limit_of(self, dim), false,
                       bounds_error("index_copy_(): ", dim, limit_of(self, dim), true));
  index_into(ScatterOp::kSet, result, dim, list, source);
}
void index_reduce(const Tensor& result, const Tensor& self, int64_t dim, const Tensor& index,
                  const Tensor& source, c10::string_view reduce, bool include_self) {
  start_from(result, self);
  dim = wrapped_dim(dim, self.dim());
  const IndexList list(index, limit_of(self, dim), false, range_error());
  if (list.size() == 0) return;
  if (!include_self) {
    const Item item = identity(reduce, result.scalar_type());
    const Tensor start = empty_cpu({}, result.scalar_type());
    std::memcpy(start.data_ptr(), item.bytes, start.itemsize());
    index_into(ScatterOp::kSet, result, dim, list, start.expand(source.sizes()));
  }
  index_into(op_of(reduce), result, dim, list, source);
  if (reduce == "mean") {
    const Tensor count = at::full(result.sizes(), include_self ? 1 : 0, result.options());
    index_into(ScatterOp::kAdd, count, dim, list, at::ones(source.sizes(), result.options()));
    divide_by(result, count);
  }
}

namespace {

void fill_index(const Tensor& result, const Tensor& self, int64_t dim, const Tensor& index,
                const Tensor& value) {
  start_from(result, self);
  dim = wrapped_dim(dim, self.dim());
  const IndexList list(index, limit_of(self, dim), true,
                       bounds_error("", dim, limit_of(self, dim), true));
  std::vector<int64_t> sizes = sizes_or_one(self).vec();
  sizes[static_cast<size_t>(dim)] = list.size();
  index_into(ScatterOp::kSet, result, dim, list, value.expand(sizes));
}

}  // namespace

void index_fill_scalar(const Tensor& result, const Tensor& self, int64_t dim, const Tensor& index,
                       const Scalar& value) {
  fill_index(result, self, dim, index, scalar_cpu(value, result.scalar_type()));
}
void index_fill_tensor(const Tensor& result, const Tensor& self, int64_t dim, const Tensor& index,
                       const Tensor& value) {
  fill_index(result, self, dim, index, value.to(result.scalar_type()));
}

void masked_fill_scalar(const Tensor& result, const Tensor& self, const Tensor& mask,
                        const Scalar& value) {
  start_from(result, self);
  fill_masked(result, mask, value);
}
void masked_fill_tensor(const Tensor& result, const Tensor& self, const Tensor& mask,
                        const Tensor& value) {
  start_from(result, self);
  fill_masked(result, mask, value.item());
}

void masked_scatter(const Tensor& result, const Tensor& self, const Tensor& mask,
                    const Tensor& source) {
  start_from(result, self);
  if (result.numel() == 0) return;
  const Tensor m = mask.expand(result.sizes()), src = source.contiguous();
  const ByteStrides r(result), ms(m);
  const IntArrayRef sizes = sizes_or_one(result);
  const int last = static_cast<int>(sizes.size()) - 1;
  const Lines<2> lines(static_cast<int>(sizes.size()), sizes.data(), last, {r.s, ms.s});
  const auto size = static_cast<int64_t>(result.itemsize());
  const char *p = data(src), *end = p + src.numel() * size;
  lines.for_each_serial([&](const int64_t* at) {
    for (int64_t i = 0; i < lines.length(); ++i) {
      if (!data(m)[at[1] + i * lines.step(1)]) continue;
      TORCH_CHECK(p != end, "Number of elements of source < number of ones in mask");
      std::memcpy(data(result) + at[0] + i * lines.step(0), p, static_cast<size_t>(size));
      p += size;
    }
  });
}

void take(const Tensor& result, const Tensor& self, const Tensor& index) {
  const IndexList list = flat_index(index, self.numel());
  const Tensor src = self.contiguous();
  Tensor flat = result.is_contiguous() ? result : empty_cpu(result.sizes(), result.scalar_type());
  const char* p = data(src);
  by_size(static_cast<int64_t>(self.itemsize()), [&](auto tag) {
    using T = decltype(tag);
    T* out = reinterpret_cast<T*>(data(flat));
    const int64_t* at = list.get();
    parallel_for(0, list.size(), 32768, [&](int64_t b, int64_t e) {
      for (int64_t i = b; i < e; ++i) out[i] = reinterpret_cast<const T*>(p)[at[i]];
    });
  });
  if (!flat.is_same(result)) Tensor(result).copy_(flat);
}

void put(const Tensor& result, const Tensor& self, const Tensor& index, const Tensor& source,
         bool accumulate) {
  start_from(result, self);
  const IndexList list = flat_index(index, self.numel());
  const Tensor src = source.contiguous();
  std::vector<int64_t> offsets(static_cast<size_t>(list.size()));
  for (int64_t i = 0; i < list.size(); ++i) {
    offsets[static_cast<size_t>(i)] = offset_at(list.get()[i], result);
  }
  IndexJob job;
  job.op = accumulate ? ScatterOp::kAdd : ScatterOp::kSet;
  job.to_b = true;
  job.type = result.scalar_type();
  job.offset = offsets.data();
  job.n = list.size();
  job.step_a = static_cast<int64_t>(src.itemsize());
  run_index(job, data(src), data(result));
}

void embedding(const Tensor& result, const Tensor& weight, const Tensor& indices,
               int64_t padding_idx, bool scale_grad_by_freq, bool sparse) {
  const Tensor rows =
      result.is_contiguous() ? result : empty_cpu(result.sizes(), result.scalar_type());
  const int64_t n = indices.numel(), width = weight.size(1);
  index_select(rows.view({n, width}), weight, 0, indices.reshape({-1}));
  if (!rows.is_same(result)) Tensor(result).copy_(rows);
}

void embedding_dense_backward(const Tensor& result, const Tensor& grad_output,
                              const Tensor& indices, int64_t num_weights, int64_t padding_idx,
                              bool scale_grad_by_freq) {
  Tensor out = result;
  out.zero_();
  const int64_t width = result.size(1);
  const Tensor flat = as_long(indices).reshape({-1}).contiguous();
  const Tensor grad = grad_output.reshape({-1, width}).contiguous();
  const int64_t* p = flat.data_ptr<int64_t>();
  std::vector<int64_t> count(static_cast<size_t>(scale_grad_by_freq ? num_weights : 0));
  for (int64_t i = 0; i < flat.numel(); ++i) {
    TORCH_CHECK_INDEX(p[i] == padding_idx || (p[i] >= 0 && p[i] < num_weights),
                      "index out of range in self");
    if (scale_grad_by_freq && p[i] != padding_idx) ++count[static_cast<size_t>(p[i])];
  }
  if (width == 0) return;
  const auto row = static_cast<int64_t>(result.itemsize()) * width;
  const Tensor scaled = empty_cpu({width}, result.scalar_type());
  for (int64_t i = 0; i < flat.numel(); ++i) {
    if (p[i] == padding_idx) continue;
    const char* src = data(grad) + i * row;
    if (scale_grad_by_freq && count[static_cast<size_t>(p[i])] > 1) {
      Tensor(scaled).copy_(grad.select(0, i).div(count[static_cast<size_t>(p[i])]));
      src = data(scaled);
    }
    index_rows(ScatterOp::kAdd, result.scalar_type(), data(result), src, p + i, 1, 1, width,
               num_weights);
  }
}

}  // namespace pharos::cpu
