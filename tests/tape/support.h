// Shorthands of the tape's tests: values as vectors, messages of errors, a backward from all
// elements.
#pragma once

#include <gtest/gtest.h>
#include <pharos/autograd/autograd.h>
#include <pharos/autograd/function.h>
#include <pharos/autograd/gradcheck.h>
#include <pharos/autograd/hooks.h>
#include <pharos/ops/functions.h>
#include <pharos/tensor_operators.h>

#include <string>
#include <vector>

namespace tape_test {

using at::Tensor;
using Values = std::vector<double>;

inline Values values(const Tensor& t) {
  if (!t.defined()) return {};
  const Tensor d = t.detach().to(at::kDouble).contiguous();
  const double* p = d.const_data_ptr<double>();
  return Values(p, p + d.numel());
}

inline Tensor leaf(const Values& v) {
  Tensor t = at::empty({static_cast<int64_t>(v.size())}, at::kFloat);
  for (size_t i = 0; i < v.size(); ++i) t.data_ptr<float>()[i] = static_cast<float>(v[i]);
  return t.set_requires_grad(true);
}
inline Tensor plain(const Values& v) { return leaf(v).detach(); }

// d(sum of y)/d(leaves).
inline void run(const Tensor& y, bool retain = false, bool create = false) {
  y.backward(at::ones_like(y.detach()), retain, create);
}

template <typename F>
std::string error_of(F&& f) {
  try {
    f();
  } catch (const c10::Error& e) {
    return e.msg();
  }
  return "no error";
}

inline std::string name_of(const Tensor& t) {
  const auto fn = t.grad_fn();
  return fn ? fn->name() : "none";
}

#define EXPECT_MESSAGE(text, ...)                                       \
  do {                                                                  \
    const std::string said = tape_test::error_of([&] { __VA_ARGS__; }); \
    EXPECT_NE(said.find(text), std::string::npos) << "said: " << said;  \
  } while (false)

}  // namespace tape_test
