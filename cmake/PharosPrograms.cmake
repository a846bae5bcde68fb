# The pharos tool, the guide programs and the benchmarks. They use the public headers only.
function(pharos_program target)
  add_executable(${target} ${ARGN})
  target_link_libraries(${target} PRIVATE pharos pharos_options)
  target_compile_options(${target} PRIVATE ${PHAROS_STRAIGHT_OPTIONS})
  add_dependencies(${target} pharos_codegen)
endfunction()

# What `make build` makes and `make install` installs.
add_custom_target(product DEPENDS pharos)

# The tool is one object library, which its tests link too, and main.cpp.
if(PHAROS_BUILD_CLI OR PHAROS_BUILD_TESTS)
  find_package(CLI11 REQUIRED)
  find_package(fmt REQUIRED)
  find_package(nlohmann_json REQUIRED)
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/cli/*.cpp)
  list(REMOVE_ITEM sources ${PROJECT_SOURCE_DIR}/cli/main.cpp)
  add_library(pharos_cli OBJECT ${sources})
  target_compile_options(pharos_cli PRIVATE ${PHAROS_STRAIGHT_OPTIONS})
  target_include_directories(pharos_cli PUBLIC ${PROJECT_SOURCE_DIR}/cli)
  target_link_libraries(pharos_cli PUBLIC pharos pharos_options CLI11::CLI11 fmt::fmt
                                          nlohmann_json::nlohmann_json Threads::Threads)
  set_source_files_properties(
    ${PROJECT_SOURCE_DIR}/cli/picture_folders.cpp
    PROPERTIES COMPILE_DEFINITIONS PHAROS_SOURCE_DATA="${PROJECT_SOURCE_DIR}/data")
  add_dependencies(pharos_cli pharos_codegen)
endif()
if(PHAROS_BUILD_CLI AND EXISTS ${PROJECT_SOURCE_DIR}/cli/main.cpp)
  pharos_program(pharos_tool ${PROJECT_SOURCE_DIR}/cli/main.cpp)
  target_link_libraries(pharos_tool PRIVATE pharos_cli)
  set_target_properties(pharos_tool PROPERTIES OUTPUT_NAME pharos INSTALL_RPATH "$ORIGIN/../lib")
  add_dependencies(product pharos_tool)
  install(TARGETS pharos_tool RUNTIME DESTINATION bin)
  install(FILES ${PROJECT_SOURCE_DIR}/data/digits/digits.csv.gz
                ${PROJECT_SOURCE_DIR}/data/digits/test_indices.txt
                ${PROJECT_SOURCE_DIR}/data/digits/README.md
          DESTINATION share/pharos/digits)
endif()

if(PHAROS_BUILD_EXAMPLES)
  # C++17, as a LibTorch program would be compiled.
  file(GLOB sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/examples/guide/*.cpp)
  foreach(source ${sources})
    get_filename_component(name ${source} NAME_WE)
    pharos_program(guide_${name} ${source})
    set_target_properties(guide_${name} PROPERTIES CXX_STANDARD 17)
    target_link_libraries(guide_${name} PRIVATE Threads::Threads)
    if(PHAROS_BUILD_TESTS)
      add_test(NAME guide_${name} COMMAND guide_${name} WORKING_DIRECTORY ${CMAKE_BINARY_DIR})
    endif()
  endforeach()
endif()

if(PHAROS_BUILD_BENCH)
  file(GLOB sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/bench/*.cpp)
  set(PHAROS_BENCH_PROGRAMS)
  foreach(source ${sources})
    get_filename_component(name ${source} NAME_WE)
    pharos_program(bench_${name} ${source})
    set_target_properties(bench_${name} PROPERTIES OUTPUT_NAME ${name} RUNTIME_OUTPUT_DIRECTORY
                                                                       ${CMAKE_BINARY_DIR}/bench)
    target_link_libraries(bench_${name} PRIVATE Threads::Threads)
    file(STRINGS ${source} uses_google_benchmark REGEX "benchmark/benchmark\\.h" LIMIT_COUNT 1)
    if(uses_google_benchmark)
      find_package(benchmark REQUIRED)
      target_link_libraries(bench_${name} PRIVATE benchmark::benchmark)
    endif()
    list(APPEND PHAROS_BENCH_PROGRAMS bench_${name})
  endforeach()
  add_custom_target(bench_programs DEPENDS ${PHAROS_BENCH_PROGRAMS})
endif()
