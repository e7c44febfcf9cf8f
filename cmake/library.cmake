# callgate::callgate: all rooms in one archive; callgate::shared: the same as libcallgate.so.

set(room_objects "")
foreach(room IN LISTS CALLGATE_ROOMS)
  list(APPEND room_objects $<TARGET_OBJECTS:${room}>)
endforeach()

add_library(callgate STATIC ${room_objects})
add_library(callgate::callgate ALIAS callgate)
set_target_properties(callgate PROPERTIES LINKER_LANGUAGE CXX)
target_compile_features(callgate INTERFACE cxx_std_20)
target_include_directories(callgate INTERFACE $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>
                           $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
