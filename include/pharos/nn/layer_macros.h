// The two shapes that most layers' classes have, so that each is declared in one line.
#pragma once

#include <pharos/nn/any.h>
#include <pharos/nn/arg.h>
#include <pharos/nn/enum.h>

// XImpl with `XOptions options` that can be left out, forward(Input) and the holder X.
#define PHAROS_LAYER(X, Input)                              \
  class PHAROS_API X##Impl : public BuiltinModule {         \
    PHAROS_MODULE(X##Impl)                                  \
    explicit X##Impl(const X##Options& options_ = {});      \
    void reset() override;                                  \
    void pretty_print(std::ostream& stream) const override; \
    Tensor forward(Input input);                            \
    X##Options options;                                     \
  };                                                        \
  PHAROS_HOLDER(X)
// The same without options.
#define PHAROS_PLAIN_LAYER(X)                               \
  class PHAROS_API X##Impl : public BuiltinModule {         \
    PHAROS_MODULE(X##Impl)                                  \
    X##Impl();                                              \
    void reset() override;                                  \
    void pretty_print(std::ostream& stream) const override; \
    Tensor forward(const Tensor& input);                    \
  };                                                        \
  PHAROS_HOLDER(X)
