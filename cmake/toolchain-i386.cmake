# 32-bit programs on an x86_64 Debian: the host's compiler with -m32 and the i386 packages beside the host's own.
# The host's 64-bit libraries must never be found.

set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR i686)
set(CMAKE_C_FLAGS_INIT -m32)
set(CMAKE_CXX_FLAGS_INIT -m32)

set(CMAKE_LIBRARY_ARCHITECTURE i386-linux-gnu)
set(CMAKE_IGNORE_PATH /lib/x86_64-linux-gnu /usr/lib/x86_64-linux-gnu /usr/lib64 /lib64)
set(ENV{PKG_CONFIG_LIBDIR} /usr/lib/i386-linux-gnu/pkgconfig:/usr/share/pkgconfig)
set(ENV{PKG_CONFIG_PATH} "")

# The host runs the result, so nothing stands between a test and its program; CMake must only not assume that the
# programs that it finds for the host are to be looked for among the i386 ones.
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
