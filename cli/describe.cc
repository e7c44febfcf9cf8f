// callgate describe FOLDER DATE, which no help shows: writes the manual pages and the completion of the command into
// the folder. The build runs it.
#include <fstream>
#include <memory>

#include "callgate/version.hpp"
#include "cli/command.h"
#include "cli/description.h"

namespace callgate::cli {
namespace {

void write(const std::string& folder, const DescriptionFile& file) {
  std::ofstream out(folder + "/" + file.name, std::ios::binary);
  out << file.text;
  out.close();
  if (!out) throw Failure(ExitCode::usage, "cannot write " + folder + "/" + file.name);
}

struct Words {
  std::string folder;
  std::string date;
};

void run(const CLI::App& app, const Words& words) {
  std::vector<DescriptionFile> files = manual_pages(app, CALLGATE_VERSION, words.date);
  files.push_back({"callgate.bash", bash_completion(app)});
  files.push_back({"_callgate", zsh_completion(app)});
  files.push_back({"callgate.fish", fish_completion(app)});
  for (const DescriptionFile& file : files) write(words.folder, file);
}

}  // namespace

void add_describe(CLI::App& app) {
  const auto words = std::make_shared<Words>();
  CLI::App& command = *app.add_subcommand("describe", "Write manual pages and completion")->group("");
  command.add_option("FOLDER", words->folder, "That has to exist")->required()->type_name("");
  command.add_option("DATE", words->date, "Of the pages, such as 2026-11-29")->required()->type_name("");
  command.callback([&app, words] { run(app, *words); });
}

}  // namespace callgate::cli
