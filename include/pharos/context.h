// at::globalContext(): the switches that programs set once at their start. What they switch on
// accelerators is up to a plug-in; here they keep their values.
#pragma once

#include <pharos/core/generator.h>

namespace at {

class PHAROS_API Context {
 public:
#define PHAROS_SWITCH(getter, setter, at_first)                             \
  bool getter() const { return getter##_.load(std::memory_order_relaxed); } \
  void setter(bool on) { getter##_.store(on, std::memory_order_relaxed); }  \
                                                                            \
 private:                                                                   \
  std::atomic<bool> getter##_{at_first};                                    \
                                                                            \
 public:
  PHAROS_SWITCH(userEnabledCuDNN, setUserEnabledCuDNN, true)
  PHAROS_SWITCH(userEnabledMkldnn, setUserEnabledMkldnn, true)
  PHAROS_SWITCH(benchmarkCuDNN, setBenchmarkCuDNN, false)
  PHAROS_SWITCH(deterministicCuDNN, setDeterministicCuDNN, false)
  PHAROS_SWITCH(allowTF32CuDNN, setAllowTF32CuDNN, true)
  PHAROS_SWITCH(allowTF32CuBLAS, setAllowTF32CuBLAS, false)
#undef PHAROS_SWITCH

  // All kernels of the library are deterministic, so there is nothing to switch off.
  bool deterministicAlgorithms() const { return deterministic_; }
  bool deterministicAlgorithmsWarnOnly() const { return deterministic_warn_only_; }
  void setDeterministicAlgorithms(bool on, bool warn_only = false) {
    deterministic_ = on;
    deterministic_warn_only_ = warn_only;
  }

  const Generator& defaultGenerator(c10::Device device) const;
  static bool hasOpenMP();
  static bool hasMKL();
  static bool hasLAPACK();
  static bool hasMKLDNN();
  static bool hasCUDA();
  static bool hasMPS();

 private:
  friend PHAROS_API Context& globalContext();
  Context() = default;
  std::atomic<bool> deterministic_{false}, deterministic_warn_only_{false};
};
PHAROS_API Context& globalContext();

}  // namespace at
