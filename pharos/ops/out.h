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
  static constexpr int kMax = 8;

  // Functional: `results` points at `n` undefined tensors that set() fills.
  Out(Tensor* results, int n) : results_(results), n_(n), mode_(Mode::kFunctional) {}
  // In-place or out=: `targets` are the tensors to write; `inputs` what the kernel reads, so that
  // overlaps are seen. Where the kernel must not write a target directly (other dtype, overlap),
  // result(i) is a temporary that finish() copies.
  Out(Mode mode, Tensor* const* targets, int n, std::initializer_list<const Tensor*> inputs);
  ~Out();
  Out(const Out&) = delete;
  Out& operator=(const Out&) = delete;

  // Result i is a contiguous tensor of these sizes.
  void set(int i, IntArrayRef sizes, ScalarType dtype, Device device);
  // Result i has these strides in the functional form (an out= tensor keeps its own if shapes match).
  void set_strided(int i, IntArrayRef sizes, IntArrayRef strides, ScalarType dtype, Device device);
  // As `like`'s shape and dense layout (its strides if it is non-overlapping and dense, otherwise
  // strides in the same order): what TensorIterator gives a single operand.
  void set_like(int i, const Tensor& like, ScalarType dtype);
  // The kernel reads and writes each element once and in step, so an input may be the target itself.
  void allow_same() { same_ok_ = true; }

  Mode mode() const { return mode_; }
  bool functional() const { return mode_ == Mode::kFunctional; }
  const Tensor& operator[](int i) const { return results_[i]; }
  // The tensor that the caller gave, for rules that depend on it (its dtype, say).
  const Tensor& target(int i) const { return *targets_[i]; }
  // Copies temporaries to their targets.
  void finish();

 private:
  void set_target(int i, IntArrayRef sizes, ScalarType dtype, Device device);

  Tensor* results_;
  int n_;
  Mode mode_;
  bool same_ok_ = false;
  uint8_t temporary_ = 0;
  Tensor* const* targets_ = nullptr;
  const Tensor* const* inputs_ = nullptr;
  int input_count_ = 0;
  Tensor own_[kMax];
};

// Copies a computed result into an out= or in-place target: checks the cast, resizes out= targets.
void write_result(Out::Mode mode, Tensor& target, const Tensor& result);

}  // namespace pharos
