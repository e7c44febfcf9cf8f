// Workloads from files: anybody's filters.
#pragma once

#include <string>

#include "bench/filters/workload.h"

namespace callgate::bench {

// The filter in a file: in any format that the callgate command reads and recognises by itself. Throws
// std::runtime_error that names the file and says what is wrong and where: what cannot be read as a filter, and the
// verifier's rule and instruction.
NamedFilter filter_from_file(const std::string& path);

// "NAME=FILE[,FILE…]", oldest first. Names have letters, digits and ".+-_", because they are parts of the names of
// figures. Throws std::runtime_error that names what is wrong.
Workload workload_from_files(const std::string& text);

}  // namespace callgate::bench
