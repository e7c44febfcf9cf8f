// A C++17 program that uses callgate by way of gate.cc.
#include <cstdio>

static_assert(__cplusplus == 201703L);
bool is_allowed(int number);

int main() { std::printf("read %d, reboot %d\n", is_allowed(0), is_allowed(169)); }
