# Programs for aarch64: Debian's cross compiler and qemu-user (scripts/setup.sh --cross).
set(CALLGATE_CROSS_MACHINE aarch64)
include(${CMAKE_CURRENT_LIST_DIR}/cross.cmake)
