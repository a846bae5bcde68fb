#!/usr/bin/env bash
# One process may hold Pharos and a real libtorch. A decoy library defines every symbol that
# libpharos exports, each as a trap, and merges what can be merged (UNIQUE); a plug-in compiled
# against Pharos must still compute rightly, whichever of the two is loaded first.
# Argument: the build folder (default: build).
set -euo pipefail
cd "$(dirname "$0")/../.."
build=$(realpath "${1:-build}")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

nm -D --defined-only "$build/lib/libpharos.so" | awk '
  BEGIN { print ".text" }
  { sub(/@.*/, "", $3)
    printf ".globl \"%s\"\n.type \"%s\", @gnu_unique_object\n\"%s\":\n  ud2\n", $3, $3, $3 }
  END { print ".section .note.GNU-stack,\"\",@progbits" }' >"$work/decoy.s"
gcc -shared -fPIC "$work/decoy.s" -o "$work/decoy.so"

g++ -std=c++17 -shared -fPIC -Dmain=plugin_main -I include -I "$build/gen/include" \
  -x c++ <(echo 'extern "C" int main();'; cat tests/install/program.cpp) \
  -L "$build/lib" -lpharos -Wl,-rpath,"$build/lib" -o "$work/plugin.so"

cat >"$work/host.c" <<'HOST'
#include <dlfcn.h>
#include <stdio.h>

static void* load(const char* path) {
  void* handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (!handle) puts(dlerror());
  return handle;
}

int main(int count, char** paths) {
  void* handles[2] = {load(paths[1]), load(paths[2])};
  for (int i = 0; i < 2; ++i) {
    if (!handles[i]) return 2;
    int (*run)(void) = (int (*)(void))dlsym(handles[i], "plugin_main");
    if (run) return run();
  }
  return 3;
}
HOST
gcc "$work/host.c" -o "$work/host" -ldl

"$work/host" "$work/decoy.so" "$work/plugin.so" || { echo "decoy: wrong with the decoy first"; exit 1; }
"$work/host" "$work/plugin.so" "$work/decoy.so" || { echo "decoy: wrong with Pharos first"; exit 1; }
echo "decoy: a second library with the same symbols does not disturb, in either load order"
