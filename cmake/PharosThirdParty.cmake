# Libraries that libpharos uses inside. None of them shows in its interface, so users link -lpharos
# alone. OpenBLAS is not here: it is opened at run time, at the first LAPACK call.
find_package(PNG REQUIRED)
find_package(JPEG REQUIRED)
find_package(ZLIB REQUIRED)

# pharos_find_library(<target> <header> <library>): an imported target from a header and a library.
function(pharos_find_library target header library)
  string(TOUPPER ${library} upper)
  find_path(PHAROS_${upper}_INCLUDE ${header} REQUIRED)
  find_library(PHAROS_${upper}_LIBRARY ${library} REQUIRED)
  mark_as_advanced(PHAROS_${upper}_INCLUDE PHAROS_${upper}_LIBRARY)
  add_library(${target} UNKNOWN IMPORTED GLOBAL)
  set_target_properties(
    ${target} PROPERTIES IMPORTED_LOCATION ${PHAROS_${upper}_LIBRARY}
                         INTERFACE_INCLUDE_DIRECTORIES ${PHAROS_${upper}_INCLUDE})
endfunction()

pharos_find_library(pharos_dnnl oneapi/dnnl/dnnl.hpp dnnl)
# Headers only: pharos/kernels/cpu/highway_targets.cpp says why libhwy is not linked.
find_path(PHAROS_HWY_INCLUDE hwy/highway.h REQUIRED)
mark_as_advanced(PHAROS_HWY_INCLUDE)
add_library(pharos_hwy INTERFACE IMPORTED GLOBAL)
set_target_properties(pharos_hwy PROPERTIES INTERFACE_INCLUDE_DIRECTORIES ${PHAROS_HWY_INCLUDE})
pharos_find_library(pharos_sleef sleef.h sleef)
pharos_find_library(pharos_minizip minizip/zip.h minizip)

set(PHAROS_THIRD_PARTY_kernels_cpu pharos_dnnl pharos_hwy pharos_sleef)
set(PHAROS_THIRD_PARTY_ops pharos_dnnl pharos_hwy pharos_sleef)
set(PHAROS_THIRD_PARTY_io pharos_minizip ZLIB::ZLIB)
set(PHAROS_THIRD_PARTY_data PNG::PNG JPEG::JPEG ZLIB::ZLIB)
