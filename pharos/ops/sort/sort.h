// Shape rules, direct operators and composites of the sort family.
#pragma once

#include <tuple>

#include "ops/index/index.h"
#include "ops/reduce/reduce.h"

namespace pharos::ops {

using OptStr = std::optional<c10::string_view>;

void sort_shape(Out& out, const Tensor& self, int64_t dim);
void topk_shape(Out& out, const Tensor& self, int64_t k, int64_t dim);
void kthvalue_shape(Out& out, const Tensor& self, int64_t k, int64_t dim, bool keepdim);
void median_shape(Out& out, const Tensor& self, int64_t dim, bool keepdim, const char* name);

Tensor argsort(const Tensor& self, int64_t dim, bool descending);
Tensor argsort_stable(const Tensor& self, bool stable, int64_t dim, bool descending);
Tensor msort(const Tensor& self);
Tensor median(const Tensor& self);
Tensor nanmedian(const Tensor& self);
std::tuple<Tensor, Tensor, Tensor> unique_dim(const Tensor& self, int64_t dim, bool sorted,
                                              bool return_inverse, bool return_counts);
std::tuple<Tensor, Tensor, Tensor> unique_consecutive(const Tensor& self, bool return_inverse,
                                                      bool return_counts,
                                                      std::optional<int64_t> dim);
std::tuple<Tensor, Tensor, Tensor> unique_dim_consecutive(const Tensor& self, int64_t dim,
                                                          bool return_inverse, bool return_counts);
std::tuple<Tensor, Tensor> unique_old(const Tensor& self, bool sorted, bool return_inverse);
std::tuple<Tensor, Tensor, Tensor> unique2(const Tensor& self, bool sorted, bool return_inverse,
                                           bool return_counts);
Tensor bincount(const Tensor& self, const OptTensor& weights, int64_t minlength);
Tensor histc(const Tensor& self, int64_t bins, const Scalar& min, const Scalar& max);
Tensor searchsorted(const Tensor& sorted_sequence, const Tensor& self, bool out_int32, bool right,
                    OptStr side, const OptTensor& sorter);
Tensor searchsorted_scalar(const Tensor& sorted_sequence, const Scalar& self, bool out_int32,
                           bool right, OptStr side, const OptTensor& sorter);
Tensor bucketize(const Tensor& self, const Tensor& boundaries, bool out_int32, bool right);
Tensor bucketize_scalar(const Scalar& self, const Tensor& boundaries, bool out_int32, bool right);
Tensor quantile(const Tensor& self, const Tensor& q, std::optional<int64_t> dim, bool keepdim,
                c10::string_view interpolation);
Tensor quantile_scalar(const Tensor& self, double q, std::optional<int64_t> dim, bool keepdim,
                       c10::string_view interpolation);
Tensor nanquantile(const Tensor& self, const Tensor& q, std::optional<int64_t> dim, bool keepdim,
                   c10::string_view interpolation);
Tensor nanquantile_scalar(const Tensor& self, double q, std::optional<int64_t> dim, bool keepdim,
                          c10::string_view interpolation);
Tensor isin(const Tensor& elements, const Tensor& test_elements, bool assume_unique, bool invert);
Tensor isin_scalar(const Tensor& elements, const Scalar& test_element, bool assume_unique,
                   bool invert);
Tensor isin_scalar_tensor(const Scalar& element, const Tensor& test_elements, bool assume_unique,
                          bool invert);

}  // namespace pharos::ops
