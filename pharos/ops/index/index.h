// Shape rules, direct operators, composites and backward functions of the index family.
#pragma once

#include <pharos/dispatch/ivalue.h>

#include <tuple>

#include "ops/reduce/dims.h"

namespace pharos::ops {

using Indices = c10::List<std::optional<Tensor>>;
using OptTensor = std::optional<Tensor>;

// Shape rules. The names are those of the errors.
void gather_shape(Out& out, const Tensor& self, int64_t dim, const Tensor& index);
void scatter_shape(Out& out, const Tensor& self, int64_t dim, const Tensor& index,
                   const Tensor* src, const char* name);
void scatter_reduce_shape(Out& out, const Tensor& self, int64_t dim, const Tensor& index,
                          const Tensor& src, c10::string_view reduce);
void scatter_old_reduce_shape(Out& out, const Tensor& self, int64_t dim, const Tensor& index,
                              const Tensor* src, c10::string_view reduce);
void index_select_shape(Out& out, const Tensor& self, int64_t dim, const Tensor& index);
void index_add_shape(Out& out, const Tensor& self, int64_t dim, const Tensor& index,
                     const Tensor& source, const char* name);
void index_copy_shape(Out& out, const Tensor& self, int64_t dim, const Tensor& index,
                      const Tensor& source);
void index_reduce_shape(Out& out, const Tensor& self, int64_t dim, const Tensor& index,
                        const Tensor& source, c10::string_view reduce);
void index_fill_shape(Out& out, const Tensor& self, int64_t dim, const Tensor& index,
                      const Tensor* value);
void masked_fill_shape(Out& out, const Tensor& self, const Tensor& mask, const Tensor* value);
void masked_scatter_shape(Out& out, const Tensor& self, const Tensor& mask, const Tensor& source);
void take_shape(Out& out, const Tensor& self, const Tensor& index);
void put_shape(Out& out, const Tensor& self, const Tensor& index, const Tensor& source);
void embedding_shape(Out& out, const Tensor& weight, const Tensor& indices);
void embedding_dense_backward_shape(Out& out, const Tensor& grad, int64_t num_weights);

// Direct.
Tensor index_tensor(const Tensor& self, const Indices& indices);
Tensor unsafe_index_tensor(const Tensor& self, const Indices& indices);
Tensor index_put(const Tensor& self, const Indices& indices, const Tensor& values, bool accumulate);
Tensor& index_put_inplace(Tensor& self, const Indices& indices, const Tensor& values,
                          bool accumulate);
Tensor& index_put_impl(Tensor& self, const Indices& indices, const Tensor& values, bool accumulate,
                       bool unsafe);
Tensor unsafe_index_put(const Tensor& self, const Indices& indices, const Tensor& values,
                        bool accumulate);
Tensor masked_select(const Tensor& self, const Tensor& mask);
Tensor nonzero(const Tensor& self);
Tensor nonzero_static(const Tensor& self, int64_t size, int64_t fill_value);
Tensor one_hot(const Tensor& self, int64_t num_classes);
Tensor& fill_diagonal(Tensor& self, const Scalar& fill_value, bool wrap);
Tensor& embedding_renorm(Tensor& self, const Tensor& indices, double max_norm, double norm_type);
std::tuple<Tensor, Tensor, Tensor, Tensor> embedding_bag_forward(
    const Tensor& weight, const Tensor& indices, const Tensor& offsets, bool scale_grad_by_freq,
    int64_t mode, bool sparse, const OptTensor& per_sample_weights, bool include_last_offset,
    int64_t padding_idx);

// Composites.
Tensor take_along_dim(const Tensor& self, const Tensor& indices, std::optional<int64_t> dim);
std::vector<Tensor> nonzero_numpy(const Tensor& self);
Tensor argwhere(const Tensor& self);
std::tuple<Tensor, Tensor, Tensor, Tensor> embedding_bag(
    const Tensor& weight, const Tensor& indices, const Tensor& offsets, bool scale_grad_by_freq,
    int64_t mode, bool sparse, const OptTensor& per_sample_weights, bool include_last_offset);
std::tuple<Tensor, Tensor, Tensor, Tensor> embedding_bag_padding(
    const Tensor& weight, const Tensor& indices, const Tensor& offsets, bool scale_grad_by_freq,
    int64_t mode, bool sparse, const OptTensor& per_sample_weights, bool include_last_offset,
    std::optional<int64_t> padding_idx);

}  // namespace pharos::ops

namespace pharos::backward {

using ops::Indices;
using ops::OptTensor;

// Throws: the operator of this name has no gradient.
Tensor no_gradient(const char* name);
Tensor index_backward(const Tensor& zeros, const Indices& indices, const Tensor& grad);
Tensor index_put_values_backward(const Tensor& grad, const Indices& indices, IntArrayRef sizes);
Tensor index_select_backward(const Tensor& grad, IntArrayRef sizes, int64_t dim,
                             const Tensor& index);
Tensor index_source_backward(const Tensor& grad, int64_t dim, const Tensor& index,
                             const Tensor& source);
Tensor index_fill_value_backward(const Tensor& grad, int64_t dim, const Tensor& index);
std::tuple<Tensor, Tensor> index_reduce_backward(const Tensor& grad, const Tensor& self,
                                                 int64_t dim, const Tensor& index,
                                                 const Tensor& source, c10::string_view reduce,
                                                 bool include_self, const Tensor& result);
Tensor gather_backward(const Tensor& grad, const Tensor& self, int64_t dim, const Tensor& index,
                       bool sparse_grad);
std::tuple<Tensor, Tensor> scatter_reduce_backward(const Tensor& grad, const Tensor& self,
                                                   int64_t dim, const Tensor& index,
                                                   const Tensor& src, c10::string_view reduce,
                                                   bool include_self, const Tensor& result);
Tensor masked_fill_backward(const Tensor& grad, const Tensor& mask);
Tensor masked_fill_self_backward(const Tensor& grad, const Tensor& self, const Tensor& mask);
Tensor masked_select_backward(const Tensor& grad, const Tensor& self, const Tensor& mask);
Tensor masked_scatter_backward(const Tensor& grad, const Tensor& mask, IntArrayRef sizes);
Tensor take_backward(const Tensor& grad, const Tensor& self, const Tensor& index);
Tensor embedding_backward(const Tensor& grad, const Tensor& indices, int64_t num_weights,
                          int64_t padding_idx, bool scale_grad_by_freq, bool sparse);
Tensor embedding_dense_double_backward(const Tensor& grad, const Tensor& indices,
                                       int64_t padding_idx);
// Indices of padding and behind the last offset are in no bag.
Tensor bag_backward(const Tensor& grad, const Tensor& weight, const Tensor& indices,
                    const Tensor& offsets, const Tensor& n, const Tensor& top,
                    const Tensor& per_sample_weights, int64_t mode, bool scale_grad_by_freq,
                    bool include_last_offset, int64_t padding_idx);
Tensor bag_sample_backward(const Tensor& grad, const Tensor& weight, const Tensor& indices,
                           const Tensor& offsets, bool include_last_offset, int64_t padding_idx);

}  // namespace pharos::backward
