// Opens OpenBLAS and calls its LAPACK by the types' letters.
#include "kernels/cpu/lapack.h"
#include "kernels/cpu/no_kernel.h"

#include <dlfcn.h>

#include <algorithm>
#include <stdexcept>
#include <string>

#include "kernels/cpu/scratch.h"

namespace pharos::cpu::lapack {
namespace {

struct Library {
  void* handle = nullptr;
  std::string problem;

  Library() {
    for (const char* name : {"libopenblas.so.0", "libopenblas.so", "liblapack.so.3"}) {
      handle = dlopen(name, RTLD_NOW | RTLD_LOCAL);
      if (handle) break;
    }
    if (!handle) {
      problem =
          "linear algebra needs OpenBLAS (libopenblas.so.0), which was not found: install "
          "libopenblas0";
      return;
    }
    if (void* f = dlsym(handle, "openblas_set_num_threads")) reinterpret_cast<void (*)(int)>(f)(1);
  }
};

Library& library() {
  static Library l;
  return l;
}

int letter(DType type) {
  switch (type) {
    case DType::kFloat:
      return 0;
    case DType::kDouble:
      return 1;
    case DType::kComplexFloat:
      return 2;
    case DType::kComplexDouble:
      return 3;
    default:
      no_kernel("lapack", type);
  }
}

// The routine of each type, looked up once.
struct Routine {
  void* of[4];
  explicit Routine(const char* real, const char* complex = nullptr) {
    Library& l = library();
    if (!l.handle) throw std::runtime_error(l.problem);
    for (int i = 0; i < 4; ++i) {
      const std::string name = "sdcz"[i] + std::string(i > 1 && complex ? complex : real) + "_";
      of[i] = dlsym(l.handle, name.c_str());
      if (!of[i]) throw std::runtime_error("OpenBLAS lacks " + name);
    }
  }
  template <class... A>
  void operator()(DType type, A... args) const {
    reinterpret_cast<void (*)(A...)>(of[letter(type)])(args...);
  }
};

// Runs a routine that takes a workspace: once to learn its size, once to work.
template <class F>
void with_workspace(DType type, F&& f) {
  double query[2] = {0, 0};
  f(static_cast<void*>(query), -1);
  const bool is_double = type == DType::kDouble || type == DType::kComplexDouble;
  float single;
  __builtin_memcpy(&single, query, sizeof single);
  const int size = static_cast<int>(is_double ? query[0] : static_cast<double>(single));
  Scratch<char> work((size > 0 ? size : 1) * item_size(type));
  f(static_cast<void*>(work.get()), size > 0 ? size : 1);
}

}  // namespace

const char* unavailable() {
  const Library& l = library();
  return l.handle ? nullptr : l.problem.c_str();
}

int getrf(DType type, int m, int n, void* a, int lda, int* pivots) {
  static const Routine routine("getrf");
  int info = 0;
  routine(type, &m, &n, a, &lda, pivots, &info);
  return info;
}

void getrs(DType type, char trans, int n, int nrhs, const void* lu, int lda, const int* pivots,
           void* b, int ldb) {
  static const Routine routine("getrs");
  int info = 0;
  routine(type, &trans, &n, &nrhs, lu, &lda, pivots, b, &ldb, &info);
}

int potrf(DType type, char uplo, int n, void* a, int lda) {
  static const Routine routine("potrf");
  int info = 0;
  routine(type, &uplo, &n, a, &lda, &info);
  return info;
}

void geqrf(DType type, int m, int n, void* a, int lda, void* tau) {
  static const Routine routine("geqrf");
  with_workspace(type, [&](void* work, int size) {
    int info = 0;
    routine(type, &m, &n, a, &lda, tau, work, &size, &info);
  });
}

void orgqr(DType type, int m, int n, int k, void* a, int lda, const void* tau) {
  static const Routine routine("orgqr", "ungqr");
  with_workspace(type, [&](void* work, int size) {
    int info = 0;
    routine(type, &m, &n, &k, a, &lda, tau, work, &size, &info);
  });
}

void trsm(DType type, char side, char uplo, char trans, char diag, int m, int n, const void* a,
          int lda, void* b, int ldb) {
  static const Routine routine("trsm");
  const double one[2] = {1, 0};
  const float one_f[2] = {1, 0};
  const bool is_double = type == DType::kDouble || type == DType::kComplexDouble;
  const void* alpha = is_double ? static_cast<const void*>(one) : one_f;
  routine(type, &side, &uplo, &trans, &diag, &m, &n, alpha, a, &lda, b, &ldb);
}

int gesdd(DType type, char job, int m, int n, void* a, int lda, void* s, void* u, int ldu, void* vt,
          int ldvt) {
  static const Routine routine("gesdd");
  const bool is_complex = type == DType::kComplexFloat || type == DType::kComplexDouble;
  const int64_t small = m < n ? m : n, large = m < n ? n : m;
  Scratch<int> integers(8 * small);
  // What LAPACK's documentation asks for, the larger amount of its versions.
  const int64_t reals =
      job == 'N' ? 7 * small : small * std::max(5 * small + 7, 2 * large + 2 * small + 1);
  Scratch<double> real_work(is_complex ? reals : 0);
  int info = 0;
  with_workspace(type, [&](void* work, int size) {
    if (is_complex)
      routine(type, &job, &m, &n, a, &lda, s, u, &ldu, vt, &ldvt, work, &size,
              static_cast<void*>(real_work.get()), integers.get(), &info);
    else
      routine(type, &job, &m, &n, a, &lda, s, u, &ldu, vt, &ldvt, work, &size, integers.get(),
              &info);
  });
  return info;
}

}  // namespace pharos::cpu::lapack
