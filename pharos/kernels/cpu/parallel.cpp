// The thread pool behind parallel_for. One job at a time: a second caller that finds the pool busy
// runs its range serially, which is right both for nested calls and for many host threads.
// Chunks are claimed from a shared counter; a worker must join a job before it touches it, so the
// caller never waits for a worker that the system has not scheduled yet.
// A thread that has just run oneDNN lends its jobs to its OpenMP team instead: after each of
// oneDNN's calls that team spins for milliseconds on the cores that workers of our own would need.
#include "kernels/cpu/parallel.h"

#include <dlfcn.h>
#include <pthread.h>
#include <sched.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <mutex>
#include <new>
#include <stdexcept>
#include <string>
#include <thread>

#include "core/parallel_region.h"

namespace pharos {
namespace {

constexpr int kMaxThreads = 1024;

// CPU quota of the container in whole CPUs (rounded up), or 0 where there is none.
int cgroup_cpus() {
  long long quota = 0, period = 0;
  if (FILE* f = std::fopen("/sys/fs/cgroup/cpu.max", "r")) {
    const int got = std::fscanf(f, "%lld %lld", &quota, &period);
    std::fclose(f);
    if (got != 2) return 0;
  } else {
    FILE* q = std::fopen("/sys/fs/cgroup/cpu/cpu.cfs_quota_us", "r");
    FILE* p = std::fopen("/sys/fs/cgroup/cpu/cpu.cfs_period_us", "r");
    const bool ok =
        q && p && std::fscanf(q, "%lld", &quota) == 1 && std::fscanf(p, "%lld", &period) == 1;
    if (q) std::fclose(q);
    if (p) std::fclose(p);
    if (!ok) return 0;
  }
  if (quota <= 0 || period <= 0) return 0;
  const long long cpus = (quota + period - 1) / period;
  return cpus > kMaxThreads ? kMaxThreads : static_cast<int>(cpus);
}

int env_threads(const char* name) {
  const char* text = std::getenv(name);
  if (text == nullptr) return 0;
  char* rest = nullptr;
  errno = 0;
  const long n = std::strtol(text, &rest, 10);  // "4,2" (nested levels) gives 4
  if (rest == text || errno != 0 || n < 1) return 0;
  return n > kMaxThreads ? kMaxThreads : static_cast<int>(n);
}

int default_threads() {
  if (int n = env_threads("PHAROS_NUM_THREADS")) return n;
  if (int n = env_threads("OMP_NUM_THREADS")) return n;
  int n = static_cast<int>(std::thread::hardware_concurrency());
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) == 0) {
    const int allowed = CPU_COUNT(&set);
    if (n <= 0 || allowed < n) n = allowed;
  }
  const int quota = cgroup_cpus();
  if (quota > 0 && quota < n) n = quota;
  if (n > kMaxThreads) n = kMaxThreads;
  return n > 0 ? n : 1;
}

std::atomic<int> num_threads{0};
std::atomic<int> num_interop_threads{0};

thread_local int thread_num = 0;

inline void pause_cpu() {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

struct Job {
  cpu::ChunkFn fn = nullptr;
  void* context = nullptr;
  int64_t begin = 0, end = 0, grain = 1, chunks = 0, batch = 1;
  std::exception_ptr error;
  std::atomic<bool> failed{false};
};

// Members are public on purpose: this is a leaked singleton with a fork handler.
struct Pool {
  std::mutex busy;  // held by the caller of the running job
  Job job;
  alignas(64) std::atomic<int64_t> next_chunk{0};
  // Bit 31: open for joining; bits 0..30: workers inside the job.
  alignas(64) std::atomic<uint32_t> gate{0};
  alignas(64) std::atomic<uint32_t> epoch{0};
  std::atomic<int> participants{0};  // workers with index < participants may join
  int workers = 0;
  std::mutex error_lock;

  static constexpr uint32_t kOpen = 1u << 31;
  static constexpr int kSpins = 2000;  // some 20 to 60 us: back-to-back kernels find awake workers

  void start_workers(int wanted);
  void work(int index);
  bool join();
  void leave();
  void run_chunks();
  void run(int threads);
  void run_on_team(int threads);
  void open(int participants_now);
  void close();
};

Pool* new_pool() { return new Pool; }
Pool* pool = nullptr;
std::once_flag pool_once;
std::atomic<bool> omp_used{false};          // oneDNN has run in this process
std::atomic<bool> omp_lost_in_fork{false};  // libgomp's own threads did not survive the fork

void before_fork() { pool->busy.lock(); }
void after_fork_parent() { pool->busy.unlock(); }
void after_fork_child() {
  // The workers are gone and the old pool's state cannot be trusted: leak it, start afresh.
  pool = new_pool();
  thread_num = 0;
  serial_kernels = false;
  if (omp_used) omp_lost_in_fork = true;
}

Pool& get_pool() {
  std::call_once(pool_once, [] {
    pool = new_pool();
    pthread_atfork(before_fork, after_fork_parent, after_fork_child);
  });
  return *pool;
}

void Pool::start_workers(int wanted) {
  while (workers < wanted) {
    const int index = workers;
    try {
      std::thread([this, index] { work(index); }).detach();
    } catch (const std::exception&) {
      return;  // the limit of the system: go on with what we have
    }
    ++workers;
  }
}

bool Pool::join() {
  uint32_t g = gate.load(std::memory_order_relaxed);
  while (g & kOpen) {
    if (gate.compare_exchange_weak(g, g + 1, std::memory_order_acquire)) return true;
  }
  return false;
}

void Pool::leave() {
  if (gate.fetch_sub(1, std::memory_order_release) == 1) gate.notify_all();
}

void Pool::work(int index) {
  thread_num = index + 1;
  serial_kernels = true;
  uint32_t seen = 0;
  for (;;) {
    uint32_t now = epoch.load(std::memory_order_acquire);
    for (int i = 0; now == seen && i < kSpins; ++i) {
      pause_cpu();
      now = epoch.load(std::memory_order_acquire);
    }
    if (now == seen) {
      epoch.wait(seen, std::memory_order_acquire);
      continue;
    }
    seen = now;
    // Joining first makes `participants` stable for as long as we stay inside.
    if (!join()) continue;
    if (index < participants.load(std::memory_order_relaxed)) run_chunks();
    leave();
  }
}

void Pool::run_chunks() {
  while (!job.failed.load(std::memory_order_relaxed)) {
    int64_t c = next_chunk.fetch_add(job.batch, std::memory_order_relaxed);
    if (c >= job.chunks) return;
    const int64_t stop = c + job.batch < job.chunks ? c + job.batch : job.chunks;
    try {
      for (; c < stop; ++c) {
        const int64_t b = job.begin + c * job.grain;
        job.fn(job.context, b, job.end - b > job.grain ? b + job.grain : job.end);
      }
    } catch (...) {
      std::lock_guard<std::mutex> lock(error_lock);
      if (!job.error) job.error = std::current_exception();
      job.failed.store(true, std::memory_order_relaxed);
    }
  }
}

void Pool::open(int participants_now) {
  participants.store(participants_now, std::memory_order_relaxed);
  next_chunk.store(0, std::memory_order_relaxed);
  gate.store(kOpen, std::memory_order_release);
}

// Waits for those inside.
void Pool::close() {
  uint32_t inside = gate.fetch_and(~kOpen, std::memory_order_acq_rel) & ~kOpen;
  for (int i = 0; inside != 0; ++i) {
    if (i < kSpins) {
      pause_cpu();
    } else {
      gate.wait(inside, std::memory_order_acquire);
    }
    inside = gate.load(std::memory_order_acquire);
  }
}

// `busy` is held and the job is filled in.
void Pool::run(int threads) {
  start_workers(threads - 1);
  open(threads - 1);
  epoch.fetch_add(1, std::memory_order_release);
  epoch.notify_all();
  serial_kernels = true;
  run_chunks();
  serial_kernels = false;
  close();
}

void run_serially(int64_t begin, int64_t end, int64_t grain, cpu::ChunkFn fn, void* context) {
  for (int64_t b = begin; b < end;) {
    const int64_t e = end - b > grain ? b + grain : end;
    fn(context, b, e);
    b = e;
  }
}

struct OmpFunctions {
  void (*set_num_threads)(int) = nullptr;
  int (*get_max_threads)() = nullptr;
  int (*in_parallel)() = nullptr;
  int (*get_thread_num)() = nullptr;
  // What the compiler calls at `#pragma omp parallel`.
  void (*parallel)(void (*body)(void*), void* data, unsigned threads, unsigned flags) = nullptr;
};

// libgomp is looked up instead of linked: it is there exactly when oneDNN brought it in.
const OmpFunctions& omp() {
  static const OmpFunctions functions = [] {
    auto find = [](const char* name) -> void* {
      if (void* f = dlsym(RTLD_DEFAULT, name)) return f;
      void* lib = dlopen("libgomp.so.1", RTLD_LAZY | RTLD_NOLOAD);
      return lib ? dlsym(lib, name) : nullptr;
    };
    OmpFunctions f;
    f.set_num_threads = reinterpret_cast<void (*)(int)>(find("omp_set_num_threads"));
    f.get_max_threads = reinterpret_cast<int (*)()>(find("omp_get_max_threads"));
    f.in_parallel = reinterpret_cast<int (*)()>(find("omp_in_parallel"));
    f.get_thread_num = reinterpret_cast<int (*)()>(find("omp_get_thread_num"));
    f.parallel = reinterpret_cast<decltype(f.parallel)>(find("GOMP_parallel"));
    return f;
  }();
  return functions;
}

// The OpenMP team that oneDNN last used on this thread, and how many jobs it still gets: without
// further calls of oneDNN its threads go to sleep.
struct OmpTeam {
  int threads = 0;
  int jobs = 0;
  static constexpr int kJobs = 64;
};
thread_local OmpTeam omp_team;

// Asking for another number of threads would end the team's threads or start new ones.
bool use_team(int threads) {
  if (omp_team.threads != threads || omp_team.jobs == 0 || omp_lost_in_fork) return false;
  if (omp().in_parallel && omp().in_parallel()) return false;
  --omp_team.jobs;
  return true;
}

// `busy` is held and the job is filled in. The team's threads join as our own do, which also tells
// the thread sanitizer how they are ordered.
void Pool::run_on_team(int threads) {
  open(threads - 1);
  omp().parallel(
      [](void* self) {
        Pool* p = static_cast<Pool*>(self);
        const int index = omp().get_thread_num();
        const bool is_caller = index == 0;
        if (!is_caller && !p->join()) return;
        const int saved = thread_num;
        if (!is_caller) thread_num = index;
        serial_kernels = true;
        p->run_chunks();
        serial_kernels = false;
        thread_num = saved;
        if (!is_caller) p->leave();
      },
      this, static_cast<unsigned>(threads), 0);
  close();
}

}  // namespace

int get_num_threads() noexcept {
  int n = num_threads.load(std::memory_order_relaxed);
  if (n == 0) {
    n = default_threads();
    int expected = 0;
    if (!num_threads.compare_exchange_strong(expected, n)) n = expected;
  }
  return n;
}

void set_num_threads(int n) {
  if (n < 1) {
    throw std::invalid_argument("Expected positive number of threads, got " + std::to_string(n));
  }
  num_threads.store(n > kMaxThreads ? kMaxThreads : n, std::memory_order_relaxed);
}

int get_num_interop_threads() noexcept {
  const int n = num_interop_threads.load(std::memory_order_relaxed);
  return n > 0 ? n : get_num_threads();
}

void set_num_interop_threads(int n) {
  if (n < 1) {
    throw std::invalid_argument("Expected positive number of threads, got " + std::to_string(n));
  }
  num_interop_threads.store(n, std::memory_order_relaxed);
}

namespace cpu {

bool in_parallel_region() noexcept { return serial_kernels; }
int get_thread_num() noexcept { return thread_num; }

void parallel_run(int64_t begin, int64_t end, int64_t grain, ChunkFn fn, void* context) {
  const int64_t chunks = (end - begin + grain - 1) / grain;
  int threads = get_num_threads();
  if (chunks < threads) threads = static_cast<int>(chunks);
  if (threads <= 1 || serial_kernels) return run_serially(begin, end, grain, fn, context);
  Pool& p = get_pool();
  std::unique_lock<std::mutex> lock(p.busy, std::try_to_lock);
  if (!lock.owns_lock()) return run_serially(begin, end, grain, fn, context);
  Job& job = p.job;
  job.fn = fn;
  job.context = context;
  job.begin = begin;
  job.end = end;
  job.grain = grain;
  job.chunks = chunks;
  // Several chunks per claim when there are very many: the counter must not become the cost.
  job.batch = chunks / (int64_t{16} * threads) + 1;
  job.failed.store(false, std::memory_order_relaxed);
  if (use_team(get_num_threads()))
    p.run_on_team(omp_team.threads);
  else
    p.run(threads);
  if (job.error) {
    std::exception_ptr error = job.error;
    job.error = nullptr;
    lock.unlock();
    std::rethrow_exception(error);
  }
}

OmpGuard::OmpGuard(int threads) noexcept {
  const OmpFunctions& f = omp();
  if (f.set_num_threads == nullptr || f.get_max_threads == nullptr) return;
  if (!omp_used) {
    get_pool();  // registers the fork handler
    omp_used = true;
  }
  const bool nested = serial_kernels || (f.in_parallel && f.in_parallel());
  threads_ = threads > 0 ? threads : get_num_threads();
  if (nested || omp_lost_in_fork) threads_ = 1;
  if (!nested && f.parallel && f.get_thread_num) omp_team = {threads_, OmpTeam::kJobs};
  const int now = f.get_max_threads();
  if (now != threads_) {
    saved_ = now;
    f.set_num_threads(threads_);
  }
}

OmpGuard::~OmpGuard() {
  if (saved_ != 0) omp().set_num_threads(saved_);
}

}  // namespace cpu
}  // namespace pharos
