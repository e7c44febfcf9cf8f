// Which processor this is: times of one model say nothing about another.
#pragma once

#include <string>

namespace callgate::bench {

// Name, family, model and stepping, such as "AMD EPYC, family 25 model 1 stepping 1"; a virtual machine's name often
// tells less than its numbers. Where there is no cpuid, what uname() calls the machine.
std::string processor_model();

}  // namespace callgate::bench
