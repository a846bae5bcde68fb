// The small problem of tests/golden/make_optim.py: losses and gradients in f64 from positions.
#pragma once

#include <pharos/ops/functions.h>
#include <pharos/optim/optim.h>

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace optim_problem {

using at::Tensor;
using nlohmann::json;

inline std::string golden(const std::string& name) {
  return std::string(PHAROS_TEST_SOURCE_DIR) + "/golden/optim/" + name;
}
inline json read_json(const std::string& name) {
  std::ifstream in(golden(name));
  return json::parse(in);
}

inline double value_at(const Tensor& flat, int64_t i) {
  return flat.scalar_type() == c10::kFloat ? flat.const_data_ptr<float>()[i]
                                           : flat.const_data_ptr<double>()[i];
}
inline void set_at(const Tensor& flat, int64_t i, double v) {
  if (flat.scalar_type() == c10::kFloat)
    flat.data_ptr<float>()[i] = static_cast<float>(v);
  else
    flat.data_ptr<double>()[i] = v;
}

inline std::vector<Tensor> start(c10::ScalarType dtype) {
  const std::vector<std::vector<int64_t>> shapes = {{3, 4}, {5}};
  std::vector<Tensor> out;
  for (size_t k = 0; k < shapes.size(); ++k) {
    Tensor p = at::empty(shapes[k], dtype);
    for (int64_t i = 0; i < p.numel(); ++i)
      set_at(p, i, static_cast<double>((i * 13 + static_cast<int64_t>(k) * 5) % 17) / 9 - 0.875);
    p.set_requires_grad(true);
    out.push_back(p);
  }
  return out;
}

inline double set_gradients(const std::vector<Tensor>& params) {
  double loss = 0;
  for (size_t k = 0; k < params.size(); ++k) {
    const Tensor& p = params[k];
    Tensor grad = at::empty(p.sizes(), p.scalar_type());
    const Tensor values = p.detach();
    for (int64_t i = 0; i < p.numel(); ++i) {
      const auto kk = static_cast<int64_t>(k);
      const double a = 0.5 + static_cast<double>((i * 7 + kk * 3) % 11) / 8;
      const double b = static_cast<double>((i * 5 + kk) % 7) / 4 - 0.75;
      const double x = value_at(values, i);
      loss += 0.5 * a * (x - b) * (x - b) + 0.1 * std::sin(3 * x);
      set_at(grad, i, a * (x - b) + 0.3 * std::cos(3 * x));
    }
    p.mutable_grad() = grad;
  }
  return loss;
}

inline Tensor closure(const std::vector<Tensor>& params) {
  Tensor loss = at::empty({}, c10::kDouble);
  loss.data_ptr<double>()[0] = set_gradients(params);
  return loss;
}

inline std::vector<double> flat(const std::vector<Tensor>& params) {
  std::vector<double> out;
  for (const Tensor& p : params) {
    const Tensor values = p.detach();
    for (int64_t i = 0; i < p.numel(); ++i) out.push_back(value_at(values, i));
  }
  return out;
}

// The optimizer of a case: one group of all parameters, or a group for each.
std::unique_ptr<torch::optim::Optimizer> make(const std::string& name, const json& groups,
                                              const std::vector<Tensor>& params);

}  // namespace optim_problem
