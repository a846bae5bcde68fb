// The cell of an LSTM: all gates of a row in one pass, forward and backward.
#include "kernels/cpu/lstm.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/lstm_simd.cpp"
#include "hwy/foreach_target.h"
#include "hwy/highway.h"
#include "kernels/cpu/parallel.h"
#include "kernels/cpu/partial-inl.h"
#include "kernels/cpu/pointwise_sleef-inl.h"

HWY_BEFORE_NAMESPACE();
namespace pharos::cpu::HWY_NAMESPACE {
namespace {

constexpr int64_t kForwardCost = 32, kBackwardCost = 16;  // of one item, in additions

HWY_INLINE VF Sigmoid(VF x) {
  const DF d;
  const VF one = hn::Set(d, 1.0f);
  return hn::Div(one, hn::Add(one, VecExp(hn::Neg(x))));
}

// f(load, store, j) for each vector of a row; the last one may be incomplete.
template <class F>
HWY_INLINE void for_row(int64_t n, F&& f) {
  const DF d;
  const auto vl = static_cast<int64_t>(hn::Lanes(d));
  int64_t j = 0;
  for (; j + vl <= n; j += vl) {
    f([=](const float* p) { return hn::LoadU(d, p + j); },
      [=](VF v, float* p) { hn::StoreU(v, d, p + j); });
  }
  if (j < n) {
    const auto left = static_cast<size_t>(n - j);
    f([=](const float* p) { return load_first(d, p + j, left); },
      [=](VF v, float* p) { store_first(v, d, p + j, left); });
  }
}

void LstmForward(int64_t rows, int64_t hidden, float* gates, const float* c_prev, float* c,
                 float* h) {
  parallel_for(0, rows, grain_for(kForwardCost * hidden), [&](int64_t b, int64_t e) {
    for (int64_t r = b; r < e; ++r) {
      float* g = gates + r * 4 * hidden;
      const int64_t at = r * hidden;
      for_row(hidden, [&](auto load, auto store) {
        const VF in = Sigmoid(load(g)), forget = Sigmoid(load(g + hidden));
        const VF cell = VecTanh(load(g + 2 * hidden)), out = Sigmoid(load(g + 3 * hidden));
        const VF now = hn::Add(hn::Mul(forget, load(c_prev + at)), hn::Mul(in, cell));
        store(in, g);
        store(forget, g + hidden);
        store(cell, g + 2 * hidden);
        store(out, g + 3 * hidden);
        store(now, c + at);
        store(hn::Mul(out, VecTanh(now)), h + at);
      });
    }
  });
}

void LstmBackward(int64_t rows, int64_t hidden, const float* gates, const float* c_prev,
                  const float* c, const float* grad_h, float* grad_c, float* grad_gates) {
  const DF d;
  const VF one = hn::Set(d, 1.0f);
  parallel_for(0, rows, grain_for(kBackwardCost * hidden), [&](int64_t b, int64_t e) {
    for (int64_t r = b; r < e; ++r) {
      const float* g = gates + r * 4 * hidden;
      float* dg = grad_gates + r * 4 * hidden;
      const int64_t at = r * hidden;
      for_row(hidden, [&](auto load, auto store) {
        const VF in = load(g), forget = load(g + hidden);
        const VF cell = load(g + 2 * hidden), out = load(g + 3 * hidden);
        const VF squashed = VecTanh(load(c + at)), dh = load(grad_h + at);
        const VF slope = hn::Sub(one, hn::Mul(squashed, squashed));
        const VF dc = hn::Add(load(grad_c + at), hn::Mul(hn::Mul(dh, out), slope));
        const auto sigmoid_slope = [&](VF y) { return hn::Mul(y, hn::Sub(one, y)); };
        store(hn::Mul(hn::Mul(dc, cell), sigmoid_slope(in)), dg);
        store(hn::Mul(hn::Mul(dc, load(c_prev + at)), sigmoid_slope(forget)), dg + hidden);
        store(hn::Mul(hn::Mul(dc, in), hn::Sub(one, hn::Mul(cell, cell))), dg + 2 * hidden);
        store(hn::Mul(hn::Mul(dh, squashed), sigmoid_slope(out)), dg + 3 * hidden);
        store(hn::Mul(dc, forget), grad_c + at);
      });
    }
  });
}

}  // namespace
}  // namespace pharos::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace pharos::cpu {
HWY_EXPORT(LstmForward);
HWY_EXPORT(LstmBackward);
void lstm_cell_forward(int64_t rows, int64_t hidden, float* gates, const float* c_prev, float* c,
                       float* h) {
  HWY_DYNAMIC_DISPATCH(LstmForward)(rows, hidden, gates, c_prev, c, h);
}
void lstm_cell_backward(int64_t rows, int64_t hidden, const float* gates, const float* c_prev,
                        const float* c, const float* grad_h, float* grad_c, float* grad_gates) {
  HWY_DYNAMIC_DISPATCH(LstmBackward)
  (rows, hidden, gates, c_prev, c, grad_h, grad_c, grad_gates);
}
}  // namespace pharos::cpu
#endif
