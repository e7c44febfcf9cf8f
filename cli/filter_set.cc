#include "cli/filter_set.h"

#include <filesystem>

#include <nlohmann/json.hpp>

#include "bpf/disassembler.h"
#include "bpf/formats.h"
#include "bpf/quote.h"
#include "calls/syscall_names.h"
#include "cli/policy.h"

namespace callgate::cli {
namespace {

std::string text_of(const std::vector<Insn>& insns) {
  bpf::DisassemblyOptions options;
  options.syscall_name = [](std::uint32_t nr, std::uint32_t arch) {
    return calls::syscall_name(nr, arch == 0 ? std::uint32_t{arch::x86_64} : arch);
  };
  return bpf::disassemble(insns, options);
}

std::string file_of(const std::string& folder, std::size_t filter) {
  return folder + "/" + std::to_string(filter) + ".bpf";
}

std::string chain_text(const FoundChain& chain, const std::string& folder) {
  std::string text = chain.owner + ":";
  for (const std::size_t filter : chain.filters) {
    text += " " + (folder.empty() ? std::to_string(filter) : bpf::visible(file_of(folder, filter)));
  }
  return chain.filters.empty() ? text + " no filter" : text;
}

nlohmann::ordered_json as_json(const std::vector<std::vector<Insn>>& filters, const std::vector<FoundChain>& chains,
                               const std::string& folder) {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (std::size_t i = 0; i < filters.size(); ++i) {
    nlohmann::ordered_json insns = nlohmann::ordered_json::array();
    for (const Insn& insn : filters[i]) insns.push_back({insn.code, insn.jt, insn.jf, insn.k});
    nlohmann::ordered_json filter = {{"filter", i}, {"instructions", insns}};
    if (!folder.empty()) filter["file"] = bpf::visible(file_of(folder, i));
    list.push_back(filter);
  }
  nlohmann::ordered_json owners = nlohmann::ordered_json::array();
  for (const FoundChain& chain : chains) owners.push_back({{"owner", chain.owner}, {"filters", chain.filters}});
  return {{"filters", list}, {"chains", owners}};
}

}  // namespace

void write_filter_set(Session& session, const std::vector<std::vector<Insn>>& filters,
                      const std::vector<FoundChain>& chains, FilterSetFormat format, const std::string& folder) {
  if (!folder.empty()) {
    std::error_code error;
    std::filesystem::create_directories(folder, error);
    if (error) throw Failure(ExitCode::usage, folder + ": " + error.message());
    for (std::size_t i = 0; i < filters.size(); ++i) write_file(file_of(folder, i), bpf::write_raw(filters[i]));
  }
  if (format == FilterSetFormat::json) return session.out.write(json_text(as_json(filters, chains, folder)));
  if (format == FilterSetFormat::raw) {
    if (folder.empty() && filters.size() != 1) {
      throw Failure(ExitCode::usage,
                    fmt::format("there are {} filters, and raw is one: name a folder with --output", filters.size()));
    }
    if (folder.empty()) return session.out.write(bpf::write_raw(filters[0]));
  }
  for (const FoundChain& chain : chains) session.out.print("# {}\n", chain_text(chain, folder));
  if (!folder.empty()) return;
  for (std::size_t i = 0; i < filters.size(); ++i) {
    session.out.print("# filter {}, {} instructions\n{}", i, filters[i].size(), text_of(filters[i]));
  }
}

void add_filter_set_options(CLI::App& command, FilterSetFormat& format, std::string& folder) {
  command.add_option("-o,--output", folder, "Write raw filters to DIR/0.bpf, DIR/1.bpf and so on")->type_name("DIR");
  add_choice(command, "--format", format,
             {{"text", FilterSetFormat::text}, {"raw", FilterSetFormat::raw}, {"json", FilterSetFormat::json}},
             "What is written to standard output: text, as \"callgate asm\" reads it,\nraw (of one filter), or one "
             "object of JSON");
}

}  // namespace callgate::cli
