#include "tests/unicorn/emulator.h"

#include <unicorn/unicorn.h>

#include <array>
#include <cstdio>
#include <stdexcept>
#include <vector>

namespace callgate::test {
namespace {

// Addresses below 2 GiB, so that they fit both modes. Each region has nothing mapped around it.
constexpr std::uint64_t page = 4096;
constexpr std::uint64_t code_base = 0x10000000;
constexpr std::uint64_t code_bytes = 32 << 20;
constexpr std::uint64_t input_page = 0x20000000;
constexpr std::uint64_t input_address = input_page + page - sizeof(SeccompData);  // what follows is not mapped
constexpr std::uint64_t stack_page = 0x30000000;
constexpr std::uint64_t entry_stack = stack_page + page / 2;  // where the return address lies
constexpr std::uint64_t return_page = 0x40000000;

void check(uc_err error, const char* what) {
  if (error != UC_ERR_OK) throw std::runtime_error(std::string("Unicorn: ") + what + ": " + uc_strerror(error));
}

std::string hex(std::uint64_t value) {
  char text[24];
  std::snprintf(text, sizeof text, "0x%llx", static_cast<unsigned long long>(value));
  return text;
}

struct Saved {
  int id;
  std::uint64_t value;
};

// The registers that a called function must leave as they were.
std::vector<Saved> callers_registers(bool is_64) {
  if (is_64) {
    return {{UC_X86_REG_RBX, 0x1122334455667788}, {UC_X86_REG_RBP, 0x99aabbccddeeff00},
            {UC_X86_REG_R12, 0x0123456789abcdef}, {UC_X86_REG_R13, 0xfedcba9876543210},
            {UC_X86_REG_R14, 0xdeadbeefcafebabe}, {UC_X86_REG_R15, 0x0f1e2d3c4b5a6978}};
  }
  return {{UC_X86_REG_EBX, 0x11223344},
          {UC_X86_REG_EBP, 0x55667788},
          {UC_X86_REG_ESI, 0x99aabbcc},
          {UC_X86_REG_EDI, 0xddeeff00}};
}

// Registers that hold rubbish at entry: code must not take them for zeroes.
std::vector<int> rubbish_registers(bool is_64) {
  if (is_64)
    return {UC_X86_REG_RAX, UC_X86_REG_RCX, UC_X86_REG_RDX, UC_X86_REG_RSI,
            UC_X86_REG_R8,  UC_X86_REG_R9,  UC_X86_REG_R10, UC_X86_REG_R11};
  return {UC_X86_REG_EAX, UC_X86_REG_ECX, UC_X86_REG_EDX};
}

}  // namespace

struct Emulator::Machine {
  explicit Machine(bool is_64_bits) : is_64(is_64_bits), word(is_64_bits ? 8 : 4) { open(); }
  ~Machine() { uc_close(engine); }

  void open() {
    check(uc_open(UC_ARCH_X86, is_64 ? UC_MODE_64 : UC_MODE_32, &engine), "open");
    check(uc_mem_map(engine, code_base, code_bytes, UC_PROT_READ | UC_PROT_EXEC), "map code");
    check(uc_mem_map(engine, input_page, page, UC_PROT_READ), "map input");
    check(uc_mem_map(engine, stack_page, page, UC_PROT_READ | UC_PROT_WRITE), "map stack");
    check(uc_mem_map(engine, return_page, page, UC_PROT_READ | UC_PROT_EXEC), "map the return address");
    uc_hook hook;
    check(uc_hook_add(engine, &hook, UC_HOOK_MEM_READ | UC_HOOK_MEM_WRITE, reinterpret_cast<void*>(on_access), this, 1,
                      0),
          "hook accesses");
    check(uc_hook_add(engine, &hook, UC_HOOK_MEM_INVALID, reinterpret_cast<void*>(on_invalid), this, 1, 0),
          "hook invalid accesses");
    check(uc_hook_add(engine, &hook, UC_HOOK_BLOCK, reinterpret_cast<void*>(on_block), this, 1, 0), "hook blocks");
    next = code_base;
  }

  static void on_access(uc_engine*, uc_mem_type type, std::uint64_t address, int size, std::int64_t, void* self) {
    static_cast<Machine*>(self)->accessed(type == UC_MEM_WRITE, address, static_cast<std::uint64_t>(size));
  }
  static bool on_invalid(uc_engine*, uc_mem_type type, std::uint64_t address, int, std::int64_t, void* self) {
    const bool reads = type == UC_MEM_READ_UNMAPPED || type == UC_MEM_READ_PROT;
    const bool writes = type == UC_MEM_WRITE_UNMAPPED || type == UC_MEM_WRITE_PROT;
    static_cast<Machine*>(self)->blame((reads ? "reads " : writes ? "writes " : "runs ") + hex(address));
    return false;  // the emulation ends
  }
  static void on_block(uc_engine*, std::uint64_t address, std::uint32_t, void* self) {
    auto& machine = *static_cast<Machine*>(self);
    if (!within(address, 1, machine.code, machine.code + machine.code_size)) machine.blame("runs " + hex(address));
  }

  static bool within(std::uint64_t address, std::uint64_t size, std::uint64_t begin, std::uint64_t end) {
    return address >= begin && address + size <= end;
  }

  void accessed(bool writes, std::uint64_t address, std::uint64_t size) {
    const std::uint64_t lowest = entry_stack - stack_bytes;
    const std::uint64_t behind_arguments = entry_stack + (is_64 ? word : 2 * word);
    if (writes) {
      if (!within(address, size, lowest, entry_stack)) blame("writes " + hex(address));
    } else if (!within(address, size, input_address, input_address + sizeof(SeccompData)) &&
               !within(address, size, lowest, behind_arguments) && !within(address, size, code, code + code_size)) {
      blame("reads " + hex(address));
    }
  }

  void blame(const std::string& what) {
    if (fault.empty()) fault = what;
  }

  void set(int id, std::uint64_t value) { check(uc_reg_write(engine, id, &value), "write a register"); }
  std::uint64_t get(int id) const {
    std::uint64_t value = 0;
    check(uc_reg_read(engine, id, &value), "read a register");
    return value;
  }
  void write(std::uint64_t address, const void* bytes, std::size_t size) {
    check(uc_mem_write(engine, address, bytes, size), "write memory");
  }

  void prepare(const SeccompData& data) {
    fault.clear();
    write(input_address, &data, sizeof data);
    std::array<std::uint8_t, page> rubbish;
    rubbish.fill(0xa5);
    write(stack_page, rubbish.data(), rubbish.size());
    const std::uint64_t frame[2] = {return_page, 0};
    write(entry_stack, frame, word);
    const std::uint64_t argument = input_address;
    if (!is_64) write(entry_stack + word, &argument, word);
    for (const int id : rubbish_registers(is_64)) set(id, 0xa5a5a5a5a5a5a5a5);
    for (const Saved& saved : callers_registers(is_64)) set(saved.id, saved.value);
    if (is_64) set(UC_X86_REG_RDI, argument);
    set(is_64 ? UC_X86_REG_RSP : UC_X86_REG_ESP, entry_stack);
    constexpr std::uint64_t flags_at_entry = 2;  // a bit that is always set
    set(UC_X86_REG_EFLAGS, flags_at_entry);
  }

  void check_registers() {
    if (get(is_64 ? UC_X86_REG_RSP : UC_X86_REG_ESP) != entry_stack + word) blame("returns with another stack pointer");
    for (const Saved& saved : callers_registers(is_64)) {
      if (get(saved.id) != saved.value) blame("changes a register of the caller");
    }
    constexpr std::uint64_t direction_flag = 1 << 10;
    if ((get(UC_X86_REG_EFLAGS) & direction_flag) != 0) blame("leaves the direction flag set");
  }

  bool is_64;
  std::size_t word;  // bytes of a register
  uc_engine* engine = nullptr;
  std::uint64_t next = 0;  // where the next code goes
  std::uint64_t code = 0;
  std::uint64_t code_size = 0;
  std::string fault;
};

Emulator::Emulator(Target target) : machine_(std::make_unique<Machine>(target == Target::x86_64)) {}
Emulator::~Emulator() = default;

void Emulator::load(std::span<const std::uint8_t> code) {
  constexpr std::uint64_t alignment = 64;
  Machine& m = *machine_;
  if (m.next + code.size() > code_base + code_bytes) {
    uc_close(m.engine);
    m.open();
  }
  m.code = m.next;
  m.code_size = code.size();
  m.write(m.code, code.data(), code.size());
  m.next = (m.code + m.code_size + alignment) / alignment * alignment;
}

Emulation Emulator::run(std::uint32_t entry, const SeccompData& data) {
  constexpr std::size_t most_instructions = 10'000'000;
  Machine& m = *machine_;
  m.prepare(data);
  const uc_err error = uc_emu_start(m.engine, m.code + entry, return_page, 0, most_instructions);
  if (error != UC_ERR_OK) {
    m.blame(uc_strerror(error));
  } else if (m.get(m.is_64 ? UC_X86_REG_RIP : UC_X86_REG_EIP) != return_page) {
    m.blame("does not return");
  } else {
    m.check_registers();
  }
  return {static_cast<std::uint32_t>(m.get(UC_X86_REG_EAX)), m.fault};
}

}  // namespace callgate::test
