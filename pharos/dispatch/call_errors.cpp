// The errors of boxed calls, in PyTorch's words. Schemas are parsed only here, when a call failed.
#include "dispatch/boxing.h"

namespace pharos {

void throw_argument_error(const OpRow& op, const torch::jit::Stack& stack, size_t n, size_t i) {
  const c10::IValue& v = stack[stack.size() - n + i];
  TORCH_CHECK(false, op.name, "() got a value of type '", v.type()->repr_str(),
              "' that does not fit.\nPosition: ", i, "\nDeclaration: ", op.schema);
}

void throw_missing_argument(const OpRow& op, size_t given, size_t n) {
  TORCH_CHECK(false, op.name, "() takes ", n, " arguments, ", given, " are on the stack.\nDeclaration: ",
              op.schema);
}

void boxing::throw_result_count(const OpRow& op, size_t wanted, size_t got) {
  TORCH_CHECK(false, op.name, "(): an interposer left ", got, " values on the stack, ", wanted,
              " were expected.\nDeclaration: ", op.schema);
}

}  // namespace pharos
