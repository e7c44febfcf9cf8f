# What users link: callgate::callgate, all rooms in one archive, and callgate::shared, the same as libcallgate.so.
# Installed with a CMake package, pkg-config files and the headers.

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
endif()

# Installed apart if wanted (cmake --install … --component NAME): `headers`, `library` (what links and loads them, with the
# CMake package and the pkg-config files), `command` and `helpers` (its helper programs). The archive and the shared library
# are exported apart: only who links the archive needs AsmJit.
if(CALLGATE_INSTALL)
  include(CMakePackageConfigHelpers)
  set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/callgate)
  install(DIRECTORY include/callgate TYPE INCLUDE COMPONENT headers FILES_MATCHING PATTERN "*.hpp" PATTERN "*.h")
  install(FILES ${PROJECT_SOURCE_DIR}/docs/callgate.3 DESTINATION ${CMAKE_INSTALL_MANDIR}/man3 COMPONENT headers)
  install(TARGETS callgate callgate_core EXPORT callgate-static COMPONENT library)
  install(EXPORT callgate-static NAMESPACE callgate:: DESTINATION ${package_dir} COMPONENT library)
  if(CALLGATE_BUILD_SHARED)
    install(TARGETS callgate_shared EXPORT callgate-shared COMPONENT library)
    install(EXPORT callgate-shared NAMESPACE callgate:: DESTINATION ${package_dir} COMPONENT library)
  endif()
  configure_package_config_file(cmake/callgate-config.cmake.in ${PROJECT_BINARY_DIR}/callgate-config.cmake
                                INSTALL_DESTINATION ${package_dir})
  write_basic_package_version_file(${PROJECT_BINARY_DIR}/callgate-config-version.cmake
                                   COMPATIBILITY SameMinorVersion)
  install(FILES ${PROJECT_BINARY_DIR}/callgate-config.cmake ${PROJECT_BINARY_DIR}/callgate-config-version.cmake
          DESTINATION ${package_dir} COMPONENT library)

  # The installed tree may be moved: paths in the pkg-config files start at their own folder.
  cmake_path(RELATIVE_PATH CMAKE_INSTALL_FULL_LIBDIR BASE_DIRECTORY ${CMAKE_INSTALL_PREFIX} OUTPUT_VARIABLE pc_libdir)
  cmake_path(RELATIVE_PATH CMAKE_INSTALL_FULL_INCLUDEDIR BASE_DIRECTORY ${CMAKE_INSTALL_PREFIX}
             OUTPUT_VARIABLE pc_includedir)
  cmake_path(RELATIVE_PATH CMAKE_INSTALL_PREFIX BASE_DIRECTORY ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig
             OUTPUT_VARIABLE pc_up)
  string(REGEX REPLACE "/$" "" pc_up "${pc_up}")

  # callgate_pkg_config(NAME [REQUIRES text] [LIBS text] [LIBS_PRIVATE text])
  function(callgate_pkg_config pc_name)
    cmake_parse_arguments(pc "" "REQUIRES;LIBS;LIBS_PRIVATE" "" ${ARGN})
    configure_file(${PROJECT_SOURCE_DIR}/cmake/callgate.pc.in ${PROJECT_BINARY_DIR}/${pc_name}.pc @ONLY)
    install(FILES ${PROJECT_BINARY_DIR}/${pc_name}.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig COMPONENT library)
  endfunction()
  callgate_pkg_config(callgate-core LIBS "-L\${libdir} -lcallgate-core")
  set(asmjit_libs "")
  if(CALLGATE_HAVE_ASMJIT)
    set(asmjit_libs " -lasmjit -lrt -pthread")
  endif()
  set(archive_libs "${asmjit_libs} -lstdc++")  # for programs in C
  if(CALLGATE_BUILD_SHARED)
    # -lcallgate is the shared library where both are. --static puts Libs.private in front of what is required, so that the
    # archive has everything by then, and --as-needed drops the shared library behind it.
    callgate_pkg_config(callgate REQUIRES "callgate-shared = ${PROJECT_VERSION}"
                        LIBS_PRIVATE "-L\${libdir} -l:libcallgate.a${archive_libs} -Wl,--as-needed")
    callgate_pkg_config(callgate-shared LIBS "-L\${libdir} -lcallgate")
  else()
    callgate_pkg_config(callgate LIBS "-L\${libdir} -lcallgate${archive_libs}")
  endif()
endif()
