// Slow paths of generated operator bodies.
#include "ops/body.h"

#include <pharos/ops/functions.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "core/devices.h"
#include "dispatch/user_ops.h"
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

}  // namespace

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

void check_defined(size_t op, std::initializer_list<const Tensor*> tensors) {
  const Tensor* const* next = tensors.begin();
  const auto& arguments = schema_of(kOpTable[op]).arguments();
  for (size_t i = 0; i < arguments.size(); ++i) {
    if (arguments[i].type()->kind() != c10::TypeKind::TensorType) continue;
    if (!(*next++)->defined()) refuse_undefined(i, arguments[i].name());
  }
}

void call_resolved(const OpRow& op, torch::jit::Stack& stack) {
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
  for (auto& [lazy, plain] : written) lazy.copy_(plain);
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

void add_operator_context(c10::Error& e, const char* op) {
  const std::string path = tape::module_path(thread_state.module_id);
  e.add_context(std::string("in ") + op + (path.empty() ? "" : " of module " + path));
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

void (*find_device_kernel(size_t op, std::initializer_list<DeviceArg> args))() {
  std::optional<c10::Device> device;
  for (const DeviceArg& arg : args) {
    for (size_t i = 0; i < arg.count; ++i) {
      const Tensor& t = arg.first[i];
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
  const OpRow& row = kOpTable[op];
  const std::string name = row.overload[0] ? std::string(row.name) + "." + row.overload : row.name;
  no_kernel(name.c_str(), device->type());
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
