# What users link: callgate::callgate, all rooms in one archive, and callgate::shared, the same as libcallgate.so.
# Installed with a CMake package, a pkg-config file and the headers.

option(CALLGATE_INSTALL "Install the library, its headers and the tools" ${PROJECT_IS_TOP_LEVEL})

# Rooms that cannot go into a shared library here, and what goes there instead (see jit/).
set(rooms_not_shared "")
set(rooms_only_shared "")
if(CALLGATE_HAVE_ASMJIT AND NOT CALLGATE_ASMJIT_IS_PIC)
  list(APPEND rooms_not_shared callgate_jit_asmjit callgate_jit_backends)
  list(APPEND rooms_only_shared callgate_jit_backends_shared)
endif()

# callgate_library(TARGET TYPE room…)
function(callgate_library target type)
  set(objects "")
  foreach(room IN LISTS ARGN)
    list(APPEND objects $<TARGET_OBJECTS:${room}>)
  endforeach()
  add_library(${target} ${type} ${objects})
  set_target_properties(${target} PROPERTIES OUTPUT_NAME callgate LINKER_LANGUAGE CXX)
  target_compile_features(${target} INTERFACE cxx_std_20)
  target_include_directories(${target} INTERFACE $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>
                             $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
endfunction()

callgate_library(callgate STATIC ${CALLGATE_ROOMS})
add_library(callgate::callgate ALIAS callgate)
if(CALLGATE_HAVE_ASMJIT)
  target_link_libraries(callgate PRIVATE asmjit::asmjit)
endif()
set(libraries callgate)

if(CALLGATE_BUILD_SHARED)
  set(shared_rooms ${CALLGATE_ROOMS})
  list(REMOVE_ITEM shared_rooms ${rooms_not_shared})
  list(APPEND shared_rooms ${rooms_only_shared})
  callgate_library(callgate_shared SHARED ${shared_rooms})
  add_library(callgate::shared ALIAS callgate_shared)
  if(CALLGATE_HAVE_ASMJIT AND CALLGATE_ASMJIT_IS_PIC)
    target_link_libraries(callgate_shared PRIVATE asmjit::asmjit)
  endif()
  # Before 1.0 every minor version may break the binary interface.
  set(version_script ${PROJECT_SOURCE_DIR}/cmake/callgate.map)
  set_target_properties(callgate_shared PROPERTIES EXPORT_NAME shared VERSION ${PROJECT_VERSION}
                        SOVERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR} LINK_DEPENDS ${version_script})
  target_link_options(callgate_shared PRIVATE -Wl,--version-script=${version_script} -Wl,-z,relro,-z,now)
  # A sanitizer's runtime is in the executable only.
  if(NOT CMAKE_CXX_FLAGS MATCHES "-fsanitize=")
    target_link_options(callgate_shared PRIVATE -Wl,-z,defs)
  endif()
  list(APPEND libraries callgate_shared)
endif()

if(CALLGATE_INSTALL)
  include(CMakePackageConfigHelpers)
  set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/callgate)
  install(TARGETS ${libraries} EXPORT callgate-targets)
  install(DIRECTORY include/callgate TYPE INCLUDE FILES_MATCHING PATTERN "*.hpp" PATTERN "*.h")
  install(EXPORT callgate-targets NAMESPACE callgate:: DESTINATION ${package_dir})
  configure_package_config_file(cmake/callgate-config.cmake.in ${PROJECT_BINARY_DIR}/callgate-config.cmake
                                INSTALL_DESTINATION ${package_dir})
  write_basic_package_version_file(${PROJECT_BINARY_DIR}/callgate-config-version.cmake
                                   COMPATIBILITY SameMinorVersion)
  install(FILES ${PROJECT_BINARY_DIR}/callgate-config.cmake ${PROJECT_BINARY_DIR}/callgate-config-version.cmake
          DESTINATION ${package_dir})

  # The installed tree may be moved: paths in the pkg-config file start at its own folder.
  cmake_path(RELATIVE_PATH CMAKE_INSTALL_FULL_LIBDIR BASE_DIRECTORY ${CMAKE_INSTALL_PREFIX} OUTPUT_VARIABLE pc_libdir)
  cmake_path(RELATIVE_PATH CMAKE_INSTALL_FULL_INCLUDEDIR BASE_DIRECTORY ${CMAKE_INSTALL_PREFIX}
             OUTPUT_VARIABLE pc_includedir)
  cmake_path(RELATIVE_PATH CMAKE_INSTALL_PREFIX BASE_DIRECTORY ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig
             OUTPUT_VARIABLE pc_up)
  string(REGEX REPLACE "/$" "" pc_up "${pc_up}")
  set(pc_libs_private "")
  if(CALLGATE_HAVE_ASMJIT)
    set(pc_libs_private "-lasmjit -lrt -pthread")
  endif()
  configure_file(cmake/callgate.pc.in callgate.pc @ONLY)
  install(FILES ${PROJECT_BINARY_DIR}/callgate.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
endif()
