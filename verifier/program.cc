// Program: the shared, immutable instructions of a verified filter.
#include "callgate/program.hpp"

#include <cstring>
#include <new>
#include <utility>

#include "verifier/kernel_length.h"
#include "verifier/reference_count.h"
#include "verifier/verify.h"

namespace callgate {

// The instructions follow the header in the same allocation.
struct Program::Shared {
  detail::ReferenceCount references;
  std::uint32_t size = 0;
  std::uint32_t kernel_length = 0;

  Insn* instructions() noexcept { return reinterpret_cast<Insn*>(this + 1); }
};

Program::Program(const Program& other) noexcept : shared_(other.shared_) {
  if (shared_ != nullptr) shared_->references.acquire();
}

Program::Program(Program&& other) noexcept : shared_(std::exchange(other.shared_, nullptr)) {}

Program& Program::operator=(Program other) noexcept {
  std::swap(shared_, other.shared_);
  return *this;
}

Program::~Program() {
  if (shared_ == nullptr || !shared_->references.release()) return;
  shared_->~Shared();
  ::operator delete(shared_);
}

std::span<const Insn> Program::instructions() const noexcept {
  if (shared_ == nullptr) return {};  // moved from
  return {shared_->instructions(), shared_->size};
}

std::uint32_t Program::kernel_length() const noexcept { return shared_ == nullptr ? 0 : shared_->kernel_length; }

Expected<Program, VerifyError> verify(std::span<const Insn> instructions) noexcept {
  if (const auto error = verifier::check(instructions)) return *error;
  void* memory = ::operator new(sizeof(Program::Shared) + instructions.size_bytes(), std::nothrow);
  const auto size = static_cast<std::uint32_t>(instructions.size());
  if (memory == nullptr) return VerifyError{VerifyErrc::out_of_memory, 0, {}, size};
  auto* shared = new (memory) Program::Shared;
  shared->size = size;
  shared->kernel_length = verifier::kernel_length(instructions);
  std::memcpy(shared->instructions(), instructions.data(), instructions.size_bytes());
  return Program(shared);
}

}  // namespace callgate
