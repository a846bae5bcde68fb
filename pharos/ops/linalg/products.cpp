// Products of matrices and vectors: checks and shapes, matmul and linear as compositions.
#include <pharos/ops/functions.h>
#include <pharos/tensor_operators.h>

#include "ops/linalg/linalg.h"
#include "ops/linalg_decls.h"
#include "ops/promotion.h"

namespace pharos::ops {
namespace {

void check_expandable(const Tensor& self, IntArrayRef to) {
  const int64_t n = self.dim(), m = static_cast<int64_t>(to.size());
  TORCH_CHECK(n <= m, "expand(", legacy_name(self), "{", self.sizes(), "}, size=", to,
              "): the number of sizes provided (", m,
              ") must be greater or equal to the number of dimensions in the tensor (", n, ")");
  for (int64_t i = n - 1; i >= 0; --i) {
    const int64_t have = self.sizes()[i], want = to[m - n + i];
    TORCH_CHECK(have == want || have == 1, "The expanded size of the tensor (", want,
                ") must match the existing size (", have, ") at non-singleton dimension ",
                m - n + i, ".  Target sizes: ", to, ".  Tensor sizes: ", self.sizes());
  }
}

// In place, `self` may be the target if the factors are other memory.
void allow_self(Out& out, const Tensor& self, const Tensor& a, const Tensor& b) {
  if (out.mode() == Out::Mode::kInplace && !a.is_alias_of(self) && !b.is_alias_of(self))
    out.allow_same();
}

void check_out_dtype(Out& out, ScalarType t) {
  if (out.mode() == Out::Mode::kOut && out.target(0).scalar_type() != t)
    TORCH_CHECK(false, "Expected out tensor to have dtype ", cpp_name(t), ", but got ",
                cpp_name(out.target(0).scalar_type()), " instead");
}

PHAROS_COLD void bad_product(const char* op, const Tensor& a, const Tensor& b) {
  TORCH_CHECK(false, op, ": mat1 and mat2 shapes cannot be multiplied (", a.sizes()[0], "x",
              a.sizes()[1], " and ", b.sizes()[0], "x", b.sizes()[1], ")");
}
PHAROS_COLD void bad_dtypes(const Tensor& a, const Tensor& b) {
  TORCH_CHECK(false,
              "expected m1 and m2 to have the same dtype, but got: ", cpp_name(a.scalar_type()),
              " != ", cpp_name(b.scalar_type()));
}

}  // namespace

void mm_shape(Out& out, const Tensor& self, const Tensor& mat2) {
  TORCH_CHECK(self.dim() == 2, "mm: self must be a matrix, got ", self.dim(), "-D tensor");
  TORCH_CHECK(mat2.dim() == 2, "mm: mat2 must be a matrix, got ", mat2.dim(), "-D tensor");
  if (PHAROS_UNLIKELY(self.sizes()[1] != mat2.sizes()[0])) bad_product("mm", self, mat2);
  if (PHAROS_UNLIKELY(self.scalar_type() != mat2.scalar_type())) bad_dtypes(self, mat2);
  check_out_dtype(out, self.scalar_type());
  const int64_t sizes[] = {self.sizes()[0], mat2.sizes()[1]};
  out.set(0, sizes, self.scalar_type(), self.device());
}

void bmm_shape(Out& out, const Tensor& self, const Tensor& mat2) {
  TORCH_CHECK(self.dim() == 3, "batch1 must be a 3D tensor");
  TORCH_CHECK(mat2.dim() == 3, "batch2 must be a 3D tensor");
  const IntArrayRef a = self.sizes(), b = mat2.sizes();
  TORCH_CHECK(a[0] == b[0] && a[2] == b[1],
              "Expected size for first two dimensions of batch2 tensor to be: [", a[0], ", ", a[2],
              "] but got: [", b[0], ", ", b[1], "].");
  TORCH_CHECK(self.scalar_type() == mat2.scalar_type(), "expected scalar type ", self.scalar_type(),
              " but found ", mat2.scalar_type());
  const int64_t sizes[] = {a[0], a[1], b[2]};
  out.set(0, sizes, self.scalar_type(), self.device());
}

void mv_shape(Out& out, const Tensor& self, const Tensor& vec) {
  TORCH_CHECK(self.dim() == 2 && vec.dim() == 1, "vector + matrix @ vector expected, got 1, ",
              self.dim(), ", ", vec.dim());
  TORCH_CHECK(self.sizes()[1] == vec.sizes()[0], "size mismatch, got input (", self.sizes()[0],
              "), mat (", self.sizes()[0], "x", self.sizes()[1], "), vec (", vec.sizes()[0], ")");
  TORCH_CHECK(self.scalar_type() == vec.scalar_type(),
              "addmv input tensors must have the same dtype, but got ", vec.scalar_type(), ", ",
              self.scalar_type(), ", and ", vec.scalar_type());
  out.set(0, IntArrayRef(self.sizes().data(), 1), self.scalar_type(), self.device());
}

void addmm_shape(Out& out, const Tensor& self, const Tensor& mat1, const Tensor& mat2) {
  TORCH_CHECK(mat1.dim() == 2, "addmm: self must be a matrix, got ", mat1.dim(), "-D tensor");
  TORCH_CHECK(mat2.dim() == 2, "addmm: mat2 must be a matrix, got ", mat2.dim(), "-D tensor");
  if (PHAROS_UNLIKELY(mat1.sizes()[1] != mat2.sizes()[0])) bad_product("addmm", mat1, mat2);
  const int64_t sizes[] = {mat1.sizes()[0], mat2.sizes()[1]};
  if (PHAROS_UNLIKELY(self.scalar_type() != mat2.scalar_type()))
    TORCH_CHECK(false, "self and mat2 must have the same dtype, but got ", self.scalar_type(),
                " and ", mat2.scalar_type());
  if (PHAROS_UNLIKELY(mat1.scalar_type() != mat2.scalar_type()))
    TORCH_CHECK(false, "mat1 and mat2 must have the same dtype, but got ", mat1.scalar_type(),
                " and ", mat2.scalar_type());
  if (out.mode() == Out::Mode::kInplace && !self.sizes().equals(sizes))
    TORCH_CHECK(false, "Bad in-place call: input tensor size ", self.sizes(),
                " and output tensor size ", IntArrayRef(sizes), " should match");
  check_expandable(self, sizes);
  allow_self(out, self, mat1, mat2);
  out.set(0, sizes, mat1.scalar_type(), mat1.device());
}

void addmv_shape(Out& out, const Tensor& self, const Tensor& mat, const Tensor& vec) {
  TORCH_CHECK(mat.dim() == 2 && vec.dim() == 1 && self.dim() <= 1,
              "vector + matrix @ vector expected, got ", self.dim(), ", ", mat.dim(), ", ",
              vec.dim());
  TORCH_CHECK(
      mat.sizes()[1] == vec.sizes()[0] && (self.numel() == mat.sizes()[0] || self.numel() == 1),
      "size mismatch, got input (", self.dim() == 0 ? 1 : self.sizes()[0], "), mat (",
      mat.sizes()[0], "x", mat.sizes()[1], "), vec (", vec.sizes()[0], ")");
  TORCH_CHECK(mat.scalar_type() == vec.scalar_type() && self.scalar_type() == vec.scalar_type(),
              "addmv input tensors must have the same dtype, but got ", self.scalar_type(), ", ",
              mat.scalar_type(), ", and ", vec.scalar_type());
  const IntArrayRef sizes(mat.sizes().data(), 1);
  if (out.mode() == Out::Mode::kInplace && !self.sizes().equals(sizes))
    TORCH_CHECK(false, "Bad in-place call: input tensor size ", self.sizes(),
                " and output tensor size ", sizes, " should match");
  allow_self(out, self, mat, vec);
  out.set(0, sizes, mat.scalar_type(), mat.device());
}

void baddbmm_shape(Out& out, const Tensor& self, const Tensor& batch1, const Tensor& batch2) {
  TORCH_CHECK(batch1.dim() == 3, "batch1 must be a 3D tensor");
  TORCH_CHECK(batch2.dim() == 3, "batch2 must be a 3D tensor");
  const IntArrayRef a = batch1.sizes(), b = batch2.sizes();
  TORCH_CHECK(a[0] == b[0] && a[2] == b[1],
              "Expected size for first two dimensions of batch2 tensor to be: [", a[0], ", ", a[2],
              "] but got: [", b[0], ", ", b[1], "].");
  TORCH_CHECK(
      self.scalar_type() == batch1.scalar_type() && batch1.scalar_type() == batch2.scalar_type(),
      "Input dtypes must be the same, got: input ", cpp_name(self.scalar_type()),
      ", batch1: ", cpp_name(batch1.scalar_type()), ", batch2: ", cpp_name(batch2.scalar_type()));
  const int64_t sizes[] = {a[0], a[1], b[2]};
  if (out.mode() == Out::Mode::kInplace && !self.sizes().equals(sizes))
    TORCH_CHECK(false, "Bad in-place call: input tensor size ", self.sizes(),
                " and output tensor size ", IntArrayRef(sizes), " should match");
  check_expandable(self, sizes);
  allow_self(out, self, batch1, batch2);
  out.set(0, sizes, batch1.scalar_type(), batch1.device());
}

void addbmm_shape(Out& out, const Tensor& self, const Tensor& batch1, const Tensor& batch2) {
  TORCH_CHECK(batch1.dim() == 3, "batch1 must be a 3D tensor");
  TORCH_CHECK(batch2.dim() == 3, "batch2 must be a 3D tensor");
  const IntArrayRef a = batch1.sizes(), b = batch2.sizes();
  TORCH_CHECK(a[0] == b[0], "batch1 and batch2 must have same number of batches, got ", a[0],
              " and ", b[0]);
  TORCH_CHECK(a[2] == b[1], "Incompatible matrix sizes for bmm (", a[1], "x", a[2], " and ", b[1],
              "x", b[2], ")");
  TORCH_CHECK(self.scalar_type() == batch2.scalar_type(),
              "self and mat2 must have the same dtype, but got ", self.scalar_type(), " and ",
              batch2.scalar_type());
  TORCH_CHECK(batch1.scalar_type() == batch2.scalar_type(),
              "mat1 and mat2 must have the same dtype, but got ", batch1.scalar_type(), " and ",
              batch2.scalar_type());
  const int64_t sizes[] = {a[1], b[2]};
  check_expandable(self, sizes);
  allow_self(out, self, batch1, batch2);
  out.set(0, sizes, batch1.scalar_type(), batch1.device());
}

void dot_shape(Out& out, const Tensor& self, const Tensor& other) {
  TORCH_CHECK(self.dim() == 1 && other.dim() == 1, "1D tensors expected, but got ", self.dim(),
              "D and ", other.dim(), "D tensors");
  TORCH_CHECK(self.scalar_type() == other.scalar_type(),
              "dot : expected both vectors to have same dtype, but found ", self.scalar_type(),
              " and ", other.scalar_type());
  TORCH_CHECK(self.numel() == other.numel(), "inconsistent tensor size, expected tensor ",
              self.sizes(), " and src ", other.sizes(),
              " to have the same number of elements, but got ", self.numel(), " and ",
              other.numel(), " elements respectively");
  out.set(0, {}, self.scalar_type(), self.device());
}

Tensor vdot(const Tensor& self, const Tensor& other) {
  return self.is_complex() ? at::dot(self.conj(), other) : at::dot(self, other);
}

Tensor addr(const Tensor& self, const Tensor& vec1, const Tensor& vec2, const Scalar& beta,
            const Scalar& alpha) {
  TORCH_CHECK(vec1.dim() == 1, "addr: Expected 1-D argument vec1, but got ", vec1.dim(), "-D");
  TORCH_CHECK(vec2.dim() == 1, "addr: Expected 1-D argument vec2, but got ", vec2.dim(), "-D");
  const int64_t sizes[] = {vec1.sizes()[0], vec2.sizes()[0]};
  check_expandable(self, sizes);
  if (self.scalar_type() == ScalarType::Bool && vec1.scalar_type() == ScalarType::Bool &&
      vec2.scalar_type() == ScalarType::Bool) {
    const Tensor product = at::logical_and(vec1.unsqueeze(1), vec2);
    const Tensor scaled = alpha.to<bool>() ? product : at::zeros_like(product);
    return beta.to<bool>() ? at::logical_or(self, scaled) : scaled;
  }
  Tensor product = at::mul(vec1.unsqueeze(1), vec2);
  if (!alpha.equal(1)) product = product * alpha;
  if (beta.equal(0)) return product.to(promoted(self, product));
  return at::add(beta.equal(1) ? self : self * beta, product);
}

Tensor ger(const Tensor& self, const Tensor& vec2) { return at::outer(self, vec2); }

Tensor outer(const Tensor& self, const Tensor& vec2) {
  TORCH_CHECK(self.dim() == 1, "outer: Expected 1-D argument self, but got ", self.dim(), "-D");
  TORCH_CHECK(vec2.dim() == 1, "outer: Expected 1-D argument vec2, but got ", vec2.dim(), "-D");
  return at::mul(self.unsqueeze(1), vec2);
}

Tensor inner(const Tensor& self, const Tensor& other) {
  if (self.dim() == 0 || other.dim() == 0) return at::mul(self, other);
  TORCH_CHECK(self.size(-1) == other.size(-1),
              "inner() the last dimension must match on both input tensors but got shapes ",
              self.sizes(), " and ", other.sizes());
  return at::tensordot(self, other, {-1}, {-1});
}

namespace {

// Whether the larger factor's batch dims can be rows of one product.
bool should_fold(const Tensor& a, const Tensor& b) {
  const bool a_larger = a.dim() >= b.dim();
  const Tensor& large = a_larger ? a : b;
  const Tensor& small = a_larger ? b : a;
  if (large.dim() < 3 || small.dim() > 2) return false;
  if (small.requires_grad()) return true;
  if (a.dim() == 2) return false;
  if (large.numel() == 0) return true;
  const Tensor t = a_larger ? a : b.mT();
  for (int64_t i = 0; i < t.dim() - 2; ++i)
    if (t.strides()[i] != t.strides()[i + 1] * t.sizes()[i + 1]) return false;
  return true;
}

Tensor matmul_folded(const Tensor& a, const Tensor& b) {
  const bool transpose = b.dim() > a.dim();
  const Tensor t1 = transpose ? b.mT() : a;
  const Tensor t2 = !transpose ? b : (a.dim() == 2 ? a.t() : a);
  int64_t shape[64];
  int n = 0;
  int64_t rows = 1;
  for (; n < t1.dim() - 1; ++n) rows *= shape[n] = t1.sizes()[n];
  const Tensor folded = t1.reshape({rows, t1.size(-1)});
  if (t2.dim() != 2) return at::_unsafe_view(folded.mv(t2), IntArrayRef(shape, n));
  shape[n++] = t2.size(1);
  Tensor result = at::_unsafe_view(folded.mm(t2), IntArrayRef(shape, n));
  return transpose ? result.mT().contiguous() : result;
}

Tensor matmul_batched(const Tensor& a, const Tensor& b) {
  const int64_t da = a.dim(), db = b.dim();
  const int64_t n = da > 1 ? a.size(-2) : 1, m1 = a.size(-1);
  const int64_t m2 = db > 1 ? b.size(-2) : b.size(-1), p = db > 1 ? b.size(-1) : 1;
  if (da == 3 && db == 3 && a.size(0) != b.size(0)) {
    if (a.size(0) == 1 && a.requires_grad()) return at::matmul(a.squeeze(0), b);
    if (b.size(0) == 1 && b.requires_grad()) return at::matmul(a, b.squeeze(0));
  }
  const int64_t na = da > 2 ? da - 2 : 0, nb = db > 2 ? db - 2 : 0;
  const int64_t nd = std::max(na, nb);
  int64_t shape[66], batch = 1;
  for (int64_t i = 0; i < nd; ++i) {
    const int64_t sa = i >= nd - na ? a.sizes()[i - (nd - na)] : 1;
    const int64_t sb = i >= nd - nb ? b.sizes()[i - (nd - nb)] : 1;
    TORCH_CHECK(sa == sb || sa == 1 || sb == 1, "The size of tensor a (", sa,
                ") must match the size of tensor b (", sb, ") at non-singleton dimension ", i);
    batch *= shape[i] = sa == 1 ? sb : sa;
  }
  shape[nd] = n;
  shape[nd + 1] = m1;
  const Tensor ae =
      (da == 1 ? a.unsqueeze(0) : a).expand(IntArrayRef(shape, nd + 2)).reshape({batch, n, m1});
  shape[nd] = m2;
  shape[nd + 1] = p;
  const Tensor be =
      (db == 1 ? b.unsqueeze(1) : b).expand(IntArrayRef(shape, nd + 2)).reshape({batch, m2, p});
  int64_t k = nd;
  if (da > 1) shape[k++] = n;
  if (db > 1) shape[k++] = p;
  return at::_unsafe_view(at::bmm(ae, be), IntArrayRef(shape, k));
}

}  // namespace

Tensor matmul(const Tensor& self, const Tensor& other) {
  const int64_t a = self.dim(), b = other.dim();
  TORCH_CHECK(a != 0 && b != 0, "both arguments to matmul need to be at least 1D, but they are ", a,
              "D and ", b, "D");
  if (a == 2 && b == 2) return self.mm(other);
  if (a == 1 && b == 1) return self.dot(other);
  if (a == 2 && b == 1) return self.mv(other);
  if (a == 1 && b == 2) return self.unsqueeze(0).mm(other).squeeze_(0);
  return should_fold(self, other) ? matmul_folded(self, other) : matmul_batched(self, other);
}

Tensor linalg_matmul(const Tensor& self, const Tensor& other) { return at::matmul(self, other); }

Tensor linear(const Tensor& input, const Tensor& weight, const OptTensor& bias) {
  const int64_t n = input.dim();
  TORCH_CHECK(n != 0 && weight.dim() != 0,
              "both arguments to linear need to be at least 1D, but they are ", n, "D and ",
              weight.dim(), "D");
  const bool has_bias = bias && bias->defined();
  if (n == 2 && has_bias) return at::addmm(*bias, input, weight.t());
  if (n >= 3 && has_bias && input.is_contiguous() && weight.dim() == 2) {
    int64_t shape[64], rows = 1;
    for (int64_t i = 0; i < n - 1; ++i) rows *= shape[i] = input.sizes()[i];
    const Tensor y = at::addmm(*bias, input.reshape({rows, input.size(-1)}), weight.t());
    shape[n - 1] = y.size(1);
    return y.view(IntArrayRef(shape, n));
  }
  Tensor y = at::matmul(input, weight.t());
  if (has_bias) y.add_(*bias);
  return y;
}

Tensor _addmm_activation(const Tensor& self, const Tensor& mat1, const Tensor& mat2,
                         const Scalar& beta, const Scalar& alpha, bool use_gelu) {
  const Tensor y = at::addmm(self, mat1, mat2, beta, alpha);
  return use_gelu ? at::gelu(y) : at::relu(y);
}

namespace {
Tensor in_dtype(const Tensor& t, ScalarType dtype, const char* op) {
  const ScalarType from = t.scalar_type();
  TORCH_CHECK(dtype == from || (dtype == ScalarType::Float && c10::isReducedFloatingType(from)), op,
              ": out_dtype must be the same as input dtype or fp32 for fp16/bf16 inputs");
  return t.to(dtype);
}
}  // namespace

Tensor mm_dtype(const Tensor& self, const Tensor& mat2, ScalarType t) {
  return at::mm(in_dtype(self, t, "mm"), in_dtype(mat2, t, "mm"));
}
Tensor bmm_dtype(const Tensor& self, const Tensor& mat2, ScalarType t) {
  return at::bmm(in_dtype(self, t, "bmm"), in_dtype(mat2, t, "bmm"));
}
Tensor addmm_dtype(const Tensor& self, const Tensor& mat1, const Tensor& mat2, ScalarType t,
                   const Scalar& beta, const Scalar& alpha) {
  return at::addmm(self.to(t), in_dtype(mat1, t, "addmm"), in_dtype(mat2, t, "addmm"), beta, alpha);
}
Tensor baddbmm_dtype(const Tensor& self, const Tensor& batch1, const Tensor& batch2, ScalarType t,
                     const Scalar& beta, const Scalar& alpha) {
  return at::baddbmm(self.to(t), in_dtype(batch1, t, "baddbmm"), in_dtype(batch2, t, "baddbmm"),
                     beta, alpha);
}

}  // namespace pharos::ops

namespace pharos::backward {

Tensor maybe_multiply(const Tensor& t, const Scalar& s) { return s.equal(1) ? t : t * s; }

Tensor sum_to(const Tensor& grad, IntArrayRef sizes) {
  return grad.sizes().equals(sizes) ? grad : grad.sum_to_size(sizes);
}

Tensor mm_mat1_backward(const Tensor& grad, const Tensor& mat2, IntArrayRef sizes,
                        IntArrayRef strides, const Scalar& alpha) {
  // A column-major factor takes a column-major gradient.
  if (strides[0] == 1 && strides[1] == sizes[0] && sizes[0] != 1)
    return maybe_multiply(mat2.conj().mm(grad.t()).t(), alpha.conj());
  return maybe_multiply(grad.mm(mat2.t().conj()), alpha.conj());
}

Tensor mm_mat2_backward(const Tensor& grad, const Tensor& mat1, IntArrayRef sizes,
                        IntArrayRef strides, const Scalar& alpha) {
  if (strides[0] == 1 && strides[1] == sizes[0] && sizes[0] != 1)
    return maybe_multiply(grad.t().mm(mat1.conj()).t(), alpha.conj());
  return maybe_multiply(mat1.t().conj().mm(grad), alpha.conj());
}

Tensor addbmm_batch1_backward(const Tensor& grad, const Tensor& batch2, IntArrayRef sizes1,
                              const Scalar& alpha) {
  const Tensor g = grad.unsqueeze(0).expand({sizes1[0], sizes1[1], batch2.size(2)});
  return maybe_multiply(g.bmm(batch2.transpose(1, 2).conj()), alpha.conj());
}

Tensor addbmm_batch2_backward(const Tensor& grad, const Tensor& batch1, IntArrayRef sizes2,
                              const Scalar& alpha) {
  const Tensor g = grad.unsqueeze(0).expand({sizes2[0], batch1.size(1), sizes2[2]});
  return maybe_multiply(batch1.transpose(1, 2).conj().bmm(g), alpha.conj());
}

}  // namespace pharos::backward
