// Generators: the CPU generator around the Mersenne twister, the default one, non-deterministic
// seeds.
#include <pharos/core/exception.h>
#include <pharos/core/generator.h>

#include <atomic>
#include <mutex>
#include <random>

#include "core/devices.h"
#include "core/mt19937.h"
#include "core/random_scope.h"

namespace pharos {
namespace {
std::atomic<void (*)(uint64_t)>
    device_seeds[static_cast<int>(c10::DeviceType::COMPILE_TIME_MAX_DEVICE_TYPES)];
}  // namespace

void seed_device_with(c10::DeviceType type, void (*f)(uint64_t)) {
  device_seeds[static_cast<int>(type)].store(f, std::memory_order_release);
}

}  // namespace pharos

namespace c10 {

GeneratorImpl::GeneratorImpl(Device device) : device_(device), mutex_(new std::mutex) {}
GeneratorImpl::~GeneratorImpl() { delete mutex_; }

void GeneratorImpl::set_offset(uint64_t) {
  TORCH_CHECK(false, DeviceTypeName(device_.type()), " Generator does not use offset");
}

uint64_t GeneratorImpl::get_offset() const {
  TORCH_CHECK(false, DeviceTypeName(device_.type()), " Generator does not use offset");
}

namespace detail {

uint64_t getNonDeterministicRandom(bool is_cuda) {
  std::random_device device;
  const uint64_t high = device();
  const uint64_t value = high << 32 | device();
  // PyTorch keeps device seeds to what a double holds.
  return is_cuda ? value & ((uint64_t{1} << 53) - 1) : value;
}

}  // namespace detail
}  // namespace c10

namespace at {

CPUGeneratorImpl::CPUGeneratorImpl(uint64_t seed)
    : GeneratorImpl(c10::DeviceType::CPU), engine_(new pharos::Mt19937(seed)) {}

CPUGeneratorImpl::~CPUGeneratorImpl() { delete engine_; }

void CPUGeneratorImpl::set_current_seed(uint64_t seed) { engine_->seed(seed); }
uint64_t CPUGeneratorImpl::current_seed() const { return engine_->initial_seed(); }

uint64_t CPUGeneratorImpl::seed() {
  const uint64_t seed = c10::detail::getNonDeterministicRandom();
  set_current_seed(seed);
  return seed;
}

c10::intrusive_ptr<c10::GeneratorImpl> CPUGeneratorImpl::clone() const {
  auto copy = c10::make_intrusive<CPUGeneratorImpl>();
  *copy->engine_ = *engine_;
  return copy;
}

std::vector<uint8_t> CPUGeneratorImpl::get_state_bytes() const {
  std::vector<uint8_t> bytes(pharos::Mt19937::kStateBytes);
  engine_->save(bytes.data());
  return bytes;
}

void CPUGeneratorImpl::set_state_bytes(const uint8_t* bytes, size_t n) { engine_->load(bytes, n); }

uint32_t CPUGeneratorImpl::random() { return engine_->next32(); }
uint64_t CPUGeneratorImpl::random64() { return engine_->next64(); }

std::optional<double> CPUGeneratorImpl::next_double_normal_sample() const {
  return engine_->cached_normal();
}

void CPUGeneratorImpl::set_next_double_normal_sample(std::optional<double> value) {
  engine_->cache_normal(value);
}

Generator::Generator(c10::intrusive_ptr<c10::GeneratorImpl> impl) : impl_(std::move(impl)) {
  TORCH_CHECK(impl_.defined(), "GeneratorImpl with nullptr is not supported");
}

Generator Generator::clone() const { return Generator(impl_->clone()); }

namespace detail {

const Generator& getDefaultCPUGenerator() {
  if (pharos::RandomScope* scope = pharos::RandomScope::current()) return scope->generator();
  // Never destroyed, so that destructors of other globals may still draw.
  static const Generator& generator =
      *new Generator(createCPUGenerator(c10::detail::getNonDeterministicRandom()));
  return generator;
}

Generator createCPUGenerator(uint64_t seed) { return make_generator<CPUGeneratorImpl>(seed); }

void check_generator_device(const std::optional<Generator>& gen, c10::DeviceType type) {
  TORCH_CHECK(gen.has_value(), "Expected Generator but received nullopt");
  TORCH_CHECK(gen->defined(), "Generator with undefined implementation is not allowed");
  TORCH_CHECK(gen->device().type() == type, "Expected a '", type,
              "' device type for generator but found '", gen->device().type(), "'");
}

}  // namespace detail

void manual_seed(uint64_t seed) {
  Generator generator = detail::getDefaultCPUGenerator();
  {
    const std::lock_guard<std::mutex> lock(generator.mutex());
    generator.set_current_seed(seed);
  }
  for (const auto& f : pharos::device_seeds)
    if (auto* seed_device = f.load(std::memory_order_acquire)) seed_device(seed);
}

}  // namespace at
