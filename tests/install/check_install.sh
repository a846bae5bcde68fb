#!/usr/bin/env bash
# Installs a build into a temporary folder, moves it, and compiles and runs a program against it in
# every way the README promises. Argument: the build folder (default: build).
set -euo pipefail
cd "$(dirname "$0")/../.."
build=$(realpath "${1:-build}")
source=$PWD/tests/install/program.cpp
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cmake --install "$build" --prefix "$work/first" --strip >/dev/null
mv "$work/first" "$work/tree" # an installed tree knows no path of its own
tree=$work/tree
export LD_LIBRARY_PATH=$tree/lib
ways=0

try() { # try <name> <command...>: one way to build $work/program, which then must run
  local name=$1
  shift
  if ! "$@" >"$work/log" 2>&1; then
    echo "install: $name does not compile"
    cat "$work/log"
    exit 1
  fi
  if ! "$work/program" >"$work/log" 2>&1; then
    echo "install: the program compiled by $name fails"
    cat "$work/log"
    exit 1
  fi
  rm -f "$work/program"
  ways=$((ways + 1))
}

compilers=(g++)
if command -v clang++ >/dev/null; then
  compilers+=(clang++)
else
  echo "install: clang++ is not installed, its part is skipped"
fi
for compiler in "${compilers[@]}"; do
  for standard in 17 20; do
    try "$compiler -std=c++$standard" "$compiler" "-std=c++$standard" -I"$tree/include" "$source" \
      -L"$tree/lib" -lpharos -o "$work/program"
  done
done

# What LibTorch programs do most, with the oldest standard they use.
for compiler in "${compilers[@]}"; do
  try "idioms by $compiler" "$compiler" -std=c++17 -I"$tree/include" \
    "$(dirname "$source")/idioms.cpp" -L"$tree/lib" -lpharos -o "$work/program"
done

with_cmake() { # with_cmake <package> <link target>
  rm -rf "$work/project"
  mkdir "$work/project"
  cat >"$work/project/CMakeLists.txt" <<PROJECT
cmake_minimum_required(VERSION 3.18)
project(user CXX)
find_package($1 REQUIRED)
add_executable(program $source)
target_link_libraries(program $2)
set_property(TARGET program PROPERTY CXX_STANDARD 17)
PROJECT
  cmake -S "$work/project" -B "$work/project/build" -G Ninja -DCMAKE_PREFIX_PATH="$tree" &&
    cmake --build "$work/project/build" &&
    cp "$work/project/build/program" "$work/program"
}
try "find_package(Pharos)" with_cmake Pharos Pharos::pharos
try "find_package(Torch)" with_cmake Torch '"${TORCH_LIBRARIES}"'

# The first program of the README, as it stands there. It writes a file where it runs.
if [ -e "$tree/include/torch/torch.h" ]; then
  sed -n '/^```cpp$/,/^```$/p' README.md | sed '1d; /^```$/,$d' >"$work/readme.cpp"
  cd "$work"
  try "README.md" g++ -std=c++17 -O2 -I"$tree/include" readme.cpp -L"$tree/lib" -lpharos -o program
  cd - >/dev/null
fi

if command -v pkg-config >/dev/null; then
  export PKG_CONFIG_PATH=$tree/lib/pkgconfig
  read -ra flags <<<"$(pkg-config --cflags --libs pharos)"
  try pkg-config g++ -std=c++17 "$source" "${flags[@]}" -o "$work/program"
else
  echo "install: pkg-config is not installed, its part is skipped"
fi

unset LD_LIBRARY_PATH
if [ -x "$tree/bin/pharos" ]; then
  "$tree/bin/pharos" --version >"$work/log" 2>&1 || {
    echo "install: bin/pharos --version fails"
    cat "$work/log"
    exit 1
  }
fi
echo "install: a program compiles and runs in all $ways ways against the installed tree"
