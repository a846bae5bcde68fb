// A generator's state as a byte tensor, the form in which programs save and restore it.
#include <pharos/core/generator.h>
#include <pharos/random.h>
#include <pharos/tensor.h>

#include <cstring>
#include <mutex>

#include "core/factory.h"

namespace at {

Tensor Generator::get_state() const {
  TORCH_CHECK(defined(), "Generator with undefined implementation is not allowed");
  const std::lock_guard<std::mutex> lock(impl_->mutex());
  const std::vector<uint8_t> bytes = impl_->get_state_bytes();
  Tensor state = pharos::empty_cpu({static_cast<int64_t>(bytes.size())}, kByte);
  std::memcpy(state.data_ptr(), bytes.data(), bytes.size());
  return state;
}

void Generator::set_state(const Tensor& state) {
  TORCH_CHECK(defined(), "Generator with undefined implementation is not allowed");
  TORCH_CHECK_TYPE(state.defined() && state.layout() == kStrided && state.device().is_cpu() &&
                       state.scalar_type() == kByte,
                   "RNG state must be a torch.ByteTensor");
  TORCH_CHECK(state.is_contiguous(), "RNG state must be contiguous");
  const std::lock_guard<std::mutex> lock(impl_->mutex());
  impl_->set_state_bytes(static_cast<const uint8_t*>(state.const_data_ptr()),
                         static_cast<size_t>(state.numel()));
}

}  // namespace at

namespace pharos {

at::Tensor rng_state() { return at::detail::getDefaultCPUGenerator().get_state(); }

void set_rng_state(const at::Tensor& state) {
  at::Generator generator = at::detail::getDefaultCPUGenerator();
  generator.set_state(state);
}

}  // namespace pharos
