# Programs for s390x: Debian's cross compiler and qemu-user (scripts/setup.sh --cross).
set(CALLGATE_CROSS_MACHINE s390x)
include(${CMAKE_CURRENT_LIST_DIR}/cross.cmake)
