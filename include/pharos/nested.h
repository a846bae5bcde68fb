// nested::map: applies a function to every tensor of a nested value and keeps its structure. The
// value is a c10::IValue (lists, dicts, tuples, in any depth) or made of vectors, arrays, pairs,
// tuples, optionals, maps and OrderedDicts; what is no tensor is kept as it is. The argument is not
// changed.
//
//   auto halved = pharos::nested::map([](const at::Tensor& t) { return t / 2; }, value);
#pragma once

#include <pharos/dispatch/ivalue.h>

#include <functional>

namespace pharos {
namespace nested {

PHAROS_API c10::IValue map(const std::function<at::Tensor(const at::Tensor&)>& f,
                           const c10::IValue& value);
// The tensors in order: of dicts, by insertion.
PHAROS_API std::vector<at::Tensor> flatten(const c10::IValue& value);

template <typename F>
at::Tensor map(F&& f, const at::Tensor& tensor) {
  return f(tensor);
}
template <typename F, typename T, typename A>
std::vector<T, A> map(F&& f, const std::vector<T, A>& values);
template <typename F, typename T, size_t N>
std::array<T, N> map(F&& f, const std::array<T, N>& values);
template <typename F, typename A, typename B>
std::pair<A, B> map(F&& f, const std::pair<A, B>& values);
template <typename F, typename... Ts>
std::tuple<Ts...> map(F&& f, const std::tuple<Ts...>& values);
template <typename F, typename T>
std::optional<T> map(F&& f, const std::optional<T>& value);
// std::map, std::unordered_map and their like.
template <typename F, typename M, typename V = typename M::mapped_type>
auto map(F&& f, const M& values)
    -> decltype(values.find(std::declval<typename M::key_type>()), M());
// torch::OrderedDict.
template <typename F, typename D, typename I = typename D::Item>
auto map(F&& f, const D& values) -> decltype(values.items(), D());
// Numbers, strings.
template <typename F, typename T>
std::enable_if_t<std::is_arithmetic_v<T> || std::is_same_v<T, std::string>, T> map(F&&,
                                                                                   const T& value) {
  return value;
}

template <typename F, typename T, typename A>
std::vector<T, A> map(F&& f, const std::vector<T, A>& values) {
  std::vector<T, A> out;
  out.reserve(values.size());
  for (const auto& v : values) out.push_back(nested::map(f, v));
  return out;
}
template <typename F, typename T, size_t N>
std::array<T, N> map(F&& f, const std::array<T, N>& values) {
  std::array<T, N> out = values;
  for (T& v : out) v = nested::map(f, static_cast<const T&>(v));
  return out;
}
template <typename F, typename A, typename B>
std::pair<A, B> map(F&& f, const std::pair<A, B>& values) {
  A first = nested::map(f, values.first);
  return {std::move(first), nested::map(f, values.second)};
}
template <typename F, typename... Ts>
std::tuple<Ts...> map(F&& f, const std::tuple<Ts...>& values) {
  // Braces: from left to right.
  return std::apply([&](const Ts&... v) { return std::tuple<Ts...>{nested::map(f, v)...}; },
                    values);
}
template <typename F, typename T>
std::optional<T> map(F&& f, const std::optional<T>& value) {
  if (!value) return std::nullopt;
  return nested::map(f, *value);
}
template <typename F, typename M, typename V>
auto map(F&& f, const M& values)
    -> decltype(values.find(std::declval<typename M::key_type>()), M()) {
  M out;
  for (const auto& entry : values) out.emplace(entry.first, nested::map(f, entry.second));
  return out;
}
template <typename F, typename D, typename I>
auto map(F&& f, const D& values) -> decltype(values.items(), D()) {
  D out;
  for (const I& item : values) out.insert(item.key(), nested::map(f, item.value()));
  return out;
}

}  // namespace nested
}  // namespace pharos

namespace torch::nested {
using pharos::nested::map;
}
