// TORCH_ARG: one option of an options struct, as a chaining setter and two getters. The setter
// takes its argument by value: one function instead of LibTorch's two keeps the headers light.
#pragma once

#define TORCH_ARG(T, name)                  \
 public:                                    \
  auto& name(T new_##name) { /* NOLINT */   \
    name##_ = static_cast<T&&>(new_##name); \
    return *this;                           \
  }                                         \
  const T& name() const { return name##_; } \
  T& name() { return name##_; }             \
                                            \
 private:                                   \
  T name##_ /* NOLINT */

// The same with a setter that PHAROS_DEFINE_ARG defines in a .cpp: for strings and vectors, whose
// assignment would be compiled in every program.
#define PHAROS_ARG(T, name)                 \
 public:                                    \
  auto name(T new_##name)->decltype(*this); \
  const T& name() const { return name##_; } \
  T& name() { return name##_; }             \
                                            \
 private:                                   \
  T name##_ /* NOLINT */
#define PHAROS_DEFINE_ARG(Class, T, name)           \
  auto Class::name(T new_##name)->decltype(*this) { \
    this->name##_ = std::move(new_##name);          \
    return *this;                                   \
  }
