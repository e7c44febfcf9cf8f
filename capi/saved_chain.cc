#include "capi/saved_chain.h"

#include <cstring>

#include "capi/chain_filters.h"
#include "capi/convert.h"

namespace callgate::capi {
namespace {

constexpr std::size_t checked_from = offsetof(SavedHeader, total);

std::uint64_t checksum(std::span<const unsigned char> bytes) noexcept {
  std::uint64_t sum = 0xcbf29ce484222325;
  for (const unsigned char byte : bytes) sum = (sum ^ byte) * 0x100000001b3;
  return sum;
}

// Where the lengths of the filters begin, in bytes.
std::size_t lengths_at(const SavedHeader& header) noexcept {
  return sizeof header + (header.version == 1 ? 0 : sizeof(SavedLimits));
}

// Where the instructions begin, in bytes.
std::uint64_t instructions_at(const SavedHeader& header) noexcept {
  return lengths_at(header) + (4 * std::uint64_t{header.filters} + 7) / 8 * 8;
}

// The options that travel, and where.
template <class Saved>
struct SavedOption {
  std::uint32_t callgate_options::*option;
  std::uint32_t Saved::*saved;
};
constexpr SavedOption<SavedHeader> header_options[] = {
    {&callgate_options::engine, &SavedHeader::engine},
    {&callgate_options::target, &SavedHeader::target},
    {&callgate_options::optimize, &SavedHeader::optimize},
    {&callgate_options::rule, &SavedHeader::rule},
    {&callgate_options::no_exec_memory, &SavedHeader::no_exec_memory},
    {&callgate_options::permanent, &SavedHeader::permanent},
    {&callgate_options::code_limit, &SavedHeader::code_limit},
    {&callgate_options::path_limit, &SavedHeader::path_limit}};
constexpr SavedOption<SavedLimits> limit_options[] = {
    {&callgate_options::step_limit, &SavedLimits::step_limit},
    {&callgate_options::node_limit, &SavedLimits::node_limit},
    {&callgate_options::byte_limit, &SavedLimits::byte_limit},
    {&callgate_options::blind_constants, &SavedLimits::blind_constants}};

SavedLimits limits_of(const Options& from) noexcept {
  const callgate_options options = of_options(from);
  SavedLimits limits{};
  for (const auto& each : limit_options) limits.*each.saved = options.*each.option;
  return limits;
}

SavedHeader header_of(const Options& from, const Programs& programs) noexcept {
  const callgate_options options = of_options(from);
  const callgate_layout layout = of_layout(from.layout);
  SavedHeader header{};
  header.magic = saved_magic;
  header.version = limits_of(from) == SavedLimits{} ? 1 : saved_version;
  for (const auto& each : header_options) header.*each.saved = options.*each.option;
  header.single_fetch = layout.single_fetch;
  header.filters = static_cast<std::uint32_t>(programs.size());
  std::memcpy(header.words, layout.words, sizeof header.words);
  for (const Program& program : programs) header.instructions += program.size();
  header.total = instructions_at(header) + sizeof(Insn) * header.instructions;
  return header;
}

void put(Bytes& bytes, std::size_t at, const void* from, std::size_t count) noexcept {
  std::memcpy(bytes.data() + at, from, count);
}

// The options as a caller would give them: they are checked as his are.
int read_options(const SavedHeader& header, std::span<const unsigned char> bytes, Options& to) noexcept {
  SavedLimits limits{};
  if (header.version != 1) std::memcpy(&limits, bytes.data() + sizeof header, sizeof limits);
  callgate_layout layout{};
  layout.size = sizeof layout;
  layout.single_fetch = header.single_fetch;
  std::memcpy(layout.words, header.words, sizeof layout.words);
  callgate_options options{};
  options.size = sizeof options;
  for (const auto& each : header_options) options.*each.option = header.*each.saved;
  for (const auto& each : limit_options) options.*each.option = limits.*each.saved;
  options.layout = &layout;
  Report silent(nullptr);
  const int code = to_options(&options, to, silent);
  to.code_limit = header.code_limit;  // 0 is no default here
  return code;
}

// Whether the sizes fit each other and the bytes.
bool is_whole(const SavedHeader& header, std::span<const unsigned char> bytes) noexcept {
  if (header.total != bytes.size() || header.instructions > max_saved_bytes / sizeof(Insn)) return false;
  if (instructions_at(header) + sizeof(Insn) * header.instructions != header.total) return false;
  if (header.checksum != checksum(bytes.subspan(checked_from))) return false;
  std::uint64_t sum = 0;
  for (std::uint32_t i = 0; i < header.filters; ++i) {
    std::uint32_t length;
    std::memcpy(&length, bytes.data() + lengths_at(header) + 4 * std::size_t{i}, sizeof length);
    sum += length;
  }
  return sum == header.instructions;
}

int verify_all_of(const SavedHeader& header, std::span<const unsigned char> bytes, Programs& programs, Report& report) {
  std::vector<Insn> instructions(static_cast<std::size_t>(header.instructions));
  const auto from = static_cast<std::size_t>(instructions_at(header));
  if (!instructions.empty()) std::memcpy(instructions.data(), bytes.data() + from, bytes.size() - from);
  const Insn* next = instructions.data();
  for (std::uint32_t i = 0; i < header.filters; ++i) {
    std::uint32_t length;
    std::memcpy(&length, bytes.data() + lengths_at(header) + 4 * std::size_t{i}, sizeof length);
    auto verified = verify({next, length});
    if (!verified) return report.refused(verified.error(), i);
    programs.push_back(std::move(*verified));
    next += length;
  }
  return CALLGATE_OK;
}

}  // namespace

Bytes save(const Chain& chain) {
  if (is_moved_from(chain)) return {};
  const Programs programs = filters_of(chain);
  SavedHeader header = header_of(chain.options(), programs);
  Bytes bytes(static_cast<std::size_t>(header.total));
  put(bytes, 0, &header, sizeof header);
  const SavedLimits limits = limits_of(chain.options());
  if (header.version != 1) put(bytes, sizeof header, &limits, sizeof limits);
  std::size_t length_at = lengths_at(header);
  auto at = static_cast<std::size_t>(instructions_at(header));
  for (const Program& program : programs) {
    const std::uint32_t length = program.size();
    put(bytes, length_at, &length, sizeof length);
    put(bytes, at, program.instructions().data(), program.instructions().size_bytes());
    length_at += sizeof length;
    at += program.instructions().size_bytes();
  }
  header.checksum = checksum(std::span(bytes).subspan(checked_from));
  put(bytes, 0, &header, sizeof header);
  return bytes;
}

int read(std::span<const unsigned char> bytes, Programs& oldest_first, Options& options, Report& report) {
  SavedHeader header;
  if (bytes.size() < sizeof header) return report.misuse(CALLGATE_DAMAGED, nullptr);
  std::memcpy(&header, bytes.data(), sizeof header);
  if (header.magic != saved_magic) return report.misuse(CALLGATE_BAD_FORMAT, nullptr);
  if (header.version == 0 || header.version > saved_version) return report.misuse(CALLGATE_BAD_VERSION, nullptr);
  if (!is_whole(header, bytes)) return report.misuse(CALLGATE_DAMAGED, nullptr);
  if (read_options(header, bytes, options) != CALLGATE_OK) return report.misuse(CALLGATE_DAMAGED, "options");
  return verify_all_of(header, bytes, oldest_first, report);
}

}  // namespace callgate::capi
