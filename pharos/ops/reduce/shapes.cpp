// Shape rules of the reduce family: result dtypes, dims, and the errors of bad arguments.
#include <cmath>

#include "ops/reduce/reduce.h"

namespace pharos::ops {
namespace {

// dtype argument, else the out tensor's, else int64 for integers.
ScalarType sum_dtype(Out& out, const Tensor& self, OptDtype dtype) {
  if (dtype) return *dtype;
  if (!out.functional() && out.target(0).defined()) return out.target(0).scalar_type();
  const ScalarType t = self.scalar_type();
  return c10::isIntegralType(t, true) ? c10::kLong : t;
}

void check_nonempty(const Tensor& self, uint64_t mask, const char* name) {
  for (int64_t d = 0; d < self.dim(); ++d) {
    if (mask >> d & 1) {
      TORCH_CHECK_INDEX(self.sizes()[static_cast<size_t>(d)] != 0, name,
                        "(): Expected reduction dim ", d, " to have non-zero size.");
    }
  }
}

void check_same_out(Out& out, const Tensor& self) {
  if (out.functional() || !out.target(0).defined()) return;
  TORCH_CHECK(self.scalar_type() == out.target(0).scalar_type(),
              "Expected the dtype for input and out to match, but got ", self.scalar_type(),
              " for input's dtype and ", out.target(0).scalar_type(), " for out's dtype.");
}

void extreme_shape(Out& out, const Tensor& self, IntArrayRef dim, bool keepdim, const char* name,
                   const char* kernel) {
  check_same_out(out, self);
  const uint64_t mask = dim_mask(dim, self.dim());
  if (self.numel() == 0) {
    if (dim.empty()) {
      TORCH_CHECK(false, name,
                  "(): Expected reduction dim to be specified for input.numel() == 0. Specify the "
                  "reduction dim with the 'dim' argument.");
    }
    for (int64_t d : dim) {
      TORCH_CHECK_INDEX(self.dim() == 0 || self.size(d) != 0, name, "(): Expected reduction dim ",
                        d, " to have non-zero size.");
    }
  }
  TORCH_CHECK_NOT_IMPLEMENTED(!self.is_complex() || self.numel() == 0, '"', kernel,
                              "\" not implemented for '", self.scalar_type(), "'");
  set_reduced(out, 0, self, mask, keepdim, self.scalar_type());
}

void extreme_dim_shape(Out& out, const Tensor& self, int64_t dim, bool keepdim, const char* name) {
  const int64_t d = wrapped_dim(dim, self.dim());
  check_nonempty(self, uint64_t{1} << d, name);
  TORCH_CHECK_TYPE(!self.is_complex(), name, "(): does not support complex input");
  const uint64_t mask = self.dim() ? uint64_t{1} << d : 0;
  set_reduced(out, 0, self, mask, keepdim, self.scalar_type());
  set_reduced(out, 1, self, mask, keepdim, c10::kLong);
}

void extreme_all_shape(Out& out, const Tensor& self, const char* name) {
  TORCH_CHECK(self.numel() > 0, name,
              "(): Expected reduction dim to be specified for input.numel() == 0. Specify the "
              "reduction dim with the 'dim' argument.");
  TORCH_CHECK_NOT_IMPLEMENTED(!self.is_complex(), '"', name, "_all\" not implemented for '",
                              self.scalar_type(), "'");
  out.set(0, {}, self.scalar_type(), self.device());
}

void arg_shape(Out& out, const Tensor& self, std::optional<int64_t> dim, bool keepdim,
               const char* name) {
  TORCH_CHECK_TYPE(!self.is_complex(), name, "(): does not support complex input");
  TORCH_CHECK_NOT_IMPLEMENTED(self.scalar_type() != c10::kBool, name,
                              "(): does not support bool input");
  uint64_t mask = all_dims(self.dim());
  if (dim) {
    const int64_t d = wrapped_dim(*dim, self.dim());
    check_nonempty(self, uint64_t{1} << d, name);
    mask = self.dim() ? uint64_t{1} << d : 0;
  } else {
    TORCH_CHECK_INDEX(self.numel() != 0, name,
                      "(): Expected reduction dim to be specified for input.numel() == 0.");
  }
  set_reduced(out, 0, self, mask, keepdim, c10::kLong);
}

}  // namespace

void sum_shape(Out& out, const Tensor& self, OptionalIntArrayRef dim, bool keepdim,
               OptDtype dtype) {
  set_reduced(out, 0, self, dim_mask(dim, self.dim()), keepdim, sum_dtype(out, self, dtype));
}

void nansum_shape(Out& out, const Tensor& self, OptionalIntArrayRef dim, bool keepdim,
                  OptDtype dtype) {
  TORCH_CHECK_NOT_IMPLEMENTED(!self.is_complex(), "nansum on CPU does not support complex inputs");
  sum_shape(out, self, dim, keepdim, dtype);
}

void mean_shape(Out& out, const Tensor& self, OptionalIntArrayRef dim, bool keepdim,
                OptDtype dtype) {
  const ScalarType t = dtype.value_or(self.scalar_type());
  TORCH_CHECK_NOT_IMPLEMENTED(c10::isFloatingType(t) || c10::isComplexType(t),
                              "mean(): could not infer output dtype. ",
                              dtype ? "Optional" : "Input",
                              " dtype must be either a floating point or complex dtype. Got: ", t);
  set_reduced(out, 0, self, dim_mask(dim, self.dim()), keepdim, sum_dtype(out, self, dtype));
}

void amin_shape(Out& out, const Tensor& self, IntArrayRef dim, bool keepdim) {
  extreme_shape(out, self, dim, keepdim, "amin", "min_values_cpu");
}
void amax_shape(Out& out, const Tensor& self, IntArrayRef dim, bool keepdim) {
  extreme_shape(out, self, dim, keepdim, "amax", "max_values_cpu");
}
void max_shape(Out& out, const Tensor& self) { extreme_all_shape(out, self, "max"); }
void min_shape(Out& out, const Tensor& self) { extreme_all_shape(out, self, "min"); }
void max_dim_shape(Out& out, const Tensor& self, int64_t dim, bool keepdim) {
  extreme_dim_shape(out, self, dim, keepdim, "max");
}
void min_dim_shape(Out& out, const Tensor& self, int64_t dim, bool keepdim) {
  extreme_dim_shape(out, self, dim, keepdim, "min");
}

void aminmax_shape(Out& out, const Tensor& self, std::optional<int64_t> dim, bool keepdim) {
  TORCH_CHECK_TYPE(!self.is_complex(), "aminmax not implemented for ", self.scalar_type());
  uint64_t mask = all_dims(self.dim());
  if (dim) {
    const int64_t d = wrapped_dim(*dim, self.dim());
    mask = self.dim() ? uint64_t{1} << d : 0;
    TORCH_CHECK_INDEX(self.dim() == 0 || self.size(d) != 0, "aminmax: Expected reduction dim ", d,
                      " to have non-zero size.");
  } else {
    TORCH_CHECK(self.numel() > 0,
                "aminmax(): cannot compute aminmax over an empty dimension as the operation has no "
                "identity.");
  }
  set_reduced(out, 0, self, mask, keepdim, self.scalar_type());
  set_reduced(out, 1, self, mask, keepdim, self.scalar_type());
}

void argmax_shape(Out& out, const Tensor& self, std::optional<int64_t> dim, bool keepdim) {
  arg_shape(out, self, dim, keepdim, "argmax");
}
void argmin_shape(Out& out, const Tensor& self, std::optional<int64_t> dim, bool keepdim) {
  arg_shape(out, self, dim, keepdim, "argmin");
}

void all_shape(Out& out, const Tensor& self, OptionalIntArrayRef dim, bool keepdim) {
  const ScalarType t = self.scalar_type() == c10::kByte ? c10::kByte : c10::kBool;
  set_reduced(out, 0, self, dim_mask(dim, self.dim(), false), keepdim, t);
}

void var_shape(Out& out, const Tensor& self, OptionalIntArrayRef dim, bool keepdim,
               const char* name, int results) {
  const ScalarType t = self.scalar_type();
  TORCH_CHECK_NOT_IMPLEMENTED(c10::isFloatingType(t) || c10::isComplexType(t), name,
                              " only support floating point and complex dtypes");
  const uint64_t mask = dim_mask(dim, self.dim());
  set_reduced(out, 0, self, mask, keepdim, c10::toRealValueType(t));
  if (results == 2) set_reduced(out, 1, self, mask, keepdim, t);
}

void vector_norm_shape(Out& out, const Tensor& self, const Scalar& ord, OptionalIntArrayRef dim,
                       bool keepdim, OptDtype dtype) {
  const ScalarType t = self.scalar_type();
  TORCH_CHECK_NOT_IMPLEMENTED(
      c10::isFloatingType(t) || c10::isComplexType(t),
      "linalg.vector_norm: Expected a floating point or complex tensor as input. Got ", t);
  const uint64_t mask = dim_mask(dim, self.dim());
  const double p = ord.toDouble();
  if (self.numel() == 0 && (p < 0 || p == INFINITY)) {
    TORCH_CHECK(dim.has_value() && !dim->empty(), "linalg.vector_norm cannot compute the ", p,
                " norm on an empty tensor because the operation does not have an identity");
    for (int64_t d : *dim) {
      TORCH_CHECK(self.size(d) != 0, "linalg.vector_norm cannot compute the ", p,
                  " norm on the dimension ", d,
                  "because this dimension is empty and the operation does not have an identity");
    }
  }
  if (dtype) {
    TORCH_CHECK(c10::isFloatingType(*dtype) || c10::isComplexType(*dtype),
                "linalg.vector_norm: dtype should be floating point or complex, but got ", *dtype);
    TORCH_CHECK(c10::isComplexType(t) == c10::isComplexType(*dtype),
                "linalg.vector_norm: dtype should be ", self.is_complex() ? "complex" : "real",
                " for ", self.is_complex() ? "complex" : "real", " inputs, but got ", *dtype);
    TORCH_CHECK(c10::promoteTypes(t, *dtype) == *dtype,
                "linalg.vector_norm: the dtype of the input ", "(", t,
                ") should be convertible without narrowing to the specified dtype (", *dtype, ")");
  }
  set_reduced(out, 0, self, mask, keepdim, c10::toRealValueType(dtype.value_or(t)));
}

void count_shape(Out& out, const Tensor& self, IntArrayRef dim) {
  set_reduced(out, 0, self, dim_mask(dim, self.dim()), false, c10::kLong);
}

void scan_shape(Out& out, const Tensor& self, int64_t dim, OptDtype dtype, const char* name) {
  wrapped_dim(dim, self.dim());
  ScalarType t = self.scalar_type();
  if (dtype) {
    t = *dtype;
  } else if (!out.functional() && out.target(0).defined()) {
    t = out.target(0).scalar_type();
  } else if (c10::isIntegralType(t, true) && name[0] == 'c') {
    t = c10::kLong;
  }
  TORCH_CHECK_NOT_IMPLEMENTED(t != c10::kBool && (name[0] == 'c' || !c10::isIntegralType(t, true)),
                              '"', name, "_out_cpu\" not implemented for '", t, "'");
  out.set(0, self.sizes(), t, self.device());
}

void scan_index_shape(Out& out, const Tensor& self, int64_t dim, const char* name) {
  wrapped_dim(dim, self.dim());
  TORCH_CHECK_NOT_IMPLEMENTED(!self.is_complex() || self.dim() == 0 || self.numel() == 0, '"', name,
                              "_cpu\" not implemented for '", self.scalar_type(), "'");
  out.set(0, self.sizes(), self.scalar_type(), self.device());
  out.set(1, self.sizes(), c10::kLong, self.device());
}

}  // namespace pharos::ops
