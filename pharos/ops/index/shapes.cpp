// Shape rules of the index family.
#include <algorithm>

#include "ops/index/index.h"

namespace pharos::ops {
namespace {

bool is_index(const Tensor& t) {
  return t.scalar_type() == c10::kLong || t.scalar_type() == c10::kInt;
}

int64_t size_or_one(const Tensor& t, int64_t d) { return t.dim() == 0 ? 1 : t.size(d); }
int64_t dims_or_one(const Tensor& t) { return t.dim() == 0 ? 1 : t.dim(); }

void check_scatter(const Tensor& self, int64_t dim, const Tensor& index, const Tensor* src,
                   const char* name) {
  const int64_t d = wrapped_dim(dim, self.dim());
  TORCH_CHECK(index.numel() == 0 || is_index(index), name,
              "(): Expected dtype int32/int64 for index");
  if (src) {
    TORCH_CHECK(self.scalar_type() == src->scalar_type(), name,
                "(): Expected self.dtype to be equal to src.dtype");
  }
  if (index.numel() == 0) return;
  TORCH_CHECK(dims_or_one(self) == dims_or_one(index),
              "Index tensor must have the same number of dimensions as self tensor");
  bool fits = true, fits_src = true;
  for (int64_t i = 0; i < dims_or_one(self); ++i) {
    const int64_t n = size_or_one(index, i);
    fits = fits && (i == d || n <= size_or_one(self, i));
    if (src) fits_src = fits_src && n <= size_or_one(*src, i);
  }
  if (!src) {
    TORCH_CHECK(fits, "Expected index ", index.sizes(), " to be no larger than self ", self.sizes(),
                " apart from dimension ", d);
    return;
  }
  TORCH_CHECK(dims_or_one(*src) == dims_or_one(index),
              "Index tensor must have the same number of dimensions as src tensor");
  TORCH_CHECK(fits && fits_src, "Expected index ", index.sizes(), " to be no larger than self ",
              self.sizes(), " apart from dimension ", d, " and to be no larger size than src ",
              src->sizes());
}

void set_same(Out& out, const Tensor& self) {
  out.allow_same();
  out.set(0, self.sizes(), self.scalar_type(), self.device());
}

}  // namespace

void gather_shape(Out& out, const Tensor& self, int64_t dim, const Tensor& index) {
  const int64_t d = wrapped_dim(dim, self.dim());
  TORCH_CHECK(index.numel() == 0 || is_index(index),
              "gather(): Expected dtype int32/int64 for index");
  if (index.numel() != 0) {
    TORCH_CHECK(dims_or_one(self) == dims_or_one(index),
                "Index tensor must have the same number of dimensions as input tensor");
    for (int64_t i = 0; i < dims_or_one(self); ++i) {
      TORCH_CHECK(i == d || size_or_one(index, i) <= size_or_one(self, i),
                  "Size does not match at dimension ", i, " expected index ", index.sizes(),
                  " to be no larger than self ", self.sizes(), " apart from dimension ", d);
    }
  }
  out.set(0, index.sizes(), self.scalar_type(), self.device());
}

void scatter_shape(Out& out, const Tensor& self, int64_t dim, const Tensor& index,
                   const Tensor* src, const char* name) {
  check_scatter(self, dim, index, src, name);
  set_same(out, self);
}

void scatter_reduce_shape(Out& out, const Tensor& self, int64_t dim, const Tensor& index,
                          const Tensor& src, c10::string_view reduce) {
  TORCH_CHECK(reduce == "sum" || reduce == "prod" || reduce == "mean" || reduce == "amax" ||
                  reduce == "amin",
              "reduce argument must be either sum, prod, mean, amax or amin, got ",
              std::string(reduce));
  scatter_shape(out, self, dim, index, &src, "scatter");
}

void scatter_old_reduce_shape(Out& out, const Tensor& self, int64_t dim, const Tensor& index,
                              const Tensor* src, c10::string_view reduce) {
  TORCH_CHECK(reduce == "add" || reduce == "multiply",
              "reduce argument must be either add or multiply.");
  scatter_shape(out, self, dim, index, src, "scatter");
}

void index_select_shape(Out& out, const Tensor& self, int64_t dim, const Tensor& index) {
  const int64_t d = wrapped_dim(dim, self.dim());
  TORCH_CHECK_INDEX(index.dim() <= 1, "index_select(): Index is supposed to be a vector");
  TORCH_CHECK(self.dim() > 0 || index.numel() == 1,
              "index_select(): Index to scalar can have only 1 value, got ", index.numel(),
              " value(s)");
  TORCH_CHECK(is_index(index), "index_select(): Expected dtype int32 or int64 for index");
  std::vector<int64_t> sizes = self.sizes().vec();
  if (!sizes.empty()) sizes[static_cast<size_t>(d)] = index.numel();
  out.set(0, sizes, self.scalar_type(), self.device());
}

void index_add_shape(Out& out, const Tensor& self, int64_t dim, const Tensor& index,
                     const Tensor& source, const char* name) {
  const int64_t d = wrapped_dim(dim, self.dim());
  TORCH_CHECK_INDEX(index.dim() <= 1, name,
                    "(): Index is supposed to be a vector, but got dim: ", index.dim(),
                    " with type: ", index.scalar_type(), " and size: ", index.sizes());
  TORCH_CHECK(is_index(index), name,
              "(): Expected dtype int32/int64 for index but got: ", index.scalar_type());
  TORCH_CHECK(self.scalar_type() == source.scalar_type(), name, "(): self (", self.scalar_type(),
              ") and source (", source.scalar_type(), ") must have the same scalar type");
  TORCH_CHECK(d == 0 || d < source.dim(), name, "(): Indexing dim ", dim,
              " is out of bounds of "
              "the source tensor with dim ",
              source.dim());
  TORCH_CHECK(index.numel() == size_or_one(source, d), name, "(): Number of indices (",
              index.numel(), ") should be equal to source.size(dim): (", size_or_one(source, d),
              "), for dim: ", d);
  bool same = self.dim() == source.dim();
  for (int64_t i = 0; same && i < self.dim(); ++i) {
    same = i == d || self.size(i) == source.size(i);
  }
  TORCH_CHECK(same,
              "source tensor shape must match self tensor shape, excluding the specified "
              "dimension. Got self.shape = ",
              self.sizes(), " source.shape = ", source.sizes());
  set_same(out, self);
}

void index_copy_shape(Out& out, const Tensor& self, int64_t dim, const Tensor& index,
                      const Tensor& source) {
  const int64_t d = wrapped_dim(dim, self.dim());
  TORCH_CHECK_INDEX(index.dim() < 2, "index_copy_(): Index should have dimension 1 or 0 (got ",
                    index.dim(), ")");
  TORCH_CHECK_INDEX(source.dim() != 0 || index.numel() == 1,
                    "index_copy_(): When source is scalar, index should have one element (got ",
                    index.numel(), ")");
  TORCH_CHECK_INDEX(source.dim() == self.dim() || source.dim() == 0 || self.dim() == 0,
                    "index_copy_(): When source and destination are not scalars, their "
                    "dimensionality must match. Source dimensionality (",
                    source.dim(), "), destination dimensionality (", self.dim(), ")");
  TORCH_CHECK(index.scalar_type() == c10::kLong,
              "index_copy_(): Expected a long tensor for index, but got ", index.scalar_type());
  TORCH_CHECK(self.scalar_type() == source.scalar_type(),
              "index_copy_(): self and source expected to have the same dtype, but got (self) ",
              self.scalar_type(), " and (source) ", source.scalar_type());
  if (self.dim() > 0 && source.dim() > 0) {
    for (int64_t i = 0; i < self.dim(); ++i) {
      if (i == d || self.size(i) == source.size(i)) continue;
      std::vector<int64_t> a = self.sizes().vec(), b = source.sizes().vec();
      a.erase(a.begin() + d), b.erase(b.begin() + d);
      Message m;
      m << "index_copy_(): Source/destination tensor must have same slice shapes. Destination "
           "slice shape:";
      for (int64_t n : a) m << ' ' << n;
      m << " at dimension " << d << " and source slice shape:";
      for (int64_t n : b) m << ' ' << n;
      m << " at dimension " << int64_t{0} << '.';
      TORCH_CHECK(false, m.take());
    }
    TORCH_CHECK_INDEX(index.numel() == source.size(d), "index_copy_(): Number of indices (",
                      index.numel(), ") should be equal to source.size(dim) (", source.size(d),
                      ")");
  }
  set_same(out, self);
}

void index_reduce_shape(Out& out, const Tensor& self, int64_t dim, const Tensor& index,
                        const Tensor& source, c10::string_view reduce) {
  TORCH_CHECK(reduce == "prod" || reduce == "mean" || reduce == "amax" || reduce == "amin",
              "index_reduce(): Expected reduce to be one of prod, mean, amax or amin but got ",
              std::string(reduce), ".");
  index_add_shape(out, self, dim, index, source, "index_reduce");
}

void index_fill_shape(Out& out, const Tensor& self, int64_t dim, const Tensor& index,
                      const Tensor* value) {
  if (value) {
    TORCH_CHECK(value->dim() == 0,
                "index_fill_ only supports a 0-dimensional value tensor, but got tensor with ",
                value->dim(), " dimension(s).");
  }
  TORCH_CHECK_INDEX(index.scalar_type() == c10::kLong,
                    "index_fill_(): Expected dtype int64 for index.");
  wrapped_dim(dim, self.dim());
  TORCH_CHECK(index.dim() <= 1, "Index has to be a vector/scalar");
  out.allow_same();
  out.set_like(0, self, self.scalar_type());
}

namespace {

std::vector<int64_t> broadcast(IntArrayRef a, IntArrayRef b) {
  const size_t n = std::max(a.size(), b.size());
  std::vector<int64_t> sizes(n);
  for (size_t i = 0; i < n; ++i) {
    const int64_t x = i < a.size() ? a[a.size() - 1 - i] : 1;
    const int64_t y = i < b.size() ? b[b.size() - 1 - i] : 1;
    TORCH_CHECK(x == y || x == 1 || y == 1, "The size of tensor a (", x,
                ") must match the size of tensor b (", y, ") at non-singleton dimension ",
                n - 1 - i);
    sizes[n - 1 - i] = x == 1 ? y : x;
  }
  return sizes;
}

// The result of the functional form has the broadcast shape, in place it is self's.
void set_masked(Out& out, const Tensor& self, const Tensor& mask) {
  out.allow_same();
  if (out.functional()) {
    out.set(0, broadcast(mask.sizes(), self.sizes()), self.scalar_type(), self.device());
    return;
  }
  const std::vector<int64_t> sizes = broadcast(mask.sizes(), self.sizes());
  TORCH_CHECK(self.sizes().equals(sizes), "output with shape ", self.sizes(),
              " doesn't match the broadcast shape ", IntArrayRef(sizes));
  out.set(0, self.sizes(), self.scalar_type(), self.device());
}

const char* cpp_type_name(ScalarType t) {
  switch (t) {
    case c10::kByte:
      return "unsigned char";
    case c10::kChar:
      return "signed char";
    case c10::kShort:
      return "short int";
    case c10::kInt:
      return "int";
    case c10::kLong:
      return "long int";
    case c10::kFloat:
      return "float";
    case c10::kDouble:
      return "double";
    case c10::kHalf:
      return "c10::Half";
    case c10::kBFloat16:
      return "c10::BFloat16";
    default:
      return toString(t);
  }
}

}  // namespace

void masked_fill_shape(Out& out, const Tensor& self, const Tensor& mask, const Tensor* value) {
  if (value) {
    TORCH_CHECK(value->dim() == 0,
                "masked_fill_ only supports a 0-dimensional value tensor, but got tensor with ",
                value->dim(), " dimension(s).");
  }
  TORCH_CHECK(mask.scalar_type() == c10::kBool,
              "masked_fill_ only supports boolean masks, but got mask with dtype ",
              cpp_type_name(mask.scalar_type()));
  set_masked(out, self, mask);
}

void masked_scatter_shape(Out& out, const Tensor& self, const Tensor& mask, const Tensor& source) {
  TORCH_CHECK(self.scalar_type() == source.scalar_type(),
              "masked_scatter: expected self and source to have same dtypes but got",
              self.scalar_type(), " and ", source.scalar_type());
  TORCH_CHECK(mask.scalar_type() == c10::kBool,
              "masked_scatter_ only supports boolean masks, but got mask with dtype ",
              mask.scalar_type());
  set_masked(out, self, mask);
}

void take_shape(Out& out, const Tensor& self, const Tensor& index) {
  TORCH_CHECK(index.scalar_type() == c10::kLong,
              "take(): Expected a long tensor for index, but got ", index.scalar_type());
  TORCH_CHECK_INDEX(self.numel() != 0 || index.numel() == 0,
                    "take(): tried to take from an empty tensor");
  out.set(0, index.sizes(), self.scalar_type(), self.device());
}

void put_shape(Out& out, const Tensor& self, const Tensor& index, const Tensor& source) {
  TORCH_CHECK(index.scalar_type() == c10::kLong,
              "put_(): Expected a long tensor for index, but got ", index.scalar_type());
  TORCH_CHECK(self.scalar_type() == source.scalar_type(),
              "put_(): self and source expected to have the same dtype, but got self.dtype = ",
              self.scalar_type(), " and source.dtype = ", source.scalar_type());
  TORCH_CHECK_INDEX(
      source.numel() == index.numel(),
      "put_(): Expected source and index to have the same number of elements, but got "
      "source.numel() = ",
      source.numel(), ", index.numel() = ", index.numel());
  TORCH_CHECK_INDEX(self.numel() != 0 || index.numel() == 0,
                    "put_(): Tried to put elements into an empty tensor");
  out.allow_same();
  out.set_like(0, self, self.scalar_type());
}

void embedding_shape(Out& out, const Tensor& weight, const Tensor& indices) {
  TORCH_CHECK(weight.dim() == 2, "'weight' must be 2-D");
  TORCH_CHECK(
      is_index(indices),
      "Expected tensor for argument #1 'indices' to have one of the following scalar types: "
      "Long, Int; but got torch.",
      toString(indices.scalar_type()), "Tensor instead (while checking arguments for embedding)");
  std::vector<int64_t> sizes = indices.sizes().vec();
  sizes.push_back(weight.size(1));
  out.set(0, sizes, weight.scalar_type(), weight.device());
}

void embedding_dense_backward_shape(Out& out, const Tensor& grad, int64_t num_weights) {
  out.set(0, {num_weights, grad.size(-1)}, grad.scalar_type(), grad.device());
}

}  // namespace pharos::ops
