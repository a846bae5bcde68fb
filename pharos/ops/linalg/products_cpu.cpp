// Products of matrices and vectors on CPU tensors: transposed and strided operands go to the
// matrix product as they lie in memory wherever one of their two strides is 1.
#include "kernels/cpu/gemm.h"
#include "kernels/cpu/parallel.h"
#include "ops/linalg/linalg.h"
#include "ops/linalg_decls.h"

namespace pharos::cpu {
namespace {

using ops::dtype_of;
using ops::plain_copy;

// How the product reads the two last dims of a tensor.
struct Factor {
  const char* data;
  int64_t ld;
  bool trans;
  Tensor copy;

  Factor(const Tensor& t, int64_t rows, int64_t cols, int64_t row_stride, int64_t col_stride)
      : data(t.unsafeGetTensorImpl()->data) {
    if ((col_stride == 1 || cols == 1) && (row_stride >= cols || rows == 1)) {
      ld = rows == 1 ? cols : row_stride;
      trans = false;
    } else if ((row_stride == 1 || rows == 1) && (col_stride >= rows || cols == 1)) {
      ld = cols == 1 ? rows : col_stride;
      trans = true;
    } else {
      copy = plain_copy(t);
      data = copy.unsafeGetTensorImpl()->data;
      ld = cols;
      trans = false;
    }
    if (ld < 1) ld = 1;
  }
};

GemmScalar gemm_scalar(const c10::Scalar& s) {
  if (s.isComplex()) {
    const auto c = s.toComplexDouble();
    return GemmScalar(c.real(), c.imag());
  }
  return s.isFloatingPoint() ? GemmScalar(s.to<double>()) : GemmScalar::from_int(s.to<int64_t>());
}

// out = beta * out + alpha * a @ b; out is a matrix of any strides.
void product(const Tensor& out, const Tensor& a, const Tensor& b, const GemmScalar& alpha,
             const GemmScalar& beta) {
  const TensorImpl *o = out.unsafeGetTensorImpl(), *x = a.unsafeGetTensorImpl(),
                   *y = b.unsafeGetTensorImpl();
  const int64_t m = x->sizes_[0], k = x->sizes_[1], n = y->sizes_[1];
  if (m == 0 || n == 0) return;
  const Factor fa(a, m, k, x->strides_[0], x->strides_[1]);
  const Factor fb(b, k, n, y->strides_[0], y->strides_[1]);
  const int64_t rs = o->strides_[0], cs = o->strides_[1];
  const DType type = dtype_of(o->dtype_);
  if ((cs == 1 || n == 1) && (rs >= n || m == 1)) {
    const int64_t ldc = m == 1 ? n : rs;
    if (PHAROS_LIKELY(type == DType::kFloat))
      return sgemm(fa.trans, fb.trans, m, n, k, static_cast<float>(alpha.re),
                   reinterpret_cast<const float*>(fa.data), fa.ld,
                   reinterpret_cast<const float*>(fb.data), fb.ld, static_cast<float>(beta.re),
                   reinterpret_cast<float*>(o->data), ldc);
    return gemm(type, fa.trans, fb.trans, m, n, k, alpha, fa.data, fa.ld, fb.data, fb.ld, beta,
                o->data, ldc);
  }
  if ((rs == 1 || m == 1) && (cs >= m || n == 1))  // the transposed product
    return gemm(type, !fb.trans, !fa.trans, n, m, k, alpha, fb.data, fb.ld, fa.data, fa.ld, beta,
                o->data, n == 1 ? m : cs);
  const Tensor t = plain_copy(out);
  gemm(type, fa.trans, fb.trans, m, n, k, alpha, fa.data, fa.ld, fb.data, fb.ld, beta,
       t.unsafeGetTensorImpl()->data, n);
  copy_values(out, t);
}

bool same_memory(const Tensor& a, const Tensor& b) {
  return a.unsafeGetTensorImpl()->data == b.unsafeGetTensorImpl()->data &&
         a.sizes().equals(b.sizes()) && a.strides().equals(b.strides());
}

// Puts what beta multiplies into the result.
void start_from(const Tensor& out, const Tensor& self, const c10::Scalar& beta) {
  if (beta.equal(0) || same_memory(out, self)) return;
  const TensorImpl *o = out.unsafeGetTensorImpl(), *s = self.unsafeGetTensorImpl();
  const int64_t n = o->ndim > 0 ? o->sizes_data()[o->ndim - 1] : 1;
  if (o->is_contiguous() && s->ndim == 1 && s->sizes_[0] == n && s->is_contiguous() && n > 0 &&
      o->numel_ <= 1 << 16) {  // a bias: a row, two rows, four
    const size_t row = static_cast<size_t>(n) * o->itemsize();
    const size_t all = static_cast<size_t>(o->numel_) * o->itemsize();
    if (all == 0) return;
    std::memcpy(o->data, s->data, row);
    for (size_t done = row; done < all; done *= 2)
      std::memcpy(o->data + done, o->data, std::min(done, all - done));
    return;
  }
  copy_values(out, self);
}

// bool has no products; where there is nothing to multiply the result is zero all the same.
bool is_bool(const Tensor& out, const Tensor& t, const char* name) {
  if (PHAROS_LIKELY(t.scalar_type() != ScalarType::Bool)) return false;
  if (t.numel() > 0) ops::no_kernel(name, ScalarType::Bool);
  fill_zero(out);
  return true;
}

// out[i] = beta * out[i] + alpha * a[i] @ b[i], or all products summed into one matrix.
void batched(const Tensor& out, const Tensor& a, const Tensor& b, const GemmScalar& alpha,
             const GemmScalar& beta) {
  const auto *o = out.unsafeGetTensorImpl(), *x = a.unsafeGetTensorImpl(),
             *y = b.unsafeGetTensorImpl();
  const int64_t batch = x->sizes_[0], m = x->sizes_[1], k = x->sizes_[2], n = y->sizes_[2];
  if (batch == 0 || m == 0 || n == 0) return;
  const Factor fa(a, m, k, x->strides_[1], x->strides_[2]);
  const Factor fb(b, k, n, y->strides_[1], y->strides_[2]);
  const int64_t step_a = fa.copy.defined() ? m * k : x->strides_[0];
  const int64_t step_b = fb.copy.defined() ? k * n : y->strides_[0];
  const int64_t rs = o->strides_[1], cs = o->strides_[2];
  const DType type = dtype_of(o->dtype_);
  if ((cs == 1 || n == 1) && (rs >= n || m == 1))
    return gemm_batched(type, fa.trans, fb.trans, batch, m, n, k, alpha, fa.data, fa.ld, step_a,
                        fb.data, fb.ld, step_b, beta, o->data, m == 1 ? n : rs, o->strides_[0]);
  if ((rs == 1 || m == 1) && (cs >= m || n == 1))
    return gemm_batched(type, !fb.trans, !fa.trans, batch, n, m, k, alpha, fb.data, fb.ld, step_b,
                        fa.data, fa.ld, step_a, beta, o->data, n == 1 ? m : cs, o->strides_[0]);
  const Tensor t = plain_copy(out);
  gemm_batched(type, fa.trans, fb.trans, batch, m, n, k, alpha, fa.data, fa.ld, step_a, fb.data,
               fb.ld, step_b, beta, t.unsafeGetTensorImpl()->data, n, m * n);
  copy_values(out, t);
}

// A vector seen as a matrix of one row or one column.
Tensor column(const Tensor& v) { return view_of(v, {v.sizes()[0], 1}, {v.strides()[0], 1}); }

}  // namespace

void mm(const Tensor& out, const Tensor& self, const Tensor& mat2) {
  if (is_bool(out, self, "addmm_impl_cpu_")) return;
  product(out, self, mat2, 1, 0);
}

void addmm(const Tensor& out, const Tensor& self, const Tensor& mat1, const Tensor& mat2,
           const c10::Scalar& beta, const c10::Scalar& alpha) {
  if (is_bool(out, mat1, "addmm_impl_cpu_")) return;
  start_from(out, self, beta);
  product(out, mat1, mat2, gemm_scalar(alpha), gemm_scalar(beta));
}

void bmm(const Tensor& out, const Tensor& self, const Tensor& mat2) {
  if (is_bool(out, self, "bmm")) return;
  batched(out, self, mat2, 1, 0);
}

void baddbmm(const Tensor& out, const Tensor& self, const Tensor& batch1, const Tensor& batch2,
             const c10::Scalar& beta, const c10::Scalar& alpha) {
  if (is_bool(out, self, "baddbmm")) return;
  start_from(out, self, beta);
  batched(out, batch1, batch2, gemm_scalar(alpha), gemm_scalar(beta));
}

void addbmm(const Tensor& out, const Tensor& self, const Tensor& batch1, const Tensor& batch2,
            const c10::Scalar& beta, const c10::Scalar& alpha) {
  if (is_bool(out, self, "addmm_impl_cpu_")) return;
  start_from(out, self, beta);
  GemmScalar scale = gemm_scalar(beta);
  const int64_t batch = batch1.sizes()[0];
  auto slice = [](const Tensor& t, int64_t i) {
    return view_of(t, t.sizes().slice(1), t.strides().slice(1), i * t.strides()[0]);
  };
  for (int64_t i = 0; i < batch; ++i) {
    product(out, slice(batch1, i), slice(batch2, i), gemm_scalar(alpha), scale);
    scale = GemmScalar::from_int(1);
  }
  if (batch == 0) {  // beta * self
    const Tensor none = empty_cpu({out.sizes()[0], 0}, out.scalar_type());
    const Tensor none2 = empty_cpu({0, out.sizes()[1]}, out.scalar_type());
    product(out, none, none2, 1, scale);
  }
}

void mv(const Tensor& out, const Tensor& self, const Tensor& vec) {
  if (is_bool(out, self, "addmv_impl_cpu")) return;
  product(column(out), self, column(vec), 1, 0);
}

void addmv(const Tensor& out, const Tensor& self, const Tensor& mat, const Tensor& vec,
           const c10::Scalar& beta, const c10::Scalar& alpha) {
  if (is_bool(out, mat, "addmv_impl_cpu")) return;
  start_from(out, self, beta);
  product(column(out), mat, column(vec), gemm_scalar(alpha), gemm_scalar(beta));
}

void dot(const Tensor& out, const Tensor& self, const Tensor& other) {
  if (self.scalar_type() == ScalarType::Bool) ops::no_kernel("dot", ScalarType::Bool);
  const int64_t n = self.numel();
  const Tensor row = view_of(self, {1, n}, {1, self.strides()[0]});
  product(view_of(out, {1, 1}, {1, 1}), row, column(other), 1, 0);
}

}  // namespace pharos::cpu
