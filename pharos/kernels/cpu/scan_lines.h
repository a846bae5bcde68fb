// Walks the one-dimensional lines of N tensors of equal shape along one dim: what scans, sorts,
// selections along a dim and gathers have in common.
#pragma once

#include <cstdint>

#include "kernels/cpu/parallel.h"

namespace pharos::cpu {

template <int N>
class Lines {
 public:
  // `strides[k]` are tensor k's, in any unit; the offsets below have the same. With ndim 0 there is
  // one line of one item.
  Lines(int ndim, const int64_t* sizes, int dim, const int64_t* const (&strides)[N]) {
    length_ = ndim ? sizes[dim] : 1;
    for (int k = 0; k < N; ++k) step_[k] = ndim ? strides[k][dim] : 0;
    for (int d = ndim - 1; d >= 0; --d) {
      if (d == dim || sizes[d] == 1) continue;
      size_[dims_] = sizes[d];
      count_ *= sizes[d];
      for (int k = 0; k < N; ++k) stride_[dims_][k] = strides[k][d];
      ++dims_;
    }
  }

  int64_t count() const { return count_; }
  int64_t length() const { return length_; }
  // Distance of consecutive lines of tensor k, if all lines lie on one dim.
  bool even() const { return dims_ == 1; }
  int64_t line_step(int k) const { return stride_[0][k]; }
  // Distance of neighbours on a line of tensor k.
  int64_t step(int k) const { return step_[k]; }

  struct Cursor {
    int64_t offset[N] = {};
    int64_t at[64];
  };
  Cursor start(int64_t line) const {
    Cursor c;
    for (int i = 0; i < dims_; ++i) {
      c.at[i] = line % size_[i];
      line /= size_[i];
      for (int k = 0; k < N; ++k) c.offset[k] += c.at[i] * stride_[i][k];
    }
    return c;
  }
  void next(Cursor& c) const {
    for (int i = 0; i < dims_; ++i) {
      for (int k = 0; k < N; ++k) c.offset[k] += stride_[i][k];
      if (++c.at[i] < size_[i]) return;
      c.at[i] = 0;
      for (int k = 0; k < N; ++k) c.offset[k] -= size_[i] * stride_[i][k];
    }
  }

  // f(offset) for each line, in parallel; `cost` is the work per item of a line.
  template <class F>
  void for_each(F&& f, int64_t cost = 1) const {
    const int64_t work = (length_ > 0 ? length_ : 1) * cost;
    parallel_for(0, count_, grain_for(work), [&](int64_t b, int64_t e) {
      Cursor c = start(b);
      for (int64_t i = b; i < e; ++i, next(c)) f(static_cast<const int64_t*>(c.offset));
    });
  }
  template <class F>
  void for_each_serial(F&& f) const {
    if (count_ == 0) return;
    Cursor c = start(0);
    for (int64_t i = 0; i < count_; ++i, next(c)) f(static_cast<const int64_t*>(c.offset));
  }

 private:
  int dims_ = 0;
  int64_t size_[64];
  int64_t stride_[64][N];
  int64_t step_[N];
  int64_t count_ = 1, length_ = 1;
};

}  // namespace pharos::cpu
