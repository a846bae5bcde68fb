# Compile and link flags, as interface targets: pharos_options for everything that is compiled here,
# pharos_library_options on top for what ends up inside libpharos.
include(CheckCXXCompilerFlag)
find_package(Threads REQUIRED)

add_library(pharos_options INTERFACE)
target_compile_options(pharos_options INTERFACE -Wall -Wextra -Wno-unused-parameter
                                                -Wno-missing-field-initializers)
if(PHAROS_WERROR)
  target_compile_options(pharos_options INTERFACE -Werror)
endif()
if(PHAROS_SANITIZE)
  target_compile_options(pharos_options INTERFACE -fsanitize=${PHAROS_SANITIZE}
                                                  -fno-omit-frame-pointer)
  target_link_options(pharos_options INTERFACE -fsanitize=${PHAROS_SANITIZE})
  if(PHAROS_SANITIZE MATCHES "undefined")
    # One undefined operation must fail its test instead of scrolling by. The vptr check needs
    # type information that hidden visibility keeps per library.
    target_compile_options(pharos_options INTERFACE -fno-sanitize=vptr
                                                    -fno-sanitize-recover=undefined)
  endif()
endif()
# Straight-line code, most of the tree, takes twice as long to compile with checks and
# optimisation as without the latter, and runs well either way; loops over data do not.
set(PHAROS_STRAIGHT_OPTIONS)
if(PHAROS_SANITIZE)
  set(PHAROS_STRAIGHT_OPTIONS -O0)
endif()

add_library(pharos_library_options INTERFACE)
target_link_libraries(pharos_library_options INTERFACE pharos_options Threads::Threads)
target_compile_definitions(pharos_library_options INTERFACE PHAROS_BUILDING_LIBRARY=1)
target_compile_options(
  pharos_library_options
  INTERFACE -fPIC
            -fvisibility=hidden
            -fvisibility-inlines-hidden
            # Random streams and reductions name their fused multiply-adds; the compiler adds none.
            -ffp-contract=off
            -fno-math-errno
            -ffunction-sections
            -fdata-sections)
# A real libtorch may live in the same process: no symbol of ours may be merged with its own.
foreach(flag -fno-gnu-unique -fno-semantic-interposition)
  string(MAKE_C_IDENTIFIER "PHAROS_HAS${flag}" has)
  check_cxx_compiler_flag(${flag} ${has})
  if(${has})
    target_compile_options(pharos_library_options INTERFACE ${flag})
  endif()
endforeach()

set(PHAROS_LINK_OPTIONS -Wl,-Bsymbolic -Wl,--gc-sections -Wl,--as-needed
                        -Wl,--version-script=${PROJECT_SOURCE_DIR}/cmake/pharos.map)
# Half a megabyte of relocations becomes a few kilobytes, where the linker and libc know how.
include(CheckLinkerFlag)
check_linker_flag(CXX -Wl,-z,pack-relative-relocs PHAROS_HAVE_PACKED_RELOCATIONS)
if(PHAROS_HAVE_PACKED_RELOCATIONS)
  list(APPEND PHAROS_LINK_OPTIONS -Wl,-z,pack-relative-relocs)
endif()
if(NOT PHAROS_SANITIZE OR CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # clang leaves the sanitizer's symbols to the executable.
  list(APPEND PHAROS_LINK_OPTIONS -Wl,--no-undefined)
endif()

# Highway files: exactly SSE4, AVX2 and AVX3 in releases. HWY_WANT_SSE4 makes SSE4 the baseline for
# Highway alone, so no other code of those files is compiled with more than plain x86-64.
if(PHAROS_ONE_SIMD_TARGET)
  set(PHAROS_SIMD_OPTIONS -march=x86-64-v3 -maes -mpclmul -DHWY_COMPILE_ONLY_STATIC)
else()
  # 0x1480 = bits 7, 10 and 12: AVX3_DL, reserved for AVX, SSSE3.
  set(PHAROS_SIMD_OPTIONS -DHWY_WANT_SSE4=1 -DHWY_DISABLED_TARGETS=0x1480LL)
endif()
# Loops over plain arrays are left to the compiler's vectoriser. -O3 would also give every one of
# them a second vector loop for its rest and unrolled versions: 60 % more code. Where that was
# measured to pay (PHAROS_O3_SOURCES), it stays.
set(PHAROS_VECTORISE)
foreach(flag -fvect-cost-model=dynamic --param=vect-epilogues-nomask=0)
  string(MAKE_C_IDENTIFIER "PHAROS_HAS${flag}" has)
  check_cxx_compiler_flag(${flag} ${has})
  if(${has})
    list(APPEND PHAROS_VECTORISE ${flag})
  endif()
endforeach()
set(PHAROS_O3_SOURCES "/(cpu/random_[a-z]+|core/mt19937)\\.cpp$")
# Straight-line code that runs once per call of an operator, a layer or a file: size counts. Not for
# the bodies and kernels that small calls spend their time in.
# With a frame pointer the tables for unwinding are an eighth smaller, which outweighs its own code.
set(PHAROS_SMALL_SOURCES "/gen/ops/|/pharos/(nn|optim|io|data|autograd|dispatch|ops)/")
set(PHAROS_HOT_SOURCES
    "_cpu\\.cpp$"
    "/gen/ops/(arithmetic|shape|factory)_bodies\\.cpp$"
    "/dispatch/(interposer|ivalue)\\.cpp$"
    "/pharos/ops/(body|geometry|out|parallel_front|plain|promotion|tape_ops|tensor_[a-z]+)\\.cpp$"
    "/pharos/ops/(pointwise|shape)/"
    "/pharos/ops/[a-z]+/(cat|copy|dims|factory|fused|loss|products|reduce|shapes)\\.cpp$")
list(JOIN PHAROS_HOT_SOURCES "|" PHAROS_HOT_SOURCES)
