// The hooks of one module, and access of nn's own code to Module's insides.
#pragma once

#include <pharos/dispatch/ivalue.h>
#include <pharos/nn/any.h>

namespace pharos::nn {

using c10::IValue;
using IValues = std::vector<IValue>;
template <typename F>
using HookList = std::vector<std::pair<uint64_t, F>>;

struct ModuleHooks {
  // One of the two forms each.
  struct Forward {
    std::function<IValue(Module&, const IValues&, const IValue&)> generic;
    std::function<Tensor(Module&, const Tensor&, const Tensor&)> tensor;
  };
  struct Pre {
    std::function<IValue(Module&, const IValues&)> generic;
    std::function<Tensor(Module&, const Tensor&)> tensor;
  };
  using Backward = std::function<std::vector<Tensor>(Module&, const std::vector<Tensor>&,
                                                     const std::vector<Tensor>&)>;
  using Output = std::function<Tensor(const Tensor&)>;
  HookList<Forward> forward;
  HookList<Pre> pre;
  HookList<Backward> backward;
  HookList<Output> output;
  uint64_t next_id = 1;
};

struct ReplaceChild {
  // The table by which some AnyModule calls `m`, or null.
  static const AnyOps* ops_of(const Module& m);
  // Puts `to` into the AnyModules outside containers that hold `from`; whether there were any.
  static bool in_slots(Module& from, const std::shared_ptr<Module>& to, const AnyOps* ops);
};

}  // namespace pharos::nn
