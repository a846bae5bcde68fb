// The registry of sample tables and the makers of their inputs.
#include "ops/samples.h"

namespace pharos::testing {

Samples& Samples::tolerance(double r, double a, const char*) {
  rtol = r;
  atol = a;
  return *this;
}
Samples& Samples::half_tolerance(double a, const char*) {
  half = a;
  return *this;
}
Samples& Samples::skip_gradient(const char*) {
  gradient = second_gradient = false;
  return *this;
}
Samples& Samples::skip_second_gradient(const char*) {
  second_gradient = false;
  return *this;
}
Samples& Samples::no_gradient_of_last(const char*) {
  samples_.back().gradient = false;
  return *this;
}
Samples& Samples::constant(std::initializer_list<const char*> names) {
  constants.assign(names.begin(), names.end());
  return *this;
}
Samples& Samples::other_bits_interposed(const char*) {
  interposed_bits = false;
  return *this;
}
Samples& Samples::skip_golden(const char*) {
  golden = false;
  return *this;
}
Samples& Samples::uninitialised() {
  unset = true;
  return *this;
}
Samples& Samples::data_dependent_shape() {
  meta = false;
  return *this;
}
Samples& Samples::data_dependent_shape_of_last() {
  samples_.back().meta = false;
  return *this;
}
Samples& Samples::no_derivative() {
  underived = true;
  return *this;
}
Samples& Samples::exact() {
  bits = true;
  return *this;
}
Samples& Samples::by_memory_order() {
  memory_order = true;
  return *this;
}
Samples& Samples::only_base_dtype(const char*) {
  dtypes = false;
  return *this;
}

namespace {
struct Entry {
  const char* row;
  void (*fill)(Samples&);
};
std::vector<Entry>& entries() {
  static auto* const list = new std::vector<Entry>;
  return *list;
}
}  // namespace

Registration::Registration(const char* row, void (*fill)(Samples&)) {
  entries().push_back({row, fill});
}

std::vector<Samples>& all_samples() {
  static std::vector<Samples> tables = [] {
    std::vector<Samples> list;
    for (const Entry& e : entries()) {
      // A stream of its own for each table, so that adding one does not change the others.
      uint64_t seed = 1469598103934665603u;
      for (const char* c = e.row; *c; ++c)
        seed = (seed ^ static_cast<unsigned char>(*c)) * 1099511628211u;
      at::manual_seed(seed & 0xffffffffu);
      list.emplace_back(e.row);
      e.fill(list.back());
    }
    return list;
  }();
  return tables;
}

Tensor uniform(c10::IntArrayRef sizes, double low, double high) {
  return at::rand(sizes) * (high - low) + low;
}
Tensor ints(c10::IntArrayRef sizes, int64_t low, int64_t high) {
  return at::randint(low, high, sizes, at::kLong);
}
Tensor bools(c10::IntArrayRef sizes) { return at::rand(sizes).gt(0.5); }

Tensor strided(const Tensor& t) {
  if (t.dim() == 0) return at::stack({t, t})[1];
  // Twice as long in memory along the first dim, dims reversed.
  std::vector<int64_t> reversed;
  for (int64_t d = t.dim(); d-- > 0;) reversed.push_back(d);
  const Tensor wide = at::stack({t, t}, 0)
                          .permute([&] {
                            std::vector<int64_t> order;
                            for (int64_t d = t.dim(); d > 0; --d) order.push_back(d);
                            order.push_back(0);
                            return order;
                          }())
                          .contiguous();
  return wide.select(-1, 1).permute(reversed);
}
Tensor channels_last(const Tensor& t) {
  return t.contiguous(t.dim() == 5 ? at::MemoryFormat::ChannelsLast3d
                                   : at::MemoryFormat::ChannelsLast);
}
Tensor complex(c10::IntArrayRef sizes) { return at::randn(sizes, at::kComplexFloat); }
Tensor distinct(c10::IntArrayRef sizes) {
  int64_t n = 1;
  for (int64_t s : sizes) n *= s;
  return at::randperm(n, at::kFloat).reshape(sizes);
}

}  // namespace pharos::testing
