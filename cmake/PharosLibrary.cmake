# libpharos.so from one object library per folder. A folder that does not exist yet is left out.
add_library(pharos_headers INTERFACE)
target_include_directories(
  pharos_headers INTERFACE $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>
                           $<BUILD_INTERFACE:${PHAROS_GEN}/include>)
add_library(pharos_private_headers INTERFACE)
target_link_libraries(pharos_private_headers INTERFACE pharos_headers)
target_include_directories(pharos_private_headers INTERFACE ${PROJECT_SOURCE_DIR}/pharos
                                                            ${PHAROS_GEN})

set(PHAROS_OBJECT_LIBRARIES)
set(PHAROS_PRIVATE_LINKS)
# pharos_objects(<name> <sources...>): one folder's object library, a part of libpharos.
function(pharos_objects name)
  if(NOT ARGN)
    return()
  endif()
  set(target pharos_${name})
  add_library(${target} OBJECT ${ARGN})
  target_link_libraries(${target} PRIVATE pharos_library_options pharos_private_headers
                                          ${PHAROS_THIRD_PARTY_${name}})
  add_dependencies(${target} pharos_codegen)
  foreach(source ${ARGN})
    set(options)
    if(source MATCHES "_simd\\.cpp$")
      list(APPEND options ${PHAROS_SIMD_OPTIONS})
    endif()
    if(CMAKE_BUILD_TYPE STREQUAL "Release")
      if(source MATCHES "${PHAROS_O3_SOURCES}")
        list(APPEND options -O3)
      elseif(source MATCHES "_simd\\.cpp$")
        list(APPEND options ${PHAROS_VECTORISE})
      elseif(source MATCHES "${PHAROS_SMALL_SOURCES}" AND NOT source MATCHES "${PHAROS_HOT_SOURCES}")
        list(APPEND options -Os -fno-omit-frame-pointer)
      endif()
    elseif(source MATCHES "/gen/ops/|/pharos/(nn|optim)/")
      list(APPEND options ${PHAROS_STRAIGHT_OPTIONS})
    endif()
    if(options)
      set_source_files_properties(${source} PROPERTIES COMPILE_OPTIONS "${options}")
    endif()
  endforeach()
  set(PHAROS_OBJECT_LIBRARIES ${PHAROS_OBJECT_LIBRARIES} ${target} PARENT_SCOPE)
  set(PHAROS_PRIVATE_LINKS ${PHAROS_PRIVATE_LINKS} ${PHAROS_THIRD_PARTY_${name}} PARENT_SCOPE)
endfunction()

pharos_objects(version ${PROJECT_SOURCE_DIR}/pharos/version.cpp)
foreach(entry core dispatch tape kernels_cpu:kernels/cpu ops autograd io nn optim data)
  string(REGEX REPLACE ":.*" "" name ${entry})
  string(REGEX REPLACE ".*:" "" folder ${entry})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/pharos/${folder}/*.cpp)
  pharos_objects(${name} ${sources})
endforeach()
pharos_objects(gen_ops ${PHAROS_GEN_SOURCES})
list(REMOVE_DUPLICATES PHAROS_PRIVATE_LINKS)
list(APPEND PHAROS_PRIVATE_LINKS Threads::Threads ${CMAKE_DL_LIBS})

set(PHAROS_OBJECTS)
foreach(target ${PHAROS_OBJECT_LIBRARIES})
  list(APPEND PHAROS_OBJECTS $<TARGET_OBJECTS:${target}>)
endforeach()

add_library(pharos SHARED ${PHAROS_OBJECTS})
add_library(Pharos::pharos ALIAS pharos)
set_target_properties(pharos PROPERTIES VERSION ${PROJECT_VERSION} SOVERSION ${PROJECT_VERSION_MAJOR}
                                        LINKER_LANGUAGE CXX
                                        LINK_DEPENDS ${PROJECT_SOURCE_DIR}/cmake/pharos.map)
target_compile_features(pharos INTERFACE cxx_std_17)
target_link_options(pharos PRIVATE ${PHAROS_LINK_OPTIONS})
target_link_libraries(pharos PRIVATE pharos_options ${PHAROS_PRIVATE_LINKS})
target_include_directories(
  pharos INTERFACE $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>
                   $<BUILD_INTERFACE:${PHAROS_GEN}/include> $<INSTALL_INTERFACE:include>)
add_dependencies(pharos pharos_codegen)

# For *_internal_test.cpp: the same objects without libpharos' wall of hidden symbols around them.
add_library(pharos_internal INTERFACE)
target_sources(pharos_internal INTERFACE ${PHAROS_OBJECTS})
target_link_libraries(pharos_internal INTERFACE pharos_private_headers ${PHAROS_PRIVATE_LINKS})
# Only what the tests reach is kept.
target_link_options(pharos_internal INTERFACE -Wl,--gc-sections -Wl,--as-needed)
foreach(target ${PHAROS_OBJECT_LIBRARIES})
  add_dependencies(pharos_internal ${target})
endforeach()
