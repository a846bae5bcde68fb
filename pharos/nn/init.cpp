// torch::nn::init. What is drawn, and in which order, is part of the interface: the same seed gives
// PyTorch's numbers.
#include <pharos/autograd/grad_mode.h>
#include <pharos/nn/init.h>
#include <pharos/ops/functions.h>

#include <cmath>

namespace torch::nn::init {
namespace {

struct Fan {
  int64_t in, out;
  explicit Fan(const Tensor& t) {
    TORCH_CHECK(t.dim() >= 2,
                "Fan in and fan out can not be computed for tensor with fewer than 2 dimensions");
    int64_t field = 1;
    for (int64_t d = 2; d < t.dim(); ++d) field *= t.size(d);
    in = t.size(1) * field;
    out = t.size(0) * field;
  }
};

double kaiming_std(const Tensor& t, double a, FanModeType mode, NonlinearityType nonlinearity) {
  const Fan fan(t);
  const double gain = calculate_gain(nonlinearity, a);
  return gain / std::sqrt(static_cast<double>(mode.is(kFanIn) ? fan.in : fan.out));
}

}  // namespace

double calculate_gain(NonlinearityType nonlinearity, double param) {
  if (nonlinearity.is(kTanh)) return 5.0 / 3.0;
  if (nonlinearity.is(kReLU)) return std::sqrt(2.0);
  if (nonlinearity.is(kLeakyReLU)) return std::sqrt(2.0 / (1 + std::pow(param, 2)));
  return 1.0;
}

std::tuple<int64_t, int64_t> _calculate_fan_in_and_fan_out(const Tensor& tensor) {
  const Fan fan(tensor);
  return {fan.in, fan.out};
}

Tensor constant_(Tensor tensor, Scalar value) {
  NoGradGuard guard;
  return tensor.fill_(value);
}
Tensor ones_(Tensor tensor) { return constant_(std::move(tensor), 1); }
Tensor zeros_(Tensor tensor) { return constant_(std::move(tensor), 0); }
Tensor normal_(Tensor tensor, double mean, double std) {
  NoGradGuard guard;
  return tensor.normal_(mean, std);
}
Tensor uniform_(Tensor tensor, double low, double high) {
  NoGradGuard guard;
  return tensor.uniform_(low, high);
}

Tensor dirac_(Tensor tensor) {
  NoGradGuard guard;
  const int64_t dim = tensor.dim();
  TORCH_CHECK(dim >= 3 && dim <= 5, "Only tensors with 3, 4, or 5 dimensions are supported");
  tensor.zero_();
  const int64_t n = std::min(tensor.size(0), tensor.size(1));
  for (int64_t d = 0; d < n; ++d) {
    Tensor at = tensor.select(0, d).select(0, d);
    while (at.dim() > 0) at = at.select(0, at.size(0) / 2);
    at.fill_(1);
  }
  return tensor;
}

Tensor eye_(Tensor matrix) {
  NoGradGuard guard;
  TORCH_CHECK(matrix.dim() == 2, "Only tensors with 2 dimensions are supported");
  return at::eye_out(matrix, matrix.size(0), matrix.size(1));
}

// Draws in f32 whatever the tensor's dtype, as LibTorch does.
Tensor orthogonal_(Tensor tensor, double gain) {
  NoGradGuard guard;
  TORCH_CHECK(tensor.dim() >= 2, "Only tensors with 2 or more dimensions are supported");
  const int64_t rows = tensor.size(0);
  const int64_t columns = tensor.numel() / rows;
  Tensor flat = at::randn({rows, columns});
  if (rows < columns) flat = flat.t();
  auto [q, r] = at::linalg_qr(flat, "reduced");
  q = q.mul(at::diag(r).sign());
  if (rows < columns) q = q.t();
  tensor.view_as(q).copy_(q);
  return tensor.mul_(gain);
}

Tensor sparse_(Tensor tensor, double sparsity, double std) {
  NoGradGuard guard;
  TORCH_CHECK(tensor.dim() == 2, "Only tensors with 2 dimensions are supported");
  const int64_t rows = tensor.size(0);
  const auto zeros = static_cast<int64_t>(std::ceil(sparsity * static_cast<double>(rows)));
  tensor.normal_(0, std);
  for (int64_t c = 0; c < tensor.size(1); ++c) {
    const Tensor chosen = at::randperm(rows, at::kLong).slice(0, 0, zeros);
    tensor.select(1, c).index_fill_(0, chosen, 0);
  }
  return tensor;
}

Tensor kaiming_normal_(Tensor tensor, double a, FanModeType mode, NonlinearityType nonlinearity) {
  NoGradGuard guard;
  return tensor.normal_(0, kaiming_std(tensor, a, mode, nonlinearity));
}
Tensor kaiming_uniform_(Tensor tensor, double a, FanModeType mode, NonlinearityType nonlinearity) {
  NoGradGuard guard;
  const double bound = std::sqrt(3.0) * kaiming_std(tensor, a, mode, nonlinearity);
  return tensor.uniform_(-bound, bound);
}
Tensor xavier_normal_(Tensor tensor, double gain) {
  NoGradGuard guard;
  const Fan fan(tensor);
  return tensor.normal_(0, gain * std::sqrt(2.0 / static_cast<double>(fan.in + fan.out)));
}
Tensor xavier_uniform_(Tensor tensor, double gain) {
  NoGradGuard guard;
  const Fan fan(tensor);
  const double std = gain * std::sqrt(2.0 / static_cast<double>(fan.in + fan.out));
  const double bound = std::sqrt(3.0) * std;
  return tensor.uniform_(-bound, bound);
}

// Draws whole tensors and takes from them what is still wanted: where most of the distribution lies
// within [a, b] from the normal, else from a uniform by von Neumann's rejection.
Tensor trunc_normal_(Tensor tensor, double mean, double std, double a, double b) {
  NoGradGuard guard;
  const auto cdf = [](double x) { return (1 + std::erf(x / std::sqrt(2.0))) / 2; };
  const double inside = cdf((b - mean) / std) - cdf((a - mean) / std);
  if (inside > 0.3) {
    tensor.normal_(mean, std);
    for (;;) {
      const Tensor bad = at::logical_or(tensor.lt(a), tensor.gt(b));
      if (!bad.any().item().toBool()) return tensor;
      tensor.copy_(at::where(bad, at::empty_like(tensor).normal_(mean, std), tensor));
    }
  }
  const double mode = std::min(std::max(mean, a), b);
  const double peak = -0.5 * ((mode - mean) / std) * ((mode - mean) / std);
  Tensor pending = at::ones_like(tensor, at::TensorOptions(at::kBool));
  do {
    const Tensor candidate = at::empty_like(tensor).uniform_(a, b);
    const Tensor height = at::empty_like(tensor).uniform_(0, 1).log();
    const Tensor limit = candidate.sub(mean).div(std).pow(2).mul(-0.5).sub(peak);
    tensor.copy_(at::where(pending, candidate, tensor));
    pending = at::logical_and(pending, height.gt(limit));
  } while (pending.any().item().toBool());
  return tensor;
}

}  // namespace torch::nn::init
