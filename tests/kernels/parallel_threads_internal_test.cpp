// parallel_for: coverage of the range, fixed chunk boundaries, nesting, exceptions, fork, many
// callers.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <set>
#include <stdexcept>
#include <thread>
#include <vector>

#include "kernels/cpu/parallel.h"

namespace {
using pharos::cpu::parallel_for;

struct Threads {
  explicit Threads(int n) : saved(pharos::get_num_threads()) { pharos::set_num_threads(n); }
  ~Threads() { pharos::set_num_threads(saved); }
  int saved;
};

TEST(Parallel, CoversEveryItemOnceWithChunksThatDependOnGrainOnly) {
  for (int threads : {1, 2, 5}) {
    Threads guard(threads);
    for (int64_t n : {0, 1, 7, 64, 1000, 100003}) {
      for (int64_t grain : {1, 3, 64, 4096}) {
        std::vector<std::atomic<int>> hits(n);
        std::atomic<int> bad{0};
        parallel_for(5, 5 + n, grain, [&](int64_t b, int64_t e) {
          if ((b - 5) % grain != 0 || (e - b != grain && e != 5 + n)) ++bad;
          for (int64_t i = b; i < e; ++i) ++hits[i - 5];
        });
        EXPECT_EQ(bad, 0);
        for (auto& h : hits) ASSERT_EQ(h, 1);
      }
    }
  }
}

TEST(Parallel, NestedCallsRunSeriallyOnTheSameThread) {
  Threads guard(4);
  std::atomic<int64_t> sum{0};
  std::atomic<int> moved{0};
  parallel_for(0, 64, 1, [&](int64_t b, int64_t e) {
    const auto id = std::this_thread::get_id();
    for (int64_t i = b; i < e; ++i) {
      parallel_for(0, 100, 1, [&](int64_t b2, int64_t e2) {
        if (std::this_thread::get_id() != id) ++moved;
        sum += e2 - b2;
      });
    }
  });
  EXPECT_EQ(sum, 6400);
  EXPECT_EQ(moved, 0);
  EXPECT_FALSE(pharos::cpu::in_parallel_region());
}

TEST(Parallel, ExceptionsReachTheCallerAndThePoolSurvives) {
  Threads guard(3);
  for (int round = 0; round < 50; ++round) {
    EXPECT_THROW(parallel_for(0, 1000, 1,
                              [&](int64_t b, int64_t) {
                                if (b == 500) throw std::runtime_error("boom");
                              }),
                 std::runtime_error);
    std::atomic<int64_t> n{0};
    parallel_for(0, 1000, 10, [&](int64_t b, int64_t e) { n += e - b; });
    EXPECT_EQ(n, 1000);
  }
}

TEST(Parallel, ManyCallersAtOnce) {
  Threads guard(3);
  std::vector<std::thread> callers;
  std::atomic<int64_t> total{0};
  for (int t = 0; t < 6; ++t) {
    callers.emplace_back([&] {
      for (int r = 0; r < 300; ++r) {
        int64_t local = 0;
        std::atomic<int64_t> n{0};
        parallel_for(0, 257, 2, [&](int64_t b, int64_t e) { n += e - b; });
        local += n;
        total += local;
      }
    });
  }
  for (auto& c : callers) c.join();
  EXPECT_EQ(total, 6 * 300 * 257);
}

TEST(Parallel, AForkedChildStartsItsOwnPool) {
#if defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "the thread sanitizer refuses to start threads after fork";
#endif
  Threads guard(3);
  std::atomic<int64_t> n{0};
  parallel_for(0, 1000, 1, [&](int64_t b, int64_t e) { n += e - b; });
  const pid_t child = fork();
  if (child == 0) {
    alarm(20);
    std::atomic<int64_t> m{0};
    for (int r = 0; r < 20; ++r) {
      parallel_for(0, 1000, 1, [&](int64_t b, int64_t e) { m += e - b; });
    }
    _exit(m == 20000 ? 0 : 1);
  }
  int status = -1;
  waitpid(child, &status, 0);
  EXPECT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

TEST(Parallel, RefusesFewerThanOneThread) {
  EXPECT_THROW(pharos::set_num_threads(0), std::invalid_argument);
  EXPECT_GE(pharos::get_num_threads(), 1);
}
}  // namespace
