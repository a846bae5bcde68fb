// at::Generator: a handle on a random stream. The CPU stream is PyTorch's, bit for bit.
#pragma once

#include <pharos/core/device.h>
#include <pharos/core/intrusive_ptr.h>

#include <vector>

namespace c10 {

struct PHAROS_API GeneratorImpl : intrusive_ptr_target {
  explicit GeneratorImpl(Device device) : device_(device) {}
  ~GeneratorImpl() override;
  virtual void set_current_seed(uint64_t seed) = 0;
  virtual uint64_t current_seed() const = 0;
  // Draws a non-deterministic seed, sets it and returns it.
  virtual uint64_t seed() = 0;
  virtual intrusive_ptr<GeneratorImpl> clone() const = 0;
  // The state in PyTorch's layout (5,056 bytes for the CPU generator).
  virtual std::vector<uint8_t> get_state_bytes() const = 0;
  virtual void set_state_bytes(const uint8_t* bytes, size_t n) = 0;
  Device device() const { return device_; }
  // Held by every operator that draws; a lock of its own, so that programs can draw several times
  // undisturbed.
  void lock();
  void unlock();

 protected:
  Device device_;

 private:
  std::atomic<uint32_t> locked_{0};
};

}  // namespace c10

namespace at {

class Tensor;

class PHAROS_API Generator {
 public:
  Generator() = default;
  explicit Generator(c10::intrusive_ptr<c10::GeneratorImpl> impl) : impl_(std::move(impl)) {}
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
  Generator clone() const { return Generator(impl_->clone()); }
  c10::Device device() const { return impl_->device(); }
  // A byte tensor of the state; set_state takes one.
  Tensor get_state() const;
  void set_state(const Tensor& state);
  c10::GeneratorImpl& mutex() { return *impl_; }
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
PHAROS_API const Generator& getDefaultCPUGenerator();
PHAROS_API Generator createCPUGenerator(uint64_t seed = 67280421310721);
}  // namespace detail

// Seeds the default generator of every device.
PHAROS_API void manual_seed(uint64_t seed);

}  // namespace at

namespace torch {
using at::Generator;
using at::manual_seed;
}  // namespace torch
