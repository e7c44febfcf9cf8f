#include "cli/description.h"

#include <algorithm>
#include <cctype>
#include <string_view>

namespace callgate::cli {
namespace {

// What an option is, read once from CLI11.
struct OptionText {
  std::vector<std::string> short_flags;  // "-f"
  std::vector<std::string> long_flags;   // "--filter"
  std::string value;                     // "FILE", "text|hex"; empty for a flag
  std::vector<std::string> choices;      // the words that the value may be, if there are few
  std::string help;                      // one paragraph
  std::string initial;
  bool is_positional = false;
  bool is_repeated = false;
  bool is_required = false;
};

std::string in_one_line(std::string text) {
  std::ranges::replace(text, '\n', ' ');
  return text;
}

std::vector<std::string> words_between_bars(const std::string& text) {
  if (text.find('|') == std::string::npos) return {};
  std::vector<std::string> words(1);
  for (const char c : text) {
    if (c == '|') {
      words.emplace_back();
    } else if (std::islower(static_cast<unsigned char>(c)) != 0 || std::isdigit(static_cast<unsigned char>(c)) != 0 ||
               c == '_' || c == '-') {
      words.back() += c;
    } else {
      return {};
    }
  }
  return words;
}

OptionText text_of(const CLI::Option& option) {
  OptionText text;
  for (const std::string& name : option.get_snames()) text.short_flags.push_back("-" + name);
  for (const std::string& name : option.get_lnames()) text.long_flags.push_back("--" + name);
  text.is_positional = option.get_positional();
  const bool takes_value = option.get_items_expected_max() != 0 && option.get_type_size() != 0;
  if (takes_value) text.value = option.get_type_name();
  if (text.is_positional && text.value.empty()) text.value = option.get_name(true);
  text.choices = words_between_bars(text.value);
  text.help = in_one_line(option.get_description());
  if (takes_value) text.initial = option.get_default_str();
  text.is_repeated = option.get_items_expected_max() > 1;
  text.is_required = option.get_required();
  return text;
}

// Options that help shows, in its order: those of a group behind those that have none.
std::vector<OptionText> options_of(const CLI::App& app, bool positional) {
  std::vector<OptionText> all;
  for (const CLI::Option* option : app.get_options({})) {
    if (option->get_group().empty() || option->get_positional() != positional) continue;
    all.push_back(text_of(*option));
    if (positional) all.back().value = option->get_name(true);
  }
  return all;
}

std::vector<const CLI::App*> verbs_of(const CLI::App& app) {
  std::vector<const CLI::App*> verbs;
  for (const CLI::App* verb : app.get_subcommands({})) {
    if (!verb->get_group().empty()) verbs.push_back(verb);
  }
  return verbs;
}

// ---- manual pages
// ----------------------------------------------------------------------------------------------------

// Text for troff: no request at the start of a line, no hyphenation of options.
std::string troff(std::string_view text) {
  std::string out;
  bool starts = true;
  for (const char c : text) {
    if (starts && (c == '.' || c == '\'')) out += "\\&";
    starts = c == '\n';
    if (c == '\\') {
      out += "\\e";
    } else if (c == '-') {
      out += "\\-";
    } else if (c == '\'') {
      out += "\\(aq";
    } else if (c == '`') {
      out += "\\(ga";
    } else if (c == '^') {
      out += "\\(ha";
    } else if (c == '~') {
      out += "\\(ti";
    } else {
      out += c;
    }
  }
  return out;
}

std::string upper(std::string text) {
  for (char& c : text) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return text;
}

class ManualPage {
 public:
  ManualPage(const std::string& title, const std::string& version, const std::string& date)
      : text_(".\\\" Made from the command's own description.\n.TH " + upper(troff(title)) + " 1 " + date +
              " \"callgate " + version + "\" \"User Commands\"\n") {}

  void section(const std::string& name) { text_ += ".SH " + name + "\n"; }
  void line(const std::string& text) { text_ += troff(text) + "\n"; }
  void raw(const std::string& text) { text_ += text; }
  // As it stands.
  void example(const std::string& text) { text_ += ".PP\n.nf\n" + troff(text) + "\n.fi\n"; }

  void option(const OptionText& option) {
    text_ += ".TP\n";
    std::string names;
    if (option.is_positional) names = "\\fI" + troff(option.value) + "\\fR" + (option.is_repeated ? " ..." : "");
    for (const auto* flags : {&option.short_flags, &option.long_flags}) {
      for (const std::string& flag : *flags) names += (names.empty() ? "\\fB" : ", \\fB") + troff(flag) + "\\fR";
    }
    if (!option.is_positional && !option.value.empty()) names += " \\fI" + troff(option.value) + "\\fR";
    text_ += names + "\n";
    std::string help = option.help;
    if (option.is_required && !option.is_positional) help += ". Required";
    if (!option.initial.empty()) help += ". Default: " + option.initial;
    text_ += troff(help) + ".\n";
  }

  std::string finish() && { return std::move(text_); }

 private:
  std::string text_;
};

std::string lower_first(std::string text) {
  if (!text.empty()) text[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(text[0])));
  return text;
}

std::string verb_page(const CLI::App& verb, const std::string& version, const std::string& date) {
  const std::string name = "callgate-" + verb.get_name();
  ManualPage page(name, version, date);
  page.section("NAME");
  page.raw(troff(name) + " \\- " + troff(lower_first(in_one_line(verb.get_description()))) + "\n");
  page.section("SYNOPSIS");
  std::string synopsis = "\\fBcallgate " + troff(verb.get_name()) + "\\fR [\\fIOPTIONS\\fR]";
  const std::vector<OptionText> positionals = options_of(verb, true);
  for (const OptionText& each : positionals) {
    const std::string word = "\\fI" + troff(each.value) + "\\fR" + (each.is_repeated ? " ..." : "");
    synopsis += each.is_required ? " " + word : " [" + word + "]";
  }
  page.raw(synopsis + "\n");
  if (!positionals.empty()) {
    page.section("ARGUMENTS");
    for (const OptionText& each : positionals) page.option(each);
  }
  page.section("OPTIONS");
  for (const OptionText& each : options_of(verb, false)) page.option(each);
  page.section("DESCRIPTION");
  page.example(verb.get_footer());
  page.section("SEE ALSO");
  page.raw(".BR callgate (1),\n.BR callgate (3)\n");
  return std::move(page).finish();
}

std::string overview_page(const CLI::App& app, const std::string& version, const std::string& date) {
  ManualPage page("callgate", version, date);
  page.section("NAME");
  page.raw("callgate \\- " + troff(lower_first(in_one_line(app.get_description()))) + "\n");
  page.section("SYNOPSIS");
  page.raw("\\fBcallgate\\fR \\fICOMMAND\\fR [\\fIOPTIONS\\fR] ...\n");
  page.section("COMMANDS");
  for (const CLI::App* verb : verbs_of(app)) {
    page.raw(".TP\n.BR callgate\\-" + troff(verb->get_name()) + " (1)\n");
    page.line(in_one_line(verb->get_description()) + ".");
  }
  page.section("OPTIONS");
  for (const OptionText& each : options_of(app, false)) page.option(each);
  page.section("DESCRIPTION");
  page.example(app.get_footer());
  page.section("SEE ALSO");
  for (const CLI::App* verb : verbs_of(app)) page.raw(".BR callgate\\-" + troff(verb->get_name()) + " (1),\n");
  page.raw(".BR callgate (3),\n.BR seccomp (2)\n");
  return std::move(page).finish();
}

// ---- completion
// ------------------------------------------------------------------------------------------------------

std::string joined(const std::vector<std::string>& words, const char* between = " ") {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : between) + word;
  return text;
}

std::vector<std::string> flags_of(const OptionText& option) {
  std::vector<std::string> flags = option.short_flags;
  flags.insert(flags.end(), option.long_flags.begin(), option.long_flags.end());
  return flags;
}

std::vector<std::string> names_of(const std::vector<const CLI::App*>& verbs) {
  std::vector<std::string> names;
  for (const CLI::App* verb : verbs) names.push_back(verb->get_name());
  return names;
}

// In single quotes of a shell.
std::string shell_word(std::string_view text) {
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

// Within [..] of zsh's _arguments.
std::string zsh_text(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '[' || c == ']' || c == ':' || c == '\\') out += '\\';
    out += c;
  }
  return out;
}

// The first clause of a help text.
std::string short_help(const std::string& help) { return help.substr(0, help.find_first_of(";(")); }

std::string zsh_option(const OptionText& option) {
  std::string value;
  if (!option.choices.empty())
    value = ":value:(" + joined(option.choices) + ")";
  else if (!option.value.empty())
    value = ":" + zsh_text(option.value) + ":_files";
  std::string text;
  for (const std::string& flag : flags_of(option)) {
    const bool is_long = flag.starts_with("--");
    const std::string repeat = option.is_repeated ? "*" : "";
    const std::string glue = value.empty() ? "" : is_long ? "=" : "+";
    text += "          " + shell_word(repeat + flag + glue + "[" + zsh_text(short_help(option.help)) + "]" + value) +
            " \\\n";
  }
  return text;
}

}  // namespace

std::vector<DescriptionFile> manual_pages(const CLI::App& app, const std::string& version, const std::string& date) {
  std::vector<DescriptionFile> files = {{"callgate.1", overview_page(app, version, date)}};
  for (const CLI::App* verb : verbs_of(app)) {
    files.push_back({"callgate-" + verb->get_name() + ".1", verb_page(*verb, version, date)});
  }
  return files;
}

std::string bash_completion(const CLI::App& app) {
  const std::vector<const CLI::App*> verbs = verbs_of(app);
  std::string text =
      "# bash completion for callgate; made from the command's own description\n"
      "_callgate() {\n"
      "  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} flags= values=\n"
      "  COMPREPLY=()\n"
      "  if ((COMP_CWORD == 1)); then\n"
      "    mapfile -t COMPREPLY < <(compgen -W '" +
      joined(names_of(verbs)) + " help " +
      [&] {
        std::string own;
        for (const OptionText& option : options_of(app, false)) own += joined(flags_of(option)) + " ";
        return own;
      }() +
      "' -- \"$current\")\n"
      "    return\n"
      "  fi\n"
      "  case ${COMP_WORDS[1]} in\n"
      "    help) values='" +
      joined(names_of(verbs)) + "' ;;\n";
  for (const CLI::App* verb : verbs) {
    std::string flags;
    std::string values;
    for (const OptionText& option : options_of(*verb, false)) {
      flags += joined(flags_of(option)) + " ";
      if (!option.choices.empty()) {
        values += "        " + joined(flags_of(option), " | ") + ") values='" + joined(option.choices) + "' ;;\n";
      }
    }
    flags.pop_back();
    text += "    " + verb->get_name() + ")\n      flags='" + flags + "'\n";
    if (!values.empty()) text += "      case $previous in\n" + values + "      esac\n";
    text += "      ;;\n";
  }
  text +=
      "  esac\n"
      "  if [[ -n $values ]]; then\n"
      "    mapfile -t COMPREPLY < <(compgen -W \"$values\" -- \"$current\")\n"
      "  elif [[ $current == -* ]]; then\n"
      "    mapfile -t COMPREPLY < <(compgen -W \"$flags\" -- \"$current\")\n"
      "  else\n"
      "    mapfile -t COMPREPLY < <(compgen -f -- \"$current\")\n"
      "  fi\n"
      "}\n"
      "complete -o filenames -F _callgate callgate\n";
  return text;
}

std::string zsh_completion(const CLI::App& app) {
  std::string text =
      "#compdef callgate\n"
      "# Made from the command's own description.\n"
      "_callgate() {\n"
      "  local -a verbs=(\n";
  for (const CLI::App* verb : verbs_of(app)) {
    text += "    " + shell_word(verb->get_name() + ":" + in_one_line(verb->get_description())) + "\n";
  }
  text += "  )\n  if ((CURRENT == 2)); then\n    _describe command verbs\n    _arguments \\\n";
  for (const OptionText& option : options_of(app, false)) text += zsh_option(option);
  text +=
      "      && return\n    return\n  fi\n  local verb=$words[2]\n  shift words\n  ((CURRENT--))\n  case $verb in\n";
  text += "    help) _describe command verbs ;;\n";
  for (const CLI::App* verb : verbs_of(app)) {
    text += "    " + verb->get_name() + ")\n      _arguments -s \\\n";
    for (const OptionText& option : options_of(*verb, false)) text += zsh_option(option);
    text += "          '*:file:_files'\n      ;;\n";
  }
  return text + "  esac\n}\n_callgate \"$@\"\n";
}

std::string fish_completion(const CLI::App& app) {
  const auto lines_of = [](const CLI::App& command, const std::string& condition) {
    std::string text;
    for (const OptionText& option : options_of(command, false)) {
      std::string line = "complete -c callgate -n " + shell_word(condition);
      for (const std::string& flag : option.short_flags) line += " -s " + flag.substr(1);
      for (const std::string& flag : option.long_flags) line += " -l " + flag.substr(2);
      if (!option.choices.empty())
        line += " -xa " + shell_word(joined(option.choices));
      else if (!option.value.empty())
        line += " -r";
      text += line + " -d " + shell_word(short_help(option.help)) + "\n";
    }
    return text;
  };
  std::string text = "# fish completion for callgate; made from the command's own description\n";
  text += lines_of(app, "__fish_use_subcommand");
  for (const CLI::App* verb : verbs_of(app)) {
    text += "complete -c callgate -f -n __fish_use_subcommand -a " + verb->get_name() + " -d " +
            shell_word(in_one_line(verb->get_description())) + "\n";
  }
  for (const CLI::App* verb : verbs_of(app)) {
    text += lines_of(*verb, "__fish_seen_subcommand_from " + verb->get_name());
  }
  return text;
}

}  // namespace callgate::cli
