// What the direct convolutions share: padded planes, blocks of channels, covers of vectors.
// Included once per target by *_simd.cpp files.
#if defined(PHAROS_KERNELS_CONV_DIRECT_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef PHAROS_KERNELS_CONV_DIRECT_INL_H_
#undef PHAROS_KERNELS_CONV_DIRECT_INL_H_
#else
#define PHAROS_KERNELS_CONV_DIRECT_INL_H_
#endif

#include <cstdint>

#include "hwy/highway.h"
#include "kernels/cpu/partial-inl.h"

HWY_BEFORE_NAMESPACE();
namespace pharos::cpu::HWY_NAMESPACE {

#if HWY_TARGET == HWY_AVX3 || HWY_TARGET == HWY_AVX3_DL || HWY_ARCH_ARM
constexpr int kOB = 8;                     // output channels of a register tile (x 3 vectors)
constexpr int kWeightO = 4, kWeightK = 6;  // tile of the weight gradient
#else
constexpr int kOB = 4;
constexpr int kWeightO = 3, kWeightK = 4;
#endif
constexpr int kMaxNV = 3;

template <class T>
using Tag = hn::ScalableTag<T>;
template <class T>
constexpr int64_t kVL = hn::MaxLanes(Tag<T>());

// Short rows: a call of memcpy would cost more than the copy.
template <class T>
HWY_INLINE void copy_row(const T* HWY_RESTRICT from, int64_t n, T* HWY_RESTRICT to) {
  const Tag<T> d;
  if (n < kVL<T>) {
    if (n > 0) store_first(load_first(d, from, n), d, to, n);
    return;
  }
  for (int64_t i = 0; i + kVL<T> <= n; i += kVL<T>) hn::StoreU(hn::LoadU(d, from + i), d, to + i);
  hn::StoreU(hn::LoadU(d, from + n - kVL<T>), d, to + n - kVL<T>);
}

template <class T>
HWY_INLINE void zero_row(int64_t n, T* to) {
  const Tag<T> d;
  int64_t i = 0;
  for (; i + kVL<T> <= n; i += kVL<T>) hn::StoreU(hn::Zero(d), d, to + i);
  if (i < n) store_first(hn::Zero(d), d, to + i, n - i);
}

// Planes of one image: [channel][phase h][phase w][rows][pitch], then slack that may be read.
struct Planes {
  int64_t channels, height, width;  // of the source image
  int64_t top, left;                // padding before row and column 0 (negative: crop)
  int64_t phases_h, phases_w, rows, pitch;
  int64_t plane() const { return phases_h * phases_w * rows * pitch; }
  int64_t image(int64_t slack) const { return channels * plane() + slack; }
  // Where padded position (y, x) lies in a channel's planes.
  int64_t offset(int64_t y, int64_t x) const {
    return ((y % phases_h * phases_w + x % phases_w) * rows + y / phases_h) * pitch + x / phases_w;
  }
};

template <class T>
void pack_channel(const Planes& p, const T* HWY_RESTRICT src, T* HWY_RESTRICT dst) {
  for (int64_t ph = 0; ph < p.phases_h; ++ph) {
    for (int64_t pw = 0; pw < p.phases_w; ++pw) {
      // Columns j with 0 <= j * phases_w + pw - left < width.
      const int64_t shift = pw - p.left;
      int64_t j0 = shift >= 0 ? 0 : (-shift + p.phases_w - 1) / p.phases_w;
      int64_t j1 = p.width > shift ? (p.width - 1 - shift) / p.phases_w + 1 : 0;
      j0 = HWY_MIN(j0, p.pitch);
      j1 = HWY_MAX(HWY_MIN(j1, p.pitch), j0);
      for (int64_t i = 0; i < p.rows; ++i, dst += p.pitch) {
        const int64_t y = i * p.phases_h + ph - p.top;
        if (y < 0 || y >= p.height) {
          zero_row(p.pitch, dst);
          continue;
        }
        const T* row = src + y * p.width + shift;
        zero_row(j0, dst);
        if (p.phases_w == 1) {
          copy_row(row + j0, j1 - j0, dst + j0);
        } else {
          for (int64_t j = j0; j < j1; ++j) dst[j] = row[j * p.phases_w];
        }
        zero_row(p.pitch - j1, dst + j1);
      }
    }
  }
}

// Channels in blocks of at most kOB, as equal as can be: a narrow last block would leave the
// multipliers idle.
struct Blocks {
  int64_t channels, count;
  explicit Blocks(int64_t n, int64_t most = kOB) : channels(n), count((n + most - 1) / most) {}
  int64_t first(int64_t b) const { return b * channels / count; }
  int64_t size(int64_t b) const { return first(b + 1) - first(b); }
};

// Packed weights: [block][depth][kOB]; from(channel, k) gives a weight.
template <class T, class F>
void pack_weights(const Blocks& blocks, int64_t depth, T* HWY_RESTRICT to, F&& from) {
  for (int64_t b = 0; b < blocks.count; ++b) {
    const int64_t first = blocks.first(b), n = blocks.size(b);
    for (int64_t k = 0; k < depth; ++k, to += kOB) {
      for (int64_t r = 0; r < kOB; ++r) to[r] = r < n ? from(first + r, k) : T(0);
    }
  }
}

// Fewest computed lanes, and wide tiles where equal.
int64_t tile_vectors(int64_t n) {
  int64_t best = 1, best_cost = INT64_MAX;
  for (int64_t v = 1; v <= kMaxNV; ++v) {
    const int64_t cost = (n + v - 1) / v * (4 * v + 2);
    if (cost <= best_cost) {
      best = v;
      best_cost = cost;
    }
  }
  return best;
}

// The vectors that cover a grid of rows x cols whose rows lie `pitch` apart.
template <class T>
struct Cover {
  int64_t rows, cols, pitch, per_row, total;
  bool by_rows;
  Cover(int64_t r, int64_t c, int64_t p)
      : rows(r), cols(c), pitch(p), per_row((c + kVL<T> - 1) / kVL<T>) {
    const int64_t flat = ((r - 1) * p + c + kVL<T> - 1) / kVL<T>;
    by_rows = r * per_row < flat;
    total = by_rows ? r * per_row : flat;
  }
  int64_t length() const { return (rows - 1) * pitch + cols; }
  // Where vector j starts; one past the end repeats the last.
  int64_t start(int64_t j) const {
    j = HWY_MIN(j, total - 1);
    return by_rows ? j / per_row * pitch + j % per_row * kVL<T> : j * kVL<T>;
  }
};

}  // namespace pharos::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
