// Loads a file and saves what it loaded; see io_torch.py.
#include <pharos/io/serialize.h>

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  torch::save(pharos::load(argv[1]), argv[2]);
}
