// Shape rules, composites and backward functions of the reduce family.
#pragma once

#include <string_view>
#include <tuple>

#include "ops/reduce/dims.h"

namespace pharos::ops {

using OptDtype = std::optional<ScalarType>;
using OptScalar = std::optional<Scalar>;

// Shape rules.
void sum_shape(Out& out, const Tensor& self, OptionalIntArrayRef dim, bool keepdim, OptDtype dtype);
void nansum_shape(Out& out, const Tensor& self, OptionalIntArrayRef dim, bool keepdim,
                  OptDtype dtype);
void mean_shape(Out& out, const Tensor& self, OptionalIntArrayRef dim, bool keepdim,
                OptDtype dtype);
void amin_shape(Out& out, const Tensor& self, IntArrayRef dim, bool keepdim);
void amax_shape(Out& out, const Tensor& self, IntArrayRef dim, bool keepdim);
void max_shape(Out& out, const Tensor& self);
void min_shape(Out& out, const Tensor& self);
void max_dim_shape(Out& out, const Tensor& self, int64_t dim, bool keepdim);
void min_dim_shape(Out& out, const Tensor& self, int64_t dim, bool keepdim);
void aminmax_shape(Out& out, const Tensor& self, std::optional<int64_t> dim, bool keepdim);
void argmax_shape(Out& out, const Tensor& self, std::optional<int64_t> dim, bool keepdim);
void argmin_shape(Out& out, const Tensor& self, std::optional<int64_t> dim, bool keepdim);
void all_shape(Out& out, const Tensor& self, OptionalIntArrayRef dim, bool keepdim);
void var_shape(Out& out, const Tensor& self, OptionalIntArrayRef dim, bool keepdim,
               const char* name, int results);
void vector_norm_shape(Out& out, const Tensor& self, const Scalar& ord, OptionalIntArrayRef dim,
                       bool keepdim, OptDtype dtype);
void count_shape(Out& out, const Tensor& self, IntArrayRef dim);
void scan_shape(Out& out, const Tensor& self, int64_t dim, OptDtype dtype, const char* name);
void scan_index_shape(Out& out, const Tensor& self, int64_t dim, const char* name);

// Below autograd.
Tensor logsumexp(const Tensor& self, IntArrayRef dim, bool keepdim);
Tensor trace(const Tensor& self);
bool equal(const Tensor& self, const Tensor& other);
bool is_nonzero(const Tensor& self);
Tensor dist(const Tensor& self, const Tensor& other, const Scalar& p);
Tensor norm_dtype(const Tensor& self, const OptScalar& p, ScalarType dtype);
Tensor norm_scalar(const Tensor& self, const Scalar& p);
Tensor norm_dim_dtype(const Tensor& self, const OptScalar& p, IntArrayRef dim, bool keepdim,
                      ScalarType dtype);
Tensor norm_dim(const Tensor& self, const OptScalar& p, IntArrayRef dim, bool keepdim);
bool is_same_size(const Tensor& self, const Tensor& other);

// Composites.
Tensor nanmean(const Tensor& self, OptionalIntArrayRef dim, bool keepdim, OptDtype dtype);
Tensor std_all(const Tensor& self, bool unbiased);
Tensor std_dim(const Tensor& self, OptionalIntArrayRef dim, bool unbiased, bool keepdim);
Tensor var_all(const Tensor& self, bool unbiased);
Tensor var_dim(const Tensor& self, OptionalIntArrayRef dim, bool unbiased, bool keepdim);
std::tuple<Tensor, Tensor> std_mean_all(const Tensor& self, bool unbiased);
std::tuple<Tensor, Tensor> std_mean_dim(const Tensor& self, OptionalIntArrayRef dim, bool unbiased,
                                        bool keepdim);
std::tuple<Tensor, Tensor> var_mean_all(const Tensor& self, bool unbiased);
std::tuple<Tensor, Tensor> var_mean_dim(const Tensor& self, OptionalIntArrayRef dim, bool unbiased,
                                        bool keepdim);
Tensor max_other(const Tensor& self, const Tensor& other);
Tensor min_other(const Tensor& self, const Tensor& other);
Tensor frobenius_norm_dim(const Tensor& self, IntArrayRef dim, bool keepdim);
Tensor count_nonzero_opt(const Tensor& self, std::optional<int64_t> dim);
bool allclose(const Tensor& self, const Tensor& other, double rtol, double atol, bool equal_nan);
Tensor linalg_norm(const Tensor& self, const OptScalar& ord, OptionalIntArrayRef dim, bool keepdim,
                   OptDtype dtype);
Tensor linalg_norm_str(const Tensor& self, c10::string_view ord, OptionalIntArrayRef dim,
                       bool keepdim, OptDtype dtype);
Tensor linalg_matrix_norm(const Tensor& self, const Scalar& ord, IntArrayRef dim, bool keepdim,
                          OptDtype dtype);
Tensor linalg_matrix_norm_str(const Tensor& self, c10::string_view ord, IntArrayRef dim,
                              bool keepdim, OptDtype dtype);
Tensor nuclear_norm(const Tensor& self, bool keepdim);
Tensor nuclear_norm_dim(const Tensor& self, IntArrayRef dim, bool keepdim);
Tensor diff(const Tensor& self, int64_t n, int64_t dim, const std::optional<Tensor>& prepend,
            const std::optional<Tensor>& append);
Tensor norm_except_dim(const Tensor& v, int64_t pow, int64_t dim);
Tensor trapezoid_x(const Tensor& y, const Tensor& x, int64_t dim);
Tensor trapezoid_dx(const Tensor& y, const Scalar& dx, int64_t dim);
Tensor trapz_x(const Tensor& y, const Tensor& x, int64_t dim);
Tensor trapz_dx(const Tensor& y, double dx, int64_t dim);
Tensor cumulative_trapezoid_x(const Tensor& y, const Tensor& x, int64_t dim);
Tensor cumulative_trapezoid_dx(const Tensor& y, const Scalar& dx, int64_t dim);
Tensor cov(const Tensor& self, int64_t correction, const std::optional<Tensor>& fweights,
           const std::optional<Tensor>& aweights);
Tensor corrcoef(const Tensor& self);

}  // namespace pharos::ops

namespace pharos::backward {

using ops::OptScalar;

// `t` with the reduced dims back as dims of size 1, unless they were kept.
Tensor restore_dims(const Tensor& t, OptionalIntArrayRef dim, int64_t ndim, bool keepdim);
Tensor sum_backward(const Tensor& grad, IntArrayRef sizes, OptionalIntArrayRef dim, bool keepdim);
Tensor mean_backward(const Tensor& grad, IntArrayRef sizes, OptionalIntArrayRef dim, bool keepdim);
Tensor nansum_backward(const Tensor& grad, const Tensor& self, OptionalIntArrayRef dim,
                       bool keepdim);
Tensor prod_backward(const Tensor& grad, const Tensor& self, const Tensor& result);
Tensor prod_backward(const Tensor& grad, const Tensor& self, const Tensor& result, int64_t dim,
                     bool keepdim);
Tensor extreme_backward(const Tensor& grad, const Tensor& self, const Tensor& result,
                        IntArrayRef dim, bool keepdim);
Tensor evenly_distribute_backward(const Tensor& grad, const Tensor& self, const Tensor& value);
Tensor aminmax_backward(const Tensor& self, std::optional<int64_t> dim, bool keepdim,
                        const Tensor& grad_min, const Tensor& grad_max, const Tensor& min,
                        const Tensor& max);
Tensor value_selecting_reduction_backward(const Tensor& grad, int64_t dim, const Tensor& indices,
                                          IntArrayRef sizes, bool keepdim);
Tensor var_backward(const Tensor& grad, const Tensor& self, OptionalIntArrayRef dim,
                    const OptScalar& correction, bool keepdim);
Tensor std_backward(const Tensor& result, const Tensor& grad, const Tensor& self,
                    OptionalIntArrayRef dim, const OptScalar& correction, bool keepdim);
Tensor var_mean_backward(const Tensor& grad_var, const Tensor& grad_mean, const Tensor& self,
                         OptionalIntArrayRef dim, const OptScalar& correction, bool keepdim);
Tensor std_mean_backward(const Tensor& grad_std, const Tensor& grad_mean, const Tensor& self,
                         const Tensor& std, OptionalIntArrayRef dim, const OptScalar& correction,
                         bool keepdim);
Tensor norm_backward(const Tensor& grad, const Tensor& self, const OptScalar& p,
                     const Tensor& norm);
Tensor norm_backward(const Tensor& grad, const Tensor& self, const OptScalar& p, const Tensor& norm,
                     IntArrayRef dim, bool keepdim);
Tensor linalg_vector_norm_backward(const Tensor& grad, const Tensor& self, const Scalar& ord,
                                   const Tensor& norm, OptionalIntArrayRef dim, bool keepdim);
Tensor logsumexp_backward(const Tensor& grad, const Tensor& self, const Tensor& result,
                          IntArrayRef dim, bool keepdim);
Tensor trace_backward(const Tensor& grad, IntArrayRef sizes);
Tensor cumsum_backward(const Tensor& grad, int64_t dim);
Tensor cumprod_backward(const Tensor& grad, const Tensor& self, int64_t dim, const Tensor& result);
Tensor cummaxmin_backward(const Tensor& grad, const Tensor& self, const Tensor& indices,
                          int64_t dim);
Tensor logcumsumexp_backward(const Tensor& grad, const Tensor& self, const Tensor& result,
                             int64_t dim);

}  // namespace pharos::backward
