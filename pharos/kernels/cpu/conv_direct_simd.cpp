// Direct convolution on plain NCHW memory for one and two spatial dimensions, f32 and f64.
// The input is copied once into zero-padded planes, split by stride phase, so that every tap of the
// kernel reads contiguous memory at a fixed offset. Vectors run over row ends ("flat" positions,
// the few lanes that fall between rows are computed and dropped) or start anew at each row,
// whichever takes fewer. Bits do not depend on threads.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/conv_direct_simd.cpp"
#include <cstring>

#include "hwy/foreach_target.h"
#include "hwy/highway.h"
#include "kernels/cpu/conv.h"
#include "kernels/cpu/conv_direct-inl.h"
#include "kernels/cpu/parallel.h"
#include "kernels/cpu/scratch.h"

HWY_BEFORE_NAMESPACE();
namespace pharos::cpu::HWY_NAMESPACE {

// acc[r][v] = init[r] + sum_k w[k][r] * planes[off[k] + at[v] ..], written to out[r][v].
template <class T, int R, int NV>
HWY_NOINLINE void flat_tile(const T* HWY_RESTRICT planes, const int64_t* HWY_RESTRICT at,
                            const int32_t* HWY_RESTRICT off, int64_t depth, const T* HWY_RESTRICT w,
                            const T* HWY_RESTRICT init, T* HWY_RESTRICT out) {
  const Tag<T> d;
  using V = hn::Vec<Tag<T>>;
  V acc[R][NV];
  int64_t shift[NV];
  for (int v = 0; v < NV; ++v) shift[v] = at[v] - at[0];
  planes += at[0];
#pragma GCC unroll 8
  for (int r = 0; r < R; ++r) {
#pragma GCC unroll 4
    for (int v = 0; v < NV; ++v) acc[r][v] = hn::Set(d, init[r]);
  }
  for (int64_t k = 0; k < depth; ++k, w += kOB) {
    const T* x = planes + off[k];
    V xv[NV];
#pragma GCC unroll 4
    for (int v = 0; v < NV; ++v) xv[v] = hn::LoadU(d, x + shift[v]);
#pragma GCC unroll 8
    for (int r = 0; r < R; ++r) {
      const V wv = hn::Set(d, w[r]);
#pragma GCC unroll 4
      for (int v = 0; v < NV; ++v) acc[r][v] = hn::MulAdd(wv, xv[v], acc[r][v]);
    }
  }
#pragma GCC unroll 8
  for (int r = 0; r < R; ++r) {
#pragma GCC unroll 4
    for (int v = 0; v < NV; ++v) hn::Store(acc[r][v], d, out + (r * kMaxNV + v) * kVL<T>);
  }
}

template <class T>
using TileFn = void (*)(const T*, const int64_t*, const int32_t*, int64_t, const T*, const T*, T*);

template <class T, int NV>
TileFn<T> tile_of(int64_t rows) {
  switch (rows) {
    case 1:
      return flat_tile<T, 1, NV>;
    case 2:
      return flat_tile<T, 2, NV>;
    case 3:
      return flat_tile<T, 3, NV>;
#if HWY_TARGET == HWY_AVX3 || HWY_TARGET == HWY_AVX3_DL || HWY_ARCH_ARM
    case 4:
      return flat_tile<T, 4, NV>;
    case 5:
      return flat_tile<T, 5, NV>;
    case 6:
      return flat_tile<T, 6, NV>;
    case 7:
      return flat_tile<T, 7, NV>;
#endif
    default:
      return flat_tile<T, kOB, NV>;
  }
}

template <class T>
TileFn<T> tile_of(int64_t rows, int64_t vectors) {
  return vectors == 1   ? tile_of<T, 1>(rows)
         : vectors == 2 ? tile_of<T, 2>(rows)
                        : tile_of<T, 3>(rows);
}

// A set of outputs on a grid of rows x cols, all read from the same planes.
template <class T>
struct FlatConv {
  Cover<T> cover;  // outputs (y, x) at flat position y * pitch + x
  int64_t depth;   // taps x input channels
  const int32_t* off;
  const T* weights;  // packed
  const T* init;     // [block][kOB]
  int64_t channels;
  int64_t channel_step, row_step, col_step;  // of the destination

  int64_t vectors() const { return tile_vectors(cover.total); }
  int64_t tiles() const { return (cover.total + vectors() - 1) / vectors(); }
};

template <class T>
HWY_INLINE void store_run(const T* HWY_RESTRICT from, int64_t n, T* HWY_RESTRICT to, int64_t step) {
  const Tag<T> d;
  if (step != 1) {
    for (int64_t j = 0; j < n; ++j) to[j * step] = from[j];
    return;
  }
  int64_t j = 0;
  for (; j + kVL<T> <= n; j += kVL<T>) hn::StoreU(hn::LoadU(d, from + j), d, to + j);
  if (j < n) store_first(hn::LoadU(d, from + j), d, to + j, n - j);
}

// Copies the valid lanes of a tile that starts at flat position `start` to their rows.
template <class T>
HWY_INLINE void scatter(const FlatConv<T>& f, const T* HWY_RESTRICT tile, int64_t start,
                        int64_t lanes, T* HWY_RESTRICT dst) {
  const Cover<T>& c = f.cover;
  int64_t y = start / c.pitch, x = start % c.pitch, i = 0;
  while (i < lanes && y < c.rows) {
    if (x < c.cols) {
      store_run(tile + i, HWY_MIN(c.cols - x, lanes - i), dst + y * f.row_step + x * f.col_step,
                f.col_step);
    }
    i += c.pitch - x;
    x = 0;
    ++y;
  }
}

// Tiles [t0, t1) of all channels of one image.
template <class T>
void run_tiles(const FlatConv<T>& f, const T* planes, int64_t t0, int64_t t1, T* dst) {
  const Cover<T>& cover = f.cover;
  const int64_t vectors = f.vectors();
  HWY_ALIGN T out[(kOB * kMaxNV + 1) * hn::MaxLanes(Tag<T>())];
  const Blocks blocks(f.channels);
  for (int64_t b = 0; b < blocks.count; ++b) {
    const int64_t rows = blocks.size(b);
    const TileFn<T> tile = tile_of<T>(rows, vectors);
    const T* w = f.weights + b * kOB * f.depth;
    T* to = dst + blocks.first(b) * f.channel_step;
    for (int64_t t = t0; t < t1; ++t) {
      int64_t at[kMaxNV];
      for (int64_t v = 0; v < vectors; ++v) at[v] = cover.start(t * vectors + v);
      tile(planes, at, f.off, f.depth, w, f.init + b * kOB, out);
      if (!cover.by_rows) {
        for (int64_t r = 0; r < rows; ++r) {
          scatter(f, out + r * kMaxNV * kVL<T>, at[0],
                  HWY_MIN(vectors * kVL<T>, cover.length() - at[0]), to + r * f.channel_step);
        }
        continue;
      }
      for (int64_t v = 0; v < vectors && t * vectors + v < cover.total; ++v) {
        const int64_t y = at[v] / cover.pitch, x = at[v] % cover.pitch;
        T* place = to + y * f.row_step + x * f.col_step;
        for (int64_t r = 0; r < rows; ++r) {
          store_run(out + (r * kMaxNV + v) * kVL<T>, HWY_MIN(kVL<T>, cover.cols - x),
                    place + r * f.channel_step, f.col_step);
        }
      }
    }
  }
}

// Packs and runs a batch: `jobs` FlatConvs read the same planes. src and dst steps are per image.
template <class T>
void run_batch(const Planes& p, int64_t slack, const FlatConv<T>* jobs, int64_t job_count,
               const T* const* dst_base, int64_t batch, const T* src, int64_t src_step,
               int64_t dst_step) {
  int64_t work = 0;
  for (int64_t j = 0; j < job_count; ++j) {
    work += jobs[j].depth * jobs[j].channels * jobs[j].cover.total * kVL<T>;
  }
  // As many tiles at a time as keep their part of the planes in the second-level cache.
  const int64_t tile_bytes =
      p.channels * 3 * kVL<T> * static_cast<int64_t>(sizeof(T)) * p.phases_h * p.phases_w;
  const int64_t step = HWY_MAX(int64_t{1}, (int64_t{1} << 18) / tile_bytes);
  auto pack = [&](T* planes, int64_t n, int64_t c0, int64_t c1) {
    for (int64_t c = c0; c < c1; ++c) {
      pack_channel(p, src + n * src_step + c * p.height * p.width, planes + c * p.plane());
    }
    if (c1 == p.channels) std::memset(planes + c1 * p.plane(), 0, sizeof(T) * slack);
  };
  auto run_job = [&](const T* planes, int64_t n, int64_t j, int64_t t0, int64_t t1) {
    T* dst = const_cast<T*>(dst_base[j]) + n * dst_step;
    for (int64_t t = t0; t < t1; t += step) {
      run_tiles(jobs[j], planes, t, HWY_MIN(t + step, t1), dst);
    }
  };
  if (batch >= 2 * get_num_threads() || batch * work < (1 << 17)) {
    parallel_for(0, batch, grain_for(work, 1 << 17), [&](int64_t b, int64_t e) {
      Scratch<T> planes(p.image(slack));
      for (int64_t n = b; n < e; ++n) {
        pack(planes.get(), n, 0, p.channels);
        for (int64_t j = 0; j < job_count; ++j) run_job(planes.get(), n, j, 0, jobs[j].tiles());
      }
    });
    return;
  }
  Scratch<T> planes(p.image(slack));
  for (int64_t n = 0; n < batch; ++n) {
    parallel_for(0, p.channels, grain_for(p.plane()),
                 [&](int64_t b, int64_t e) { pack(planes.get(), n, b, e); });
    for (int64_t j = 0; j < job_count; ++j) {
      const int64_t tiles = jobs[j].tiles();
      const int64_t cost = jobs[j].depth * jobs[j].channels * jobs[j].vectors() * kVL<T>;
      parallel_for(0, tiles, grain_for(cost, 1 << 19),
                   [&](int64_t b, int64_t e) { run_job(planes.get(), n, j, b, e); });
    }
  }
}

// Planes for the forward pass and the weight gradient of one group.
Planes forward_planes(const ConvShape& s) {
  Planes p;
  p.channels = s.in_channels / s.groups;
  p.height = s.in[1];
  p.width = s.in[2];
  p.top = s.pad[1];
  p.left = s.pad[2];
  p.phases_h = s.stride[1];
  p.phases_w = s.stride[2];
  const int64_t reach_h = (s.out[1] - 1) * s.stride[1] + (s.kernel[1] - 1) * s.dilation[1] + 1;
  const int64_t reach_w = (s.out[2] - 1) * s.stride[2] + (s.kernel[2] - 1) * s.dilation[2] + 1;
  p.rows = (reach_h + p.phases_h - 1) / p.phases_h;
  p.pitch = (reach_w + p.phases_w - 1) / p.phases_w;
  return p;
}

void forward_offsets(const ConvShape& s, const Planes& p, int32_t* off) {
  for (int64_t c = 0; c < p.channels; ++c) {
    for (int64_t kh = 0; kh < s.kernel[1]; ++kh) {
      for (int64_t kw = 0; kw < s.kernel[2]; ++kw) {
        *off++ =
            static_cast<int32_t>(c * p.plane() + p.offset(kh * s.dilation[1], kw * s.dilation[2]));
      }
    }
  }
}

constexpr int64_t round_up(int64_t n, int64_t to) { return (n + to - 1) / to * to; }

template <class T>
void forward(const ConvShape& s, const T* x, const T* w, const T* bias, T* y) {
  const Planes p = forward_planes(s);
  const int64_t depth = p.channels * s.taps(), outs = s.out_channels / s.groups;
  const int64_t slack = kMaxNV * kVL<T>;
  const Blocks blocks(outs);
  Scratch<int32_t> off(depth);
  forward_offsets(s, p, off.get());
  Scratch<T> packed(blocks.count * kOB * depth), init(blocks.count * kOB);
  for (int64_t g = 0; g < s.groups; ++g) {
    const T* wg = w + g * outs * depth;
    pack_weights(blocks, depth, packed.get(),
                 [&](int64_t o, int64_t k) { return wg[o * depth + k]; });
    pack_weights(blocks, 1, init.get(),
                 [&](int64_t o, int64_t) { return bias ? bias[g * outs + o] : T(0); });
    const FlatConv<T> job{Cover<T>(s.out[1], s.out[2], p.pitch),
                          depth,
                          off.get(),
                          packed.get(),
                          init.get(),
                          outs,
                          s.out_area(),
                          s.out[2],
                          1};
    const T* dst = y + g * outs * s.out_area();
    run_batch(p, slack, &job, 1, &dst, s.batch, x + g * p.channels * s.in_area(),
              s.in_channels * s.in_area(), s.out_channels * s.out_area());
  }
}

// One dimension of the gradient by data, for the inputs whose padded position is phase (mod
// stride).
struct Phase {
  int64_t first;      // smallest q such that q * stride + phase - pad >= 0
  int64_t count;      // number of inputs
  int64_t taps = 0;   // taps that meet this phase
  int64_t max_t = 0;  // largest shift of them
  int64_t tap_of[64], t_of[64];
};

bool make_phase(const ConvShape& s, int i, int64_t phase, Phase* out) {
  const int64_t stride = s.stride[i], pad = s.pad[i];
  const int64_t low = pad - phase;
  out->first = low > 0 ? (low + stride - 1) / stride : -((-low) / stride);
  const int64_t start = out->first * stride + phase - pad;
  out->count = start < s.in[i] ? (s.in[i] - 1 - start) / stride + 1 : 0;
  for (int64_t k = 0; k < s.kernel[i]; ++k) {
    if (k * s.dilation[i] % stride != phase) continue;
    const int64_t t = (k * s.dilation[i] - phase) / stride;
    out->tap_of[out->taps] = k;
    out->t_of[out->taps++] = t;
    out->max_t = HWY_MAX(out->max_t, t);
  }
  return out->count > 0;
}

template <class T>
struct PhaseJob {
  Scratch<int32_t> off;
  Scratch<T> packed;
};

// The gradient by data of small images with little padding: most of what a gather would read is
// padding, so each product of a tap is added where it belongs instead. Stride 1.
template <class T>
struct Spread {
  const ConvShape& s;
  int64_t outs, ins, taps;
  int64_t vectors, total;  // of a row of grad_y, of all its rows
  int64_t height, pitch;   // of the padded planes that collect the sums
  explicit Spread(const ConvShape& shape)
      : s(shape),
        outs(s.out_channels / s.groups),
        ins(s.in_channels / s.groups),
        taps(s.taps()),
        vectors((s.out[2] + kVL<T> - 1) / kVL<T>),
        total(vectors * s.out[1]),
        height(s.out[1] + (s.kernel[1] - 1) * s.dilation[1]),
        pitch(s.out[2] + (s.kernel[2] - 1) * s.dilation[2]) {}

  bool pays() const {
    if (s.stride[1] != 1 || s.stride[2] != 1 || s.batch < 4) return false;
    if (outs < 8 || s.in_area() > 4096) return false;
    const int64_t gathered =
        Cover<T>(s.in[1], s.in[2], s.in[2] + (s.kernel[2] - 1) * s.dilation[2]).total;
    return gathered * 2 >= total * 3;
  }

  // Adds vector j (of row y, from column x) of every row of the tile into the planes.
  void add(const T* HWY_RESTRICT tile, int64_t rows, int64_t j, const int64_t* HWY_RESTRICT place,
           T* HWY_RESTRICT planes) const {
    const Tag<T> d;
    const int64_t y = j / vectors, x = j % vectors * kVL<T>;
    const int64_t left = s.out[2] - x;
    const auto keep = hn::FirstN(d, static_cast<size_t>(HWY_MIN(left, kVL<T>)));
    for (int64_t r = 0; r < rows; ++r) {
      T* to = planes + place[r] + y * pitch + x;
      const auto v = hn::LoadU(d, tile + r * kMaxNV * kVL<T>);
      // Lanes beyond the row are no products: they must not carry an infinite weight's NaN.
      hn::StoreU(hn::Add(hn::LoadU(d, to), hn::IfThenElseZero(keep, v)), d, to);
    }
  }

  // planes += contributions of one image and group; g: [outs][total][VL].
  void image(const T* g, const int32_t* off, const T* packed, const T* init, const int64_t* place,
             T* planes) const {
    HWY_ALIGN T out[(kOB * kMaxNV + 1) * hn::MaxLanes(Tag<T>())];
    const Blocks blocks(ins * taps);
    const int64_t n = tile_vectors(total);
    for (int64_t b = 0; b < blocks.count; ++b) {
      const int64_t rows = blocks.size(b);
      const TileFn<T> tile = tile_of<T>(rows, n);
      for (int64_t j = 0; j < total; j += n) {
        int64_t at[kMaxNV];
        for (int64_t v = 0; v < n; ++v) at[v] = HWY_MIN(j + v, total - 1) * kVL<T>;
        tile(g, at, off, outs, packed + b * kOB * outs, init, out);
        for (int64_t v = 0; v < n && j + v < total; ++v) {
          add(out + v * kVL<T>, rows, j + v, place + blocks.first(b), planes);
        }
      }
    }
  }

  void pack_gradient(const T* gy, T* g) const {
    const int64_t width = vectors * kVL<T>;
    for (int64_t row = 0; row < outs * s.out[1]; ++row, gy += s.out[2], g += width) {
      copy_row(gy, s.out[2], g);
      zero_row(width - s.out[2], g + s.out[2]);
    }
  }

  void crop(const T* planes, T* gx) const {
    for (int64_t c = 0; c < ins; ++c) {
      for (int64_t y = 0; y < s.in[1]; ++y, gx += s.in[2]) {
        const int64_t from = y + s.pad[1];
        const int64_t n =
            from < height ? HWY_MAX(int64_t{0}, HWY_MIN(s.in[2], pitch - s.pad[2])) : 0;
        if (n > 0) {
          copy_row(planes + (c * height + from) * pitch + s.pad[2], n, gx);
        }
        zero_row(s.in[2] - n, gx + n);
      }
    }
  }

  void run(const T* gy, const T* w, T* gx) const {
    const Blocks blocks(ins * taps);
    Scratch<T> packed(blocks.count * kOB * outs), init(kOB);
    Scratch<int32_t> off(outs);
    Scratch<int64_t> place(ins * taps);
    for (int64_t r = 0; r < kOB; ++r) init[r] = T(0);
    for (int64_t o = 0; o < outs; ++o) off[o] = static_cast<int32_t>(o * total * kVL<T>);
    for (int64_t k = 0; k < ins * taps; ++k) {
      const int64_t tap = k % taps, kh = tap / s.kernel[2], kw = tap % s.kernel[2];
      place[k] = (k / taps * height + kh * s.dilation[1]) * pitch + kw * s.dilation[2];
    }
    const int64_t size = ins * height * pitch + kVL<T>;
    for (int64_t group = 0; group < s.groups; ++group) {
      const T* wg = w + group * outs * ins * taps;
      pack_weights(blocks, outs, packed.get(),
                   [&](int64_t k, int64_t o) { return wg[o * ins * taps + k]; });
      const int64_t cost = total * kVL<T> * outs * ins * taps;
      parallel_for(0, s.batch, grain_for(cost, 1 << 17), [&](int64_t b, int64_t e) {
        Scratch<T> g(outs * total * kVL<T>), planes(size);
        for (int64_t n = b; n < e; ++n) {
          const int64_t at = n * s.groups + group;
          pack_gradient(gy + at * outs * s.out_area(), g.get());
          std::memset(planes.get(), 0, sizeof(T) * size);
          image(g.get(), off.get(), packed.get(), init.get(), place.get(), planes.get());
          crop(planes.get(), gx + at * ins * s.in_area());
        }
      });
    }
  }
};

template <class T>
void backward_data(const ConvShape& s, const T* gy, const T* w, T* gx) {
  const Spread<T> spread(s);
  if (spread.pays()) return spread.run(gy, w, gx);
  const int64_t outs = s.out_channels / s.groups, ins = s.in_channels / s.groups;
  const Blocks blocks(ins);
  const int64_t padded = blocks.count * kOB;
  const int64_t sh = s.stride[1], sw = s.stride[2];
  Scratch<Phase> ph(sh), pw(sw);
  int64_t lo_h = INT64_MAX, lo_w = INT64_MAX, hi_h = INT64_MIN, hi_w = INT64_MIN;
  for (int64_t i = 0; i < sh; ++i) {
    ph[i] = Phase{};
    if (!make_phase(s, 1, i, &ph[i])) continue;
    lo_h = HWY_MIN(lo_h, ph[i].first - ph[i].max_t);
    hi_h = HWY_MAX(hi_h, ph[i].first + ph[i].count);
  }
  for (int64_t i = 0; i < sw; ++i) {
    pw[i] = Phase{};
    if (!make_phase(s, 2, i, &pw[i])) continue;
    lo_w = HWY_MIN(lo_w, pw[i].first - pw[i].max_t);
    hi_w = HWY_MAX(hi_w, pw[i].first + pw[i].count);
  }
  const Planes p{outs, s.out[1], s.out[2], -lo_h, -lo_w, 1, 1, hi_h - lo_h, hi_w - lo_w};
  const int64_t slack = kMaxNV * kVL<T>;
  const int64_t taps = s.taps();
  Scratch<T> init(padded);
  std::memset(init.get(), 0, sizeof(T) * padded);
  Scratch<PhaseJob<T>> storage(sh * sw);
  Scratch<FlatConv<T>> jobs(sh * sw);
  Scratch<const T*> bases(sh * sw);
  for (int64_t g = 0; g < s.groups; ++g) {
    const T* wg = w + g * outs * ins * taps;
    T* base = gx + g * ins * s.in_area();
    int64_t count = 0;
    for (int64_t a = 0; a < sh; ++a) {
      for (int64_t b = 0; b < sw; ++b) {
        const Phase &fh = ph[a], &fw = pw[b];
        if (fh.count == 0 || fw.count == 0) continue;
        const int64_t phase_taps = fh.taps * fw.taps, depth = outs * phase_taps;
        auto* job = new (&storage[count]) PhaseJob<T>;
        job->off.resize(depth);
        job->packed.resize(padded * depth);
        int64_t k = 0;
        for (int64_t o = 0; o < outs; ++o) {
          for (int64_t i = 0; i < fh.taps; ++i) {
            for (int64_t j = 0; j < fw.taps; ++j, ++k) {
              job->off[k] =
                  static_cast<int32_t>(o * p.plane() + (fh.first - fh.t_of[i] - lo_h) * p.pitch +
                                       (fw.first - fw.t_of[j] - lo_w));
            }
          }
        }
        pack_weights(blocks, depth, job->packed.get(), [&](int64_t c, int64_t at) {
          const int64_t o = at / phase_taps, i = at % phase_taps / fw.taps, j = at % fw.taps;
          return wg[(o * ins + c) * taps + fh.tap_of[i] * s.kernel[2] + fw.tap_of[j]];
        });
        new (&jobs[count]) FlatConv<T>{Cover<T>(fh.count, fw.count, p.pitch),
                                       depth,
                                       job->off.get(),
                                       job->packed.get(),
                                       init.get(),
                                       ins,
                                       s.in_area(),
                                       sh * s.in[2],
                                       sw};
        bases[count] =
            base + (fh.first * sh + a - s.pad[1]) * s.in[2] + fw.first * sw + b - s.pad[2];
        ++count;
      }
    }
    run_batch(p, slack, jobs.get(), count, bases.get(), s.batch, gy + g * outs * s.out_area(),
              s.out_channels * s.out_area(), s.in_channels * s.in_area());
    for (int64_t j = 0; j < count; ++j) storage[j].~PhaseJob<T>();
  }
}

// What the tiles of a weight gradient run over: `rows` rows of `vectors` vectors in each image.
struct WeightRun {
  int64_t images, rows, vectors;
  int64_t x_step, x_pitch;           // of an image and of a row
  int64_t g_step, g_plane, g_pitch;  // and of a channel
};

// gw[r][j] += sum over images and positions of g[r][f] * x[off[j] + f].
template <class T, int R>
HWY_NOINLINE void weight_tile(const WeightRun& run, const T* HWY_RESTRICT x,
                              const T* HWY_RESTRICT g, const int32_t* HWY_RESTRICT off,
                              T* HWY_RESTRICT gw, int64_t ldw, int64_t width) {
  const Tag<T> d;
  using V = hn::Vec<Tag<T>>;
  V acc[R][kWeightK];
#pragma GCC unroll 8
  for (int r = 0; r < R; ++r) {
#pragma GCC unroll 8
    for (int j = 0; j < kWeightK; ++j) acc[r][j] = hn::Zero(d);
  }
  const int64_t g_plane = run.g_plane, length = run.vectors * kVL<T>;
  for (int64_t n = 0; n < run.images; ++n) {
    for (int64_t y = 0; y < run.rows; ++y) {
      const T* gr = g + n * run.g_step + y * run.g_pitch;
      const T* xr = x + n * run.x_step + y * run.x_pitch;
      for (int64_t f = 0; f < length; f += kVL<T>) {
        V gv[R];
#pragma GCC unroll 8
        for (int r = 0; r < R; ++r) gv[r] = hn::LoadU(d, gr + r * g_plane + f);
#pragma GCC unroll 8
        for (int j = 0; j < kWeightK; ++j) {
          const V xv = hn::LoadU(d, xr + off[j] + f);
#pragma GCC unroll 8
          for (int r = 0; r < R; ++r) acc[r][j] = hn::MulAdd(gv[r], xv, acc[r][j]);
        }
      }
    }
  }
  HWY_ALIGN T tile[R * kWeightK * hn::MaxLanes(d)];
#pragma GCC unroll 8
  for (int r = 0; r < R; ++r) {
#pragma GCC unroll 8
    for (int j = 0; j < kWeightK; ++j) {
      hn::Store(acc[r][j], d, tile + (r * kWeightK + j) * kVL<T>);
    }
  }
#pragma GCC unroll 1
  for (int r = 0; r < R; ++r) {
#pragma GCC unroll 1
    for (int64_t j = 0; j < width; ++j) {
      const V sum = hn::Load(d, tile + (r * kWeightK + j) * kVL<T>);
      gw[r * ldw + j] += hn::GetLane(hn::SumOfLanes(d, sum));
    }
  }
}

template <class T>
void weight_tile_rows(int64_t channels, const WeightRun& run, const T* x, const T* g,
                      const int32_t* off, T* gw, int64_t ldw, int64_t width) {
  switch (channels) {
    case 1:
      return weight_tile<T, 1>(run, x, g, off, gw, ldw, width);
    case 2:
      return weight_tile<T, 2>(run, x, g, off, gw, ldw, width);
    case 3:
      return weight_tile<T, 3>(run, x, g, off, gw, ldw, width);
    default:
      return weight_tile<T, kWeightO>(run, x, g, off, gw, ldw, width);
  }
}

template <class T>
void backward_weights(const ConvShape& s, const T* x, const T* gy, T* gw) {
  const Planes p = forward_planes(s);
  const int64_t depth = p.channels * s.taps(), outs = s.out_channels / s.groups;
  const Cover<T> cover(s.out[1], s.out[2], p.pitch);
  const int64_t slack = kVL<T> + p.pitch;
  const int64_t g_pitch = cover.by_rows ? cover.per_row * kVL<T> : p.pitch;
  const int64_t g_plane = round_up(s.out[1] * g_pitch, kVL<T>) + kVL<T>;
  const int64_t image_x = p.image(slack), image_g = outs * g_plane;
  // Images that fit the second-level cache together share one horizontal sum.
  const int64_t bytes = (image_x + image_g) * static_cast<int64_t>(sizeof(T));
  const int64_t group = HWY_MIN(s.batch, HWY_MAX(int64_t{1}, (int64_t{1} << 20) / bytes));
  Scratch<int32_t> off(round_up(depth, kWeightK));
  forward_offsets(s, p, off.get());
  for (int64_t k = depth; k < round_up(depth, kWeightK); ++k) off[k] = off[depth - 1];
  Scratch<T> xs(group * image_x), gs(group * image_g);
  std::memset(gw, 0, sizeof(T) * s.out_channels * depth);
  const Blocks o_blocks(outs, kWeightO);
  const int64_t k_blocks = (depth + kWeightK - 1) / kWeightK;
  for (int64_t g = 0; g < s.groups; ++g) {
    for (int64_t n0 = 0; n0 < s.batch; n0 += group) {
      const int64_t images = HWY_MIN(group, s.batch - n0);
      const int64_t jobs = p.channels + outs;
      parallel_for(0, images * jobs, grain_for(p.plane()), [&](int64_t b, int64_t e) {
        for (int64_t i = b; i < e; ++i) {
          const int64_t n = i / jobs, c = i % jobs;
          if (c < p.channels) {
            T* to = xs.get() + n * image_x + c * p.plane();
            pack_channel(p, x + ((n0 + n) * s.in_channels + g * p.channels + c) * s.in_area(), to);
            if (c + 1 == p.channels) std::memset(to + p.plane(), 0, sizeof(T) * slack);
            continue;
          }
          const int64_t o = c - p.channels;
          const T* from = gy + ((n0 + n) * s.out_channels + g * outs + o) * s.out_area();
          T* to = gs.get() + n * image_g + o * g_plane;
          for (int64_t row = 0; row < s.out[1]; ++row, from += s.out[2], to += g_pitch) {
            copy_row(from, s.out[2], to);
            zero_row(g_pitch - s.out[2], to + s.out[2]);
          }
          std::memset(to, 0, sizeof(T) * (g_plane - s.out[1] * g_pitch));
        }
      });
      const WeightRun run{images,
                          cover.by_rows ? cover.rows : 1,
                          cover.by_rows ? cover.per_row : cover.total,
                          image_x,
                          p.pitch,
                          image_g,
                          g_plane,
                          g_pitch};
      const int64_t cost = images * cover.total * kVL<T> * kWeightO * kWeightK;
      parallel_for(
          0, o_blocks.count * k_blocks, grain_for(cost, 1 << 19), [&](int64_t b, int64_t e) {
            for (int64_t i = b; i < e; ++i) {
              const int64_t block = i % o_blocks.count, o = o_blocks.first(block);
              const int64_t k = i / o_blocks.count * kWeightK;
              weight_tile_rows<T>(o_blocks.size(block), run, xs.get(), gs.get() + o * g_plane,
                                  off.get() + k, gw + (g * outs + o) * depth + k, depth,
                                  HWY_MIN(int64_t{kWeightK}, depth - k));
            }
          });
    }
  }
}

// The gradient of the bias: four independent sums in each image's row, images in order.
template <class T>
void bias_grad(const ConvShape& s, const T* gy, T* gb) {
  const int64_t area = s.out_area();
  parallel_for(0, s.out_channels, grain_for(area * s.batch), [&](int64_t b, int64_t e) HWY_ATTR {
    const Tag<T> d;
    constexpr int64_t kL = kVL<T>;
    for (int64_t o = b; o < e; ++o) {
      T total = 0;
      for (int64_t n = 0; n < s.batch; ++n) {
        const T* row = gy + (n * s.out_channels + o) * area;
        auto s0 = hn::Zero(d), s1 = s0, s2 = s0, s3 = s0;
        int64_t i = 0;
        for (; i + 4 * kL <= area; i += 4 * kL) {
          s0 = hn::Add(s0, hn::LoadU(d, row + i));
          s1 = hn::Add(s1, hn::LoadU(d, row + i + kL));
          s2 = hn::Add(s2, hn::LoadU(d, row + i + 2 * kL));
          s3 = hn::Add(s3, hn::LoadU(d, row + i + 3 * kL));
        }
        for (; i + kL <= area; i += kL) s0 = hn::Add(s0, hn::LoadU(d, row + i));
        if (i < area) s1 = hn::Add(s1, load_first(d, row + i, area - i));
        total += hn::GetLane(hn::SumOfLanes(d, hn::Add(hn::Add(s0, s1), hn::Add(s2, s3))));
      }
      gb[o] = total;
    }
  });
}

void ConvBiasF32(const ConvShape& s, const float* gy, float* gb) { bias_grad(s, gy, gb); }
void ConvBiasF64(const ConvShape& s, const double* gy, double* gb) { bias_grad(s, gy, gb); }
void ConvForwardF32(const ConvShape& s, const float* x, const float* w, const float* b, float* y) {
  forward(s, x, w, b, y);
}
void ConvForwardF64(const ConvShape& s, const double* x, const double* w, const double* b,
                    double* y) {
  forward(s, x, w, b, y);
}
void ConvDataF32(const ConvShape& s, const float* gy, const float* w, float* gx) {
  backward_data(s, gy, w, gx);
}
void ConvDataF64(const ConvShape& s, const double* gy, const double* w, double* gx) {
  backward_data(s, gy, w, gx);
}
void ConvWeightsF32(const ConvShape& s, const float* x, const float* gy, float* gw) {
  backward_weights(s, x, gy, gw);
}
void ConvWeightsF64(const ConvShape& s, const double* x, const double* gy, double* gw) {
  backward_weights(s, x, gy, gw);
}

}  // namespace pharos::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace pharos::cpu::detail {
HWY_EXPORT(ConvBiasF32);
HWY_EXPORT(ConvBiasF64);
HWY_EXPORT(ConvForwardF32);
HWY_EXPORT(ConvForwardF64);
HWY_EXPORT(ConvDataF32);
HWY_EXPORT(ConvDataF64);
HWY_EXPORT(ConvWeightsF32);
HWY_EXPORT(ConvWeightsF64);

bool direct_conv_accepts(const ConvShape& s) noexcept {
  if (s.in[0] != 1 || s.kernel[0] != 1 || s.out[0] != 1 || s.pad[0] != 0) return false;
  if (s.kernel[1] > 64 || s.kernel[2] > 64 || s.stride[1] > 64 || s.stride[2] > 64) return false;
  if (s.batch == 0 || s.in_channels == 0 || s.out_channels == 0) return false;
  if (s.in_area() == 0 || s.out_area() == 0) return false;
  // Offsets are 32-bit.
  const int64_t planes =
      (s.in[1] + 2 * s.pad[1] + s.stride[1]) * (s.in[2] + 2 * s.pad[2] + s.stride[2]);
  const int64_t channels = s.in_channels > s.out_channels ? s.in_channels : s.out_channels;
  return planes < (int64_t{1} << 30) / channels;
}

void direct_bias_grad(const ConvShape& s, const float* gy, float* gb) {
  HWY_DYNAMIC_DISPATCH(ConvBiasF32)(s, gy, gb);
}
void direct_bias_grad(const ConvShape& s, const double* gy, double* gb) {
  HWY_DYNAMIC_DISPATCH(ConvBiasF64)(s, gy, gb);
}
void direct_conv_forward(const ConvShape& s, const float* x, const float* w, const float* bias,
                         float* y) {
  HWY_DYNAMIC_DISPATCH(ConvForwardF32)(s, x, w, bias, y);
}
void direct_conv_forward(const ConvShape& s, const double* x, const double* w, const double* bias,
                         double* y) {
  HWY_DYNAMIC_DISPATCH(ConvForwardF64)(s, x, w, bias, y);
}
void direct_conv_backward_data(const ConvShape& s, const float* gy, const float* w, float* gx) {
  HWY_DYNAMIC_DISPATCH(ConvDataF32)(s, gy, w, gx);
}
void direct_conv_backward_data(const ConvShape& s, const double* gy, const double* w, double* gx) {
  HWY_DYNAMIC_DISPATCH(ConvDataF64)(s, gy, w, gx);
}
void direct_conv_backward_weights(const ConvShape& s, const float* x, const float* gy, float* gw) {
  HWY_DYNAMIC_DISPATCH(ConvWeightsF32)(s, x, gy, gw);
}
void direct_conv_backward_weights(const ConvShape& s, const double* x, const double* gy,
                                  double* gw) {
  HWY_DYNAMIC_DISPATCH(ConvWeightsF64)(s, x, gy, gw);
}
}  // namespace pharos::cpu::detail
#endif
