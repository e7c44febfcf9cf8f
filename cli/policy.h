// What diff, explain, lint and test share: chains read from files, calls by architecture, and decisions in words.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "callgate/chain.hpp"
#include "cli/command.h"
#include "cli/filter_file.h"
#include "proof/compare.h"

namespace callgate::cli {

// Filters in the order of the files, oldest first, as a chain of both readings: the proof's and the library's.
class Policy {
 public:
  Policy(Session& session, const std::vector<std::string>& files, const FilterOptions& options, MergeRule rule);
  // Filters that are no files; `names` stand for them in messages.
  Policy(std::vector<std::string> names, std::vector<Program> programs, MergeRule rule);

  proof::ChainRef chain() const { return {programs_, rule_}; }
  const std::vector<std::string>& files() const { return files_; }
  const std::vector<std::string>& contents() const { return contents_; }  // of the files
  const std::vector<Program>& programs() const { return programs_; }

  // The library's decision. A Failure (failed) if it is another one than the proof's.
  std::uint32_t decide(const SeccompData& call) const;

 private:
  std::vector<std::string> files_;
  std::vector<std::string> contents_;
  std::vector<Program> programs_;
  MergeRule rule_;
  Chain library_;
};

// --rule alone: what engine decides does not matter here.
void add_rule_option(CLI::App& command, MergeRule& rule);

// Calls that people think of as of one architecture.
struct Domain {
  std::string name;            // "x86_64", "x32", "i386", "aarch64", "other architectures"
  proof::IntervalSet arches;   // one value, but for "other architectures"
  proof::IntervalSet numbers;  // all that these calls may have
  std::map<std::uint32_t, std::string> names;
};

// The domains between which the walk makes a difference: x86_64, x32 and i386, others that are asked about, the rest.
std::vector<Domain> domains_of(const proof::Walk& walk);

// The parts of the walk that lie in a domain, with the numbers there.
struct DomainPart {
  const proof::Part* part;
  proof::IntervalSet numbers;
};
std::vector<DomainPart> parts_in(const proof::Walk& walk, const Domain& domain);

// A path's conditions, with other sets of architectures and numbers.
proof::Path with_numbers(proof::Path path, const proof::Terms& terms, const Domain& domain,
                         const proof::IntervalSet& numbers);

// The arguments by which a chain decides a call: bit i for argument i.
std::uint8_t arguments_that_count(const proof::Walk& walk, const Domain& domain, std::uint32_t nr);

// The call as callgate eval reads it: "socket 0x26 arch=i386".
std::string call_line(const SeccompData& data);

// A call of the path; with upper halves of 0 where 32-bit programs make the calls, if there is one.
std::optional<SeccompData> call_of(proof::Walk& walk, const proof::Path& path, proof::Answer* answer = nullptr);

// "ERRNO(1) EPERM", or what is said of a result that is computed.
std::string decision_text(const proof::Walk& walk, const proof::Decision& decision);

// Words in lines of at most 100 columns, each line after `indent`.
std::string wrapped(const std::vector<std::string>& words, const std::string& indent);

// "463 to 511, 600"; "every other number" if nearly all belong to it.
std::string numbers_text(const proof::IntervalSet& numbers);

nlohmann::ordered_json call_json(const SeccompData& data);
std::string json_text(const nlohmann::ordered_json& value);

}  // namespace callgate::cli
