// Chains in sealed memory files: they come back as they were, and nothing else is taken for one.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <bit>
#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <string>
#include <vector>

#include "oracles/generator/inputs.h"
#include "oracles/generator/program_generator.h"
#include "tests/capi/capi.h"
#include "tests/support/allocations.h"
#include "tests/support/chains.h"
#include "tests/support/child.h"
#include "tests/support/filters.h"

namespace callgate::test {
namespace {

using Bytes = std::vector<unsigned char>;
constexpr int all_seals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;

class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() { close(number_); }
  operator int() const { return number_; }  // NOLINT(google-explicit-constructor)

 private:
  int number_;
};

int save(const CChain& chain) {
  int descriptor = -1;
  callgate_error error = no_error();
  if (callgate_chain_save(chain.get(), &descriptor, &error) != CALLGATE_OK) throw std::runtime_error(text_of(error));
  return descriptor;
}

Bytes bytes_of(int descriptor) {
  Bytes bytes(static_cast<std::size_t>(lseek(descriptor, 0, SEEK_END)));
  EXPECT_EQ(pread(descriptor, bytes.data(), bytes.size(), 0), static_cast<ssize_t>(bytes.size()));
  return bytes;
}

int file_of(const Bytes& bytes, int seals = all_seals) {
  const int file = memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  EXPECT_EQ(write(file, bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
  EXPECT_EQ(fcntl(file, F_ADD_SEALS, seals), 0);
  return file;
}

std::uint32_t word_of(const Bytes& bytes, std::size_t at) {
  std::uint32_t word;
  std::memcpy(&word, bytes.data() + at, sizeof word);
  return word;
}

// What loading says; the chain is dropped.
callgate_error load(int descriptor) {
  callgate_error error = no_error();
  const callgate_chain* chain = nullptr;
  const int code = callgate_chain_load(descriptor, nullptr, &chain, &error);
  EXPECT_EQ(code, error.code);
  EXPECT_EQ(chain == nullptr, code != CALLGATE_OK);
  callgate_chain_release(chain);
  return error;
}

std::vector<Program> some_filters() {
  oracles::ProgramGenerator generator(91);
  std::vector<Program> filters;
  for (int i = 0; i < 3; ++i) filters.push_back(program(std::span<const Insn>(generator.valid(40))));
  filters.push_back(program("ld [nr]\njeq #7, no\nret #ALLOW\nno: ret #ERRNO(7)"));
  return filters;
}

class Transfer : public testing::TestWithParam<Options> {};

TEST_P(Transfer, TheChainComesBackAsItWas) {
  const std::vector<Program> filters = some_filters();
  Options options = GetParam();
  options.path_limit = 0;
  options.layout = InputLayout::split(arch::x86_64).with_single_fetch();
  const CChain before = c_chain(filters, options);
  const Descriptor file(save(before));
  EXPECT_EQ(fcntl(file, F_GET_SEALS) & all_seals, all_seals);
  EXPECT_EQ(fcntl(file, F_GETFD), FD_CLOEXEC);
  std::size_t expected_size = 200 + 4 * filters.size();
  for (const Program& filter : filters) expected_size += filter.instructions().size_bytes();
  EXPECT_EQ(bytes_of(file).size(), expected_size);

  const callgate_chain* loaded = nullptr;
  callgate_error error = no_error();
  ASSERT_EQ(callgate_chain_load(file, nullptr, &loaded, &error), CALLGATE_OK) << text_of(error);
  const CChain after(loaded);
  callgate_options options_before{}, options_after{};
  callgate_layout layout_before{}, layout_after{};
  options_before.size = options_after.size = sizeof options_before;
  layout_before.size = layout_after.size = sizeof layout_before;
  ASSERT_EQ(callgate_chain_options(before.get(), &options_before, &layout_before), CALLGATE_OK);
  ASSERT_EQ(callgate_chain_options(after.get(), &options_after, &layout_after), CALLGATE_OK);
  EXPECT_EQ(std::memcmp(&layout_before, &layout_after, sizeof layout_before), 0);
  options_before.layout = options_after.layout = nullptr;
  EXPECT_EQ(std::memcmp(&options_before, &options_after, sizeof options_before), 0);
  for (const Program& filter : filters) {
    for (const SeccompData& call : oracles::inputs_for(filter.instructions(), 92, 16)) {
      callgate_decision first{sizeof first, 0, 0};
      callgate_decision second{sizeof second, 0, 0};
      EXPECT_EQ(callgate_evaluate(after.get(), data_of(call)), callgate_evaluate(before.get(), data_of(call)));
      callgate_match(before.get(), data_of(call), &first);
      callgate_match(after.get(), data_of(call), &second);
      EXPECT_EQ(first.filter, second.filter);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(FirstNonAllow, Transfer, testing::ValuesIn(all_options()), shown);
INSTANTIATE_TEST_SUITE_P(MostRestrictive, Transfer, testing::ValuesIn(all_options(MergeRule::most_restrictive)), shown);

// What version 1 of the format does not know: 16 bytes more.
TEST(Transfers, BudgetsAndBlinding) {
  const Options options{.step_limit = 1'000, .node_limit = 2'000, .byte_limit = 30'000, .blind_constants = true};
  const std::vector<Program> filters = some_filters();
  const Descriptor file(save(c_chain(filters, options)));
  Bytes bytes = bytes_of(file);
  EXPECT_EQ(word_of(bytes, 4), 2u);
  std::size_t expected_size = 216 + 4 * filters.size();
  for (const Program& filter : filters) expected_size += filter.instructions().size_bytes();
  EXPECT_EQ(bytes.size(), expected_size);
  const callgate_chain* loaded = nullptr;
  ASSERT_EQ(callgate_chain_load(file, nullptr, &loaded, nullptr), CALLGATE_OK);
  const CChain chain(loaded);
  callgate_options after{};
  after.size = sizeof after;
  ASSERT_EQ(callgate_chain_options(chain.get(), &after, nullptr), CALLGATE_OK);
  EXPECT_EQ(after.step_limit, 1'000u);
  EXPECT_EQ(after.node_limit, 2'000u);
  EXPECT_EQ(after.byte_limit, 30'000u);
  EXPECT_EQ(after.blind_constants, 1u);
  for (const Program& filter : filters) {
    for (const SeccompData& call : oracles::inputs_for(filter.instructions(), 93, 16)) {
      EXPECT_EQ(callgate_evaluate(chain.get(), data_of(call)),
                oracles::reference(filters, MergeRule::first_non_allow, call));
    }
  }
}

TEST(Transfers, OptionsOfTheReaderReplaceThoseOfTheFile) {
  const Descriptor file(save(c_chain(some_filters(), {.rule = MergeRule::most_restrictive})));
  callgate_options options{};
  options.size = sizeof options;
  options.engine = CALLGATE_ENGINE_INTERPRETER;
  const callgate_chain* loaded = nullptr;
  ASSERT_EQ(callgate_chain_load(file, &options, &loaded, nullptr), CALLGATE_OK);
  const CChain chain(loaded);
  ASSERT_EQ(callgate_chain_options(chain.get(), &options, nullptr), CALLGATE_OK);
  EXPECT_EQ(options.engine, std::uint32_t{CALLGATE_ENGINE_INTERPRETER});
  EXPECT_EQ(options.rule, std::uint32_t{CALLGATE_FIRST_NON_ALLOW});
  callgate_error error = no_error();
  options.path_limit = 10;
  EXPECT_EQ(callgate_chain_load(file, &options, &loaded, &error), CALLGATE_PATH_TOO_LONG);
  options.rule = 2;
  EXPECT_EQ(callgate_chain_load(file, &options, &loaded, &error), CALLGATE_BAD_VALUE);
}

TEST(Transfers, AnEmptyChain) {
  const Descriptor file(save(c_chain({})));
  EXPECT_EQ(load(file).code, CALLGATE_OK);
}

TEST(Transfers, EverySealIsNeeded) {
  const Descriptor file(save(c_chain(some_filters())));
  const Bytes bytes = bytes_of(file);
  EXPECT_EQ(load(Descriptor(file_of(bytes))).code, CALLGATE_OK);
  for (const int seal : {F_SEAL_SEAL, F_SEAL_SHRINK, F_SEAL_GROW, F_SEAL_WRITE}) {
    EXPECT_EQ(load(Descriptor(file_of(bytes, all_seals & ~seal))).code, CALLGATE_NOT_SEALED) << seal;
  }
}

TEST(Transfers, OtherFiles) {
  EXPECT_EQ(load(-1).code, CALLGATE_NO_MEMORY_FILE);
  EXPECT_EQ(load(-1).error_number, EBADF);
  EXPECT_EQ(text_of(load(-1)), "the descriptor is not that of a memory file that can be sealed (EBADF)");
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  const Descriptor in(ends[0]);
  const Descriptor out(ends[1]);
  EXPECT_EQ(load(in).code, CALLGATE_NO_MEMORY_FILE);
  EXPECT_EQ(load(Descriptor(open("/dev/null", O_RDONLY))).code, CALLGATE_NO_MEMORY_FILE);
}

// ---- bytes that are wrong
// ---------------------------------------------------------------------------------------------

// The places of fields, by hand: the format must not change unnoticed.
constexpr std::size_t at_version = 4;
constexpr std::size_t at_checksum = 8;
constexpr std::size_t at_engine = 24;
constexpr std::size_t at_filters = 60;
constexpr std::size_t at_words = 64;
constexpr std::size_t at_total = 16;
constexpr std::size_t at_instructions = 192;
constexpr std::size_t at_lengths = 200;
constexpr std::size_t low_half = std::endian::native == std::endian::little ? 0 : 4;  // of a field of 64 bits

void set(Bytes& bytes, std::size_t at, std::uint32_t value) { std::memcpy(bytes.data() + at, &value, sizeof value); }

// With a checksum that is right: what a forger writes.
void forge(Bytes& bytes) {
  std::uint64_t sum = 0xcbf29ce484222325;
  for (std::size_t i = 16; i < bytes.size(); ++i) sum = (sum ^ bytes[i]) * 0x100000001b3;
  std::memcpy(bytes.data() + at_checksum, &sum, sizeof sum);
}

class SavedBytes : public testing::Test {
 protected:
  SavedBytes()
      : whole(bytes_of(Descriptor(save(
            c_chain({program("ret #ERRNO(1)"), program("ld [nr]\njeq #3, no\nret #ALLOW\nno: ret #KILL_PROCESS")}))))) {
  }

  callgate_error loaded(const Bytes& bytes) { return load(Descriptor(file_of(bytes))); }
  callgate_error forged(Bytes bytes) {
    forge(bytes);
    return loaded(bytes);
  }
  Bytes with(std::size_t at, std::uint32_t value) {
    Bytes bytes = whole;
    set(bytes, at, value);
    return bytes;
  }

  Bytes whole;
};

TEST_F(SavedBytes, TheFormatIsTheOneOfVersion1) {
  ASSERT_EQ(whole.size(), 200u + 8 + 5 * 8);
  EXPECT_EQ(word_of(whole, 0), 0x48434743u);
  EXPECT_EQ(word_of(whole, at_version), 1u);
  EXPECT_EQ(forged(whole).code, CALLGATE_OK);
  Bytes again = whole;
  forge(again);
  EXPECT_EQ(again, whole);
}

TEST_F(SavedBytes, OtherVersions) {
  for (const std::uint32_t version : {0u, 3u, 0xffffffffu}) {
    EXPECT_EQ(forged(with(at_version, version)).code, CALLGATE_BAD_VERSION) << version;
  }
  EXPECT_EQ(forged(with(at_version, 2)).code, CALLGATE_DAMAGED) << "16 bytes are missing";
  Bytes longer = with(at_version, 2);
  longer.insert(longer.begin() + at_lengths, 16, 0);
  set(longer, at_total + low_half, static_cast<std::uint32_t>(longer.size()));
  EXPECT_EQ(forged(longer).code, CALLGATE_OK);
  set(longer, at_lengths + 12, 2);  // blind_constants
  EXPECT_EQ(forged(longer).code, CALLGATE_DAMAGED);
}

TEST_F(SavedBytes, EveryChangedByteIsFound) {
  for (std::size_t i = 0; i < whole.size(); ++i) {
    Bytes bytes = whole;
    bytes[i] ^= 0x10;
    const int code = loaded(bytes).code;
    EXPECT_EQ(code, i < at_version    ? CALLGATE_BAD_FORMAT
                    : i < at_checksum ? CALLGATE_BAD_VERSION
                                      : CALLGATE_DAMAGED)
        << i;
  }
}

TEST_F(SavedBytes, EveryOtherLengthIsFound) {
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_EQ(loaded({whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size)}).code, CALLGATE_DAMAGED)
        << size;
  }
  Bytes longer = whole;
  longer.push_back(0);
  EXPECT_EQ(loaded(longer).code, CALLGATE_DAMAGED);
}

TEST_F(SavedBytes, ForgedOptions) {
  for (std::size_t field = 0; field < 6; ++field) {
    EXPECT_EQ(forged(with(at_engine + 4 * field, 77)).code, CALLGATE_DAMAGED) << field;
  }
  EXPECT_EQ(forged(with(at_engine + 32, 2)).code, CALLGATE_DAMAGED);  // single_fetch
  EXPECT_EQ(forged(with(at_words, 2)).code, CALLGATE_DAMAGED);
  EXPECT_EQ(forged(with(at_words, 1)).code, CALLGATE_BAD_LAYOUT);
  EXPECT_EQ(forged(with(at_words + 12, 5000)).code, CALLGATE_BAD_LAYOUT);
}

TEST_F(SavedBytes, ForgedSizes) {
  for (const std::uint32_t count : {0u, 1u, 3u, 4u, 0x40000000u, 0xffffffffu}) {
    EXPECT_EQ(forged(with(at_filters, count)).code, CALLGATE_DAMAGED) << count;
  }
  EXPECT_EQ(forged(with(at_lengths, 2)).code, CALLGATE_DAMAGED);
  EXPECT_EQ(forged(with(at_lengths, 0xffffffff)).code, CALLGATE_DAMAGED);
  Bytes moved = with(at_lengths, 0);
  set(moved, at_lengths + 4, 5);
  EXPECT_EQ(forged(moved).code, CALLGATE_EMPTY);
  for (const std::uint32_t total : {0u, 0xffffffffu}) {
    EXPECT_EQ(forged(with(at_total + low_half, total)).code, CALLGATE_DAMAGED);
  }
  for (const std::uint32_t high : {1u, 0x20000000u, 0xffffffffu}) {
    EXPECT_EQ(forged(with(at_instructions + 4 - low_half, high)).code, CALLGATE_DAMAGED);
  }
}

// Filters are verified as if a stranger gave them.
TEST_F(SavedBytes, ForgedFilters) {
  const std::size_t second_filter = at_lengths + 8 + 8;
  const callgate_error error = forged(with(second_filter + 4, 3));  // ld [3]
  EXPECT_EQ(error.code, CALLGATE_LOAD_OFFSET);
  EXPECT_EQ(error.filter, 1u);
  EXPECT_EQ(error.instruction, 0u);
}

// ---- refusals and misuse
// ----------------------------------------------------------------------------------------------

TEST(Transfers, TheLimitOnFilesIsAnErrorAndNoSignal) {
  const CChain chain = c_chain(some_filters());
  EXPECT_EQ(in_child([&]() -> std::string {
              const rlimit limit{64, 64};
              setrlimit(RLIMIT_FSIZE, &limit);
              callgate_error error = no_error();
              int descriptor = 7;
              callgate_chain_save(chain.get(), &descriptor, &error);
              return descriptor == -1 ? std::to_string(error.code) : "saved";
            }),
            std::to_string(int{CALLGATE_FILE_SIZE_LIMIT}));
}

TEST(Transfers, NoDescriptorIsLeft) {
  const CChain chain = c_chain(some_filters());
  EXPECT_EQ(in_child([&]() -> std::string {
              const rlimit limit{3, 3};
              setrlimit(RLIMIT_NOFILE, &limit);
              callgate_error error = no_error();
              int descriptor = 7;
              callgate_chain_save(chain.get(), &descriptor, &error);
              return descriptor == -1 ? text_of(error) : "saved";
            }),
            "the file could not be written (EMFILE)");
}

TEST(Transfers, LostAllocations) {
  if (has_tsan) GTEST_SKIP() << "ThreadSanitizer owns operator new";
  const CChain chain = c_chain(some_filters(), {.engine = Engine::interpreter});
  for (std::size_t count = 0;; ++count) {
    const std::ptrdiff_t before = live_allocations();
    callgate_error error = no_error();
    const callgate_chain* loaded = nullptr;
    int descriptor = -1;
    bool failed;
    {
      const FailAfter lost(count);
      if (callgate_chain_save(chain.get(), &descriptor, &error) == CALLGATE_OK) {
        callgate_chain_load(descriptor, nullptr, &loaded, &error);
      }
      failed = lost.has_failed();
    }
    EXPECT_TRUE(error.code == CALLGATE_OK || error.code == CALLGATE_OUT_OF_MEMORY) << text_of(error);
    EXPECT_EQ(loaded != nullptr, error.code == CALLGATE_OK);
    callgate_chain_release(loaded);
    if (descriptor >= 0) close(descriptor);
    EXPECT_EQ(live_allocations(), before);
    if (!failed) break;
  }
}

TEST(Transfers, Misuse) {
  const CChain chain = c_chain({});
  callgate_error error = no_error();
  int descriptor = 7;
  const callgate_chain* loaded = nullptr;
  EXPECT_EQ(callgate_chain_save(nullptr, &descriptor, &error), CALLGATE_NULL_POINTER);
  EXPECT_EQ(descriptor, -1);
  EXPECT_STREQ(error.where, "chain");
  EXPECT_EQ(callgate_chain_save(chain.get(), nullptr, &error), CALLGATE_NULL_POINTER);
  EXPECT_EQ(callgate_chain_load(0, nullptr, nullptr, &error), CALLGATE_NULL_POINTER);
  error.size = 3;
  EXPECT_EQ(callgate_chain_save(chain.get(), &descriptor, &error), CALLGATE_BAD_SIZE);
  EXPECT_EQ(callgate_chain_load(0, nullptr, &loaded, &error), CALLGATE_BAD_SIZE);
}

}  // namespace
}  // namespace callgate::test
