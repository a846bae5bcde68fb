// Shape rules, shared checks and backward functions of the linalg family.
#pragma once

#include <array>
#include <tuple>

#include <pharos/tensor_operators.h>

#include "ops/out.h"
#include "ops/plain.h"

namespace pharos::ops {

// Products of matrices and vectors (products.cpp).
void mm_shape(Out& out, const Tensor& self, const Tensor& mat2);
void bmm_shape(Out& out, const Tensor& self, const Tensor& mat2);
void mv_shape(Out& out, const Tensor& self, const Tensor& vec);
void addmm_shape(Out& out, const Tensor& self, const Tensor& mat1, const Tensor& mat2);
void addmv_shape(Out& out, const Tensor& self, const Tensor& mat, const Tensor& vec);
void baddbmm_shape(Out& out, const Tensor& self, const Tensor& batch1, const Tensor& batch2);
void addbmm_shape(Out& out, const Tensor& self, const Tensor& batch1, const Tensor& batch2);
void dot_shape(Out& out, const Tensor& self, const Tensor& other);
void renorm_shape(Out& out, const Tensor& self, const Scalar& p, int64_t dim,
                  const Scalar& maxnorm);

// Square matrices of a floating or complex dtype, or PyTorch's error.
void check_square(const Tensor& a, const char* name, const char* arg = "A");
void check_float_or_complex(const Tensor& a, const char* name);

}  // namespace pharos::ops

namespace pharos::backward {

Tensor maybe_multiply(const Tensor& t, const Scalar& s);
// The gradient of something that was broadcast from `sizes`.
Tensor sum_to(const Tensor& grad, IntArrayRef sizes);
// Gradients of a product's factors, laid out as the factors were.
Tensor mm_mat1_backward(const Tensor& grad, const Tensor& mat2, IntArrayRef sizes,
                        IntArrayRef strides, const Scalar& alpha);
Tensor mm_mat2_backward(const Tensor& grad, const Tensor& mat1, IntArrayRef sizes,
                        IntArrayRef strides, const Scalar& alpha);
Tensor addbmm_batch1_backward(const Tensor& grad, const Tensor& batch2, IntArrayRef sizes1,
                              const Scalar& alpha);
Tensor addbmm_batch2_backward(const Tensor& grad, const Tensor& batch1, IntArrayRef sizes2,
                              const Scalar& alpha);
std::tuple<Tensor, Tensor, Tensor> trilinear_backward(const Tensor& grad, const Tensor& i1,
                                                      const Tensor& i2, const Tensor& i3,
                                                      IntArrayRef expand1, IntArrayRef expand2,
                                                      IntArrayRef expand3, IntArrayRef sumdim,
                                                      std::array<bool, 3> needs);
Tensor renorm_backward(const Tensor& grad, const Tensor& self, const Scalar& p, int64_t dim,
                       const Scalar& maxnorm);

// Decompositions (decompositions.cpp).
Tensor det_backward(const Tensor& grad, const Tensor& det, const Tensor& A);
std::tuple<Tensor, Tensor> solve_backward(const Tensor& grad, const Tensor& x, const Tensor& A,
                                          const Tensor& B, bool left, std::array<bool, 2> needs);
std::tuple<Tensor, Tensor> solve_triangular_backward(const Tensor& grad, const Tensor& A,
                                                     const Tensor& B, const Tensor& x, bool upper,
                                                     bool left, bool unitriangular,
                                                     std::array<bool, 2> needs);
Tensor cholesky_backward(const Tensor& grad, bool upper, const Tensor& L);
Tensor qr_backward(const Tensor& gq, const Tensor& gr, const Tensor& A, const Tensor& q,
                   const Tensor& r, c10::string_view mode);

// Singular values (singular.cpp).
Tensor svd_backward(const Tensor& grad_u, const Tensor& grad_s, const Tensor& grad_vh,
                    const Tensor& all_u, const Tensor& s, const Tensor& all_vh);
Tensor pinv_backward(const Tensor& grad, const Tensor& inverse, const Tensor& A);

// Triangular factors (lu.cpp).
Tensor lu_backward(const Tensor& gl, const Tensor& gu, const Tensor& P, const Tensor& L,
                   const Tensor& U);
Tensor lu_factor_backward(const Tensor& grad, const Tensor& LU, const Tensor& pivots);
Tensor lu_unpack_backward(const Tensor& gl, const Tensor& gu, IntArrayRef sizes);

}  // namespace pharos::backward
