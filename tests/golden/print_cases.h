// The tensors whose printed form print.txt holds. Compiled twice: by make_print.cpp against
// LibTorch and by the test against Pharos, so it uses nothing but empty, views and raw data, and
// draws its numbers itself.
#pragma once

#include <cmath>
#include <cstdint>
#include <functional>
#include <limits>
#include <string>
#include <vector>

namespace print_cases {

using at::Tensor;

inline uint64_t& state() {
  static uint64_t s = 1;
  return s;
}
// In [0, 1), in steps that f32 holds.
inline double uniform() {
  state() = state() * 6364136223846793005ull + 1442695040888963407ull;
  return static_cast<double>(state() >> 40) * 0x1p-24;
}

template <typename T>
Tensor filled(std::vector<int64_t> sizes, c10::ScalarType dtype,
              const std::function<double(int64_t)>& f) {
  Tensor t = at::empty(sizes, at::TensorOptions().dtype(dtype));
  T* p = static_cast<T*>(t.data_ptr());
  for (int64_t i = 0; i < t.numel(); ++i) p[i] = static_cast<T>(f(i));
  return t;
}

inline Tensor make(std::vector<int64_t> sizes, c10::ScalarType dtype,
                   const std::function<double(int64_t)>& f) {
  switch (dtype) {
    case at::kByte:
      return filled<uint8_t>(sizes, dtype, f);
    case at::kChar:
      return filled<int8_t>(sizes, dtype, f);
    case at::kShort:
      return filled<int16_t>(sizes, dtype, f);
    case at::kInt:
      return filled<int32_t>(sizes, dtype, f);
    case at::kLong:
      return filled<int64_t>(sizes, dtype, f);
    case at::kBool:
      return filled<bool>(sizes, dtype, f);
    case at::kHalf:
      return filled<c10::Half>(sizes, dtype, [&](int64_t i) { return static_cast<float>(f(i)); });
    case at::kBFloat16:
      return filled<c10::BFloat16>(sizes, dtype,
                                   [&](int64_t i) { return static_cast<float>(f(i)); });
    case at::kDouble:
      return filled<double>(sizes, dtype, f);
    default:
      return filled<float>(sizes, dtype, f);
  }
}

template <typename T>
Tensor make_complex(std::vector<int64_t> sizes, c10::ScalarType dtype, double scale) {
  Tensor t = at::empty(sizes, at::TensorOptions().dtype(dtype));
  T* p = static_cast<T*>(t.data_ptr());
  for (int64_t i = 0; i < 2 * t.numel(); ++i) p[i] = static_cast<T>((uniform() - 0.5) * scale);
  return t;
}

inline std::vector<Tensor> special_values() {
  const double inf = std::numeric_limits<double>::infinity(), nan = std::nan("");
  std::vector<Tensor> out;
  const std::vector<std::vector<double>> rows = {{1, nan, 3},
                                                 {nan, nan},
                                                 {inf, 1.5, -2},
                                                 {-inf, 0, 1},
                                                 {inf},
                                                 {nan},
                                                 {-inf},
                                                 {0},
                                                 {-0.0},
                                                 {1e10},
                                                 {123456789},
                                                 {1e-10},
                                                 {99999.5, 1},
                                                 {0.1, 100000},
                                                 {1e-4, 1},
                                                 {1e-5, 1},
                                                 {1e5, 1},
                                                 {1e6, 1e-6},
                                                 {inf, nan, 1e20},
                                                 {1e38, 1},
                                                 {3e-39, 1},
                                                 {1, 2, 3},
                                                 {1, 2, 1e15},
                                                 {-1, -2},
                                                 {1e9, 2e9},
                                                 {99999, 1},
                                                 {100000, 1},
                                                 {999999, 5},
                                                 {0.5},
                                                 {1.5, 2.25},
                                                 {1e-3, 1e-2},
                                                 {1e-8, 2e-8},
                                                 {12345.678, 0.001},
                                                 {-12345.678, 0.001},
                                                 {9.99999, 1},
                                                 {0.99999, 1.00001},
                                                 {nan, 1.5},
                                                 {-nan, -1},
                                                 {-nan},
                                                 {inf, 1},
                                                 {1e15},
                                                 {1e16},
                                                 {-1e17, 1.5},
                                                 {1e300, 1e-300},
                                                 {5e-324, 1}};
  for (const auto& r : rows)
    for (auto dtype : {at::kFloat, at::kDouble})
      out.push_back(make({static_cast<int64_t>(r.size())}, dtype,
                         [&](int64_t i) { return r[static_cast<size_t>(i)]; }));
  for (const auto& r : rows)
    out.push_back(make({}, r.size() % 2 ? at::kFloat : at::kDouble, [&](int64_t) { return r[0]; }));
  for (auto dtype : {at::kByte, at::kChar, at::kShort, at::kInt, at::kLong, at::kBool, at::kHalf,
                     at::kBFloat16}) {
    out.push_back(make({}, dtype, [](int64_t) { return 1; }));
    out.push_back(make({3}, dtype, [](int64_t i) { return static_cast<double>(i) * 40; }));
  }
  out.push_back(
      filled<int64_t>({3}, at::kLong, [](int64_t i) { return i == 0 ? -9.2e18 : 9.2e18; }));
  out.push_back(filled<int64_t>({}, at::kLong, [](int64_t) { return 9007199254740993.0; }));
  return out;
}

inline std::vector<Tensor> all() {
  state() = 1;
  std::vector<Tensor> out = special_values();
  out.emplace_back();
  const std::vector<std::vector<int64_t>> shapes = {
      {1},    {7},       {2, 3},    {3, 2},       {1, 9},     {2, 30},
      {4, 1}, {2, 2, 2}, {1, 3, 1}, {2, 1, 2, 3}, {2, 1, 17}, {1, 2, 1, 2, 1, 2}};
  const std::vector<std::vector<int64_t>> empties = {{0},       {0, 3},    {3, 0},
                                                     {2, 0, 3}, {0, 2, 3}, {1, 0, 1, 4}};
  for (const auto& s : empties)
    for (auto dtype : {at::kFloat, at::kLong, at::kBool})
      out.push_back(at::empty(s, at::TensorOptions().dtype(dtype)));
  const std::vector<double> scales = {1e-12, 1e-6, 1e-3, 1, 50, 1e4, 1e6, 1e12, 1e30};
  for (const auto& s : shapes) {
    for (double scale : scales)
      out.push_back(make(s, scale > 1e10 ? at::kDouble : at::kFloat,
                         [&](int64_t) { return (uniform() - 0.5) * scale; }));
    // Both tiny and large in one tensor; whole numbers in a floating dtype.
    out.push_back(make(s, at::kDouble, [&](int64_t) {
      return (uniform() - 0.3) * std::pow(10.0, std::floor(uniform() * 12 - 6));
    }));
    out.push_back(
        make(s, at::kFloat, [&](int64_t) { return std::floor(uniform() * 2000 - 1000); }));
    for (auto dtype : {at::kByte, at::kChar, at::kShort, at::kInt, at::kLong})
      out.push_back(make(s, dtype, [&](int64_t) {
        return std::floor(uniform() * (dtype == at::kByte || dtype == at::kChar ? 100 : 30000));
      }));
    out.push_back(make(s, at::kBool, [&](int64_t) { return uniform() < 0.5; }));
    for (auto dtype : {at::kHalf, at::kBFloat16})
      out.push_back(make(s, dtype, [&](int64_t) { return (uniform() - 0.5) * 20; }));
  }
  // Strided ones.
  Tensor m = make({3, 4}, at::kFloat, [](int64_t i) { return static_cast<double>(i) / 4; });
  out.push_back(m.t());
  out.push_back(m.select(1, 2));
  out.push_back(m.slice(1, 0, 4, 2));
  out.push_back(m.expand({2, 3, 4}));
  return out;
}

inline std::vector<Tensor> all_complex() {
  std::vector<Tensor> out;
  for (const std::vector<int64_t>& s : {std::vector<int64_t>{}, {3}, {2, 2}, {2, 1, 2}})
    for (double scale : {1e-8, 1.0, 1e8}) {
      out.push_back(make_complex<float>(s, at::kComplexFloat, scale));
      out.push_back(make_complex<double>(s, at::kComplexDouble, scale));
    }
  return out;
}

}  // namespace print_cases
