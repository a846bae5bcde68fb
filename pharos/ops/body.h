// What generated operator bodies call beside the tape: argument checks, lazy bits, errors with
// their operator, kernels of other devices.
#pragma once

#include <pharos/dispatch/ivalue.h>

#include "core/thread_state.h"
#include "dispatch/device_table.h"
#include "dispatch/op_table.h"
#include "ops/out.h"
#include "tape/record.h"

namespace pharos::backward {}

namespace pharos::op {

using at::Tensor;
using at::TensorList;
using c10::TensorImpl;
using tape::key_of;
using tape::stale_key;

// The key of advanced indices.
uint64_t key_of(const c10::List<std::optional<Tensor>>& list);
uint64_t stale_key(const c10::List<std::optional<Tensor>>& list);

// An argument that holds tensors: one, an optional one, or a list.
struct TensorArg {
  TensorArg(const Tensor& t) : first(&t), count(1) {}
  TensorArg(const std::optional<Tensor>& t) : first(t ? &*t : nullptr), count(t ? 1 : 0) {}
  TensorArg(TensorList list) : first(list.data()), count(list.size()) {}
  const Tensor* first;
  size_t count;
};
// For a call of row `op` with undefined arguments or views among its `args`, which are given in
// order: refuses the first undefined one that must be a tensor; `key` with what stale_key adds.
uint64_t slow_key(size_t op, uint64_t key, std::initializer_list<TensorArg> args);
uint64_t slow_key(size_t op, uint64_t key, std::initializer_list<const Tensor*> args);
// "Expected a proper Tensor but got None (or an undefined Tensor in C++) for argument #0 'self'".
[[noreturn]] void refuse_undefined(size_t position, const std::string& argument);
// The boxed way of a call: to the thread's handlers where there are any, otherwise to the operator
// with its arguments' lazy conj and neg bits resolved (recorded, if they require grad); what it
// writes is copied back.
void call_boxed_or_resolved(const OpRow& op, torch::jit::Stack& stack);
// Copies of those with lazy bits that have none; the others as they are.
std::vector<Tensor> resolved(TensorList list);
[[noreturn]] void not_implemented(const char* op);
[[noreturn]] void refuse_device(const char* op, uint64_t key);
// For catch clauses: throws the current exception on; a c10::Error names row `op` from then on.
[[noreturn]] void rethrow_in_operator(size_t op);
// "The function 'nll_loss_forward' is not differentiable with respect to argument 'weight'."
void refuse_gradient(const Tensor& t, const char* argument, const char* op);
void refuse_gradient(const std::optional<Tensor>& t, const char* argument, const char* op);
void check_out_call(const char* op, uint64_t key);

// Results of functions that compute below autograd are tensors of their own, also where the
// function made them as views of its temporaries.
void untrack_slow(TensorImpl* t);
inline void untrack(const Tensor& t) {
  TensorImpl* impl = t.unsafeGetTensorImpl();
  if (PHAROS_UNLIKELY(impl && impl->base && impl->use_count() == 1)) untrack_slow(impl);
}
inline void untrack(const std::vector<Tensor>& list) {
  for (const Tensor& t : list) untrack(t);
}
template <typename... T>
void untrack(const std::tuple<T...>& results) {
  std::apply([](const auto&... r) { (untrack(r), ...); }, results);
}
template <typename T>
std::enable_if_t<std::is_arithmetic_v<T> || std::is_enum_v<T>> untrack(const T&) {}
inline void untrack(const at::Scalar&) {}

inline bool is_differentiable(const Tensor& t) {
  return t.defined() && c10::isDifferentiableType(t.scalar_type());
}
// `copy` with the history of `original`.
Tensor with_history(Tensor copy, const Tensor& original);
// The format that a call with options asks for, in them or as an argument of its own.
C10_ALWAYS_INLINE std::optional<c10::MemoryFormat> memory_format_of(
    const c10::TensorOptions& options, std::optional<c10::MemoryFormat> argument) {
  if (PHAROS_LIKELY(!options.has_memory_format())) return argument;
  TORCH_CHECK(!argument,
              "Cannot set memory_format both in TensorOptions and explicit argument; please delete "
              "the redundant setter.");
  return options.memory_format_opt();
}
// What factories do last: the option requires_grad makes the result a leaf that records.
C10_ALWAYS_INLINE Tensor with_requires_grad(Tensor&& t, const c10::TensorOptions& options) {
  if (PHAROS_UNLIKELY(options.requires_grad())) t.set_requires_grad(true);
  return std::move(t);
}
void write_results(TensorList targets, const std::vector<Tensor>& results);
// sizes[d] with a negative d counted from the end; 1 for 0-dim tensors.
inline int64_t size_at(c10::IntArrayRef sizes, int64_t d) {
  const auto n = static_cast<int64_t>(sizes.size());
  return n == 0 ? 1 : sizes[static_cast<size_t>(d < 0 ? d + n : d)];
}

// The kernel of the arguments' (other than CPU) device for row `op` of the operator table; null for
// meta, where shapes are all there is.
void (*find_device_kernel(size_t op, std::initializer_list<TensorArg> args))();
void (*find_device_kernel(size_t op, std::initializer_list<const Tensor*> args))();
template <typename F>
F device_kernel(size_t op, std::initializer_list<TensorArg> args) {
  return reinterpret_cast<F>(find_device_kernel(op, args));
}
template <typename F>
F device_kernel(size_t op, std::initializer_list<const Tensor*> args) {
  return reinterpret_cast<F>(find_device_kernel(op, args));
}

class SavedOptionals {
 public:
  void save(const c10::List<std::optional<Tensor>>& list);
  c10::List<std::optional<Tensor>> unpack(tape::Node* owner) const;
  void reset() { items_.reset(); }

 private:
  tape::SavedTensors items_;
};

}  // namespace pharos::op
