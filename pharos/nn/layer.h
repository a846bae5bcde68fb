// What bodies of built-in layers use: the call under path and hooks, and PHAROS_DEFINE_MODULE.
#pragma once

#include <pharos/nn/any.h>
#include <pharos/ops/functions.h>

namespace pharos::nn {

inline bool fires_hooks(const Module& m) {
  return PHAROS_UNLIKELY(ModuleScope::has_hooks(m)) && !HookedCall::opened(m);
}

// body(x) as the forward of `m`.
template <typename Body>
Tensor run_layer(Module& m, const Tensor& x, Body&& body) {
  ModuleScope scope(m);
  if (PHAROS_LIKELY(!fires_hooks(m))) return body(x);
  HookedCall call(m);
  Tensor in = x;
  call.leaf(in);
  call.before();
  call.leaf(in);
  Tensor out = body(in);
  call.leaf(out);
  call.after();
  call.leaf(out);
  return out;
}

// The same for several arguments and any result; `body` takes them by reference.
template <typename Body, typename... Args>
auto run_layer_n(Module& m, Body&& body, Args... args) {
  ModuleScope scope(m);
  if (PHAROS_LIKELY(!fires_hooks(m))) return body(args...);
  HookedCall call(m);
  (HookVisit<Args>::visit(call, args), ...);
  call.before();
  (HookVisit<Args>::visit(call, args), ...);
  auto out = body(args...);
  HookVisit<decltype(out)>::visit(call, out);
  call.after();
  HookVisit<decltype(out)>::visit(call, out);
  return out;
}

}  // namespace pharos::nn

#define PHAROS_DEFINE_MODULE_BODY(Name)                                               \
  Name::Name(const Name&) = default;                                                  \
  Name& Name::operator=(const Name&) = default;                                       \
  Name::~Name() = default;                                                            \
  const pharos::nn::AnyOps* Name::any_ops() const { return &pharos_any_ops(); }       \
  std::shared_ptr<Module> Name::copy_self() const {                                   \
    return std::shared_ptr<Module>(static_cast<Module*>(new Name(*this)));            \
  }                                                                                   \
  bool Name::take_over(Module& other) {                                               \
    if (typeid(*this) != typeid(Name) || typeid(other) != typeid(Name)) return false; \
    *this = static_cast<Name&>(other);                                                \
    return true;                                                                      \
  }
#define PHAROS_DEFINE_MODULE(Name) \
  PHAROS_DEFINE_MODULE_BODY(Name)  \
  const pharos::nn::AnyOps& Name::pharos_any_ops() { return pharos::nn::AnyOpsOf<Name>::kOps; }
// For modules without a forward that AnyModule could call.
#define PHAROS_DEFINE_MODULE_WITHOUT_FORWARD(Name)                        \
  PHAROS_DEFINE_MODULE_BODY(Name)                                         \
  const pharos::nn::AnyOps& Name::pharos_any_ops() {                      \
    static const pharos::nn::AnyOps ops{&typeid(Name), nullptr, nullptr}; \
    return ops;                                                           \
  }
// Default arguments of forward, first the number of those that must be given.
#define PHAROS_DEFAULT_ARGS(Name, required, ...)                                                  \
  unsigned int Name::_forward_num_required_args() { return required; }                            \
  std::vector<AnyValue> Name::_forward_populate_default_args(std::vector<AnyValue>&& arguments) { \
    AnyValue defaults[] = {__VA_ARGS__};                                                          \
    for (size_t i = arguments.size() - required; i < std::size(defaults); ++i)                    \
      arguments.push_back(std::move(defaults[i]));                                                \
    return std::move(arguments);                                                                  \
  }
