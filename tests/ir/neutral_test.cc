// The compiler's neutral rooms know no dialect: their sources hold none of the words of seccomp.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>
#include <string>

namespace callgate::test {
namespace {

namespace fs = std::filesystem;

const fs::path root = fs::path(CALLGATE_TEST_DATA).parent_path();

std::string content(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

// "file: word" for each word of seccomp in the room's sources, comments too. AsmJit has a type of its own that is
// called Arch.
std::string words_of_seccomp(const std::string& room) {
  static const std::regex words("\\b(nr|arch|allow|SeccompData)\\b", std::regex::icase | std::regex::optimize);
  std::string found;
  for (const auto& entry : fs::recursive_directory_iterator(root / room)) {
    if (!entry.is_regular_file()) continue;
    const std::string text = std::regex_replace(content(entry.path()), std::regex("asmjit::Arch\\b"), "");
    for (std::sregex_iterator word(text.begin(), text.end(), words), end; word != end; ++word) {
      found += entry.path().lexically_relative(root).string() + ": " + word->str() + "\n";
    }
  }
  return found;
}

class NeutralRooms : public testing::TestWithParam<const char*> {};

TEST_P(NeutralRooms, HoldNoWordOfSeccomp) { EXPECT_EQ(words_of_seccomp(GetParam()), ""); }

INSTANTIATE_TEST_SUITE_P(Rooms, NeutralRooms, testing::Values("ir", "jit"),
                         [](const auto& test) { return std::string(test.param); });

TEST(NeutralRoomsTest, FindsTheWords) { EXPECT_NE(words_of_seccomp("compose"), ""); }

}  // namespace
}  // namespace callgate::test
