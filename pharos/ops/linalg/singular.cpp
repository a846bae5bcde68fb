// Singular values and vectors, and what is made of them: pseudoinverses, ranks, condition numbers.
#include <pharos/ops/functions.h>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "core/thread_state.h"
#include "ops/geometry.h"
#include "ops/linalg/linalg.h"
#include "ops/linalg/matrices.h"
#include "ops/linalg_decls.h"

namespace pharos::ops {
namespace {

namespace la = cpu::lapack;
using OptString = std::optional<c10::string_view>;

void check_converged(const Tensor& A, const Tensor& info) {
  std::string where;
  const int64_t code = first_failure(info, where);
  if (code == 0) return;
  const bool finite = at::isfinite(A).all().item().toBool();
  const std::string start = message("linalg.svd: ", where, "The algorithm failed to converge ");
  throw_error(ErrorKind::LinAlg,
              finite ? message(start,
                               "because the input matrix is ill-conditioned or has too many "
                               "repeated singular values (error code: ",
                               code, ").")
                     : start + "because the input matrix contained non-finite values.");
}

}  // namespace

std::tuple<Tensor, Tensor, Tensor> _linalg_svd(const Tensor& A, bool full_matrices, bool compute_uv,
                                               OptString driver) {
  TORCH_CHECK(A.dim() >= 2, "linalg.svd: The input tensor A must have at least 2 dimensions.");
  TORCH_CHECK(!driver,
              "torch.linalg.svd: keyword argument `driver=` is only supported on CUDA inputs with "
              "cuSOLVER backend.");
  check_float_or_complex(A, "linalg.svd");
  const ScalarType type = A.scalar_type(), real = c10::toRealValueType(type);
  if (real != ScalarType::Float && real != ScalarType::Double) no_kernel("linalg_svd_cpu", type);
  need_lapack(A);
  const int64_t m = A.size(-2), n = A.size(-1), k = std::min(m, n);
  const int64_t ucols = full_matrices ? m : k, vrows = full_matrices ? n : k;
  const Tensor S = empty_on(A.device(), lead(A, 2, {k}), real);
  Tensor U = empty_on(A.device(), {0}, type), Vh = U.clone();
  if (compute_uv) {
    U = empty_column_major(A, lead(A, 2, {m, ucols}));
    Vh = empty_column_major(A, lead(A, 2, {vrows, n}));
  }
  if (A.is_meta()) return {U, S, Vh};
  if (A.numel() == 0) {
    // No values; a full basis is still asked for.
    if (!compute_uv) return {U, S, Vh};
    for (const Tensor* t : {&U, &Vh}) {
      cpu::fill_zero(*t);
      cpu::fill_value(t->diagonal(0, -2, -1), 1);
    }
    return {U, S, Vh};
  }
  const Tensor a = column_major(A);
  const Tensor info = empty_on(A.device(), lead(A, 2), ScalarType::Int);
  const char job = !compute_uv ? 'N' : full_matrices ? 'A' : 'S';
  const auto real_size = static_cast<int64_t>(c10::elementSize(real));
  for (int64_t b = 0; b < batches(A); ++b)
    data_as<int>(info)[b] =
        la::gesdd(dtype_of(A), job, as_int(m), as_int(n), matrix(a, b), ld(m),
                  data_of(S) + b * k * real_size, compute_uv ? matrix(U, b) : nullptr, ld(m),
                  compute_uv ? matrix(Vh, b) : nullptr, ld(vrows));
  check_converged(A, info);
  return {U, S, Vh};
}

std::tuple<Tensor, Tensor, Tensor> linalg_svd(const Tensor& A, bool full_matrices,
                                              OptString driver) {
  return at::_linalg_svd(A, full_matrices, true, driver);
}

Tensor linalg_svdvals(const Tensor& A, OptString driver) {
  // The gradient of the values needs the vectors.
  const bool recorded = A.requires_grad() && thread_state.grad_mode;
  return std::get<1>(at::_linalg_svd(A, false, recorded, driver));
}

std::tuple<Tensor, Tensor, Tensor> svd(const Tensor& self, bool some, bool compute_uv) {
  TORCH_CHECK(self.dim() >= 2, "linalg.svd: input should have at least 2 dimensions, but has ",
              self.dim(), " dimensions instead");
  if (compute_uv) {
    const auto [U, S, Vh] = at::linalg_svd(self, !some, std::nullopt);
    return {U, S, Vh.mH()};
  }
  const Tensor S = at::linalg_svdvals(self, std::nullopt);
  const int64_t m = self.size(-2), n = self.size(-1);
  return {at::zeros(lead(self, 2, {m, m}), self.options()), S,
          at::zeros(lead(self, 2, {n, n}), self.options()).mT()};
}

namespace {

// The Hermitian matrices of which the lower triangles are given.
Tensor from_lower(const Tensor& a, const char* name) {
  check_square(a, name);
  const Tensor below = a.tril(-1), diagonal = a.diagonal(0, -2, -1);
  return below + below.mH() + at::diag_embed(a.is_complex() ? at::real(diagonal) : diagonal);
}

void check_tolerance(const Tensor& t, const char* function, const char* name) {
  TORCH_CHECK(!t.defined() || !t.is_complex(), function, ": ", name,
              " tensor of complex type is not supported. Got ", t.scalar_type());
}

// Absolute and relative tolerances. A relative one that is not given follows from the dtype, unless
// there is an absolute one.
struct Tolerances {
  Tensor atol, rtol;
};
Tolerances tolerances(const Tensor& a, const OptTensor& atol, const OptTensor& rtol,
                      const char* function) {
  const ScalarType real = c10::toRealValueType(a.scalar_type());
  const auto options = a.options().dtype(ScalarType::Double);
  Tolerances t{or_undefined(atol), or_undefined(rtol)};
  check_tolerance(t.atol, function, "atol");
  check_tolerance(t.rtol, function, "rtol");
  if (!t.rtol.defined()) {
    TORCH_CHECK(real == ScalarType::Float || real == ScalarType::Double,
                "This function doesn't handle types other than float and double");
    const double eps = real == ScalarType::Float
                           ? static_cast<double>(std::numeric_limits<float>::epsilon())
                           : std::numeric_limits<double>::epsilon();
    t.rtol = at::full({}, eps * static_cast<double>(std::max(a.size(-1), a.size(-2))), options);
    if (t.atol.defined()) t.rtol = at::where(t.atol > 0, at::zeros({}, options), t.rtol);
  }
  if (!t.atol.defined()) t.atol = at::zeros({}, options);
  return t;
}

Tolerances tolerances(const Tensor& a, std::optional<double> atol, std::optional<double> rtol) {
  const auto options = a.options().dtype(ScalarType::Double);
  const auto tensor = [&](std::optional<double> v) {
    return v ? OptTensor(at::full({}, *v, options)) : OptTensor();
  };
  return tolerances(a, tensor(atol), tensor(rtol), "");
}

// What singular values must exceed to count: [..., 1].
Tensor threshold(const Tolerances& t, const Tensor& s) {
  const Tensor largest = at::amax(s, {-1}, true);
  return at::maximum(t.atol.unsqueeze(-1), t.rtol.unsqueeze(-1) * largest);
}

Tensor rank_of(const Tensor& input, const Tolerances& t, bool hermitian) {
  const Tensor a = hermitian ? from_lower(input, "linalg.eigh") : input;
  const Tensor s = at::linalg_svdvals(a.detach(), std::nullopt);
  if (s.size(-1) == 0) return at::zeros(lead(input, 2), input.options().dtype(ScalarType::Long));
  return (s > threshold(t, s)).sum(-1);
}

void check_rank_input(const Tensor& a) {
  TORCH_CHECK(a.dim() >= 2,
              "torch.linalg.matrix_rank: The input tensor input must have at least 2 dimensions.");
}

}  // namespace

Tensor linalg_pinv_tensors(const Tensor& self, const OptTensor& atol, const OptTensor& rtol,
                           bool hermitian) {
  const ScalarType real = c10::toRealValueType(self.scalar_type());
  TORCH_CHECK((real == ScalarType::Float || real == ScalarType::Double) && self.dim() >= 2,
              "linalg.pinv(", self.scalar_type(), "{", self.sizes(),
              "}): expected a tensor with 2 or more dimensions of float, double, cfloat or cdouble "
              "types");
  const Tolerances t = tolerances(self, atol, rtol, "torch.linalg.pinv");
  const Tensor a = hermitian ? from_lower(self, "linalg.eigh") : self;
  if (self.numel() == 0)
    return at::empty(lead(self, 2, {self.size(-1), self.size(-2)}), self.options());
  const auto [U, S, Vh] = at::_linalg_svd(a, false, true, std::nullopt);
  const Tensor inverse = at::where(S > threshold(t, S), S.reciprocal(), 0);
  return at::matmul(Vh.mH() * inverse.unsqueeze(-2), U.mH());
}

Tensor linalg_pinv_numbers(const Tensor& self, std::optional<double> atol,
                           std::optional<double> rtol, bool hermitian) {
  const Tolerances t = tolerances(self, atol, rtol);
  return at::linalg_pinv(self, OptTensor(t.atol), OptTensor(t.rtol), hermitian);
}
Tensor linalg_pinv(const Tensor& self, double rcond, bool hermitian) {
  return at::linalg_pinv(self, std::optional<double>(0.0), std::optional<double>(rcond), hermitian);
}
Tensor linalg_pinv_rcond(const Tensor& self, const Tensor& rcond, bool hermitian) {
  return at::linalg_pinv(self, OptTensor(at::zeros({}, self.options().dtype(ScalarType::Double))),
                         OptTensor(rcond), hermitian);
}
Tensor pinverse(const Tensor& self, double rcond) { return at::linalg_pinv(self, rcond, false); }

Tensor linalg_matrix_rank_tensors(const Tensor& input, const OptTensor& atol, const OptTensor& rtol,
                                  bool hermitian) {
  check_rank_input(input);
  return rank_of(input, tolerances(input, atol, rtol, "torch.linalg.matrix_rank"), hermitian);
}
Tensor linalg_matrix_rank_numbers(const Tensor& self, std::optional<double> atol,
                                  std::optional<double> rtol, bool hermitian) {
  check_rank_input(self);
  return rank_of(self, tolerances(self, atol, rtol), hermitian);
}
Tensor linalg_matrix_rank(const Tensor& self, double tol, bool hermitian) {
  return at::linalg_matrix_rank(self, std::optional<double>(tol), std::optional<double>(0.0),
                                hermitian);
}
Tensor linalg_matrix_rank_tol(const Tensor& input, const Tensor& tol, bool hermitian) {
  return at::linalg_matrix_rank(input, OptTensor(tol),
                                OptTensor(at::zeros({}, tol.options().requires_grad(false))),
                                hermitian);
}

namespace {

template <typename Ord>
Tensor cond_by_inverse(const Tensor& self, Ord ord, const std::string& name) {
  check_square(self, message("linalg.cond(ord=", name, ")").c_str());
  if (self.numel() == 0)
    return at::zeros(lead(self, 2), self.options().dtype(c10::toRealValueType(self.scalar_type())));
  const int64_t last_two[] = {-2, -1};
  const auto [inverse, info] = at::linalg_inv_ex(self, false);
  const Tensor there = inverse.masked_fill(info.unsqueeze(-1).unsqueeze(-1) > 0, INFINITY);
  const Tensor a = at::linalg_matrix_norm(self, ord, last_two, false, std::nullopt);
  return a * at::linalg_matrix_norm(there, ord, last_two, false, std::nullopt);
}

}  // namespace

Tensor linalg_cond(const Tensor& self, const std::optional<Scalar>& p) {
  TORCH_CHECK(self.dim() >= 2, "linalg.cond: The input tensor must have at least 2 dimensions.");
  const double order = p ? p->to<double>() : 2;
  if (std::abs(order) == 2) {
    const Tensor s = at::linalg_svdvals(self, std::nullopt);
    if (s.size(-1) == 0) return at::zeros(lead(self, 2), s.options());
    const Tensor largest = s.select(-1, 0), least = s.select(-1, -1);
    return order > 0 ? largest / least : least / largest;
  }
  if (std::abs(order) != 1 && !std::isinf(order))
    throw_error(ErrorKind::Value, message("linalg.cond got an invalid norm type: ", *p));
  return cond_by_inverse(self, *p, message(*p));
}

Tensor linalg_cond_str(const Tensor& self, c10::string_view p) {
  TORCH_CHECK(self.dim() >= 2, "linalg.cond: The input tensor must have at least 2 dimensions.");
  const std::string order(p);
  if (order != "fro" && order != "nuc")
    throw_error(ErrorKind::Value, "linalg.cond got an invalid norm type: " + order);
  return cond_by_inverse(self, p, order);
}

}  // namespace pharos::ops

namespace pharos::backward {
namespace {

// X - X^H.
Tensor skew(const Tensor& x) { return x - x.mH(); }

// Complex singular vectors are defined up to a phase that both sides share: a loss that depends on
// it has no gradient.
void check_phase(const Tensor& u, const Tensor& v) {
  Tensor phase;
  for (const Tensor* t : {&u, &v})
    if (t->defined()) {
      const Tensor p = at::imag(t->detach().diagonal(0, -2, -1));
      phase = phase.defined() ? phase + p : p;
    }
  if (phase.is_meta()) return;
  TORCH_CHECK(at::allclose(phase, at::zeros_like(phase), 1e-2, 1e-2),
              "svd_backward: The singular vectors in the complex case are specified up to "
              "multiplication by e^{i phi}. The specified loss function depends on this phase "
              "term, making it ill-defined.");
}

}  // namespace

Tensor svd_backward(const Tensor& grad_u, const Tensor& grad_s, const Tensor& grad_vh,
                    const Tensor& all_u, const Tensor& s, const Tensor& all_vh) {
  TORCH_CHECK(all_u.dim() >= 2,
              "_linalg_svd: the gradient needs the singular vectors: pass compute_uv=true");
  // Of full bases only the vectors that have values take part.
  const int64_t k = s.size(-1);
  const auto columns = [k](const Tensor& t) { return t.defined() ? t.narrow(-1, 0, k) : t; };
  const auto rows = [k](const Tensor& t) { return t.defined() ? t.narrow(-2, 0, k) : t; };
  const Tensor u = columns(all_u), vh = rows(all_vh), gu = columns(grad_u), gvh = rows(grad_vh);
  if (!gu.defined() && !gvh.defined()) return at::matmul(u, grad_s.unsqueeze(-1) * vh);

  const int64_t m = u.size(-2), n = vh.size(-1);
  const Tensor uu = gu.defined() ? at::matmul(u.mH(), gu) : Tensor();
  const Tensor vv = gvh.defined() ? at::matmul(vh, gvh.mH()) : Tensor();
  if (u.is_complex()) check_phase(uu, vv);
  const Tensor across = s.unsqueeze(-2), down = s.unsqueeze(-1);
  const Tensor eye = at::eye(k, s.options());
  const Tensor gaps = (across - down) * (across + down) + eye, off = 1 - eye;
  Tensor inner;
  const auto add = [&inner](const Tensor& t) { inner = inner.defined() ? inner + t : t; };
  if (uu.defined()) add(skew(uu) / gaps * off * across);
  if (vv.defined()) add(down * (skew(vv) / gaps * off));
  if (grad_s.defined()) add(at::diag_embed(grad_s));
  if (u.is_complex() && uu.defined()) add(at::diag_embed(skew(uu).diagonal(0, -2, -1) / (2 * s)));
  Tensor ga = at::matmul(at::matmul(u, inner), vh);
  // What leaves the span of the vectors that there are.
  if (gu.defined() && m > k) {
    const Tensor g = gu / across;
    ga = ga + at::matmul(g - at::matmul(u, at::matmul(u.mH(), g)), vh);
  }
  if (gvh.defined() && n > k) {
    const Tensor g = gvh / down;
    ga = ga + at::matmul(u, g - at::matmul(at::matmul(g, vh.mH()), vh));
  }
  return ga;
}

// d(A+) = -A+ dA A+ + A+ A+^H dA^H (1 - A A+) + (1 - A+ A) dA^H A+^H A+.
Tensor pinv_backward(const Tensor& grad, const Tensor& inverse, const Tensor& A) {
  const Tensor p = inverse, ph = inverse.mH(), gh = grad.mH();
  const Tensor direct = at::matmul(at::matmul(ph, grad), ph);
  const Tensor left = at::matmul(gh, at::matmul(p, ph));
  const Tensor right = at::matmul(at::matmul(ph, p), gh);
  return left - at::matmul(A, at::matmul(p, left)) - direct + right -
         at::matmul(at::matmul(right, p), A);
}

}  // namespace pharos::backward
