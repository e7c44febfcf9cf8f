#include "cli/eval_output.h"

#include <algorithm>
#include <utility>

#include <nlohmann/json.hpp>

#include "bpf/names.h"
#include "bpf/quote.h"
#include "callgate/action.hpp"
#include "calls/architecture.h"
#include "calls/syscall_names.h"
#include "cli/decision_text.h"

namespace callgate::cli {
namespace {

using calls::argument_count;
using calls::Call;

constexpr std::uint64_t low_half = 0xffffffff;

// Numbers below 10 are the same in decimal.
std::string argument_text(std::uint64_t value, std::uint64_t unknown, bool is_32_bit) {
  if (unknown == 0) return value < 10 ? std::to_string(value) : fmt::format("{:#x}", value);
  if (unknown == ~low_half && !is_32_bit) return fmt::format("0x????????{:08x}", value);
  return "?";
}

std::string call_text(const Call& call) {
  std::string arguments;
  const bool is_32_bit = calls::has_32_bit_registers(call.data.arch);
  for (std::size_t i = 0; i < call.shown; ++i) {
    arguments += (i == 0 ? "" : ", ") + argument_text(call.data.args[i], call.unknown.args[i], is_32_bit);
  }
  const std::string name = calls::call_name(call.data);
  const std::size_t suffix = std::min(name.find(" ("), name.size());
  return name.substr(0, suffix) + "(" + arguments + ")" + name.substr(suffix);
}

std::string filter_text(std::uint32_t filter, const std::vector<std::string>& names) {
  std::string text = fmt::format("filter {}", filter);
  if (names.size() > 1) text += " (" + bpf::visible(names[filter]) + ")";
  return text;
}

// What decided; empty if that is not one thing.
std::string by_text(const Answer& answer, const std::vector<std::string>& names) {
  if (answer.is_unfiltered) return "the kernel asks no filter";
  if (!answer.result) return "";
  if (const auto filter = answer.filter()) return filter_text(*filter, names);
  const bool nobody = std::ranges::all_of(answer.outcomes, [](const Outcome& outcome) { return !outcome.filter; });
  return nobody ? "no filter objects" : "one of several filters";
}

std::string decision_of(const Answer& answer) { return answer.result ? decision_text(*answer.result) : "?"; }

template <class Number>
nlohmann::ordered_json or_null(const std::optional<Number>& number) {
  return number ? nlohmann::ordered_json(*number) : nlohmann::ordered_json(nullptr);
}

nlohmann::ordered_json call_json(const Call& call) {
  const auto half_text = [](std::uint64_t value, std::uint64_t unknown) {
    return unknown == 0 ? nlohmann::ordered_json(fmt::format("{:#x}", value)) : nlohmann::ordered_json(nullptr);
  };
  nlohmann::ordered_json arguments = nlohmann::ordered_json::array();
  for (std::size_t i = 0; i < argument_count; ++i) {
    arguments.push_back(half_text(call.data.args[i], call.unknown.args[i]));
  }
  const std::string_view arch = bpf::arch_name(call.data.arch);
  const std::string name = calls::syscall_name(call.data.nr, call.data.arch);
  return {{"text", call_text(call)},
          {"name", name.empty() ? nlohmann::ordered_json(nullptr) : nlohmann::ordered_json(name)},
          {"nr", call.data.nr},
          {"arch", arch.empty() ? fmt::format("{:#x}", call.data.arch) : std::string(arch)},
          {"args", arguments},
          {"ip", half_text(call.data.instruction_pointer, call.unknown.instruction_pointer)}};
}

// Rows in the order in which they are shown: first what is not allowed, for which people look, and the most frequent.
template <class Rows>
auto in_order(const Rows& rows) {
  std::vector<std::pair<typename Rows::key_type, std::uint64_t>> sorted(rows.begin(), rows.end());
  const auto place = [](const auto& row) { return std::pair(std::get<0>(row.first) == "ALLOW", ~row.second); };
  std::ranges::stable_sort(sorted, {}, place);
  return sorted;
}

}  // namespace

std::string answer_text(const Call& call, const Answer& answer, const std::vector<std::string>& names) {
  std::string text = decision_of(answer) + "  " + call_text(call);
  if (std::string by = by_text(answer, names); !by.empty()) {
    if (const auto instruction = answer.instruction()) by += fmt::format(" at {}", *instruction);
    text += "  " + by;
  }
  for (std::size_t i = 0; i < answer.notes.size(); ++i) text += (i == 0 ? "  (" : "; ") + answer.notes[i];
  return answer.notes.empty() ? text : text + ")";
}

std::string answer_json(const Call& call, const Answer& answer, const std::vector<std::string>& names) {
  nlohmann::ordered_json object;
  const std::optional<std::uint32_t> result = answer.result;
  object["result"] = or_null(result);
  object["hex"] = result ? nlohmann::ordered_json(fmt::format("0x{:08x}", *result)) : nullptr;
  object["action"] = result ? nlohmann::ordered_json(bpf::action_name(*result)) : nullptr;
  object["data"] = result ? nlohmann::ordered_json(data_of(*result)) : nullptr;
  object["filter"] = or_null(result ? answer.filter() : std::nullopt);
  object["instruction"] = or_null(result ? answer.instruction() : std::nullopt);
  object["file"] = result && answer.filter() ? nlohmann::ordered_json(bpf::visible(names[*answer.filter()])) : nullptr;
  const std::string error = result ? errno_name(*result) : "";
  object["errno"] = error.empty() ? nlohmann::ordered_json(nullptr) : nlohmann::ordered_json(error);
  object["decision"] = decision_of(answer);
  object["line"] = call.line;
  object["call"] = call_json(call);
  object["notes"] = answer.notes;
  return object.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

void EvalSummary::add(const Call& call, const Answer& answer, const std::vector<std::string>& names) {
  ++calls_;
  unknown_ += !answer.result;
  allowed_ += answer.result && action_of(*answer.result) == action::allow;
  const std::string by = by_text(answer, names);
  ++rows_[{decision_of(answer), calls::call_name(call.data), by.empty() ? "-" : by}];
}

void EvalSummary::print(Output& out) const {
  std::size_t decision_width = 8;
  std::size_t call_width = 4;
  for (const auto& [row, count] : rows_) {
    decision_width = std::max(decision_width, std::get<0>(row).size());
    call_width = std::max(call_width, std::get<1>(row).size());
  }
  out.print("{:>10}  {:<{}}  {:<{}}  {}\n", "calls", "decision", decision_width, "call", call_width, "by");
  for (const auto& [row, count] : in_order(rows_)) {
    out.print("{:>10}  {:<{}}  {:<{}}  {}\n", count, std::get<0>(row), decision_width, std::get<1>(row), call_width,
              std::get<2>(row));
  }
  const auto share = [&](std::uint64_t part) {
    return calls_ == 0 ? 0.0 : 100 * static_cast<double>(part) / static_cast<double>(calls_);
  };
  const std::uint64_t refused = calls_ - allowed_ - unknown_;
  out.print("{:>10}  calls in all\n{:>10}  allowed ({:.2f} %)\n{:>10}  not allowed ({:.2f} %)\n", calls_, allowed_,
            share(allowed_), refused, share(refused));
  if (unknown_ > 0) out.print("{:>10}  not known ({:.2f} %)\n", unknown_, share(unknown_));
}

void EvalSummary::print_json(Output& out) const {
  nlohmann::ordered_json rows = nlohmann::ordered_json::array();
  for (const auto& [row, count] : in_order(rows_)) {
    rows.push_back(
        {{"calls", count}, {"decision", std::get<0>(row)}, {"call", std::get<1>(row)}, {"by", std::get<2>(row)}});
  }
  const nlohmann::ordered_json summary = {{"summary",
                                           {{"calls", calls_},
                                            {"allowed", allowed_},
                                            {"not_allowed", calls_ - allowed_ - unknown_},
                                            {"not_known", unknown_},
                                            {"rows", rows}}}};
  out.print("{}\n", summary.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace));
}

}  // namespace callgate::cli
