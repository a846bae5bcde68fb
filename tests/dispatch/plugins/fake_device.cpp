// A device that lives in the host's memory but hands out addresses that fault when they are read:
// whatever reaches its memory without coming through its kernels or its copies crashes. Each kernel
// runs the CPU operator on translated aliases.
#include <torch/torch.h>

#include <atomic>
#include <cstdlib>
#include <new>

#include "dispatch/device_table.h"

namespace {

using at::Scalar;
using at::Tensor;
using c10::DeviceType;

constexpr DeviceType kDevice = DeviceType::PrivateUse1;
// With this bit no address is canonical on x86-64, and none is mapped on other 64-bit machines.
constexpr uintptr_t kFaulting = uintptr_t{1} << 62;

void* to_device_address(void* p) {
  return p ? reinterpret_cast<void*>(reinterpret_cast<uintptr_t>(p) | kFaulting) : nullptr;
}
void* to_host_address(const void* p) {
  return p ? reinterpret_cast<void*>(reinterpret_cast<uintptr_t>(p) & ~kFaulting) : nullptr;
}

std::atomic<int64_t> live_blocks{0}, kernel_calls{0}, copies{0};
std::atomic<uint64_t> seed{0};

struct FakeAllocator final : c10::Allocator {
  c10::DataPtr allocate(size_t n) override {
    void* host = std::aligned_alloc(64, (n + 64) / 64 * 64);
    if (!host) throw std::bad_alloc();
    live_blocks++;
    return c10::DataPtr(
        to_device_address(host), host,
        [](void* p) {
          std::free(p);
          live_blocks--;
        },
        c10::Device(kDevice, 0));
  }
};

// The same elements as the host sees them. Tensors of the CPU (numbers, mostly) are taken as they
// are.
Tensor host(const Tensor& t) {
  if (!t.defined() || t.is_cpu()) return t;
  return torch::from_blob(to_host_address(t.data_ptr()), t.sizes(), t.strides(),
                          at::TensorOptions().dtype(t.scalar_type()));
}
void give(const Tensor& out, const Tensor& value) {
  kernel_calls++;
  host(out).copy_(value);
}

void copy(const Tensor& to, const Tensor& from) {
  copies++;
  host(to).copy_(host(from));
}

void add(const Tensor& out, const Tensor& a, const Tensor& b, const Scalar& alpha) {
  give(out, at::add(host(a), host(b), alpha));
}
void sub(const Tensor& out, const Tensor& a, const Tensor& b, const Scalar& alpha) {
  give(out, at::sub(host(a), host(b), alpha));
}
void mul(const Tensor& out, const Tensor& a, const Tensor& b) { give(out, host(a) * host(b)); }
void div(const Tensor& out, const Tensor& a, const Tensor& b) { give(out, host(a) / host(b)); }
void mul_number(const Tensor& out, const Tensor& a, const Scalar& b) { give(out, host(a) * b); }
void relu(const Tensor& out, const Tensor& a) { give(out, host(a).relu()); }
void threshold_backward(const Tensor& out, const Tensor& grad, const Tensor& self,
                        const Scalar& threshold) {
  give(out, at::threshold_backward(host(grad), host(self), threshold));
}
void mm(const Tensor& out, const Tensor& a, const Tensor& b) { give(out, host(a).mm(host(b))); }
void addmm(const Tensor& out, const Tensor& self, const Tensor& a, const Tensor& b,
           const Scalar& beta, const Scalar& alpha) {
  give(out, at::addmm(host(self), host(a), host(b), beta, alpha));
}
void sum(const Tensor& out, const Tensor& a, std::optional<at::ScalarType> dtype) {
  give(out, host(a).sum(dtype));
}
void sum_dim(const Tensor& out, const Tensor& a, at::OptionalIntArrayRef dim, bool keepdim,
             std::optional<at::ScalarType> dtype) {
  give(out, host(a).sum(dim, keepdim, dtype));
}
void mse_loss(const Tensor& out, const Tensor& a, const Tensor& b, int64_t reduction) {
  give(out, at::mse_loss(host(a), host(b), reduction));
}
void mse_loss_backward(const Tensor& out, const Tensor& grad, const Tensor& a, const Tensor& b,
                       int64_t reduction) {
  give(out, at::mse_loss_backward(host(grad), host(a), host(b), reduction));
}
// A direct operator: its kernel makes the result.
Tensor nonzero(const Tensor& self) {
  kernel_calls++;
  return host(self).nonzero().to(self.device());
}

template <typename F>
void (*kernel(F* f))() {
  return reinterpret_cast<void (*)()>(f);
}

const pharos::DeviceKernel kKernels[] = {
    {"aten::add.Tensor", kernel(add)},
    {"aten::sub.Tensor", kernel(sub)},
    {"aten::mul.Tensor", kernel(mul)},
    {"aten::mul.Scalar", kernel(mul_number)},
    {"aten::div.Tensor", kernel(div)},
    {"aten::relu", kernel(relu)},
    {"aten::threshold_backward", kernel(threshold_backward)},
    {"aten::mm", kernel(mm)},
    {"aten::addmm", kernel(addmm)},
    {"aten::sum", kernel(sum)},
    {"aten::sum.dim_IntList", kernel(sum_dim)},
    {"aten::mse_loss", kernel(mse_loss)},
    {"aten::mse_loss_backward", kernel(mse_loss_backward)},
    {"aten::nonzero", kernel(nonzero)},
};

FakeAllocator allocator;
pharos::DeviceRow row;

}  // namespace

#define FAKE_API extern "C" __attribute__((visibility("default")))

// Registers the device; a `version` of 0 stands for the one this file was compiled for.
FAKE_API void fake_device_register(int version, const char* extra_kernel) {
  static pharos::DeviceKernel with_extra[std::size(kKernels) + 1];
  std::copy(std::begin(kKernels), std::end(kKernels), with_extra);
  row.name = "fake";
  row.kernels = with_extra;
  row.kernel_count = std::size(kKernels);
  if (extra_kernel) with_extra[row.kernel_count++] = {extra_kernel, kernel(relu)};
  if (version) row.version = version;
  row.copy = copy;
  row.synchronize = [](c10::DeviceIndex) {};
  row.device_count = [] { return c10::DeviceIndex{1}; };
  row.manual_seed = [](uint64_t s) { seed = s; };
  pharos::register_device(kDevice, &row);
  c10::SetAllocator(kDevice, &allocator);
}
FAKE_API int64_t fake_device_blocks() { return live_blocks; }
FAKE_API int64_t fake_device_kernel_calls() { return kernel_calls; }
FAKE_API int64_t fake_device_copies() { return copies; }
FAKE_API uint64_t fake_device_seed() { return seed; }
