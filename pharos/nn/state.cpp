// state_dict to value and back.
#include <pharos/io/serialize.h>
#include <pharos/nn/state.h>

namespace pharos::nn {

c10::IValue state_dict_value(const torch::nn::Module& module) {
  c10::Dict<c10::IValue, c10::IValue> items;
  for (const auto& entry : module.state_dict()) items.insert(entry.key(), entry.value());
  return ordered_dict(items);
}

torch::nn::IncompatibleKeys load_state_dict_value(torch::nn::Module& module,
                                                  const c10::IValue& value, bool strict) {
  TORCH_CHECK_TYPE(value.isGenericDict(),
                   "load_state_dict expects a dict from names to tensors, got ", value.tagKind());
  torch::OrderedDict<std::string, at::Tensor> state;
  for (const auto& entry : value.toGenericDict()) {
    TORCH_CHECK_TYPE(entry.key().isString() && entry.value().isTensor(),
                     "load_state_dict expects a dict from names to tensors; it holds a ",
                     entry.value().tagKind());
    state.insert(entry.key().toStringRef(), entry.value().toTensor());
  }
  return module.load_state_dict(state, strict);
}

}  // namespace pharos::nn
