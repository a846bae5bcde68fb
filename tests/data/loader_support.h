// Datasets and small helpers for the loader's tests.
#pragma once

#include <pharos/pharos.h>

#include <ostream>
#include <stdexcept>
#include <string>
#include <vector>

namespace pharos_test {

using torch::data::DataLoaderOptions;
using torch::data::Example;
namespace datasets = torch::data::datasets;
namespace samplers = torch::data::samplers;
namespace transforms = torch::data::transforms;
using at::Tensor;

inline uint64_t draw() {
  at::Generator generator = at::detail::getDefaultCPUGenerator();
  return generator.get<at::CPUGeneratorImpl>()->random64();
}

// Gives its index, and a random number if it is to.
struct Drawn {
  size_t index = 0;
  uint64_t number = 0;
  uint64_t later = 0;
  bool operator==(const Drawn& o) const {
    return index == o.index && number == o.number && later == o.later;
  }
};
inline std::ostream& operator<<(std::ostream& out, const Drawn& d) {
  return out << d.index << ':' << d.number << ':' << d.later;
}

struct Numbers : datasets::Dataset<Numbers, Drawn> {
  explicit Numbers(size_t n, std::vector<size_t> bad = {}) : n(n), bad(std::move(bad)) {}
  Drawn get(size_t index) override {
    for (size_t b : bad) {
      if (b == index) throw std::runtime_error("no such number");
    }
    return {index, draw(), 0};
  }
  std::optional<size_t> size() const override { return n; }
  size_t n;
  std::vector<size_t> bad;
};

// A second random stage.
struct DrawLater : transforms::Transform<Drawn, Drawn> {
  Drawn apply(Drawn d) override {
    d.later = draw();
    return d;
  }
};

using Batch = std::vector<Drawn>;
using Batches = std::vector<Batch>;

template <typename Loader>
Batches collect(Loader& loader) {
  Batches all;
  for (Batch& batch : loader) all.push_back(batch);
  return all;
}

inline std::vector<size_t> indices(const Batches& batches) {
  std::vector<size_t> all;
  for (const Batch& b : batches) {
    for (const Drawn& d : b) all.push_back(d.index);
  }
  return all;
}

}  // namespace pharos_test
