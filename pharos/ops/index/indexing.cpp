// Tensor::index, index_put_ and operator[]: numbers, slices, None and "..." become views, what is
// left goes to the operators index and index_put_.
#include <pharos/dispatch/ivalue.h>
#include <pharos/indexing.h>
#include <pharos/ops/functions.h>

#include <cstring>
#include <ostream>

namespace at::indexing {

Slice::Slice(std::optional<int64_t> start, std::optional<int64_t> stop, std::optional<int64_t> step)
    : step_(step.value_or(1)) {
  TORCH_CHECK_VALUE(step_ != 0, "slice step cannot be zero");
  start_ = start.value_or(step_ < 0 ? INDEX_MAX : 0);
  stop_ = stop.value_or(step_ < 0 ? INDEX_MIN : INDEX_MAX);
}

std::ostream& operator<<(std::ostream& out, const Slice& slice) {
  return out << slice.start() << ":" << slice.stop() << ":" << slice.step();
}

TensorIndex::TensorIndex(const char* text) : type_(TensorIndexType::Ellipsis) {
  TORCH_CHECK_VALUE(std::strcmp(text, "...") == 0,
                    "Expected \"...\" to represent an ellipsis index, but got \"", text, "\"");
}

std::ostream& operator<<(std::ostream& out, const TensorIndex& index) {
  if (index.is_none()) return out << "None";
  if (index.is_ellipsis()) return out << "...";
  if (index.is_integer()) return out << index.integer();
  if (index.is_boolean()) return out << (index.boolean() ? "true" : "false");
  if (index.is_slice()) return out << index.slice();
  return out << index.tensor();
}

std::ostream& operator<<(std::ostream& out, ArrayRef<TensorIndex> indices) {
  out << "(";
  for (size_t i = 0; i < indices.size(); ++i) out << (i ? ", " : "") << indices[i];
  return out << ")";
}

namespace {

bool is_mask(const Tensor& t) { return t.scalar_type() == kBool || t.scalar_type() == kByte; }

// How many of self's dims the index names.
int64_t named_dims(ArrayRef<TensorIndex> indices) {
  int64_t n = 0;
  for (const TensorIndex& i : indices) {
    if (i.is_tensor()) n += is_mask(i.tensor()) ? i.tensor().dim() : 1;
    if (i.is_integer() || i.is_slice()) ++n;
  }
  return n;
}

struct Applied {
  Tensor view;
  std::vector<Tensor> tensors;  // by dim of the view; undefined where none
};

void note(Applied& a, const Tensor& t, int64_t dim) {
  a.tensors.resize(static_cast<size_t>(dim));
  a.tensors.push_back(t);
}

// A boolean as an index over a dim of size one.
Tensor bool_index(bool value) {
  return value ? at::zeros({1}, TensorOptions(kLong)) : at::empty({0}, TensorOptions(kLong));
}

void apply_tensor(Applied& a, const Tensor& t, int64_t& dim) {
  if (t.dim() == 0 && isIntegralType(t.scalar_type(), true)) {
    if (!is_mask(t)) {
      a.view = a.view.select(dim, t.item().toLong());
      return;
    }
    a.view = a.view.unsqueeze(dim);
    note(a, bool_index(t.item().toBool()), dim++);
    return;
  }
  note(a, t, dim);
  dim += is_mask(t) ? t.dim() : 1;
}

void check_select(const Tensor& t, int64_t dim, int64_t i, size_t position) {
  TORCH_CHECK_INDEX(!(i == 0 && dim == 0 && t.dim() == 0),
                    "invalid index of a 0-dim tensor. Use `tensor.item()` in Python or "
                    "`tensor.item<T>()` in C++ to convert a 0-dim tensor to a number");
  const int64_t n = t.size(dim);
  TORCH_CHECK_INDEX(i >= -n && i < n, "index ", i, " is out of bounds for dimension ", position,
                    " with size ", n);
}

Applied apply(const Tensor& self, ArrayRef<TensorIndex> indices) {
  const int64_t named = named_dims(indices);
  if (self.dim() == 0 && !indices.empty() && indices[0].is_integer())
    check_select(self, 0, indices[0].integer(), 0);
  TORCH_CHECK_INDEX(named <= self.dim(), "too many indices for tensor of dimension ", self.dim());
  Applied a{self, {}};
  int64_t dim = 0;
  for (size_t k = 0; k < indices.size(); ++k) {
    const TensorIndex& i = indices[k];
    if (i.is_integer()) {
      check_select(a.view, dim, i.integer(), k);
      a.view = a.view.select(dim, i.integer());
    } else if (i.is_slice()) {
      const Slice& s = i.slice();
      TORCH_CHECK_VALUE(s.step() > 0, "step must be greater than zero");
      const bool whole = s.start() == 0 && s.step() == 1 && s.stop() >= a.view.size(dim);
      if (!whole) a.view = a.view.slice(dim, s.start(), s.stop(), s.step());
      ++dim;
    } else if (i.is_ellipsis()) {
      dim += self.dim() - named;
    } else if (i.is_none()) {
      a.view = a.view.unsqueeze(dim++);
    } else if (i.is_boolean()) {
      a.view = a.view.unsqueeze(dim);
      note(a, bool_index(i.boolean()), dim++);
    } else {
      apply_tensor(a, i.tensor(), dim);
    }
  }
  return a;
}

c10::List<std::optional<Tensor>> as_list(const std::vector<Tensor>& tensors) {
  c10::List<std::optional<Tensor>> list;
  for (const Tensor& t : tensors) {
    list.push_back(t.defined() ? std::optional<Tensor>(t) : std::nullopt);
  }
  return list;
}

// Leading dims of size one that the target does not have.
Tensor strip_ones(const Tensor& values, int64_t ndim) {
  Tensor v = values;
  while (v.dim() > ndim && v.dim() > 0 && v.size(0) == 1) v = v.squeeze(0);
  return v;
}

void put(const Tensor& self, ArrayRef<TensorIndex> indices, const Tensor& values) {
  Applied a = apply(self, indices);
  if (a.tensors.empty()) {
    a.view.copy_(strip_ones(values, a.view.dim()));
    return;
  }
  // As many leading ones as the result of the index cannot take are dropped.
  int64_t dims = a.view.dim(), broadcast = 0, used = 0;
  for (const Tensor& t : a.tensors) {
    if (!t.defined()) continue;
    used += is_mask(t) ? t.dim() : 1;
    broadcast = std::max(broadcast, is_mask(t) ? int64_t{1} : t.dim());
  }
  dims += broadcast - used;
  at::index_put_(a.view, as_list(a.tensors), strip_ones(values, dims), false);
}

}  // namespace
}  // namespace at::indexing

namespace at {

Tensor Tensor::index(ArrayRef<indexing::TensorIndex> indices) const {
  TORCH_CHECK_INDEX(!indices.empty(),
                    "Passing an empty index list to Tensor::index() is not valid "
                    "syntax");
  indexing::Applied a = indexing::apply(*this, indices);
  if (!a.tensors.empty()) return at::index(a.view, indexing::as_list(a.tensors));
  return a.view.is_same(*this) ? this->alias() : a.view;
}

Tensor Tensor::index(std::initializer_list<indexing::TensorIndex> indices) const {
  return index(ArrayRef<indexing::TensorIndex>(indices));
}

Tensor& Tensor::index_put_(ArrayRef<indexing::TensorIndex> indices, const Tensor& values) {
  TORCH_CHECK_INDEX(!indices.empty(),
                    "Passing an empty index list to Tensor::index_put_() is not "
                    "valid syntax");
  indexing::put(*this, indices, values);
  return *this;
}

Tensor& Tensor::index_put_(std::initializer_list<indexing::TensorIndex> indices,
                           const Tensor& values) {
  return index_put_(ArrayRef<indexing::TensorIndex>(indices), values);
}

Tensor& Tensor::index_put_(ArrayRef<indexing::TensorIndex> indices, const Scalar& value) {
  return index_put_(indices, at::full({}, value, options()));
}

Tensor& Tensor::index_put_(std::initializer_list<indexing::TensorIndex> indices,
                           const Scalar& value) {
  return index_put_(ArrayRef<indexing::TensorIndex>(indices), value);
}

Tensor Tensor::index(const c10::List<std::optional<Tensor>>& indices) const {
  return at::index(*this, indices);
}
Tensor& Tensor::index_put_(const c10::List<std::optional<Tensor>>& indices, const Tensor& values,
                           bool accumulate) {
  return at::index_put_(*this, indices, values, accumulate);
}

Tensor Tensor::operator[](const Tensor& i) const {
  TORCH_CHECK_INDEX(i.defined(), "Can only index with tensors that are defined");
  TORCH_CHECK_INDEX(i.dim() == 0, "Can only index with tensors that are scalars (zero-dim)");
  return (*this)[i.item()];
}

Tensor Tensor::operator[](const Scalar& i) const {
  TORCH_CHECK_INDEX(i.isIntegral(false), "Can only index tensors with integral scalars");
  return select(0, i.toLong());
}

}  // namespace at
