// callgate serve: questions and answers as lines of JSON, for programs in other languages.
#include <map>
#include <memory>

#include "calls/call_line.h"
#include "cli/decision_text.h"
#include "cli/differ.h"
#include "cli/explainer.h"

namespace callgate::cli {
namespace {

using Json = nlohmann::ordered_json;

struct ServeOptions {
  FilterOptions filter;
};

// What is wrong with a question.
struct BadQuestion : std::runtime_error {
  using std::runtime_error::runtime_error;
};

const Json& member(const Json& question, const char* key) {
  const auto found = question.find(key);
  if (found == question.end()) throw BadQuestion(std::string("\"") + key + "\" is missing");
  return *found;
}

std::string text_member(const Json& question, const char* key) {
  const Json& value = member(question, key);
  if (!value.is_string()) throw BadQuestion(std::string("\"") + key + "\" is no string");
  return value.get<std::string>();
}

std::uint64_t number_of(const Json& value, const char* what, std::uint64_t most) {
  std::uint64_t number = 0;
  if (value.is_number_unsigned()) {
    number = value.get<std::uint64_t>();
  } else if (value.is_string() && value.get<std::string>().starts_with("0x")) {
    const std::string text = value.get<std::string>();
    const auto [end, error] = std::from_chars(text.data() + 2, text.data() + text.size(), number, 16);
    if (error != std::errc() || end != text.data() + text.size())
      throw BadQuestion(std::string(what) + " is no number");
  } else {
    throw BadQuestion(std::string(what) + " is no number (0 or larger, or a string such as \"0x10\")");
  }
  if (number > most) throw BadQuestion(std::string(what) + " is too large");
  return number;
}

// A line as callgate eval reads it, or an object with nr, arch, args and ip.
SeccompData call_in(const Json& value) {
  if (value.is_string()) {
    const auto call = calls::parse_call(value.get<std::string>());
    if (!call) throw BadQuestion(call.error());
    return call->data;
  }
  if (!value.is_object()) throw BadQuestion("a call is a line or an object");
  SeccompData data{};
  data.nr = static_cast<std::uint32_t>(number_of(member(value, "nr"), "nr", UINT32_MAX));
  data.arch = arch::x86_64;
  if (value.contains("arch")) data.arch = static_cast<std::uint32_t>(number_of(value["arch"], "arch", UINT32_MAX));
  if (value.contains("ip")) data.instruction_pointer = number_of(value["ip"], "ip", UINT64_MAX);
  if (!value.contains("args")) return data;
  const Json& args = value["args"];
  if (!args.is_array() || args.size() > 6) throw BadQuestion("\"args\" is no array of at most six numbers");
  for (std::size_t i = 0; i < args.size(); ++i) data.args[i] = number_of(args[i], "an argument", UINT64_MAX);
  return data;
}

class Server {
 public:
  Server(Session& session, const ServeOptions& options) : session_(session), options_(options) {}

  Json answer(std::string_view line) {
    Json question = Json::parse(line, nullptr, false);
    Json answer = {{"id", nullptr}, {"ok", false}};
    if (question.is_discarded() || !question.is_object()) {
      answer["error"] = "the line is no object of JSON";
      return answer;
    }
    if (question.contains("id")) answer["id"] = question["id"];
    try {
      const Json result = ask(question);
      answer["ok"] = true;
      answer.update(result);
    } catch (const std::bad_alloc&) {
      throw;
    } catch (const std::exception& error) {
      answer["error"] = error.what();
    }
    return answer;
  }

 private:
  static constexpr std::size_t most_chains = 1000;

  Json ask(const Json& question) {
    const std::string op = text_member(question, "op");
    if (op == "load") return load(question);
    if (op == "unload") return {{"unloaded", chains_.erase(text_member(question, "chain")) > 0}};
    if (op == "eval") return eval(question);
    if (op == "diff") return diff(question);
    if (op == "explain") return explain(question);
    throw BadQuestion("unknown op \"" + op + "\" (load, unload, eval, diff, explain)");
  }

  // Filters are files by name, text, or profiles as objects.
  Json load(const Json& question) {
    const std::string name = text_member(question, "chain");
    const Json& filters = member(question, "filters");
    if (!filters.is_array()) throw BadQuestion("\"filters\" is no array");
    const std::string rule = question.value("rule", std::string(callgate::name(MergeRule::most_restrictive)));
    const bool is_kernels = rule == callgate::name(MergeRule::most_restrictive);
    if (!is_kernels && rule != callgate::name(MergeRule::first_non_allow)) {
      throw BadQuestion("unknown rule \"" + rule + "\"");
    }
    std::vector<std::string> names;
    std::vector<Program> programs;
    for (const Json& filter : filters) {
      names.push_back(fmt::format("filter {}", programs.size()));
      programs.push_back(program_in(filter, names.back()));
    }
    if (!chains_.contains(name) && chains_.size() >= most_chains) throw BadQuestion("too many chains are loaded");
    chains_[name] = std::make_unique<Policy>(std::move(names), std::move(programs),
                                             is_kernels ? MergeRule::most_restrictive : MergeRule::first_non_allow);
    Json lengths = Json::array();
    for (const Program& program : chains_[name]->programs()) lengths.push_back(program.size());
    return {{"chain", name}, {"instructions", lengths}};
  }

  Program program_in(const Json& filter, std::string& name) {
    if (!filter.is_object()) throw BadQuestion("a filter is an object with file, text or profile");
    if (filter.contains("file")) {
      name = text_member(filter, "file");
      if (name == "-") throw BadQuestion("standard input is where the questions come from");
      return read_program(session_, name, options_.filter);
    }
    if (filter.contains("profile")) return program_of(session_, name, filter["profile"].dump(), options_.filter);
    return program_of(session_, name, text_member(filter, "text"), options_.filter);
  }

  const Policy& chain_of(const Json& question, const char* key) const {
    const std::string name = text_member(question, key);
    const auto found = chains_.find(name);
    if (found == chains_.end()) throw BadQuestion("no chain \"" + name + "\" is loaded");
    return *found->second;
  }

  Json eval(const Json& question) const {
    const Policy& chain = chain_of(question, "chain");
    const Json& calls = member(question, "calls");
    if (!calls.is_array()) throw BadQuestion("\"calls\" is no array");
    Json results = Json::array();
    for (const Json& call : calls) {
      const std::uint32_t result = chain.decide(call_in(call));
      results.push_back({{"result", result}, {"decision", decision_text(result)}});
    }
    return {{"results", results}};
  }

  Json diff(const Json& question) const {
    const Json& subset = question.contains("subset") ? question["subset"] : Json(false);
    if (!subset.is_boolean()) throw BadQuestion("\"subset\" is no boolean");
    return diff_json(differences(chain_of(question, "old"), chain_of(question, "new"), subset.get<bool>()));
  }

  Json explain(const Json& question) const {
    std::vector<std::string> calls;
    if (question.contains("calls")) {
      for (const Json& call : question["calls"]) {
        if (!call.is_string() || call.get<std::string>().empty())
          throw BadQuestion("a call is a name or a number as text");
        calls.push_back(call.get<std::string>());
      }
    }
    const Explained explained = explain_policy(chain_of(question, "chain"), calls);
    Json result = explained_json(explained.domains);
    result["decided"] = !explained.is_open;
    return result;
  }

  Session& session_;
  const ServeOptions& options_;
  std::map<std::string, std::unique_ptr<Policy>> chains_;
};

ExitCode run(Session& session, const ServeOptions& options) {
  Server server(session, options);
  Input input("-");
  LineReader lines(input, session.out);
  std::string_view line;
  while (lines.next(line)) {
    if (calls::is_blank(line)) continue;
    session.out.print("{}\n", server.answer(line).dump(-1, ' ', false, Json::error_handler_t::replace));
  }
  return ExitCode::done;
}

}  // namespace

void add_serve(CLI::App& app, Session& session) {
  auto options = std::make_shared<ServeOptions>();
  CLI::App& command = *app.add_subcommand("serve", "Answer questions, a line of JSON each, on standard input");
  add_filter_options(command, options->filter, "--input-format");
  command.footer(
      R"(Each line of standard input is a question, and each gets one line of answer, in order: {"id": …, "ok": true, …}
or {"id": …, "ok": false, "error": "…"}. "id" is the question's own, if it has one.

  {"op": "load", "chain": "a", "filters": [{"file": "base.bpf"}, {"text": "ret ALLOW"}, {"profile": {…}}]}
      Filters oldest first; "rule" may be "first_non_allow" (default: the kernel's). The name may be used again.
  {"op": "eval", "chain": "a", "calls": ["socket AF_ALG", {"nr": 41, "arch": "0xc000003e", "args": [38]}]}
  {"op": "diff", "old": "a", "new": "b", "subset": false}
  {"op": "explain", "chain": "a", "calls": ["socket"]}
  {"op": "unload", "chain": "a"}

Answers to diff and explain are those of the verbs with --json. Clients: examples/client.py, examples/client.go.

Examples:
  echo '{"op": "load", "chain": "a", "filters": [{"text": "ret ALLOW"}]}' | callgate serve
  callgate serve --engine-of podman < questions.jsonl

Exit code: 0 at the end of the input, 2 if it cannot be read or the answers cannot be written.)");
  command.callback([options, &session] { session.exit = run(session, *options); });
}

}  // namespace callgate::cli
