// Complex numbers: lazy conjugation and negation, views of their parts.
#include "ops/complex/complex.h"

#include "ops/complex_decls.h"

namespace pharos::ops {
namespace {

// An alias whose values are those of `t` with one lazy bit turned.
Tensor with_bit_flipped(const Tensor& t, uint32_t bit) {
  Tensor alias = view_of(t, t.sizes(), t.strides());
  alias.unsafeGetTensorImpl()->flags ^= bit;
  return alias;
}

void set_pair(Out& out, const Tensor& a, const Tensor& b) {
  const auto fits = [](ScalarType t) {
    return t == c10::kFloat || t == c10::kDouble || t == c10::kHalf;
  };
  TORCH_CHECK_NOT_IMPLEMENTED(fits(a.scalar_type()) && fits(b.scalar_type()),
                              "Expected both inputs to be Half, Float or Double tensors but got ",
                              a.scalar_type(), " and ", b.scalar_type());
  TORCH_CHECK(a.scalar_type() == b.scalar_type(), "Expected object of scalar type ",
              a.scalar_type(), " but got scalar type ", b.scalar_type(), " for second argument");
  const ScalarType t = toComplexType(a.scalar_type());
  TORCH_CHECK_NOT_IMPLEMENTED(t != c10::kComplexHalf,
                              "tensors of dtype ComplexHalf are not supported");
  set_broadcast(out, 0, t, a, b);
}

}  // namespace

void complex(Out& out, const Tensor& real, const Tensor& imag) { set_pair(out, real, imag); }
void polar(Out& out, const Tensor& abs, const Tensor& angle) { set_pair(out, abs, angle); }

Tensor _conj(const Tensor& self) {
  TORCH_CHECK(self.is_complex(), "_conj: expected a complex tensor, got ", self.scalar_type());
  return with_bit_flipped(self, TensorImpl::kConj);
}
Tensor _neg_view(const Tensor& self) { return with_bit_flipped(self, TensorImpl::kNeg); }
Tensor conj(const Tensor& self) { return self.is_complex() ? at::_conj(self) : self; }

// Through the plain tensor below, so that neither meets a lazy bit again.
Tensor resolve_conj(const Tensor& self) {
  return self.is_conj() ? at::conj_physical(at::_conj(self)) : self;
}
Tensor resolve_neg(const Tensor& self) {
  return self.is_neg() ? at::neg(at::_neg_view(self)) : self;
}

Tensor view_as_real(const Tensor& self) {
  TORCH_CHECK_TYPE(self.is_complex(), "view_as_real is only supported for complex tensors");
  TORCH_CHECK(
      !self.is_conj(),
      "view_as_real doesn't work on unresolved conjugated tensors.  To resolve the conjugate "
      "tensor so you can view it as real, use self.resolve_conj(); however, be warned that "
      "the resulting tensor will NOT alias the original.");
  std::vector<int64_t> sizes = self.sizes().vec(), strides = self.strides().vec();
  for (int64_t& s : strides) s *= 2;
  sizes.push_back(2);
  strides.push_back(1);
  Tensor parts = view_of(self, sizes, strides);
  parts.unsafeGetTensorImpl()->dtype_ = toRealValueType(self.scalar_type());
  return parts;
}

Tensor view_as_complex(const Tensor& self) {
  const ScalarType t = self.scalar_type();
  TORCH_CHECK(t == c10::kFloat || t == c10::kDouble || t == c10::kHalf,
              "view_as_complex is only supported for half, float and double tensors, but got a "
              "tensor of scalar type: ",
              t);
  TORCH_CHECK(self.dim() > 0, "Input tensor must have one or more dimensions");
  TORCH_CHECK(self.size(-1) == 2, "Tensor must have a last dimension of size 2");
  TORCH_CHECK(self.stride(-1) == 1, "Tensor must have a last dimension with stride 1");
  const auto n = static_cast<size_t>(self.dim() - 1);
  std::vector<int64_t> strides(self.strides().begin(), self.strides().begin() + n);
  for (size_t i = 0; i < n; ++i) {
    TORCH_CHECK(strides[i] % 2 == 0,
                "Tensor must have a stride divisible by 2 for all but last dimension");
    strides[i] /= 2;
  }
  TORCH_CHECK(self.storage_offset() % 2 == 0, "Tensor must have a storage_offset divisible by 2");
  Tensor whole = view_of(self, self.sizes().slice(0, n), strides);
  whole.unsafeGetTensorImpl()->dtype_ = toComplexType(t);
  return whole;
}

Tensor real(const Tensor& self) {
  if (!self.is_complex()) return self;
  return at::select(at::view_as_real(self.is_conj() ? at::_conj(self) : self), -1, 0);
}
Tensor imag(const Tensor& self) {
  TORCH_CHECK_TYPE(self.is_complex(),
                   "imag is not implemented for tensors with non-complex dtypes.");
  // A conjugate's imaginary part is the negative of what is stored.
  if (self.is_conj()) return at::_neg_view(at::select(at::view_as_real(at::_conj(self)), -1, 1));
  return at::select(at::view_as_real(self), -1, 1);
}

bool is_conj(const Tensor& self) { return self.is_conj(); }
bool is_neg(const Tensor& self) { return self.is_neg(); }
bool is_complex(const Tensor& self) { return self.is_complex(); }

}  // namespace pharos::ops

namespace pharos::backward {

std::tuple<Tensor, Tensor> polar_backward(const Tensor& grad, const Tensor& result) {
  const Tensor conj = grad.conj();
  const Tensor direction = at::sgn(result);
  return {at::real(conj * direction), at::real(conj * result * Scalar(c10::complex<double>(0, 1)))};
}

}  // namespace pharos::backward
