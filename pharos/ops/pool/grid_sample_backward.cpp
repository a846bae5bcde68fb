// Gradients of grid sampling: by kernels, or made of operators where they are differentiated again.
#include <pharos/ops/functions.h>

#include <vector>

#include "core/thread_state.h"
#include "ops/pool/pool.h"
#include "ops/pool_decls.h"

namespace pharos::ops {
namespace {

enum Mode : int64_t { kBilinear, kNearest, kBicubic };
enum Padding : int64_t { kZeros, kBorder, kReflection };

// Positions along a dim of `size` elements as functions of the grid's values, and their slopes,
// which are constant between kinks.
struct Coordinate {
  Tensor at, slope;
};

Coordinate unnormalised(const Tensor& g, int64_t size, bool align) {
  const auto n = static_cast<double>(size);
  if (align) return {(g + 1) / 2 * (n - 1), at::full_like(g, (n - 1) / 2)};
  return {((g + 1) * n - 1) / 2, at::full_like(g, n / 2)};
}

Coordinate clipped(const Coordinate& c, int64_t size) {
  const Tensor above = c.at > 0, below = c.at < size - 1;
  return {at::where(above, at::where(below, c.at, size - 1), 0),
          at::where(above.logical_and(below), c.slope, 0)};
}

Coordinate reflected(const Coordinate& c, double low, double high) {
  const double span = high - low;
  if (span == 0) return {at::zeros_like(c.at), at::zeros_like(c.at)};
  const Tensor before = c.at < low, x = at::where(before, low - c.at, c.at - low);
  const Tensor flips = (x.detach() / span).floor();
  const Tensor extra = x - flips * span, even = at::remainder(flips, 2) == 0;
  const Tensor slope = at::where(before, -c.slope, c.slope);
  return {at::where(even, extra + low, (high - extra)), at::where(even, slope, -slope)};
}

Coordinate padded(const Coordinate& c, int64_t size, int64_t padding, bool align) {
  const auto n = static_cast<double>(size);
  if (padding == kBorder) return clipped(c, size);
  if (padding == kReflection)
    return clipped(align ? reflected(c, 0, n - 1) : reflected(c, -0.5, n - 0.5), size);
  return c;
}

// One of the elements along a dim that a position is made of.
struct Tap {
  Tensor at, weight, slope;  // the slope is the weight's by the grid's value
};

std::vector<Tap> linear_taps(const Coordinate& c) {
  const Tensor low = c.at.detach().floor(), rest = c.at - low;
  return {{low, 1 - rest, -c.slope}, {low + 1, rest, c.slope}};
}

std::vector<Tap> nearest_taps(const Coordinate& c) {
  return {{c.at.detach().round(), at::ones_like(c.at), at::zeros_like(c.at)}};
}

std::vector<Tap> cubic_taps(const Coordinate& c, int64_t size, int64_t padding, bool align) {
  constexpr double a = -0.75;
  const Tensor low = c.at.detach().floor(), t = c.at - low;
  std::vector<Tap> taps;
  for (int k = 0; k < 4; ++k) {
    const Tensor x = k < 2 ? t + (1 - k) : (k - 1) - t;
    const Tensor slope = k < 2 ? c.slope : -c.slope;
    const bool near = k == 1 || k == 2;
    // The taps are padded one by one.
    const Coordinate tap = padded({low + (k - 1), at::ones_like(low)}, size, padding, align);
    taps.push_back(
        {tap.at,
         near ? ((a + 2) * x - (a + 3)) * x * x + 1 : ((a * x - 5 * a) * x + 8 * a) * x - 4 * a,
         (near ? (3 * (a + 2) * x - 2 * (a + 3)) * x : (3 * a * x - 10 * a) * x + 8 * a) * slope});
  }
  return taps;
}

std::tuple<Tensor, Tensor> recorded(const Tensor& grad, const Tensor& input, const Tensor& grid,
                                    int64_t mode, int64_t padding, bool align,
                                    std::array<bool, 2> mask) {
  const int64_t dims = input.dim() - 2, batch = input.size(0), channels = input.size(1);
  const Tensor x = input.reshape({batch, channels, -1}), g = grid.reshape({batch, -1, dims});
  const Tensor gy = grad.reshape({batch, channels, -1});
  std::vector<std::vector<Tap>> taps;
  for (int64_t d = 0; d < dims; ++d) {
    const int64_t size = input.size(d + 2);
    const Coordinate c = unnormalised(g.select(-1, dims - 1 - d), size, align);
    taps.push_back(mode == kBicubic   ? cubic_taps(c, size, padding, align)
                   : mode == kNearest ? nearest_taps(padded(c, size, padding, align))
                                      : linear_taps(padded(c, size, padding, align)));
  }
  Tensor by_input = at::zeros_like(x);
  std::vector<Tensor> by_grid(static_cast<size_t>(dims), at::zeros_like(g.select(-1, 0)));
  const size_t count = taps[0].size();
  size_t all = 1;
  for (int64_t d = 0; d < dims; ++d) all *= count;
  for (size_t k = 0; k < all; ++k) {
    std::vector<const Tap*> of;
    for (size_t rest = k, d = 0; d < taps.size(); ++d, rest /= count)
      of.push_back(&taps[d][rest % count]);
    Tensor valid = at::ones_like(by_grid[0], at::kBool), flat = at::zeros_like(by_grid[0]);
    for (size_t d = 0; d < of.size(); ++d) {
      const int64_t size = input.size(static_cast<int64_t>(d) + 2);
      valid = valid.logical_and(of[d]->at >= 0).logical_and(of[d]->at < size);
      flat = flat * size + of[d]->at;
    }
    const Tensor index = at::where(valid, flat, 0).to(at::kLong).unsqueeze(1).expand_as(gy);
    const Tensor there = valid.to(x.scalar_type());
    // The product of all weights, with the slope in place of dim s's.
    const auto product = [&](size_t s) {
      Tensor p = there;
      for (size_t d = 0; d < of.size(); ++d) p = p * (d == s ? of[d]->slope : of[d]->weight);
      return p;
    };
    if (mask[0]) by_input = by_input.scatter_add(2, index, gy * product(of.size()).unsqueeze(1));
    if (mask[1]) {
      const Tensor along = (gy * x.gather(2, index)).sum(1);
      for (size_t d = 0; d < of.size(); ++d) by_grid[d] = by_grid[d] + along * product(d);
    }
  }
  std::vector<Tensor> innermost_first(by_grid.rbegin(), by_grid.rend());
  return {mask[0] ? by_input.view(input.sizes()) : Tensor(),
          mask[1] ? at::stack(innermost_first, -1).view(grid.sizes()) : Tensor()};
}

std::tuple<Tensor, Tensor> sampler_backward(const Tensor& grad, const Tensor& input,
                                            const Tensor& grid, int64_t mode, int64_t padding,
                                            bool align, std::array<bool, 2> mask) {
  const bool record = thread_state.grad_mode &&
                      (grad.requires_grad() || input.requires_grad() || grid.requires_grad());
  if (!record) return grid_sample_grad(grad, input, grid, mode, padding, align, mask);
  const ScalarType type = input.scalar_type();
  if (!c10::isReducedFloatingType(type))
    return recorded(grad, input, grid, mode, padding, align, mask);
  const auto [gx, gg] = recorded(grad.to(at::kFloat), input.to(at::kFloat), grid.to(at::kFloat),
                                 mode, padding, align, mask);
  return {gx.defined() ? gx.to(type) : gx, gg.defined() ? gg.to(type) : gg};
}

}  // namespace

std::tuple<Tensor, Tensor> grid_sampler_2d_backward(const Tensor& grad, const Tensor& input,
                                                    const Tensor& grid, int64_t mode,
                                                    int64_t padding, bool align,
                                                    std::array<bool, 2> mask) {
  return sampler_backward(grad, input, grid, mode, padding, align, mask);
}
std::tuple<Tensor, Tensor> grid_sampler_3d_backward(const Tensor& grad, const Tensor& input,
                                                    const Tensor& grid, int64_t mode,
                                                    int64_t padding, bool align,
                                                    std::array<bool, 2> mask) {
  return sampler_backward(grad, input, grid, mode, padding, align, mask);
}

}  // namespace pharos::ops
