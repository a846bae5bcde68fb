// at::Generator as a program sees it: seeds, copies, locks, the default generator, errors.
#include <gtest/gtest.h>
#include <pharos/core/exception.h>
#include <pharos/core/generator.h>

#include <mutex>
#include <string>

namespace {

using at::CPUGeneratorImpl;
using at::Generator;

template <typename F>
std::string error_of(F&& f) {
  try {
    f();
  } catch (const c10::Error& error) {
    return error.msg();
  }
  return "";
}

TEST(Generator, IsANullHandleUntilGivenAnImpl) {
  EXPECT_FALSE(Generator().defined());
  EXPECT_TRUE(Generator() == Generator());
  EXPECT_EQ(error_of([] { Generator(c10::intrusive_ptr<c10::GeneratorImpl>()); }),
            "GeneratorImpl with nullptr is not supported");
}

TEST(Generator, StartsAtPyTorchsSeed) {
  Generator gen = at::detail::createCPUGenerator();
  EXPECT_EQ(gen.current_seed(), 67280421310721U);
  EXPECT_TRUE(gen.device().is_cpu());
}

// The first words of the standard's mt19937 for its default seed.
TEST(Generator, DrawsTheReferenceWords) {
  Generator gen = at::make_generator<CPUGeneratorImpl>(5489);
  auto* cpu = at::check_generator<CPUGeneratorImpl>(gen);
  EXPECT_EQ(cpu->random(), 3499211612U);
  EXPECT_EQ(cpu->random64(), uint64_t{581869302} << 32 | 3890346734U);
}

TEST(Generator, SeedsRestartTheStream) {
  Generator gen = at::make_generator<CPUGeneratorImpl>(1);
  auto* cpu = gen.get<CPUGeneratorImpl>();
  const uint64_t first = cpu->random64();
  cpu->set_next_double_normal_sample(0.5);
  EXPECT_NE(cpu->random64(), first);
  gen.set_current_seed(1);
  EXPECT_EQ(cpu->random64(), first);
  EXPECT_FALSE(cpu->next_double_normal_sample().has_value());
  const uint64_t seed = gen.seed();
  EXPECT_EQ(gen.current_seed(), seed);
  EXPECT_NE(gen.seed(), seed);
}

TEST(Generator, HandlesShareAndClonesDoNot) {
  Generator gen = at::make_generator<CPUGeneratorImpl>(3);
  gen.get<CPUGeneratorImpl>()->set_next_double_normal_sample(1.25);
  Generator handle = gen;
  Generator copy = gen.clone();
  EXPECT_TRUE(handle == gen);
  EXPECT_TRUE(copy != gen);
  EXPECT_EQ(copy.current_seed(), 3U);
  EXPECT_EQ(copy.get<CPUGeneratorImpl>()->next_double_normal_sample(), 1.25);
  const uint32_t word = handle.get<CPUGeneratorImpl>()->random();
  EXPECT_EQ(copy.get<CPUGeneratorImpl>()->random(), word);
  EXPECT_NE(gen.get<CPUGeneratorImpl>()->random(), word);
}

TEST(Generator, StateBytesRestoreTheStream) {
  Generator gen = at::make_generator<CPUGeneratorImpl>(7);
  auto* cpu = gen.get<CPUGeneratorImpl>();
  cpu->random();
  const auto state = cpu->get_state_bytes();
  ASSERT_EQ(state.size(), 5056U);
  const uint64_t next = cpu->random64();
  cpu->set_current_seed(99);
  cpu->set_state_bytes(state.data(), state.size());
  EXPECT_EQ(cpu->current_seed(), 7U);
  EXPECT_EQ(cpu->random64(), next);
  EXPECT_EQ(error_of([&] { cpu->set_state_bytes(state.data(), 3); }),
            "Expected a CPUGeneratorImplState of size 5056 but found the input RNG state size to "
            "be 3");
}

TEST(Generator, ManualSeedSetsTheDefaultOne) {
  Generator gen = at::detail::getDefaultCPUGenerator();
  torch::manual_seed(42);
  EXPECT_EQ(gen.current_seed(), 42U);
  const uint32_t word = gen.get<CPUGeneratorImpl>()->random();
  Generator own = at::make_generator<CPUGeneratorImpl>(42);
  EXPECT_EQ(word, own.get<CPUGeneratorImpl>()->random());
  at::manual_seed(42);
  EXPECT_EQ(at::get_generator_or_default<CPUGeneratorImpl>(std::nullopt, gen)->random(), word);
}

TEST(Generator, LocksLikeLibTorchs) {
  Generator gen = at::make_generator<CPUGeneratorImpl>(1);
  {
    std::lock_guard<std::mutex> lock(gen.mutex());
    EXPECT_FALSE(gen.mutex().try_lock());
  }
  EXPECT_TRUE(gen.mutex().try_lock());
  gen.mutex().unlock();
}

TEST(Generator, SaysWhatIsWrong) {
  Generator gen = at::make_generator<CPUGeneratorImpl>(1);
  EXPECT_EQ(error_of([&] { gen.get_offset(); }), "CPU Generator does not use offset");
  EXPECT_EQ(error_of([&] { gen.set_offset(4); }), "CPU Generator does not use offset");
  EXPECT_EQ(error_of([] { at::check_generator<CPUGeneratorImpl>(std::nullopt); }),
            "Expected Generator but received nullopt");
  EXPECT_EQ(error_of([] { at::check_generator<CPUGeneratorImpl>(Generator()); }),
            "Generator with undefined implementation is not allowed");
}

}  // namespace
