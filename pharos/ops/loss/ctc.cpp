// Connectionist temporal classification (Graves et al., 2006): the forward variables alpha over the
// targets with blanks between, and the gradient through the backward variables beta.
#include <pharos/ops/functions.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "kernels/cpu/parallel.h"
#include "ops/loss/loss.h"
#include "ops/loss_decls.h"

namespace pharos::ops {
namespace {

// One batch: lengths, and where each target row begins.
struct Batch {
  int64_t time, batch, labels, longest;
  std::vector<int64_t> offset;
  int64_t target_stride;
  Tensor targets;
  const int64_t* target(int64_t b) const {
    return data_as<const int64_t>(targets) + offset[static_cast<size_t>(b)];
  }
};

Batch check_ctc(const Tensor& log_probs, const Tensor& targets, IntArrayRef input_lengths,
                IntArrayRef target_lengths, int64_t blank) {
  Batch s;
  s.time = log_probs.size(0);
  s.batch = log_probs.size(1);
  s.labels = log_probs.size(2);
  const char* where = " (while checking arguments for ctc_loss_allocate_outputs)";
  TORCH_CHECK(blank >= 0 && blank < s.labels, "blank must be in label range");
  TORCH_CHECK(static_cast<int64_t>(input_lengths.size()) == s.batch,
              "input_lengths must be of size batch_size");
  TORCH_CHECK(static_cast<int64_t>(target_lengths.size()) == s.batch,
              "target_lengths must be of size batch_size");
  TORCH_CHECK_NOT_IMPLEMENTED(log_probs.is_cpu() || log_probs.is_meta(),
                              "ctc_loss has no kernel for ", log_probs.device());
  if (targets.is_cpu()) s.targets = plain(targets, ScalarType::Long);
  s.target_stride = targets.dim() > 1 ? targets.size(1) : 0;
  s.longest = 0;
  int64_t at = 0;
  for (int64_t b = 0; b < s.batch; ++b) {
    const int64_t n = target_lengths[static_cast<size_t>(b)];
    TORCH_CHECK(n >= 0, "Expected target_lengths to have value at least 0, but got value ", n,
                where);
    s.offset.push_back(targets.dim() == 1 ? at : b * s.target_stride);
    at += n;
    s.longest = std::max(s.longest, n);
  }
  if (targets.dim() == 1)
    TORCH_CHECK(targets.size(0) == at, "Expected tensor to have size ", at,
                " at dimension 0, but got size ", targets.size(0), " for argument #2 'targets'",
                where);
  else
    TORCH_CHECK(targets.size(1) >= s.longest && targets.size(0) == s.batch,
                "Expected tensor to have size at least ", s.longest,
                " at dimension 1, but got size ", targets.size(1), " for argument #2 'targets'",
                where);
  for (int64_t b = 0; b < s.batch; ++b) {
    const int64_t n = input_lengths[static_cast<size_t>(b)];
    TORCH_CHECK(n >= 0, "Expected input_lengths to have value at least 0, but got value ", n,
                where);
    TORCH_CHECK(n <= s.time, "Expected input_lengths to have value at most ", s.time,
                ", but got value ", n, where);
    if (!targets.is_cpu()) continue;
    const int64_t* t = s.target(b);
    for (int64_t k = 0; k < target_lengths[static_cast<size_t>(b)]; ++k)
      TORCH_CHECK(t[k] >= 0 && t[k] < s.labels, "targets must be in label range, but got ", t[k]);
  }
  return s;
}

template <class T>
T log_add(T a, T b, T c) {
  const T inf = std::numeric_limits<T>::infinity();
  T m = std::max(a, std::max(b, c));
  if (m == -inf) m = 0;
  return std::log(std::exp(a - m) + std::exp(b - m) + std::exp(c - m)) + m;
}

// Label s of the target with blanks before, between and after its own.
int64_t extended(const int64_t* target, int64_t s, int64_t blank) {
  return s % 2 == 0 ? blank : target[s / 2];
}

template <class T>
T alpha_of(const T* lp, int64_t time_step, const int64_t* target, int64_t input, int64_t n,
           int64_t blank, int64_t width, T* alpha) {
  const T inf = std::numeric_limits<T>::infinity();
  const int64_t states = 2 * n + 1;
  std::fill(alpha, alpha + width, -inf);
  if (input == 0) return n == 0 ? T(0) : inf;
  alpha[0] = lp[blank];
  if (n > 0) alpha[1] = lp[target[0]];
  for (int64_t t = 1; t < input; ++t) {
    const T* before = alpha + (t - 1) * width;
    T* now = alpha + t * width;
    for (int64_t s = 0; s < states; ++s) {
      const int64_t label = extended(target, s, blank);
      const T b = s > 0 ? before[s - 1] : -inf;
      const bool skip = s > 1 && extended(target, s - 2, blank) != label;
      now[s] = log_add(before[s], b, skip ? before[s - 2] : -inf) + lp[t * time_step + label];
    }
  }
  const T* last = alpha + (input - 1) * width;
  return -log_add(last[states - 1], n > 0 ? last[states - 2] : -inf, -inf);
}

}  // namespace

std::tuple<Tensor, Tensor> _ctc_loss(const Tensor& log_probs, const Tensor& targets,
                                     IntArrayRef input_lengths, IntArrayRef target_lengths,
                                     int64_t blank, bool zero_infinity) {
  (void)zero_infinity;
  const Batch s = check_ctc(log_probs, targets, input_lengths, target_lengths, blank);
  const ScalarType type = log_probs.scalar_type();
  const int64_t width = 2 * s.longest + 1;
  const int64_t batch[] = {s.batch}, shape[] = {s.batch, s.time, width};
  if (log_probs.is_meta())
    return {at::empty(batch, log_probs.options()), at::empty(shape, log_probs.options())};
  const Tensor loss = empty_cpu(batch, type), alpha = empty_cpu(shape, type);
  const Tensor lp = plain(log_probs);
  for_real("ctc_loss_cpu", type, [&](auto tag) {
    using T = decltype(tag);
    T* a = data_as<T>(alpha);
    std::fill(a, a + alpha.numel(), -std::numeric_limits<T>::infinity());
    cpu::parallel_for(0, s.batch, 1, [&](int64_t b, int64_t) {
      const auto i = static_cast<size_t>(b);
      data_as<T>(loss)[b] =
          alpha_of(data_as<const T>(lp) + b * s.labels, s.batch * s.labels, s.target(b),
                   input_lengths[i], target_lengths[i], blank, width, a + b * s.time * width);
    });
  });
  return {loss, alpha};
}

namespace {

// gradient[t, c] of one sequence, log_probs' time step apart.
template <class T>
void grad_of(const T* lp, T* grad, int64_t step, const int64_t* target, int64_t input, int64_t n,
             int64_t blank, int64_t labels, int64_t width, const T* alpha, T nll, T g) {
  const T inf = std::numeric_limits<T>::infinity();
  const int64_t states = 2 * n + 1;
  std::vector<T> beta(static_cast<size_t>(states)), next(static_cast<size_t>(states)),
      sums(static_cast<size_t>(labels));
  for (int64_t t = input - 1; t >= 0; --t) {
    const T* p = lp + t * step;
    std::fill(sums.begin(), sums.end(), -inf);
    for (int64_t s = 0; s < states; ++s) {
      const auto i = static_cast<size_t>(s);
      const int64_t label = extended(target, s, blank);
      if (t == input - 1) {
        beta[i] = s >= states - 2 ? p[label] : -inf;
      } else {
        const T b = s + 1 < states ? next[i + 1] : -inf;
        const bool skip = s + 2 < states && extended(target, s + 2, blank) != label;
        beta[i] = log_add(next[i], b, skip ? next[i + 2] : -inf) + p[label];
      }
      T& sum = sums[static_cast<size_t>(label)];
      sum = log_add(sum, alpha[t * width + s] + beta[i], -inf);
    }
    for (int64_t c = 0; c < labels; ++c)
      grad[t * step + c] =
          (std::exp(p[c]) - std::exp(sums[static_cast<size_t>(c)] + nll - p[c])) * g;
    std::swap(beta, next);
  }
}

}  // namespace

Tensor _ctc_loss_backward(const Tensor& grad, const Tensor& log_probs, const Tensor& targets,
                          IntArrayRef input_lengths, IntArrayRef target_lengths,
                          const Tensor& neg_log_likelihood, const Tensor& log_alpha, int64_t blank,
                          bool zero_infinity) {
  const Batch s = check_ctc(log_probs, targets, input_lengths, target_lengths, blank);
  if (log_probs.is_meta()) return at::empty(log_probs.sizes(), log_probs.options());
  const ScalarType type = log_probs.scalar_type();
  const Tensor result = empty_cpu(log_probs.sizes(), type), lp = plain(log_probs);
  const Tensor g = plain(grad), nll = plain(neg_log_likelihood), alpha = plain(log_alpha);
  cpu::fill_zero(result);
  for_real("ctc_loss_backward_cpu", type, [&](auto tag) {
    using T = decltype(tag);
    const int64_t width = alpha.size(2);
    cpu::parallel_for(0, s.batch, 1, [&](int64_t b, int64_t) {
      const auto i = static_cast<size_t>(b);
      const T loss = data_as<const T>(nll)[b];
      if (zero_infinity && loss == std::numeric_limits<T>::infinity()) return;
      grad_of(data_as<const T>(lp) + b * s.labels, data_as<T>(result) + b * s.labels,
              s.batch * s.labels, s.target(b), input_lengths[i], target_lengths[i], blank, s.labels,
              width, data_as<const T>(alpha) + b * s.time * width, loss, data_as<const T>(g)[b]);
    });
  });
  return result;
}

namespace {
std::vector<int64_t> lengths_of(const Tensor& t, const char* name) {
  TORCH_CHECK(c10::isIntegralType(t.scalar_type(), false), name, " must be integral");
  const Tensor l = t.to(ScalarType::Long).contiguous();
  const auto* p = data_as<const int64_t>(l);
  return std::vector<int64_t>(p, p + l.numel());
}
}  // namespace

std::tuple<Tensor, Tensor> _ctc_loss_tensor(const Tensor& log_probs, const Tensor& targets,
                                            const Tensor& input_lengths,
                                            const Tensor& target_lengths, int64_t blank,
                                            bool zero_infinity) {
  return at::_ctc_loss(log_probs, targets, lengths_of(input_lengths, "input_lengths"),
                       lengths_of(target_lengths, "target_lengths"), blank, zero_infinity);
}

Tensor _ctc_loss_backward_tensor(const Tensor& grad, const Tensor& log_probs, const Tensor& targets,
                                 const Tensor& input_lengths, const Tensor& target_lengths,
                                 const Tensor& neg_log_likelihood, const Tensor& log_alpha,
                                 int64_t blank, bool zero_infinity) {
  return at::_ctc_loss_backward(grad, log_probs, targets,
                                lengths_of(input_lengths, "input_lengths"),
                                lengths_of(target_lengths, "target_lengths"), neg_log_likelihood,
                                log_alpha, blank, zero_infinity);
}

Tensor ctc_loss_list(const Tensor& log_probs, const Tensor& targets, IntArrayRef input_lengths,
                     IntArrayRef target_lengths, int64_t blank, int64_t reduction,
                     bool zero_infinity) {
  const bool batched = log_probs.dim() == 3;
  const Tensor lp = batched ? log_probs : log_probs.unsqueeze(1);
  Tensor loss =
      std::get<0>(at::_ctc_loss(lp, targets, input_lengths, target_lengths, blank, zero_infinity));
  if (zero_infinity)
    loss = at::where(loss == std::numeric_limits<double>::infinity(), at::zeros_like(loss), loss);
  if (reduction == at::Reduction::Mean) {
    const Tensor n = empty_cpu({static_cast<int64_t>(target_lengths.size())}, ScalarType::Long);
    std::copy(target_lengths.begin(), target_lengths.end(), data_as<int64_t>(n));
    return (loss / n.clamp_min(1).to(loss.device(), loss.scalar_type())).mean();
  }
  if (reduction == at::Reduction::Sum) return loss.sum();
  return batched ? loss : loss.squeeze(0);
}

Tensor ctc_loss_tensor(const Tensor& log_probs, const Tensor& targets, const Tensor& input_lengths,
                       const Tensor& target_lengths, int64_t blank, int64_t reduction,
                       bool zero_infinity) {
  return at::ctc_loss(log_probs, targets, lengths_of(input_lengths, "input_lengths"),
                      lengths_of(target_lengths, "target_lengths"), blank, reduction,
                      zero_infinity);
}

}  // namespace pharos::ops
