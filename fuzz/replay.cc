// A fuzz target as a plain program, for compilers without libFuzzer:
//
//   fuzz_NAME [--runs N] [--seed S] [--write DIRECTORY] [FILE or DIRECTORY …]
//
// Runs the target on each file, then on N inputs made by its mutator, each from the one before or from a file. A
// failure ends the process with SIGABRT; the input is then in ./crash-NAME, which can be given as a file. --write keeps
// every input that it made (to start a corpus).
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>

#include <fcntl.h>
#include <unistd.h>

#include "fuzz/target.h"
#include "oracles/generator/random.h"

namespace {

namespace fs = std::filesystem;
using Bytes = std::vector<std::uint8_t>;
using callgate::fuzz::Random;

constexpr std::size_t max_size = 4096;  // bytes, of an input that is made

Random mutations(1);   // for LLVMFuzzerMutate
const Bytes* current;  // in work, for the signal handler
char crash_file[256];

// Async-signal-safe: the process may be in any state.
void keep_input(int signal) {
  const int fd = ::open(crash_file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (fd >= 0 && current != nullptr) {
    static_cast<void>(!::write(fd, current->data(), current->size()));
    ::close(fd);
  }
  ::signal(signal, SIG_DFL);
  ::raise(signal);
}

void run(const Bytes& input) {
  current = &input;
  LLVMFuzzerTestOneInput(input.data(), input.size());
  current = nullptr;
}

Bytes read_file(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) {
    std::fprintf(stderr, "cannot read %s\n", path.c_str());
    std::exit(2);
  }
  return {std::istreambuf_iterator<char>(in), {}};
}

std::vector<Bytes> read_all(const std::vector<fs::path>& paths) {
  std::vector<Bytes> inputs;
  for (const fs::path& path : paths) {
    if (!fs::is_directory(path)) {
      inputs.push_back(read_file(path));
      continue;
    }
    for (const auto& entry : fs::directory_iterator(path)) {
      if (entry.is_regular_file()) inputs.push_back(read_file(entry.path()));
    }
  }
  return inputs;
}

struct Arguments {
  std::uint64_t runs = 0;
  std::uint64_t seed = 1;
  fs::path write;
  std::vector<fs::path> paths;
};

Arguments parse(int argc, char** argv) {
  Arguments arguments;
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    const bool has_value = i + 1 < argc;
    if (word == "--runs" && has_value) {
      arguments.runs = std::strtoull(argv[++i], nullptr, 0);
    } else if (word == "--seed" && has_value) {
      arguments.seed = std::strtoull(argv[++i], nullptr, 0);
    } else if (word == "--write" && has_value) {
      arguments.write = argv[++i];
    } else if (word.starts_with("-")) {
      std::fprintf(stderr, "usage: %s [--runs N] [--seed S] [--write DIRECTORY] [FILE or DIRECTORY ...]\n", argv[0]);
      std::exit(2);
    } else {
      arguments.paths.emplace_back(word);
    }
  }
  return arguments;
}

// Inputs in sequences: a file, or nothing, and what the mutator makes of it in a few steps.
void run_made(const Arguments& arguments, const std::vector<Bytes>& files) {
  Random random(arguments.seed);
  mutations = Random(random.next());
  Bytes input;
  for (std::uint64_t i = 0; i < arguments.runs; ++i) {
    if (i % 8 == 0) input = files.empty() ? Bytes{} : files[random.below(static_cast<std::uint32_t>(files.size()))];
    const std::size_t size = std::min(input.size(), max_size);
    input.resize(max_size);
    input.resize(LLVMFuzzerCustomMutator(input.data(), size, max_size, static_cast<unsigned>(random.next())));
    if (!arguments.write.empty()) {
      std::ofstream(arguments.write / std::to_string(i), std::ios::binary)
          .write(reinterpret_cast<const char*>(input.data()), static_cast<std::streamsize>(input.size()));
    }
    run(input);
  }
}

}  // namespace

// A byte changed, put in or taken out, or a piece copied.
extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t limit) {
  if (limit == 0) return 0;
  const auto at = [&](std::size_t bound) { return mutations.below(static_cast<std::uint32_t>(bound)); };
  const auto any = static_cast<std::uint8_t>(mutations.word());
  const std::uint32_t kind = mutations.below(5);
  if (size == 0 || (kind == 0 && size < limit)) {
    const std::size_t where = at(size + 1);
    std::memmove(data + where + 1, data + where, size - where);
    data[where] = any;
    return size + 1;
  }
  if (kind == 1 && size > 1) {
    const std::size_t where = at(size);
    std::memmove(data + where, data + where + 1, size - where - 1);
    return size - 1;
  }
  if (kind == 2) {
    const std::size_t from = at(size);
    const std::size_t to = at(size);
    std::memmove(data + to, data + from, std::min<std::size_t>(8, size - std::max(from, to)));
  } else {
    std::uint8_t& byte = data[at(size)];
    byte = kind == 3 ? any : static_cast<std::uint8_t>(byte ^ 1u << mutations.below(8));
  }
  return size;
}

int main(int argc, char** argv) {
  const Arguments arguments = parse(argc, argv);
  std::snprintf(crash_file, sizeof crash_file, "crash-%s", fs::path(argv[0]).filename().c_str());
  for (const int signal : {SIGABRT, SIGSEGV, SIGILL, SIGBUS, SIGFPE}) ::signal(signal, keep_input);
  const auto start = std::chrono::steady_clock::now();
  const std::vector<Bytes> files = read_all(arguments.paths);
  for (const Bytes& file : files) run(file);
  run_made(arguments, files);
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  std::printf("%zu files and %llu made inputs in %.2f s: %.0f executions/s\n", files.size(),
              static_cast<unsigned long long>(arguments.runs), took.count(),
              static_cast<double>(files.size() + arguments.runs) / took.count());
  return 0;
}
