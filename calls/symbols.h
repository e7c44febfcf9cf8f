// Constants by name, as strace writes arguments.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace callgate::calls {

// The value of a constant of the kernel's headers on x86 ("O_CLOEXEC", "AT_FDCWD"), as an int: no more bits are known
// of a negative one. Empty if the table does not have it.
std::optional<std::int64_t> symbol_value(std::string_view name);

}  // namespace callgate::calls
