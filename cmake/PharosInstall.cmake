# `cmake --install`: library, headers, the pharos tool, CMake packages and the pkg-config file.
include(CMakePackageConfigHelpers)
set(package_dir lib/cmake/Pharos)

install(TARGETS pharos EXPORT PharosTargets LIBRARY DESTINATION lib)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/ DESTINATION include FILES_MATCHING PATTERN "*.h"
        PATTERN "*.inc")
install(DIRECTORY ${PHAROS_GEN}/include/ DESTINATION include FILES_MATCHING PATTERN "*.h"
        PATTERN "*.inc")
install(EXPORT PharosTargets NAMESPACE Pharos:: DESTINATION ${package_dir})

configure_package_config_file(${PROJECT_SOURCE_DIR}/cmake/PharosConfig.cmake.in
                              ${CMAKE_BINARY_DIR}/PharosConfig.cmake INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(${CMAKE_BINARY_DIR}/PharosConfigVersion.cmake
                                 COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_BINARY_DIR}/PharosConfig.cmake ${CMAKE_BINARY_DIR}/PharosConfigVersion.cmake
        DESTINATION ${package_dir})
# A project written for LibTorch says find_package(Torch): it finds Pharos under that prefix.
install(FILES ${PROJECT_SOURCE_DIR}/cmake/TorchConfig.cmake DESTINATION lib/cmake/Torch)

# The prefix is looked up from the file's own place, so an installed tree can be moved.
configure_file(${PROJECT_SOURCE_DIR}/cmake/pharos.pc.in ${CMAKE_BINARY_DIR}/pharos.pc @ONLY)
install(FILES ${CMAKE_BINARY_DIR}/pharos.pc DESTINATION lib/pkgconfig)
