// What check_install.sh compiles against an installed tree, in C++17 and C++20, with two compilers:
// it needs the include folder and -lpharos, nothing else.
#include <pharos/version.h>

#include <cstdio>
#include <cstring>

#if __has_include(<torch/torch.h>)
#include <torch/torch.h>

static bool computes() {
  torch::Tensor a = torch::ones({2, 3}, torch::requires_grad());
  torch::Tensor sum = (a * 2).sum();
  sum.backward();
  return sum.item<float>() == 12.0f && a.grad()[1][2].item<float>() == 2.0f;
}
#else
static bool computes() { return true; }
#endif

int main() {
  if (std::strcmp(pharos::version(), PHAROS_VERSION) != 0) {
    std::printf("library %s, headers %s\n", pharos::version(), PHAROS_VERSION);
    return 1;
  }
  if (!computes()) {
    std::puts("wrong result");
    return 1;
  }
  return 0;
}
