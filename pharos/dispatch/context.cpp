// at::globalContext().
#include <pharos/context.h>
#include <pharos/core/exception.h>
#include <pharos/cuda.h>

namespace at {

Context& globalContext() {
  static Context* context = new Context;
  return *context;
}

const Generator& Context::defaultGenerator(c10::Device device) const {
  TORCH_CHECK(device.is_cpu(), "defaultGenerator: there is none for device ", device);
  return detail::getDefaultCPUGenerator();
}

// Compiled in: oneDNN on libgomp; LAPACK is opened at its first use.
bool Context::hasOpenMP() { return true; }
bool Context::hasMKL() { return false; }
bool Context::hasLAPACK() { return true; }
bool Context::hasMKLDNN() { return true; }
bool Context::hasCUDA() { return torch::cuda::is_available(); }
bool Context::hasMPS() { return false; }

}  // namespace at
