// at::Generator: a handle on a random stream. The CPU stream is PyTorch's, bit for bit.
#pragma once

#include <pharos/core/device.h>
#include <pharos/core/intrusive_ptr.h>

#include <optional>
#include <vector>

// The name alone: <mutex> would be the most expensive header of all. A program that locks includes
// it anyway.
#ifdef _LIBCPP_BEGIN_NAMESPACE_STD
_LIBCPP_BEGIN_NAMESPACE_STD
class mutex;
_LIBCPP_END_NAMESPACE_STD
#else
namespace std {
class mutex;
}
#endif

namespace pharos {
class Mt19937;
}

namespace c10 {

constexpr uint64_t default_rng_seed_val = 67280421310721;

struct PHAROS_API GeneratorImpl : intrusive_ptr_target {
  explicit GeneratorImpl(Device device);
  ~GeneratorImpl() override;
  GeneratorImpl(const GeneratorImpl&) = delete;
  GeneratorImpl& operator=(const GeneratorImpl&) = delete;

  virtual void set_current_seed(uint64_t seed) = 0;
  virtual uint64_t current_seed() const = 0;
  // Draws a non-deterministic seed, sets it and returns it.
  virtual uint64_t seed() = 0;
  virtual intrusive_ptr<GeneratorImpl> clone() const = 0;
  // The state in PyTorch's layout (5,056 bytes for the CPU generator).
  virtual std::vector<uint8_t> get_state_bytes() const = 0;
  virtual void set_state_bytes(const uint8_t* bytes, size_t n) = 0;
  // Only counter-based generators have an offset; the others throw.
  virtual void set_offset(uint64_t offset);
  virtual uint64_t get_offset() const;

  Device device() const { return device_; }
  // Every operator that draws holds it. It is not recursive: a program that holds it may call this
  // class's methods, not operators.
  std::mutex& mutex() const { return *mutex_; }

 protected:
  Device device_;

 private:
  std::mutex* mutex_;
};

namespace detail {
PHAROS_API uint64_t getNonDeterministicRandom(bool is_cuda = false);
}

}  // namespace c10

namespace at {

class Tensor;

struct PHAROS_API CPUGeneratorImpl final : public c10::GeneratorImpl {
  explicit CPUGeneratorImpl(uint64_t seed = c10::default_rng_seed_val);
  ~CPUGeneratorImpl() override;

  void set_current_seed(uint64_t seed) override;
  uint64_t current_seed() const override;
  uint64_t seed() override;
  c10::intrusive_ptr<c10::GeneratorImpl> clone() const override;
  std::vector<uint8_t> get_state_bytes() const override;
  void set_state_bytes(const uint8_t* bytes, size_t n) override;
  static c10::DeviceType device_type() { return c10::DeviceType::CPU; }

  // The next 32 bits, and 64 from two draws.
  uint32_t random();
  uint64_t random64();
  // The second half of the last pair of normal numbers, if it is still to be used.
  std::optional<double> next_double_normal_sample() const;
  void set_next_double_normal_sample(std::optional<double> value);
  // For the samplers of the library.
  pharos::Mt19937& engine() { return *engine_; }

 private:
  pharos::Mt19937* engine_;
};

struct PHAROS_API Generator {
  Generator() = default;
  explicit Generator(c10::intrusive_ptr<c10::GeneratorImpl> impl);
  bool defined() const { return impl_.defined(); }
  c10::GeneratorImpl* unsafeGetGeneratorImpl() const { return impl_.get(); }
  const c10::intrusive_ptr<c10::GeneratorImpl>& getIntrusivePtr() const { return impl_; }
  template <typename T>
  T* get() const {
    return static_cast<T*>(impl_.get());
  }
  void set_current_seed(uint64_t seed) { impl_->set_current_seed(seed); }
  uint64_t current_seed() const { return impl_->current_seed(); }
  uint64_t seed() { return impl_->seed(); }
  void set_offset(uint64_t offset) { impl_->set_offset(offset); }
  uint64_t get_offset() const { return impl_->get_offset(); }
  Generator clone() const;
  c10::Device device() const { return impl_->device(); }
  // A byte tensor of the state; set_state takes one.
  Tensor get_state() const;
  void set_state(const Tensor& state);
  std::mutex& mutex() { return impl_->mutex(); }
  bool operator==(const Generator& o) const { return impl_ == o.impl_; }
  bool operator!=(const Generator& o) const { return impl_ != o.impl_; }

 private:
  c10::intrusive_ptr<c10::GeneratorImpl> impl_;
};

template <typename Impl, typename... Args>
Generator make_generator(Args&&... args) {
  return Generator(c10::make_intrusive<Impl>(std::forward<Args>(args)...));
}

namespace detail {
// Its seed is non-deterministic until manual_seed sets one.
PHAROS_API const Generator& getDefaultCPUGenerator();
PHAROS_API Generator createCPUGenerator(uint64_t seed = c10::default_rng_seed_val);
// Throws unless `gen` is a defined generator for this type of device.
PHAROS_API void check_generator_device(const std::optional<Generator>& gen, c10::DeviceType type);
}  // namespace detail

template <typename T>
T* check_generator(std::optional<Generator> gen) {
  detail::check_generator_device(gen, T::device_type());
  return gen->template get<T>();
}

template <typename T>
T* get_generator_or_default(const std::optional<Generator>& gen, const Generator& default_gen) {
  return check_generator<T>(gen.has_value() && gen->defined() ? gen : default_gen);
}

// Seeds the default generator of every device.
PHAROS_API void manual_seed(uint64_t seed);

}  // namespace at

namespace torch {
using at::Generator;
using at::make_generator;
using at::manual_seed;
}  // namespace torch
