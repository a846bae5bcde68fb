// The caches of oneDNN convolutions: how much they hold, and their use by many threads at once.
#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "core/contents.h"
#include "kernels/cpu/conv.h"
#include "kernels/cpu/packed_weights.h"
#include "kernels/cpu/parallel.h"

namespace {
using namespace pharos::cpu;
using Floats = std::vector<float>;

constexpr int64_t kChannels = 16, kSide = 8, kLimit = int64_t{256} << 20;
constexpr int64_t kWeights = kChannels * kChannels * 9;

ConvShape shape(int64_t batch = 1) {
  const int64_t in[2] = {kSide, kSide}, kernel[2] = {3, 3}, one[2] = {1, 1};
  return make_conv_shape(2, batch, kChannels, kChannels, 1, in, kernel, one, one, one);
}

Floats numbers(int64_t n, int seed) {
  Floats v(static_cast<size_t>(n));
  for (size_t i = 0; i < v.size(); ++i)
    v[i] = static_cast<float>((i * 7 + static_cast<size_t>(seed) * 13) % 11) - 5;
  return v;
}

Floats run(const ConvShape& s, const Floats& x, const Floats& w, WeightKey key) {
  Floats y(static_cast<size_t>(s.batch * kChannels * kSide * kSide));
  conv_forward(DType::kFloat, s, x.data(), w.data(), nullptr, y.data(), key, ConvImpl::kOneDnn);
  return y;
}

class ConvCaches : public ::testing::Test {
 protected:
  void SetUp() override { clear_packed_weights(); }
  void TearDown() override {
    set_packed_weight_limit(kLimit);
    clear_packed_weights();
  }
  ConvShape s = shape();
  Floats x = numbers(kChannels * kSide * kSide, 1);
};

TEST_F(ConvCaches, PrimitivesAreBounded) {
  const int saved = pharos::get_num_threads();
  pharos::set_num_threads(1);
  for (size_t batch = 1; batch <= kMaxConvPrimitives + 20; ++batch) {
    const ConvShape one = shape(static_cast<int64_t>(batch));
    const Floats in = numbers(one.batch * kChannels * kSide * kSide, 1);
    run(one, in, numbers(kWeights, 2), {});
    ASSERT_LE(conv_primitive_count(), kMaxConvPrimitives);
  }
  EXPECT_EQ(conv_primitive_count(), kMaxConvPrimitives);
  pharos::set_num_threads(saved);
}

TEST_F(ConvCaches, WeightsAreKeptFromTheirSecondUseOn) {
  const Floats w = numbers(kWeights, 2);
  run(s, x, w, {100, 0});
  EXPECT_EQ(packed_weight_use().bytes, 0);
  run(s, x, w, {100, 0});
  EXPECT_EQ(packed_weight_use().bytes, kWeights * 4);
  run(s, x, w, {100, 1});
  EXPECT_EQ(packed_weight_use().bytes, 0);
  EXPECT_EQ(packed_weight_use().slots, 1u);
}

TEST_F(ConvCaches, ForgottenContentsAreGone) {
  const Floats w = numbers(kWeights, 2);
  for (uint64_t id : {100, 101})
    for (int use = 0; use < 2; ++use) run(s, x, w, {id, 0});
  pharos::forget_contents(100);
  EXPECT_EQ(packed_weight_use().bytes, kWeights * 4);
  pharos::forget_contents(100);
  pharos::forget_contents(101);
  EXPECT_EQ(packed_weight_use().slots, 0u);
}

TEST_F(ConvCaches, BytesAreBounded) {
  set_packed_weight_limit(4 * kWeights * 4);
  std::vector<Floats> w;
  for (int i = 0; i < 10; ++i) w.push_back(numbers(kWeights, i));
  auto use_all = [&](uint64_t first, size_t begin, size_t end) {
    for (size_t i = begin; i < end; ++i) {
      ASSERT_EQ(run(s, x, w[i], {first + i, 0}), run(s, x, w[i], {}));
      ASSERT_LE(packed_weight_use().bytes, 4 * kWeights * 4);
    }
  };
  auto kept = [&](uint64_t id, const Floats& weight) {
    const Floats other = numbers(kWeights, 99);
    Floats copy = weight;
    const Floats want = run(s, x, weight, {});
    // A kept weight is not read: other numbers at its address change nothing.
    Floats& at = const_cast<Floats&>(weight);
    at = other;
    const bool same = run(s, x, at, {id, 0}) == want;
    at = copy;
    return same;
  };
  for (int round = 0; round < 3; ++round) use_all(100, 0, 10);
  EXPECT_EQ(packed_weight_use().bytes, 4 * kWeights * 4);
  // Ten weights that take turns do not push each other out.
  for (size_t i = 0; i < 4; ++i) EXPECT_TRUE(kept(100 + i, w[i])) << i;
  // Those that are used no more make room.
  for (int round = 0; round < 3; ++round) use_all(200, 0, 3);
  for (size_t i = 0; i < 3; ++i) EXPECT_TRUE(kept(200 + i, w[i])) << i;
  set_packed_weight_limit(kWeights * 4);
  EXPECT_EQ(packed_weight_use().bytes, kWeights * 4);
  set_packed_weight_limit(0);
  for (int round = 0; round < 3; ++round) use_all(300, 0, 3);
  EXPECT_EQ(packed_weight_use().bytes, 0);
}

TEST_F(ConvCaches, SlotsAreBounded) {
  const dnnl::memory::desc layout({16, 16, 3, 3}, dnnl::memory::data_type::f32,
                                  dnnl::memory::format_tag::ABcd8b8a);
  for (uint64_t id = 1000; id < 1000 + kMaxPackedSlots + 50; ++id)
    find_packed_weight({id, 0}, &layout, layout);
  EXPECT_EQ(packed_weight_use().slots, kMaxPackedSlots);
}

TEST_F(ConvCaches, UsedByManyThreads) {
  const Floats shared = numbers(kWeights, 3), want = run(s, x, shared, {});
  std::atomic<int> wrong{0};
  std::atomic<uint64_t> next{1000};
  set_packed_weight_limit(5 * kWeights * 4);
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      const Floats own = numbers(kWeights, 10 + t), own_want = run(s, x, own, {});
      for (int i = 0; i < 60; ++i) {
        if (run(s, x, shared, {500, static_cast<uint64_t>(i / 20)}) != want) ++wrong;
        const uint64_t id = next++;
        for (int use = 0; use < 3; ++use)
          if (run(s, x, own, {id, 0}) != own_want) ++wrong;
        pharos::forget_contents(id);
        if (i % 16 == t) clear_packed_weights();
      }
    });
  }
  for (auto& t : threads) t.join();
  EXPECT_EQ(wrong, 0);
}

// After a call of oneDNN, jobs run on its OpenMP team: once each item, in chunks of the grain.
TEST_F(ConvCaches, JobsAfterAConvolution) {
  const int saved = pharos::get_num_threads();
  for (int threads : {2, 3, 1}) {
    pharos::set_num_threads(threads);
    const Floats w = numbers(kWeights, 2), want = run(s, x, w, {});
    for (int job = 0; job < 200; ++job) {
      std::vector<std::atomic<int>> hits(1000);
      std::atomic<int> bad{0};
      parallel_for(0, 1000, 7, [&](int64_t b, int64_t e) {
        if (b % 7 != 0 || get_thread_num() >= threads) ++bad;
        if (threads > 1 && !in_parallel_region()) ++bad;
        parallel_for(b, e, 1, [&](int64_t i, int64_t) { ++hits[static_cast<size_t>(i)]; });
      });
      ASSERT_FALSE(in_parallel_region());
      ASSERT_EQ(bad, 0);
      for (auto& h : hits) ASSERT_EQ(h, 1);
    }
    EXPECT_THROW(parallel_for(0, 100, 1, [](int64_t, int64_t) { throw 1; }), int);
    EXPECT_EQ(run(s, x, w, {}), want);
  }
  pharos::set_num_threads(saved);
}

TEST_F(ConvCaches, JobsOfSeveralThreadsAfterConvolutions) {
  const int saved = pharos::get_num_threads();
  pharos::set_num_threads(3);
  std::atomic<int64_t> sum{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 3; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 20; ++i) {
        run(s, x, numbers(kWeights, 2), {});
        parallel_for(0, 1000, 10, [&](int64_t b, int64_t e) { sum += e - b; });
      }
    });
  }
  for (auto& t : threads) t.join();
  EXPECT_EQ(sum, 60000);
  pharos::set_num_threads(saved);
}

}  // namespace
