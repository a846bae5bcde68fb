# Runs codegen/generate.py over the .ops files. It writes only files whose content changed, so ninja
# recompiles no more than an edit needs; the stamp tells when it last ran.
#   PHAROS_GEN_SOURCES   generated .cpp files
#   pharos_codegen       target that everything which includes generated headers depends on
find_package(Python3 3.9 REQUIRED COMPONENTS Interpreter)
file(GLOB_RECURSE PHAROS_OPS_FILES CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/pharos/ops/*.ops)
file(GLOB PHAROS_CODEGEN_FILES CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/codegen/*.py)
list(FILTER PHAROS_CODEGEN_FILES EXCLUDE REGEX "/(check|test)_[^/]*\\.py$")

add_custom_target(pharos_codegen)
set(PHAROS_GEN_SOURCES)
file(MAKE_DIRECTORY ${PHAROS_GEN}/include)
set(generate ${PROJECT_SOURCE_DIR}/codegen/generate.py)
if(EXISTS ${generate} AND PHAROS_OPS_FILES)
  set(generate_command ${Python3_EXECUTABLE} -B ${generate} --ops ${PROJECT_SOURCE_DIR}/pharos/ops
                       --out ${PHAROS_GEN})
  execute_process(COMMAND ${generate_command} --list OUTPUT_VARIABLE outputs COMMAND_ERROR_IS_FATAL
                                                                             ANY)
  string(REPLACE "\n" ";" outputs "${outputs}")
  list(REMOVE_ITEM outputs "")
  list(TRANSFORM outputs STRIP)
  set(absolute_outputs)
  foreach(path ${outputs})
    cmake_path(ABSOLUTE_PATH path BASE_DIRECTORY ${PHAROS_GEN} NORMALIZE)
    list(APPEND absolute_outputs ${path})
    if(path MATCHES "\\.cpp$")
      list(APPEND PHAROS_GEN_SOURCES ${path})
    endif()
  endforeach()
  # What an earlier catalogue left behind would still be found by #include and be installed.
  file(GLOB_RECURSE left_over ${PHAROS_GEN}/*.h ${PHAROS_GEN}/*.inc ${PHAROS_GEN}/*.cpp)
  list(REMOVE_ITEM left_over ${absolute_outputs})
  if(left_over)
    file(REMOVE ${left_over})
  endif()

  # The list of outputs may change with the content of any input, so configuring depends on it.
  set_property(DIRECTORY ${PROJECT_SOURCE_DIR} APPEND
               PROPERTY CMAKE_CONFIGURE_DEPENDS ${PHAROS_OPS_FILES} ${PHAROS_CODEGEN_FILES})
  add_custom_command(
    OUTPUT ${PHAROS_GEN}/stamp
    BYPRODUCTS ${absolute_outputs}
    COMMAND ${generate_command}
    COMMAND ${CMAKE_COMMAND} -E touch ${PHAROS_GEN}/stamp
    DEPENDS ${PHAROS_OPS_FILES} ${PHAROS_CODEGEN_FILES}
    COMMENT "Generating operators"
    VERBATIM)
  add_custom_target(pharos_codegen_run DEPENDS ${PHAROS_GEN}/stamp)
  add_dependencies(pharos_codegen pharos_codegen_run)
  set_source_files_properties(${absolute_outputs} PROPERTIES GENERATED TRUE)
endif()
