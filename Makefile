# Short names for the everyday jobs; CMakePresets.json has the real configurations.
JOBS ?= $(shell nproc)
PREFIX ?= /usr/local
DEMO_ARGS ?=

.PHONY: all build setup demo test install bench format clean
all: build

setup:
	@scripts/setup test

# The library and the tool; tests and benchmarks are built by the targets that run them.
build: setup
	@cmake --preset release
	@cmake --build build -j $(JOBS) --target product

# Trains a network on the digits that the repository carries; leaves out/demo/report.html.
demo: build
	build/bin/pharos train --out out/demo $(DEMO_ARGS)

test: setup
	@cmake --preset release
	@cmake --build build -j $(JOBS)
	ctest --test-dir build --output-on-failure -j $(JOBS)

install: build
	@cmake --install build --prefix "$(abspath $(PREFIX))" --strip >/dev/null
	@echo "Installed Pharos in $(abspath $(PREFIX))"

bench: setup
	@cmake --preset release
	@cmake --build build -j $(JOBS) --target product bench_programs
	scripts/bench

format:
	@scripts/setup ci
	@git ls-files '*.cpp' '*.h' | xargs -r clang-format -i

clean:
	rm -rf build build-dev build-asan build-tsan out
