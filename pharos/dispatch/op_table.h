// The operator table: one constant row per operator and overload, written by the generator, sorted
// by (name, overload) so that look-up is a binary search. Operators of programs have rows of their
// own.
#pragma once

#include <pharos/dispatch/ivalue.h>

namespace pharos {

struct OpRow {
  const char* name;      // "aten::add"
  const char* overload;  // "Tensor"; "" where there is none
  const char* schema;    // the whole text
  // The C++ function under the signature that cpp_types.py gives the schema.
  void (*unboxed)();
  void (*boxed)(const OpRow&, torch::jit::Stack&);
  uint32_t flags;
};

enum OpFlag : uint32_t {
  // The unboxed function is a composite *behind* the test of the special word: handlers that enter
  // composites stay active for the operators that it calls.
  kOpComposite = 1,
  // Registered by a program.
  kOpUser = 2,
  // In the catalogue, not written yet: the call throws NotImplementedError.
  kOpTodo = 4,
};

extern const OpRow kOpTable[];
extern const size_t kOpTableSize;

// Null where there is no such operator.
const OpRow* find_op(std::string_view name, std::string_view overload);

// Runs the operator with its arguments on top of the stack, through the active handlers.
void call_boxed(const OpRow& op, torch::jit::Stack& stack);

// What unboxing throws when argument `i` of the `n` on top of the stack does not fit.
[[noreturn]] void throw_argument_error(const OpRow& op, const torch::jit::Stack& stack, size_t n,
                                       size_t i);
[[noreturn]] void throw_missing_argument(const OpRow& op, size_t given, size_t n);

}  // namespace pharos
