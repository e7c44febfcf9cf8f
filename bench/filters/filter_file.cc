#include "bench/filters/filter_file.h"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <stdexcept>

#include "bench/filters/seccomp_filter.h"
#include "bpf/formats.h"
#include "profiles/oci.h"

namespace callgate::bench {
namespace {

constexpr std::size_t largest_file = bpf::max_text_size;

std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string content(largest_file + 1, '\0');
  file.read(content.data(), static_cast<std::streamsize>(content.size()));
  if (file.bad() || (file.gcount() == 0 && !file.eof())) throw std::runtime_error(path + ": cannot be read");
  content.resize(static_cast<std::size_t>(file.gcount()));
  if (content.size() > largest_file) throw std::runtime_error(path + ": larger than any filter");
  return content;
}

Expected<std::vector<Insn>, std::string> parse(const std::string& content) {
  if (const std::string_view what = bpf::foreign_format(content, true); !what.empty()) {
    return "this is " + std::string(what) + ", no filter";
  }
  const bpf::Format format = bpf::detect_format(content);
  if (format == bpf::Format::oci) {
    auto filter = profiles::compile_oci(content);
    if (!filter) return filter.error();
    return std::move(filter->instructions);
  }
  if (format == bpf::Format::text) {
    auto program = bpf::assemble(bpf::without_byte_order_mark(content));
    if (!program) return to_string(program.error());
    return std::move(*program);
  }
  return bpf::read_filter(content, format);
}

bool is_name(const std::string& name) {
  return !name.empty() && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '+' ||
           c == '-' || c == '_';
  });
}

}  // namespace

NamedFilter filter_from_file(const std::string& path) {
  const Expected<std::vector<Insn>, std::string> instructions = parse(read_file(path));
  if (!instructions) throw std::runtime_error(path + ": " + instructions.error());
  return verified(path, *instructions);
}

Workload workload_from_files(const std::string& text) {
  const std::size_t equals = text.find('=');
  Workload workload{text.substr(0, equals), "", {}};
  if (equals == std::string::npos) throw std::runtime_error("--workload " + text + ": is not NAME=FILE[,FILE...]");
  if (!is_name(workload.name)) {
    throw std::runtime_error("--workload " + text + ": a name has letters, digits and \".+-_\"");
  }
  std::string files;
  for (std::size_t start = equals + 1; start <= text.size();) {
    const std::size_t end = std::min(text.find(',', start), text.size());
    const std::string file = text.substr(start, end - start);
    if (file.empty()) throw std::runtime_error("--workload " + text + ": a file's name is missing");
    workload.filters.push_back(filter_from_file(file));
    files += (files.empty() ? "" : ", ") + file.substr(file.rfind('/') + 1);
    start = end + 1;
  }
  workload.description = "from " + files;
  return workload;
}

}  // namespace callgate::bench
