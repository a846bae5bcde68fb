// Out: where a shape rule states what an operator's results are. It makes the results of the
// functional form, and checks, resizes or stands in for the given tensors of the in-place and out=
// forms, so that one shape rule and one kernel serve all of them.
#pragma once

#include <initializer_list>

#include "core/factory.h"

namespace pharos {

using at::OptionalIntArrayRef;
using at::Scalar;
using at::TensorList;
using c10::Device;
using c10::MemoryFormat;

class Out {
 public:
  enum class Mode : uint8_t { kFunctional, kInplace, kOut };

  // Functional: `results` points at `n` undefined tensors that set() fills.
  explicit Out(Tensor* results, int) : results_(results), mode_(Mode::kFunctional) {}
  Out(const Out&) = delete;
  Out& operator=(const Out&) = delete;

  // Result i is a contiguous tensor of these sizes.
  void set(int i, IntArrayRef sizes, ScalarType dtype, Device device);
  // Result i has these strides in the functional form (an out= tensor keeps its own if shapes
  // match).
  void set_strided(int i, IntArrayRef sizes, IntArrayRef strides, ScalarType dtype, Device device);
  // As `like`'s shape and dense layout (its strides if it is non-overlapping and dense, otherwise
  // strides in the same order): what TensorIterator gives a single operand.
  void set_like(int i, const Tensor& like, ScalarType dtype) {
    const TensorImpl& t = *like.unsafeGetTensorImpl();
    if (PHAROS_LIKELY(mode_ == Mode::kFunctional && t.is_contiguous()))
      new (results_ + i) Tensor(empty_dense_like(t, dtype));  // in place of an undefined one
    else
      set_like_slow(i, like, dtype);
  }
  // The kernel reads and writes each element once and in step, so an input may be the target
  // itself.
  void allow_same() { same_ok_ = true; }

  Mode mode() const { return mode_; }
  bool functional() const { return mode_ == Mode::kFunctional; }
  const Tensor& operator[](int i) const { return results_[i]; }
  // The tensor that the caller gave, for rules that depend on it (its dtype, say).
  const Tensor& target(int i) const;

 protected:
  Out(Tensor* results, Mode mode) : results_(results), mode_(mode) {}

  Tensor* results_;
  Mode mode_;
  bool same_ok_ = false;

 private:
  void set_like_slow(int i, const Tensor& like, ScalarType dtype);
};

// In-place or out=: `targets` are the tensors to write, `inputs` what the kernel reads, so that
// overlaps are seen. Where the kernel must not write a target directly (other dtype, overlap),
// out[i] is a temporary that finish() copies.
class OutInto : public Out {
 public:
  static constexpr int kMax = 8;
  OutInto(Mode mode, Tensor* const* targets, int n, std::initializer_list<const Tensor*> inputs);
  // Copies temporaries to their targets.
  void finish();

 private:
  friend class Out;
  void set_target(int i, IntArrayRef sizes, ScalarType dtype, Device device);

  int n_, input_count_;
  uint8_t temporary_ = 0;
  Tensor* const* targets_;
  const Tensor* inputs_[kMax];
  Tensor own_[kMax];
};

// Copies a computed result into an out= or in-place target: checks the cast, resizes out= targets.
void write_result(Out::Mode mode, Tensor& target, const Tensor& result);

}  // namespace pharos
