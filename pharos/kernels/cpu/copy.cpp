// Copies: one memcpy where both sides are packed alike, tiles where one is a transpose of the
// other, rows otherwise.
#include "kernels/cpu/copy.h"

#include <cstring>

#include "core/factory.h"
#include "kernels/cpu/grain.h"
#include "kernels/cpu/loops_plan.h"

namespace pharos::cpu {
namespace {

constexpr int64_t kGrain = 32768;
constexpr int64_t kTile = 16;
constexpr int64_t kBlock = 64;

void no_loop(int64_t, void* const*, const void*) {}

struct Bytes16 {
  uint64_t a, b;
};

// A whole tile of 4-byte items, by 4 x 4 blocks in registers; dst is written by whole cache lines.
void transpose_words(uint32_t* dst, int64_t dst_stride, const uint32_t* src, int64_t src_stride) {
  using V = uint32_t __attribute__((vector_size(16), aligned(4), may_alias));
  using I = uint32_t __attribute__((vector_size(16)));
  constexpr I low{0, 4, 1, 5}, high{2, 6, 3, 7}, first{0, 1, 4, 5}, second{2, 3, 6, 7};
  auto row = [](const uint32_t* p) -> I { return *reinterpret_cast<const V*>(p); };
  auto store = [](uint32_t* p, I v) { *reinterpret_cast<V*>(p) = v; };
  for (int64_t j = 0; j < kTile; j += 4) {
    for (int64_t i = 0; i < kTile; i += 4) {
      const uint32_t* from = src + i * src_stride + j;
      const I r0 = row(from), r1 = row(from + src_stride);
      const I r2 = row(from + 2 * src_stride), r3 = row(from + 3 * src_stride);
      const I l01 = __builtin_shuffle(r0, r1, low), l23 = __builtin_shuffle(r2, r3, low);
      const I h01 = __builtin_shuffle(r0, r1, high), h23 = __builtin_shuffle(r2, r3, high);
      uint32_t* to = dst + j * dst_stride + i;
      store(to, __builtin_shuffle(l01, l23, first));
      store(to + dst_stride, __builtin_shuffle(l01, l23, second));
      store(to + 2 * dst_stride, __builtin_shuffle(h01, h23, first));
      store(to + 3 * dst_stride, __builtin_shuffle(h01, h23, second));
    }
  }
}

// One tile: dst is packed along `na` items, src along `nb`; the other strides in items.
template <class T>
void transpose_tile(T* dst, int64_t dst_stride, const T* src, int64_t src_stride, int64_t na,
                    int64_t nb) {
  if (na == kTile && nb == kTile) {
    if constexpr (sizeof(T) == 4) return transpose_words(dst, dst_stride, src, src_stride);
    // Through a packed tile: reads and writes each touch whole cache lines.
    T tile[kTile][kTile];
    for (int64_t i = 0; i < kTile; ++i)
      for (int64_t j = 0; j < kTile; ++j) tile[j][i] = src[i * src_stride + j];
    for (int64_t j = 0; j < kTile; ++j) std::memcpy(dst + j * dst_stride, tile[j], sizeof tile[j]);
    return;
  }
  for (int64_t j = 0; j < nb; ++j)
    for (int64_t i = 0; i < na; ++i) dst[j * dst_stride + i] = src[i * src_stride + j];
}

// A block of whole tiles where it can be: few enough pages on both sides for the TLB.
template <class T>
void transpose_block(T* dst, int64_t dst_stride, const T* src, int64_t src_stride, int64_t na,
                     int64_t nb) {
  for (int64_t i = 0; i < na; i += kTile)
    for (int64_t j = 0; j < nb; j += kTile)
      transpose_tile(dst + j * dst_stride + i, dst_stride, src + i * src_stride + j, src_stride,
                     na - i < kTile ? na - i : kTile, nb - j < kTile ? nb - j : kTile);
}

// Dims 0 (packed in dst) and `other` (packed in src) by blocks, all further dims around them.
// Strips run along src's rows.
template <class T>
void transpose(const Plan& p, int other) {
  const Stream &d = p.streams[0], &s = p.streams[1];
  const int64_t na = p.size[0], nb = p.size[other];
  const int64_t dst_stride = d.stride[other] / d.item, src_stride = s.stride[0] / s.item;
  int64_t outer = 1;
  for (int k = 1; k < p.ndim; ++k)
    if (k != other) outer *= p.size[k];
  const int64_t strips = (na + kBlock - 1) / kBlock;
  const int64_t cost = nb * (na < kBlock ? na : kBlock);
  parallel_for(0, outer * strips, even_grain(outer * strips, cost),
               [&](int64_t begin, int64_t end) {
                 for (int64_t strip = begin; strip < end; ++strip) {
                   int64_t linear = strip / strips;
                   const int64_t i = strip % strips * kBlock;
                   auto* dst = d.data;
                   const auto* src = s.data;
                   for (int k = 1; k < p.ndim; ++k) {
                     if (k == other) continue;
                     const int64_t at = linear % p.size[k];
                     linear /= p.size[k];
                     dst += at * d.stride[k];
                     src += at * s.stride[k];
                   }
                   const int64_t width = na - i < kBlock ? na - i : kBlock;
                   for (int64_t j = 0; j < nb; j += kBlock)
                     transpose_block(reinterpret_cast<T*>(dst) + j * dst_stride + i, dst_stride,
                                     reinterpret_cast<const T*>(src) + i * src_stride + j,
                                     src_stride, width, nb - j < kBlock ? nb - j : kBlock);
                 }
               });
}

// The dim along which src is packed, if tiles pay; 0 otherwise.
int transposed_dim(const Plan& p) {
  const Stream &d = p.streams[0], &s = p.streams[1];
  if (d.stride[0] != d.item || s.stride[0] == s.item || s.stride[0] == 0) return 0;
  if (p.size[0] < 4 || s.stride[0] % s.item != 0) return 0;
  for (int k = 1; k < p.ndim; ++k)
    if (s.stride[k] == s.item && p.size[k] >= 4 && d.stride[k] != 0) return k;
  return 0;
}

void run_transpose(const Plan& p, int other) {
  switch (p.streams[0].item) {
    case 1:
      return transpose<uint8_t>(p, other);
    case 2:
      return transpose<uint16_t>(p, other);
    case 4:
      return transpose<uint32_t>(p, other);
    case 8:
      return transpose<uint64_t>(p, other);
    default:
      return transpose<Bytes16>(p, other);
  }
}

void copy_rows(const Plan& p) {
  const Stream &d = p.streams[0], &s = p.streams[1];
  parallel_for(0, p.numel, kGrain, [&](int64_t begin, int64_t end) {
    Walker w(p, begin);
    for (int64_t i = begin; i < end;) {
      const int64_t n = w.left() < end - i ? w.left() : end - i;
      convert(n, w.at(d), d.dtype, d.stride[0], w.at(s), s.dtype, s.stride[0]);
      w.advance(n);
      i += n;
    }
  });
}

}  // namespace

void copy_values(const at::Tensor& dst, const at::Tensor& src) {
  const TensorImpl *d = dst.unsafeGetTensorImpl(), *s = src.unsafeGetTensorImpl();
  if (d->numel_ == 0) return;
  if (d->is_contiguous() && s->is_contiguous() && d->numel_ == s->numel_) {
    const auto dsize = static_cast<int64_t>(d->itemsize()),
               ssize = static_cast<int64_t>(s->itemsize());
    parallel_for(0, d->numel_, kGrain * 2, [&](int64_t b, int64_t e) {
      convert_dense(e - b, d->data + b * dsize, d->dtype_, s->data + b * ssize, s->dtype_);
    });
    return;
  }
  Plan p;
  const Operand ops[] = {{&dst, d->dtype_}, {&src, d->dtype_}};
  if (!make_plan(p, no_loop, ops, 1, 1, nullptr)) return;
  const int other = d->dtype_ == s->dtype_ ? transposed_dim(p) : 0;
  if (other != 0) return run_transpose(p, other);
  copy_rows(p);
}

void fill_value(const at::Tensor& dst, const c10::Scalar& value) {
  const TensorImpl* d = dst.unsafeGetTensorImpl();
  if (d->numel_ == 0) return;
  const at::Tensor one = scalar_cpu(value, d->dtype_);
  const void* item = one.unsafeGetTensorImpl()->data;
  const auto size = static_cast<int64_t>(d->itemsize());
  if (d->is_contiguous()) {
    parallel_for(0, d->numel_, kGrain * 2,
                 [&](int64_t b, int64_t e) { fill_items(e - b, d->data + b * size, item, size); });
    return;
  }
  copy_values(dst, one);
}

void fill_zero(const at::Tensor& dst) {
  const TensorImpl* d = dst.unsafeGetTensorImpl();
  if (!d->is_contiguous()) return fill_value(dst, 0);
  const auto size = static_cast<int64_t>(d->itemsize());
  parallel_for(0, d->numel_, kGrain * 2, [&](int64_t b, int64_t e) {
    std::memset(d->data + b * size, 0, static_cast<size_t>((e - b) * size));
  });
}

}  // namespace pharos::cpu
