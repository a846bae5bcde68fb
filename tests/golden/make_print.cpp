// Makes print.txt: what LibTorch's operator<< writes for the tensors of print_cases.h, one after
// the other, each followed by a line "\x1e". Built against LibTorch:
//   g++ -std=c++20 -O1 -I$T/include -I$T/include/torch/csrc/api/include make_print.cpp -o
//   make_print \
//     -L$T/lib -Wl,-rpath,$T/lib -Wl,--no-as-needed -ltorch -ltorch_cpu -lc10 && ./make_print >
//     print.txt
// where T is the torch folder of an installed wheel.
#include <torch/torch.h>

#include <iostream>

#include "print_cases.h"

int main() {
  auto tensors = print_cases::all();
  for (auto& t : print_cases::all_complex()) tensors.push_back(t);
  for (const auto& t : tensors) std::cout << t << "\n\x1e\n";
}
