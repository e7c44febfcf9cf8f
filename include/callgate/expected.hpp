// A value or the reason why there is none. (std::expected is C++23.)
#pragma once

#include <utility>
#include <variant>

namespace callgate {

// Holds either a T or an E. Reading the side that is not there is a programming error, which ends the process in every
// build: without the test, compilers take the bytes of the other side for a value.
// Thread safety: as for any value type.
template <class T, class E>
class [[nodiscard]] Expected {
 public:
  // NOLINTBEGIN(google-explicit-constructor): a function returns a T or an E as it is

  // Of either side.
  Expected(T value) noexcept : state_(std::in_place_index<0>, std::move(value)) {}
  Expected(E error) noexcept : state_(std::in_place_index<1>, std::move(error)) {}
  // NOLINTEND(google-explicit-constructor)

  // Whether it holds a T.
  bool has_value() const noexcept { return state_.index() == 0; }
  explicit operator bool() const noexcept { return has_value(); }

  // The T.
  T& value() noexcept { return *checked(std::get_if<0>(&state_)); }
  const T& value() const noexcept { return *checked(std::get_if<0>(&state_)); }
  T& operator*() noexcept { return value(); }
  const T& operator*() const noexcept { return value(); }
  T* operator->() noexcept { return &value(); }
  const T* operator->() const noexcept { return &value(); }

  // The E.
  const E& error() const noexcept { return *checked(std::get_if<1>(&state_)); }

 private:
  template <class P>
  static P* checked(P* p) noexcept {
    if (p == nullptr) __builtin_trap();
    return p;
  }

  std::variant<T, E> state_;
};

}  // namespace callgate
