// One pass over a strided tensor. Expanded dims (stride 0) are counted, not walked: a file may
// claim any size for them.
#include "io/stats.h"

#include <cmath>
#include <vector>

namespace pharos::io {
namespace {

// Neumaier's compensated sum, so that the order of elements does not show.
struct Sum {
  double total = 0, lost = 0;
  void add(double v) {
    double t = total + v;
    if (std::isfinite(t))
      lost += std::abs(total) >= std::abs(v) ? (total - t) + v : (v - t) + total;
    total = t;
  }
  double value() const { return std::isfinite(total) ? total + lost : total; }
};

struct Pass {
  Sum sum, imag;
  double min = INFINITY, max = -INFINITY;
  int64_t numbers = 0, nan = 0, inf = 0;
  double sign = 1, imag_sign = 1;

  void real(double v) {
    v *= sign;
    sum.add(v);
    if (std::isnan(v)) {
      ++nan;
      return;
    }
    if (std::isinf(v)) ++inf;
    ++numbers;
    if (v < min) min = v;
    if (v > max) max = v;
  }
  template <typename T>
  void take(const T& v) {
    real(static_cast<double>(v));
  }
  void take(const c10::Half& v) { real(static_cast<float>(v)); }
  void take(const c10::BFloat16& v) { real(static_cast<float>(v)); }
  template <typename T>
  void take(const c10::complex<T>& v) {
    double re = v.real(), im = v.imag();
    sum.add(sign * re);
    imag.add(sign * imag_sign * im);
    if (std::isnan(re) || std::isnan(im))
      ++nan;
    else if (std::isinf(re) || std::isinf(im))
      ++inf;
  }
};

struct Dims {
  std::vector<int64_t> sizes, strides;
  int64_t repeats = 1, numel = 1;
};

template <typename T>
void walk(const T* data, const Dims& d, Pass& pass) {
  size_t n = d.sizes.size();
  if (n == 0) return pass.take(*data);
  std::vector<int64_t> index(n, 0);
  int64_t inner = d.sizes[n - 1], step = d.strides[n - 1], at = 0;
  while (true) {
    for (int64_t i = 0; i < inner; ++i) pass.take(data[at + i * step]);
    size_t k = n - 1;
    while (k-- > 0) {
      at += d.strides[k];
      if (++index[k] < d.sizes[k]) break;
      at -= d.strides[k] * d.sizes[k];
      index[k] = 0;
      if (k == 0) return;
    }
    if (n == 1) return;
  }
}

}  // namespace

TensorStats tensor_stats(const at::Tensor& t) {
  const c10::TensorImpl* impl = t.unsafeGetTensorImpl();
  TensorStats s;
  Dims d;
  if (t.numel() > 0) {
    for (int64_t i = 0; i < t.dim(); ++i) {
      int64_t size = impl->sizes()[static_cast<size_t>(i)],
              stride = impl->strides()[static_cast<size_t>(i)];
      if (stride == 0) {
        d.repeats *= size;
      } else if (size != 1) {
        d.sizes.push_back(size);
        d.strides.push_back(stride);
        d.numel *= size;
      }
    }
    if (!t.is_cpu() || !impl->storage || !impl->storage->data() ||
        static_cast<uint64_t>(d.numel) > impl->storage->nbytes() / impl->itemsize())
      return s;
  }
  Pass pass;
  pass.sign = t.is_neg() ? -1 : 1;
  pass.imag_sign = t.is_conj() ? -1 : 1;
  if (t.numel() > 0) {
    switch (t.scalar_type()) {
#define PHAROS_CASE(T, Name)                               \
  case c10::ScalarType::Name:                              \
    walk(reinterpret_cast<const T*>(impl->data), d, pass); \
    break;
      PHAROS_FORALL_SCALAR_TYPES(PHAROS_CASE)
#undef PHAROS_CASE
      default:
        return s;
    }
  }
  s.known = true;
  s.sum = pass.sum.value() * static_cast<double>(d.repeats);
  s.imag_sum = pass.imag.value() * static_cast<double>(d.repeats);
  s.nan = pass.nan * d.repeats;
  s.inf = pass.inf * d.repeats;
  s.has_extremes = pass.numbers > 0;
  s.min = pass.min;
  s.max = pass.max;
  return s;
}

}  // namespace pharos::io
