// Slow paths of generated operator bodies.
#include "ops/body.h"

#include <pharos/ops/functions.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "core/devices.h"
#include "dispatch/interposer.h"
#include "dispatch/user_ops.h"
#include "ops/copy_decls.h"
#include "tape/meta.h"
#include "tape/module_path.h"

namespace pharos::op {
namespace {

using c10::IValue;

c10::DeviceType device_of_key(uint64_t key) {
  return static_cast<c10::DeviceType>((key >> 16) & 0xff);
}

[[noreturn]] void no_kernel(const char* op, c10::DeviceType t) {
  TORCH_CHECK_NOT_IMPLEMENTED(false, "Could not run '", op, "' with arguments from the '",
                              backend_name(t), "' backend. This operator has no kernel for it.");
}

bool is_lazy(const IValue& v) {
  return v.isTensor() && v.toTensor().defined() &&
         (v.toTensor().is_conj() || v.toTensor().is_neg());
}
Tensor resolved(const Tensor& t) { return t.resolve_conj().resolve_neg(); }

std::string name_of(const OpRow& op) {
  return op.overload[0] ? std::string(op.name) + "." + op.overload : op.name;
}

bool gives_tensor_arg(const c10::Type& type) {
  const c10::TypeKind kind = type.kind();
  if (kind == c10::TypeKind::TensorType) return true;
  return (kind == c10::TypeKind::OptionalType || kind == c10::TypeKind::ListType) &&
         type.containedTypes()[0]->kind() == c10::TypeKind::TensorType;
}
TensorList tensors_of(const TensorArg& arg) { return {arg.first, arg.count}; }
TensorList tensors_of(const Tensor* arg) { return {arg, 1}; }

template <typename Arg>
uint64_t slow_key_of(size_t op, uint64_t key, std::initializer_list<Arg> args) {
  if (key & tape::kUndefinedKey) {
    const auto& arguments = schema_of(kOpTable[op]).arguments();
    const Arg* next = args.begin();
    for (size_t i = 0; i < arguments.size(); ++i) {
      const c10::Type& type = *arguments[i].type();
      if (!gives_tensor_arg(type)) continue;
      const TensorList tensors = tensors_of(*next++);
      if (type.kind() != c10::TypeKind::TensorType || tensors[0].defined()) continue;
      refuse_undefined(i, arguments[i].name());
    }
  }
  // Whether a stale view requires grad matters to calls that record, unless they do anyway.
  if ((key & (tape::kViewKey | tape::kRequiresGradKey)) == tape::kViewKey && thread_state.grad_mode)
    for (const Arg& arg : args) key |= tape::stale_key(tensors_of(arg));
  return key;
}

template <typename Arg>
void (*device_kernel_of(size_t op, std::initializer_list<Arg> args))() {
  std::optional<c10::Device> device;
  for (const Arg& arg : args) {
    for (const Tensor& t : tensors_of(arg)) {
      // A 0-dim CPU tensor is a number to every device.
      if (!t.defined() || (t.is_cpu() && t.dim() == 0)) continue;
      TORCH_CHECK(!device || device->type() == t.device().type(),
                  "Expected all tensors to be on the same device, but found at least two devices, ",
                  *device, " and ", t.device(), "!");
      if (!device) device = t.device();
    }
  }
  if (!device || device->is_meta()) return nullptr;
  if (auto* kernel = device_kernel_at(device->type(), op)) return kernel;
  no_kernel(name_of(kOpTable[op]).c_str(), device->type());
}

}  // namespace

uint64_t key_of(const c10::List<std::optional<Tensor>>& list) {
  uint64_t k = 0;
  for (size_t i = 0; i < list.size(); ++i) k |= key_of(std::optional<Tensor>(list.get(i)));
  return k;
}
uint64_t stale_key(const c10::List<std::optional<Tensor>>& list) {
  uint64_t k = 0;
  for (size_t i = 0; i < list.size(); ++i) k |= stale_key(std::optional<Tensor>(list.get(i)));
  return k;
}
uint64_t slow_key(size_t op, uint64_t key, std::initializer_list<TensorArg> args) {
  return slow_key_of(op, key, args);
}
uint64_t slow_key(size_t op, uint64_t key, std::initializer_list<const Tensor*> args) {
  return slow_key_of(op, key, args);
}

std::vector<Tensor> resolved(TensorList list) {
  std::vector<Tensor> plain;
  plain.reserve(list.size());
  for (const Tensor& t : list) plain.push_back(t.defined() ? resolved(t) : t);
  return plain;
}

void refuse_undefined(size_t position, const std::string& argument) {
  TORCH_CHECK(
      false, "Expected a proper Tensor but got None (or an undefined Tensor in C++) for argument #",
      position, " '", argument, "'");
}

void call_boxed_or_resolved(const OpRow& op, torch::jit::Stack& stack) {
  if (thread_state.special & kSpecialInterposer) return run_interposers(op, stack);
  const auto& arguments = schema_of(op).arguments();
  std::vector<std::pair<Tensor, Tensor>> written;  // the lazy tensors, and what stands for them
  for (size_t i = 0; i < arguments.size(); ++i) {
    IValue& v = stack[i];
    if (is_lazy(v)) {
      Tensor lazy = v.toTensor(), plain = resolved(lazy);
      if (arguments[i].alias_info() && arguments[i].alias_info()->isWrite())
        written.emplace_back(lazy, plain);
      v = plain;
    } else if (v.isList()) {
      const c10::ArrayRef<IValue> items = v.toListRef();
      if (std::none_of(items.begin(), items.end(), is_lazy)) continue;
      c10::impl::GenericList plain(v.toList().elementType());
      for (const IValue& item : items)
        plain.push_back(is_lazy(item) ? IValue(resolved(item.toTensor())) : item);
      v = plain;
    }
  }
  op.boxed(op, stack);
  for (auto& [lazy, plain] : written) {
    // An out= form may have given it the shape of its result.
    if (lazy.sizes() != plain.sizes()) ops::resize_(lazy, plain.sizes(), std::nullopt);
    lazy.copy_(plain);
  }
}

void not_implemented(const char* op) {
  TORCH_CHECK_NOT_IMPLEMENTED(false, op, " is not implemented in this version of Pharos");
}

void refuse_gradient(const Tensor& t, const char* argument, const char* op) {
  TORCH_CHECK(!t.defined() || !t.requires_grad(), "The function '", op,
              "' is not differentiable with respect to argument '", argument,
              "'. This input cannot have requires_grad True.");
}
void refuse_gradient(const std::optional<Tensor>& t, const char* argument, const char* op) {
  if (t) refuse_gradient(*t, argument, op);
}

void refuse_device(const char* op, uint64_t key) { no_kernel(op, device_of_key(key)); }

void rethrow_in_operator(size_t op) {
  try {
    throw;
  } catch (c10::Error& e) {
    const std::string path = tape::module_path(thread_state.module_id);
    e.add_context("in " + name_of(kOpTable[op]) + (path.empty() ? "" : " of module " + path));
    throw;
  }
}

void check_out_call(const char* op, uint64_t key) {
  TORCH_CHECK(!(key & tape::kUndefinedKey), op,
              "(): Expected a proper Tensor but got None (or an undefined Tensor in C++)");
  TORCH_CHECK(!tape::records(key), op,
              "(): functions with out=... arguments don't support automatic differentiation, but "
              "one of the arguments "
              "requires grad.");
}

void untrack_slow(TensorImpl* t) {
  t->base->release();
  t->base = nullptr;
  t->flags &= ~uint32_t(TensorImpl::kView | tape::kCreation);
}

Tensor with_history(Tensor copy, const Tensor& original) {
  c10::TensorImpl* from = original.unsafeGetTensorImpl();
  if (!from->requires_grad()) return copy;
  if (tape::Node* fn = tape::grad_fn_of(from)) tape::set_history(copy, fn, from->output_nr());
  return copy;
}

void write_results(TensorList targets, const std::vector<Tensor>& results) {
  TORCH_CHECK(targets.size() == results.size(), "expected ", results.size(), " out tensors, got ",
              targets.size());
  for (size_t i = 0; i < targets.size(); ++i) {
    Tensor t = targets[i];
    write_result(Out::Mode::kOut, t, results[i]);
  }
}

void (*find_device_kernel(size_t op, std::initializer_list<TensorArg> args))() {
  return device_kernel_of(op, args);
}
void (*find_device_kernel(size_t op, std::initializer_list<const Tensor*> args))() {
  return device_kernel_of(op, args);
}

void SavedOptionals::save(const c10::List<std::optional<Tensor>>& list) {
  std::vector<Tensor> plain;
  for (size_t i = 0; i < list.size(); ++i)
    plain.push_back(std::optional<Tensor>(list.get(i)).value_or(Tensor()));
  items_.save(plain);
}

c10::List<std::optional<Tensor>> SavedOptionals::unpack(tape::Node* owner) const {
  c10::List<std::optional<Tensor>> out;
  for (Tensor& t : items_.unpack(owner))
    out.push_back(t.defined() ? std::optional<Tensor>(std::move(t)) : std::nullopt);
  return out;
}

}  // namespace pharos::op
