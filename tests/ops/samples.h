// Sample tables: one per operator row, from which the harness makes every check.
//
//   OP_SAMPLES("add.Tensor", s) {
//     s.add(randn({2, 3}), randn({3}), 2.5);          // schema order, the rest takes its defaults
//     s.add(randn({}), randn({0, 4}));
//     s.error("The size of tensor a", randn({2}), randn({3}));
//   }
//
// Golden values come from tests/golden/make_ops.py, which runs the same samples in PyTorch.
#pragma once

#include <pharos/dispatch/ivalue.h>
#include <pharos/tensor_operators.h>

#include <functional>
#include <initializer_list>
#include <string>
#include <vector>

namespace pharos::testing {

using at::Tensor;
using c10::IValue;
inline constexpr c10::nullopt_t none = c10::nullopt;

struct Sample {
  std::vector<IValue> args;
  std::string error;  // expected part of the message; empty: the call succeeds
  bool gradient = true;
  bool meta = true;
};

class Samples {
 public:
  explicit Samples(std::string row) : row_(std::move(row)) {}

  template <typename... A>
  Samples& add(A&&... args) {
    samples_.push_back({{IValue(std::forward<A>(args))...}, ""});
    return *this;
  }
  template <typename... A>
  Samples& error(const char* part_of_message, A&&... args) {
    samples_.push_back({{IValue(std::forward<A>(args))...}, part_of_message});
    return *this;
  }
  // Exceptions from checks; each states its reason.
  Samples& tolerance(double rtol, double atol, const char* reason);
  // Absolute, for f16 and bf16 alone.
  Samples& half_tolerance(double atol, const char* reason);
  Samples& skip_gradient(const char* reason);        // not smooth at the samples, random, ...
  Samples& no_gradient_of_last(const char* reason);  // of the sample added last
  // Arguments that must refuse to require a gradient, by the schema's names.
  Samples& constant(std::initializer_list<const char*> names);
  Samples& no_derivative();  // the backward pass says that it is not implemented, as PyTorch's does
  Samples& skip_second_gradient(const char* reason);   // PyTorch has none either
  Samples& skip_golden(const char* reason);            // PyTorch's value is not defined (ties, ...)
  Samples& uninitialised();                            // only dtypes, sizes and strides are defined
  Samples& data_dependent_shape();                     // no meta form
  Samples& data_dependent_shape_of_last();             // of the sample added last
  Samples& other_bits_interposed(const char* reason);  // equal within the tolerance only
  Samples& exact();                                    // bit for bit
  Samples& by_memory_order();  // random values follow memory: strided inputs give others
  Samples& only_base_dtype(const char* reason);  // other dtypes than the samples' are not tried

  const std::string& row() const { return row_; }
  const std::vector<Sample>& samples() const { return samples_; }
  double rtol = 0, atol = 0, half = 0;  // 0: by dtype
  bool gradient = true, second_gradient = true, golden = true, meta = true, dtypes = true;
  bool interposed_bits = true;
  bool memory_order = false, bits = false, underived = false, unset = false;
  std::vector<std::string> constants;

 private:
  std::string row_;
  std::vector<Sample> samples_;
};

struct Registration {
  Registration(const char* row, void (*fill)(Samples&));
};
// All tables, filled on first use with the random stream seeded per table.
std::vector<Samples>& all_samples();

// Deterministic inputs (the default generator is seeded before each table).
inline Tensor randn(c10::IntArrayRef sizes) { return at::randn(sizes); }
inline Tensor rand(c10::IntArrayRef sizes) { return at::rand(sizes); }
// Uniform in [low, high).
Tensor uniform(c10::IntArrayRef sizes, double low, double high);
Tensor ints(c10::IntArrayRef sizes, int64_t low, int64_t high);
Tensor bools(c10::IntArrayRef sizes);
// The same values in memory with gaps and swapped dims.
Tensor strided(const Tensor& t);
Tensor channels_last(const Tensor& t);
Tensor complex(c10::IntArrayRef sizes);
// [0, n) shuffled over f32, so that no two values tie.
Tensor distinct(c10::IntArrayRef sizes);

}  // namespace pharos::testing

#define PHAROS_SAMPLES_CAT2(a, b) a##b
#define PHAROS_SAMPLES_CAT(a, b) PHAROS_SAMPLES_CAT2(a, b)
#define OP_SAMPLES(row, var)                                                                 \
  static void PHAROS_SAMPLES_CAT(fill_samples_, __LINE__)(::pharos::testing::Samples & var); \
  static const ::pharos::testing::Registration PHAROS_SAMPLES_CAT(registration_, __LINE__)(  \
      row, &PHAROS_SAMPLES_CAT(fill_samples_, __LINE__));                                    \
  static void PHAROS_SAMPLES_CAT(fill_samples_, __LINE__)(::pharos::testing::Samples & var)
