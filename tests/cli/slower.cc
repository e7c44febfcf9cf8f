// The callgate command, in whose "bench" every engine takes a tenth longer, in time and in instructions: it decides
// every tenth call twice. The linker puts the function below in front of bench::decider_of() (--wrap, see
// CMakeLists.txt), so that what is measured is the library as it is. When the signature changes, linking fails; then
// the mangled name is to be taken anew from "nm".
#include "bench/measure/engines.h"
#include "cli/run_command.h"

namespace {

using callgate::Chain;
using callgate::SeccompData;
using callgate::bench::Decider;
using callgate::bench::Part;

#define DECIDER_OF "_ZN8callgate5bench10decider_ofENSt7__cxx1112basic_stringIcSt11char_traitsIcESaIcEEENS_5ChainE"

class Slower : public Decider {
 public:
  explicit Slower(std::unique_ptr<Decider> whole) : Decider(whole->about()), whole_(std::move(whole)) {}

  void prepare(std::span<const SeccompData> calls) final {
    std::vector<SeccompData> more;
    for (std::size_t i = 0; i < calls.size(); ++i) more.insert(more.end(), i % 10 == 0 ? 2 : 1, calls[i]);
    whole_->prepare(more);
  }
  // Every tenth call is there twice.
  std::uint32_t decide(std::size_t call) const final { return whole_->decide(at(call)); }
  void run() const final { whole_->run(); }
  void run(Part part) const final { whole_->run(those(part)); }
  void fetch(Part part) const final { whole_->fetch(those(part)); }
  void run_isolated() const final { whole_->run_isolated(); }
  std::uint64_t ticks(std::size_t call) const final { return whole_->ticks(call); }

 private:
  static std::size_t at(std::size_t call) { return call + (call + 9) / 10; }
  static Part those(Part part) { return {at(part.first), at(part.first + part.count) - at(part.first)}; }

  std::unique_ptr<Decider> whole_;
};

}  // namespace

std::unique_ptr<Decider> real_decider_of(std::string name, Chain chain) asm("__real_" DECIDER_OF);
std::unique_ptr<Decider> slower_decider_of(std::string name, Chain chain) asm("__wrap_" DECIDER_OF);

std::unique_ptr<Decider> slower_decider_of(std::string name, Chain chain) {
  return std::make_unique<Slower>(real_decider_of(std::move(name), std::move(chain)));
}

int main(int argc, char** argv) { return callgate::cli::run_command(argc, argv); }
