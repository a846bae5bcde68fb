// A module's state_dict as a value, ready to be part of a checkpoint: an OrderedDict in Python.
#pragma once

#include <pharos/dispatch/ivalue.h>
#include <pharos/nn/module.h>

namespace pharos::nn {

PHAROS_API c10::IValue state_dict_value(const torch::nn::Module& module);
// Takes such a value, or any dict from names to tensors, back into a module of the same shape;
// mismatches are reported as Module::load_state_dict does.
PHAROS_API torch::nn::IncompatibleKeys load_state_dict_value(torch::nn::Module& module,
                                                             const c10::IValue& value,
                                                             bool strict = true);

}  // namespace pharos::nn
