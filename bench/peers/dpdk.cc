// DPDK's just-in-time compiler, rte_bpf. It takes extended BPF, so filters are translated: the program's argument is a
// pointer to struct seccomp_data, and its loads are plain ones. (Its own rte_bpf_convert() reads packets, swapped.)
#include "bench/peers/peers.h"

#if CALLGATE_BENCH_HAVE_DPDK

#include <rte_bpf.h>
#include <rte_errno.h>
#include <rte_log.h>

#include <cstring>
#include <optional>

#include "bpf/opcode.h"

namespace callgate::bench {
namespace {

using bpf::Opcode;

constexpr unsigned a = EBPF_REG_0;  // the accumulator is where the result is expected
constexpr unsigned input = EBPF_REG_1;
constexpr unsigned x = EBPF_REG_2;
constexpr unsigned spare = EBPF_REG_3;
constexpr unsigned stack = EBPF_REG_10;

// All jumps are forward, so one pass finds what the first instruction leads to.
std::vector<bool> reachable_in(std::span<const Insn> program) {
  std::vector<bool> reachable(program.size());
  reachable[0] = true;
  for (std::size_t at = 0; at < program.size(); ++at) {
    if (!reachable[at]) continue;
    const Insn& insn = program[at];
    const Opcode opcode = bpf::opcode_of(insn);
    if (opcode == Opcode::ret_k || opcode == Opcode::ret_a) continue;
    const bool branches = bpf::is_branch(bpf::find_opcode(insn.code)->form);
    const std::size_t next = at + 1 + (opcode == Opcode::ja ? insn.k : branches ? insn.jf : 0);
    reachable[next] = true;
    if (branches) reachable[at + 1 + insn.jt] = true;
  }
  return reachable;
}

class Translation {
 public:
  explicit Translation(std::span<const Insn> program) {
    move(a, 0);
    move(x, 0);
    const std::vector<bool> reachable = reachable_in(program);  // the loader refuses code that is not
    for (std::size_t at = 0; at < program.size(); ++at) {
      starts_.push_back(code_.size());
      if (reachable[at]) translate(program[at], at);
    }
    for (const auto& [from, to] : jumps_) {
      code_[from].off =
          static_cast<std::int16_t>(static_cast<std::ptrdiff_t>(starts_[to]) - static_cast<std::ptrdiff_t>(from) - 1);
    }
  }

  const std::vector<ebpf_insn>& code() const { return code_; }

 private:
  void add(unsigned code, unsigned to, unsigned from, int offset, std::uint32_t k) {
    ebpf_insn insn{};
    insn.code = static_cast<std::uint8_t>(code);
    insn.dst_reg = to & 15;
    insn.src_reg = from & 15;
    insn.off = static_cast<std::int16_t>(offset);
    insn.imm = static_cast<std::int32_t>(k);
    code_.push_back(insn);
  }
  void move(unsigned to, std::uint32_t k) { add(BPF_ALU | EBPF_MOV | BPF_K, to, 0, 0, k); }
  void copy(unsigned to, unsigned from) { add(BPF_ALU | EBPF_MOV | BPF_X, to, from, 0, 0); }
  void load(unsigned to, unsigned base, int offset) { add(BPF_LDX | BPF_MEM | BPF_W, to, base, offset, 0); }
  void store(unsigned from, int offset) { add(BPF_STX | BPF_MEM | BPF_W, stack, from, offset, 0); }
  void leave() { add(BPF_JMP | EBPF_EXIT, 0, 0, 0, 0); }
  void jump(unsigned code, unsigned from, std::uint32_t k, std::size_t target) {
    jumps_.emplace_back(code_.size(), target);
    add(code, a, from, 0, k);
  }
  static int slot(std::uint32_t k) { return -4 * static_cast<int>(k + 1); }

  // Comparisons are of 64 bits, and their constant is extended by its sign. JSET takes small constants from a register:
  // with those of 8 bits DPDK 22.11 writes an instruction that is not there.
  void branch(const Insn& insn, std::size_t at) {
    const unsigned code = insn.code & ~unsigned{BPF_X};
    const bool by_x = (insn.code & BPF_X) != 0;
    const std::size_t taken = at + 1 + insn.jt;
    if (by_x) {
      jump(code | BPF_X, x, 0, taken);
    } else if (insn.k > INT32_MAX || (BPF_OP(code) == BPF_JSET && insn.k <= INT8_MAX)) {
      move(spare, insn.k);
      jump(code | BPF_X, spare, 0, taken);
    } else {
      jump(code, 0, insn.k, taken);
    }
    if (insn.jf != 0) jump(BPF_JMP | BPF_JA, 0, 0, at + 1 + insn.jf);
  }

  void arithmetic(const Insn& insn) {
    const Opcode opcode = bpf::opcode_of(insn);
    if (opcode == Opcode::div_x) {
      add(BPF_JMP | EBPF_JNE | BPF_K, x, 0, 2, 0);
      move(a, 0);  // KILL_THREAD
      leave();
    }
    if (opcode == Opcode::lsh_x || opcode == Opcode::rsh_x) {
      copy(spare, x);
      add(BPF_ALU | BPF_AND | BPF_K, spare, 0, 0, 31);
      return add(insn.code, a, spare, 0, 0);
    }
    add(insn.code, a, (insn.code & BPF_X) != 0 ? x : 0, 0, insn.k);
  }

  void translate(const Insn& insn, std::size_t at) {
    switch (bpf::opcode_of(insn)) {
      case Opcode::ld_imm: return move(a, insn.k);
      case Opcode::ld_abs: return load(a, input, static_cast<int>(insn.k));
      case Opcode::ld_len: return move(a, sizeof(SeccompData));
      case Opcode::ld_mem: return load(a, stack, slot(insn.k));
      case Opcode::ldx_imm: return move(x, insn.k);
      case Opcode::ldx_len: return move(x, sizeof(SeccompData));
      case Opcode::ldx_mem: return load(x, stack, slot(insn.k));
      case Opcode::st: return store(a, slot(insn.k));
      case Opcode::stx: return store(x, slot(insn.k));
      case Opcode::tax: return copy(x, a);
      case Opcode::txa: return copy(a, x);
      case Opcode::ja: return jump(BPF_JMP | BPF_JA, 0, 0, at + 1 + insn.k);
      case Opcode::ret_k: move(a, insn.k); return leave();
      case Opcode::ret_a: return leave();
      case Opcode::neg: return add(BPF_ALU | BPF_NEG, a, 0, 0, 0);
      default: break;
    }
    bpf::is_branch(bpf::find_opcode(insn.code)->form) ? branch(insn, at) : arithmetic(insn);
  }

  std::vector<ebpf_insn> code_;
  std::vector<std::size_t> starts_;                         // of each filter instruction
  std::vector<std::pair<std::size_t, std::size_t>> jumps_;  // from an instruction here to one of the filter
};

struct Release {
  void operator()(rte_bpf* loaded) const { rte_bpf_destroy(loaded); }
};

struct ByDpdk {
  std::shared_ptr<rte_bpf> loaded;
  std::uint64_t (*function)(void*);
  std::size_t code;

  explicit ByDpdk(const Program& program) {
    const Translation translation(program.instructions());
    rte_bpf_prm parameters{};
    parameters.ins = translation.code().data();
    parameters.nb_ins = static_cast<std::uint32_t>(translation.code().size());
    parameters.prog_arg.type = RTE_BPF_ARG_PTR;
    parameters.prog_arg.size = sizeof(SeccompData);
    loaded.reset(rte_bpf_load(&parameters), Release{});
    if (!loaded) throw Absent(std::string("rte_bpf_load refuses a filter: ") + std::strerror(rte_errno));
    rte_bpf_jit jit{};
    if (rte_bpf_get_jit(loaded.get(), &jit) != 0 || jit.func == nullptr) throw Absent("rte_bpf has no compiler here");
    function = jit.func;
    code = jit.sz;
  }

  std::uint32_t operator()(const SeccompData& data) const {
    return static_cast<std::uint32_t>(function(const_cast<SeccompData*>(&data)));
  }
};

}  // namespace

Peer dpdk_peer() {
  static const std::string name = "DPDK rte_bpf";
  return {name, [](std::span<const Program> oldest_first) -> std::unique_ptr<Decider> {
            rte_log_set_global_level(RTE_LOG_ERR);
            std::vector<ByDpdk> filters;
            About about{name};
            for (std::size_t i = oldest_first.size(); i-- > 0;) {
              about.footprint.code += filters.emplace_back(oldest_first[i]).code;
            }
            return decider_of_filters<SeccompData>(std::move(about), as_it_is, std::move(filters));
          }};
}

}  // namespace callgate::bench

#else

callgate::bench::Peer callgate::bench::dpdk_peer() {
  return {"DPDK rte_bpf", [](std::span<const Program>) -> std::unique_ptr<Decider> {
            throw Absent("libdpdk-dev was not there when callgate was built");
          }};
}

#endif
