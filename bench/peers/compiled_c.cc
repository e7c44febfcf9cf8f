// Generated C through a compiler at its highest level, as one would build filters into a program: each filter as a
// function of its own, and the whole chain in one. The shared objects are kept in a cache, because clang takes seconds.
#include <dlfcn.h>
#include <elf.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <link.h>
#include <unistd.h>

#include <bit>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <system_error>

#include "bench/peers/c_source.h"
#include "bench/peers/peers.h"
#include "oracles/process/child.h"

namespace callgate::bench {
namespace {

namespace fs = std::filesystem;

using Function = std::uint32_t (*)(const SeccompData* data);

// Aligned like the empty call. Everything else is what -O3 means to the compiler.
const std::vector<std::string> flags = {"-O3", "-falign-functions=64", "-fPIC", "-shared",
                                        sizeof(void*) == 4 ? "-m32" : "-m64"};

struct Ended {
  int status = -1;
  std::string output;
};

std::optional<pid_t> started(std::vector<std::string> words, const process::Descriptors& descriptors) {
  try {
    return process::spawn(std::move(words), descriptors);
  } catch (const std::system_error&) {
    return std::nullopt;
  }
}

// Runs a program and keeps what it writes; status -1 if it cannot be started.
Ended run(std::vector<std::string> words) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return {};
  process::Descriptors descriptors;
  descriptors.place(ends[1], STDOUT_FILENO);
  descriptors.place(ends[1], STDERR_FILENO);
  const std::optional<pid_t> child = started(std::move(words), descriptors);
  close(ends[1]);
  Ended ended;
  char buffer[4096];
  for (ssize_t got = 0; (got = read(ends[0], buffer, sizeof buffer)) > 0;) {
    ended.output.append(buffer, static_cast<std::size_t>(got));
  }
  close(ends[0]);
  if (child) ended.status = process::wait_for(*child);
  return ended;
}

std::uint64_t fnv1a(const std::string& text) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return hash;
}

// What the compiler calls itself; Absent if there is none.
const std::string& version_of(const std::string& compiler) {
  static std::map<std::string, std::string> versions;
  std::string& version = versions[compiler];
  if (version.empty()) {
    const Ended ended = run({compiler, "--version"});
    version = ended.status == 0 ? ended.output.substr(0, ended.output.find('\n')) : "none";
  }
  if (version == "none") throw Absent(compiler + " is not installed");
  return version;
}

fs::path build(const std::string& compiler, std::span<const Program> oldest_first) {
  const std::string source = c_source(oldest_first);
  std::string key = version_of(compiler) + source;
  for (const std::string& flag : flags) key += flag;
  const fs::path cache = CALLGATE_BENCH_CACHE;
  fs::create_directories(cache);
  const fs::path object = cache / fmt::format("{}-{:016x}.so", compiler, fnv1a(key));
  if (fs::exists(object)) return object;
  const fs::path text = fs::path(object).replace_extension(fmt::format("{}.c", getpid()));
  const fs::path fresh = fs::path(object).replace_extension(fmt::format("{}.so", getpid()));
  std::ofstream(text) << source;
  std::vector<std::string> command{compiler};
  command.insert(command.end(), flags.begin(), flags.end());
  command.insert(command.end(), {"-o", fresh.string(), text.string()});
  const Ended ended = run(command);
  fs::remove(text);
  if (ended.status != 0) throw Absent(fmt::format("{} failed: {}", compiler, ended.output.substr(0, 300)));
  fs::rename(fresh, object);  // two that build the same leave the same file
  return object;
}

class Library {
 public:
  explicit Library(const fs::path& path) : handle_(dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL)) {
    if (handle_ == nullptr) throw Absent(fmt::format("dlopen: {}", dlerror()));
  }
  Library(const Library&) = delete;
  Library& operator=(const Library&) = delete;
  ~Library() { dlclose(handle_); }

  Function function(const std::string& name) const {
    void* address = dlsym(handle_, name.c_str());
    if (address == nullptr) throw Absent("no function " + name);
    return std::bit_cast<Function>(address);
  }

  std::size_t bytes(const std::string& name) const {
    Dl_info info;
    void* symbol = nullptr;
    if (dladdr1(dlsym(handle_, name.c_str()), &info, &symbol, RTLD_DL_SYMENT) == 0 || symbol == nullptr) return 0;
    return static_cast<const ElfW(Sym)*>(symbol)->st_size;
  }

 private:
  void* handle_;
};

struct ByFunction {
  std::shared_ptr<Library> library;
  Function function;
  std::uint32_t operator()(const SeccompData& data) const { return function(&data); }
};

Peer whole_chain(const std::string& compiler) {
  const std::string name = compiler + " -O3 whole chain";
  return {name, [=](std::span<const Program> oldest_first) {
            const auto library = std::make_shared<Library>(build(compiler, oldest_first));
            return decider_over({name, {library->bytes("chain"), 0}}, ByFunction{library, library->function("chain")});
          }};
}

Peer per_filter(const std::string& compiler) {
  const std::string name = compiler + " -O3 per filter";
  return {name,
          [=](std::span<const Program> oldest_first) {
            const auto library = std::make_shared<Library>(build(compiler, oldest_first));
            About about{name};
            std::vector<ByFunction> filters;
            for (std::size_t i = oldest_first.size(); i-- > 0;) {
              const std::string function = fmt::format("filter_{}", i);
              filters.push_back({library, library->function(function)});
              about.footprint.code += library->bytes(function);
            }
            return decider_of_filters<SeccompData>(std::move(about), as_it_is, std::move(filters));
          },
          2};
}

}  // namespace

std::vector<Peer> compiled_c_peers() {
  return {per_filter("clang"), per_filter("gcc"), whole_chain("clang"), whole_chain("gcc")};
}

}  // namespace callgate::bench
