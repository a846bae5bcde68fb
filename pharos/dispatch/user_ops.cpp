// The table of registered operators, and how a call of one finds its kernel.
#include "dispatch/user_ops.h"

#include <algorithm>
#include <memory>
#include <mutex>

#include "core/thread_state.h"

namespace pharos {

using c10::DispatchKey;
using c10::IValue;
using c10::TypeKind;
using torch::jit::Stack;

thread_local constinit bool below_autograd __attribute__((tls_model("initial-exec"))) = false;

namespace {

// While a kernel runs for which Autograd has been passed by; nothing is recorded either.
class BelowAutogradKernels {
 public:
  BelowAutogradKernels() : below_(below_autograd), grad_mode_(thread_state.grad_mode) {
    below_autograd = true;
    thread_state.grad_mode = false;
  }
  ~BelowAutogradKernels() {
    below_autograd = below_;
    thread_state.grad_mode = grad_mode_;
  }
  BelowAutogradKernels(const BelowAutogradKernels&) = delete;
  BelowAutogradKernels& operator=(const BelowAutogradKernels&) = delete;

 private:
  bool below_, grad_mode_;
};

using Table = std::vector<UserOp*>;

// Leaked: operators of libraries in other static objects may be called or removed at exit.
struct Tables {
  std::mutex mutex;
  std::atomic<const Table*> current{new Table};
  // What readers may still be looking at.
  std::vector<const Table*> former;
};
Tables& tables() {
  static Tables* t = new Tables;
  return *t;
}

bool before(const UserOp* a, std::pair<std::string_view, std::string_view> key) {
  const int c = std::string_view(a->full_name).compare(key.first);
  return c < 0 || (c == 0 && std::string_view(a->overload_name) < key.second);
}

UserOp* find_in(const Table& t, std::string_view name, std::string_view overload) {
  const auto it = std::lower_bound(t.begin(), t.end(), std::pair(name, overload), before);
  return it != t.end() && (*it)->full_name == name && (*it)->overload_name == overload ? *it
                                                                                       : nullptr;
}

// Makes the value what to<T>() of the argument's C++ type takes: an int becomes the float or the
// list of one that the schema asks for.
void coerce(IValue& v, const c10::Argument& a, const c10::Type& t) {
  switch (t.kind()) {
    case TypeKind::OptionalType:
      if (!v.isNone()) coerce(v, a, *t.containedType(0));
      break;
    case TypeKind::FloatType:
      if (v.isInt()) v = static_cast<double>(v.toInt());
      break;
    case TypeKind::ComplexType:
      if (!v.isComplexDouble()) v = v.toScalar().toComplexDouble();
      break;
    case TypeKind::DeviceObjType:
      if (v.isString()) v = c10::Device(v.toStringRef());
      break;
    case TypeKind::ListType: {
      const c10::Type& elem = *t.containedType(0);
      if (v.isList() && elem.kind() != TypeKind::FloatType) break;
      auto list = c10::detail::make_list(&elem, 1);
      if (v.isList()) {
        for (const IValue& x : v.toListRef()) list->list.push_back(x);
      } else {
        list->list.push_back(v);
      }
      for (IValue& x : list->list) coerce(x, a, elem);
      v = IValue(std::move(list));
      break;
    }
    default:
      break;
  }
}

struct Backends {
  bool cpu = false, cuda = false, meta = false, other = false;
  void see(const IValue& v) {
    if (v.isTensor() && v.toTensor().defined()) {
      const c10::DeviceType d = v.toTensor().device().type();
      (d == c10::kCPU ? cpu : d == c10::kCUDA ? cuda : d == c10::kMeta ? meta : other) = true;
    } else if (v.isList()) {
      for (const IValue& x : v.toListRef())
        if (x.isTensor()) see(x);
    }
  }
};

torch::detail::Kernel* kernel(const UserOp& op, DispatchKey key) {
  return op.kernels[static_cast<size_t>(key)].load(std::memory_order_acquire);
}

struct Choice {
  torch::detail::Kernel* kernel;
  // The kernel computes for one device: nothing inside of it is recorded.
  bool below;
};

Choice choose(const UserOp& op, const Backends& on) {
  struct Candidate {
    bool present;
    DispatchKey autograd, device;
    const char* name;
  };
  const Candidate candidates[] = {
      {on.other, DispatchKey::AutogradPrivateUse1, DispatchKey::PrivateUse1, "PrivateUse1"},
      {on.cuda, DispatchKey::AutogradCUDA, DispatchKey::CUDA, "CUDA"},
      {on.meta, DispatchKey::AutogradMeta, DispatchKey::Meta, "Meta"},
      {on.cpu || !(on.other || on.cuda || on.meta), DispatchKey::AutogradCPU, DispatchKey::CPU,
       "CPU"},
  };
  for (const Candidate& c : candidates) {
    if (!c.present) continue;
    if (!below_autograd) {
      if (auto* k = kernel(op, c.autograd)) return {k, false};
      if (auto* k = kernel(op, DispatchKey::Autograd)) return {k, false};
    }
    if (auto* k = kernel(op, c.device)) return {k, true};
    if (auto* k = kernel(op, DispatchKey::CompositeExplicitAutograd)) return {k, true};
    for (const DispatchKey key : {DispatchKey::CompositeImplicitAutograd, DispatchKey::CatchAll})
      if (auto* k = kernel(op, key)) return {k, false};
    TORCH_CHECK_NOT_IMPLEMENTED(false, "Could not run '", op.full_name,
                                "' with arguments from the '", c.name,
                                "' backend. No kernel is registered for it.");
  }
  return {nullptr, false};
}

void call_user_op(const OpRow& row, Stack& stack) {
  const UserOp& op = static_cast<const UserOp&>(row);
  const c10::FunctionSchema& schema = schema_of(row);
  const auto& args = schema.arguments();
  const size_t n = args.size();
  if (stack.size() < n) throw_missing_argument(row, stack.size(), n);
  Backends on;
  for (size_t i = 0; i < n; ++i) {
    IValue& v = stack[stack.size() - n + i];
    schema.checkArg(v, args[i], i);
    coerce(v, args[i], *args[i].type());
    on.see(v);
  }
  const Choice choice = choose(op, on);
  const c10::OperatorHandle handle(&row);
  if (choice.below && !below_autograd) {
    const BelowAutogradKernels guard;
    choice.kernel->call(handle, stack);
  } else {
    choice.kernel->call(handle, stack);
  }
}

}  // namespace

UserOp::UserOp(std::string name, std::string overload)
    : OpRow{nullptr, nullptr, "", nullptr, &call_user_op, kOpUser},
      full_name(std::move(name)),
      overload_name(std::move(overload)) {
  OpRow::name = full_name.c_str();
  OpRow::overload = overload_name.c_str();
}

UserOp* UserOps::find(std::string_view name, std::string_view overload) {
  return find_in(*tables().current.load(std::memory_order_acquire), name, overload);
}

UserOp* UserOps::find_or_add(const std::string& name, const std::string& overload) {
  Tables& t = tables();
  std::lock_guard<std::mutex> lock(t.mutex);
  const Table* old = t.current.load(std::memory_order_relaxed);
  if (UserOp* op = find_in(*old, name, overload)) return op;
  auto next = std::make_unique<Table>(*old);
  UserOp* op = new UserOp(name, overload);
  const auto key = std::pair<std::string_view, std::string_view>(name, overload);
  next->insert(std::lower_bound(next->begin(), next->end(), key, before), op);
  t.former.push_back(old);
  t.current.store(next.release(), std::memory_order_release);
  return op;
}

std::vector<UserOp*> UserOps::all() { return *tables().current.load(std::memory_order_acquire); }

}  // namespace pharos
