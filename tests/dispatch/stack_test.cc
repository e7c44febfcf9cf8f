// Small stacks: attaching and releasing must not recurse.
#include <gtest/gtest.h>
#include <pthread.h>

#include <cstdlib>
#include <exception>
#include <functional>
#include <string>
#include <vector>

#include "tests/support/chains.h"
#include "tests/support/filters.h"
#include "tests/support/sanitizers.h"

namespace callgate::test {
namespace {

// Sanitizers make every frame larger and put much of their own on the stack.
constexpr std::size_t stack_bytes = has_asan || has_tsan ? std::size_t{1} << 20 : std::size_t{64} << 10;

struct Job {
  std::function<void()> body;
  std::string failure;
};

void* run(void* argument) {
  auto& job = *static_cast<Job*>(argument);
  try {
    job.body();
  } catch (const std::exception& error) {
    job.failure = error.what();
  }
  return nullptr;
}

std::string on_small_stack(std::function<void()> body) {
  Job job{std::move(body), ""};
  pthread_attr_t attributes;
  pthread_t thread;
  pthread_attr_init(&attributes);
  if (pthread_attr_setstacksize(&attributes, stack_bytes) != 0) return "no such stack";
  const int error = pthread_create(&thread, &attributes, run, &job);
  pthread_attr_destroy(&attributes);
  if (error != 0) return "no thread";
  pthread_join(thread, nullptr);
  return job.failure;
}

constexpr std::uint32_t million = 1'000'000;

TEST(SmallStack, ReleasesAMillionFilters) {
  const Program filter = program("ret #0x7fff0000");
  Chain chain = sound(Chain::create({.engine = Engine::interpreter, .path_limit = 0}));
  for (std::uint32_t i = 0; i < million; ++i) chain = sound(chain.attach(filter));
  ASSERT_EQ(chain.length(), million);
  EXPECT_EQ(on_small_stack([&] { chain = sound(Chain::create()); }), "");
}

TEST(SmallStack, AttachesAndReleasesAMillionFiltersAtOnce) {
  const std::vector<Program> filters(million, program("ret #0x7fff0000"));
  EXPECT_EQ(on_small_stack([&] {
              const Chain chain = chain_of(filters, {.engine = Engine::interpreter, .path_limit = 0});
              if (chain.evaluate({}) != action::allow) throw std::runtime_error("wrong decision");
            }),
            "");
}

using Text = std::vector<Insn>;

Text ladder() {
  Text insns = {{0x20, 0, 0, 16}};
  while (insns.size() < max_program_length - 1) {
    const auto n = static_cast<std::uint32_t>(insns.size());
    insns.push_back({0x15, 0, 1, n});
    insns.push_back({0x06, 0, 0, 0x50000 + n % 4096});
  }
  insns.resize(max_program_length - 1);
  insns.push_back({0x06, 0, 0, 0x7fff0000});
  return insns;
}

Text deep_expression() {
  Text insns = {{0x20, 0, 0, 16}, {0x07, 0, 0, 0}};
  while (insns.size() < max_program_length - 1) insns.push_back({0x24, 0, 0, 3}), insns.push_back({0x0c, 0, 0, 0});
  insns.resize(max_program_length - 1);
  insns.push_back({0x16, 0, 0, 0});
  return insns;
}

Text diamonds() {
  Text insns = {{0x20, 0, 0, 16}};
  while (insns.size() < max_program_length - 4) {
    insns.push_back({0x45, 0, 1, 1u << (insns.size() % 32)});
    insns.push_back({0x04, 0, 0, 1});
    insns.push_back({0x74, 0, 0, 1});
  }
  insns.resize(max_program_length - 1, {0x04, 0, 0, 1});
  insns.push_back({0x16, 0, 0, 0});
  return insns;
}

class SmallStackOf : public testing::TestWithParam<Options> {};

TEST_P(SmallStackOf, AttachesTheLongestFilters) {
  for (const Text& text : {ladder(), deep_expression(), diamonds()}) {
    const std::vector<Program> filters(3, program(std::span<const Insn>(text)));
    const SeccompData data{.nr = 1, .arch = arch::x86_64, .instruction_pointer = 0, .args = {77}};
    EXPECT_EQ(on_small_stack([&] {
                const Chain chain = sound(chain_of({filters[0]}, GetParam()).attach(filters[1]));
                const Chain more = sound(chain.attach(filters[2]));
                const std::uint32_t expected = reference(filters, GetParam().rule, data).result;
                if (more.evaluate(data) != expected) throw std::runtime_error("evaluate: wrong decision");
                if (more.match(data).result != expected) throw std::runtime_error("match: wrong decision");
              }),
              "");
  }
}

INSTANTIATE_TEST_SUITE_P(All, SmallStackOf, testing::ValuesIn(all_options()), shown);

}  // namespace
}  // namespace callgate::test
