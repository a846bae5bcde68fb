// The pointwise engine. A kernel is a table of packed inner loops, one per compute dtype; the
// engine runs them over tensors of any strides and dtypes: it broadcasts, merges dims, passes
// pointers straight through where a tensor is packed in the loop's dtype, and streams everything
// else through small blocks on the stack.
#pragma once

#include <pharos/tensor.h>

#include "kernels/cpu/convert.h"

namespace pharos::cpu {

using at::Tensor;
using c10::TensorImpl;

// n items; ptrs: the results, then the inputs, all packed and in the loop's dtypes. A result may be
// the very run of an input.
using LoopFn = void (*)(int64_t n, void* const* ptrs, const void* params);

constexpr int kMaxOperands = 8;

// Halves have no loops of their own: they compute in float and are rounded once.
constexpr ScalarType compute_type(ScalarType t) {
  return isReducedFloatingType(t) ? c10::kFloat : t;
}

struct OpTable {
  const char* name;  // as in: "add" not implemented for 'Half'
  int cost;          // of one item, in units of an addition; sets the grain of threads
  LoopFn loops[16];  // by ScalarType's number
};

// The loop for tensors of dtype t; throws if there is none.
LoopFn find_loop(const OpTable& op, ScalarType t);

struct Operand {
  const Tensor* tensor;
  ScalarType type;                         // the dtype the loop takes it in
  ScalarType via = ScalarType::Undefined;  // rounded to this dtype on the way, if set
};

// Runs `fn` over the broadcast shape of the first operand, which is a result. At most
// kMaxOperands operands; `nout` of them are results.
void run_loop(LoopFn fn, const Operand* operands, int nout, int nin, const void* params = nullptr,
              int cost = 1);
// `n` packed items at these pointers, in parallel above the grain.
void run_packed(LoopFn fn, int64_t n, void* const* ptrs, const int64_t* item_sizes, int count,
                const void* params, int cost);

namespace detail {
inline bool packed_as(const TensorImpl* t, ScalarType type, int64_t n) {
  return t->dtype_ == type && (t->flags & TensorImpl::kContiguous) && t->numel_ == n;
}
constexpr int64_t kSerial = 4096;  // items that are never worth a second thread
}  // namespace detail

void unary_general(const OpTable& op, const Tensor& out, const Tensor& a, const void* params);
void binary_general(const OpTable& op, const Tensor& out, const Tensor& a, const Tensor& b,
                    ScalarType common, const void* params, bool keep_precision);
void compare_general(const OpTable& op, const Tensor& out, const Tensor& a, const Tensor& b,
                     ScalarType common, const void* params);

// out = op(a), all in out's dtype.
inline void unary_loop(const OpTable& op, const Tensor& out, const Tensor& a,
                       const void* params = nullptr) {
  const TensorImpl *o = out.unsafeGetTensorImpl(), *x = a.unsafeGetTensorImpl();
  const int64_t n = o->numel_;
  const ScalarType t = o->dtype_;
  if (PHAROS_LIKELY(n <= detail::kSerial && (o->flags & TensorImpl::kContiguous) &&
                    detail::packed_as(x, t, n))) {
    if (const LoopFn fn = op.loops[static_cast<int>(t) & 15]) {
      void* const ptrs[] = {o->data, x->data};
      return fn(n, ptrs, params);
    }
  }
  unary_general(op, out, a, params);
}

// out = op(a, b), all in out's dtype. keep_precision: numbers and 0-dim tensors are not rounded to
// a half result's dtype first (PyTorch's mul and div).
inline void binary_loop(const OpTable& op, const Tensor& out, const Tensor& a, const Tensor& b,
                        const void* params = nullptr, bool keep_precision = false) {
  const TensorImpl *o = out.unsafeGetTensorImpl(), *x = a.unsafeGetTensorImpl(),
                   *y = b.unsafeGetTensorImpl();
  const int64_t n = o->numel_;
  const ScalarType t = o->dtype_;
  if (PHAROS_LIKELY(n <= detail::kSerial && (o->flags & TensorImpl::kContiguous) &&
                    detail::packed_as(x, t, n) && detail::packed_as(y, t, n))) {
    if (const LoopFn fn = op.loops[static_cast<int>(t) & 15]) {
      void* const ptrs[] = {o->data, x->data, y->data};
      return fn(n, ptrs, params);
    }
  }
  binary_general(op, out, a, b, t, params, keep_precision);
}

// Bool results of inputs compared in `common`; the loops write bytes.
inline void compare_loop(const OpTable& op, const Tensor& out, const Tensor& a, const Tensor& b,
                         ScalarType common, const void* params = nullptr) {
  compare_general(op, out, a, b, common, params);
}
// Bool result of one input, computed in the input's dtype.
void predicate_loop(const OpTable& op, const Tensor& out, const Tensor& a,
                    const void* params = nullptr);

}  // namespace pharos::cpu
