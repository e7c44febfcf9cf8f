#include "oracles/kernel/runners.h"

#include <linux/filter.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <stdexcept>

#include "oracles/kernel/result_rewrite.h"
#include "oracles/machine/machine.h"

namespace callgate::kernel {
namespace {

using Packet = std::array<unsigned char, sizeof(SeccompData)>;

// Loads of packets are big-endian, those of a system call are the processor's.
Packet packet_of(const SeccompData& data) {
  Packet packet;
  std::memcpy(packet.data(), &data, sizeof data);
  for (std::size_t at = 0; at < packet.size(); at += 4) {
    std::swap(packet[at], packet[at + 3]);
    std::swap(packet[at + 1], packet[at + 2]);
  }
  return packet;
}

}  // namespace

std::string obstacle(const Probe& probe, const Route& route) {
  using machine::Ability;
  if (route.gate != Gate::int80) return "";
  if (machine::is_taken_away(Ability::int80)) return machine::obstacle(Ability::int80);
  return probe.hello().int80_works != 0 ? "" : "this kernel does not serve int 0x80 from 64-bit code";
}

SeccompData SeccompRunner::as_issued(SeccompData data) const {
  data.arch = route_.arch;
  data.instruction_pointer = probe_.hello().address_after[static_cast<std::size_t>(route_.gate)];
  // uretprobe and uprobe, which recent kernels do not filter.
  if (route_.arch == arch::x86_64 && (data.nr == 335 || data.nr == 336)) data.nr = 337;
  if (route_.bits == 32) {
    for (std::uint64_t& arg : data.args) arg &= 0xffffffff;
  }
  return data;
}

std::optional<std::vector<std::uint32_t>> SeccompRunner::results(std::span<const Insn> filter,
                                                                 std::span<const SeccompData> inputs) {
  std::vector<std::uint32_t> results(inputs.size(), 0);
  for (std::uint32_t part = 0; part < errno_carrier.parts; ++part) {
    const auto version = returning_part(filter, part, errno_carrier);
    if (!version) return std::nullopt;
    const auto calls = probe_.calls(route_.gate, *version, inputs);
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      if (calls[i].killed == 0) results[i] |= static_cast<std::uint32_t>(-calls[i].value) << errno_carrier.bits * part;
    }
  }
  return results;
}

SocketRunner::SocketRunner() {
  if (const std::string& why = machine::obstacle(machine::Ability::socket_filters); !why.empty()) {
    throw std::runtime_error(why);
  }
  if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends_) != 0) {
    throw std::runtime_error(std::string("socketpair: ") + std::strerror(errno));
  }
}

SocketRunner::~SocketRunner() {
  close(ends_[0]);
  close(ends_[1]);
}

int SocketRunner::attach(std::span<const Insn> filter) {
  sock_fprog header{};
  header.len = static_cast<unsigned short>(filter.size());
  header.filter = reinterpret_cast<sock_filter*>(const_cast<Insn*>(filter.data()));
  if (setsockopt(ends_[1], SOL_SOCKET, SO_ATTACH_FILTER, &header, sizeof header) != 0) return errno;
  pace_.accepted();
  return 0;
}

std::optional<std::vector<std::uint32_t>> SocketRunner::results(std::span<const Insn> filter,
                                                                std::span<const SeccompData> inputs) {
  std::vector<std::uint32_t> results(inputs.size(), 0);
  for (std::uint32_t part = 0; part < length_carrier.parts; ++part) {
    const auto version = returning_part(filter, part, length_carrier);
    if (!version || attach(*version) != 0) return std::nullopt;
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      Packet packet = packet_of(inputs[i]);
      if (send(ends_[0], packet.data(), packet.size(), 0) < 0) return std::nullopt;
      const ssize_t length = recv(ends_[1], packet.data(), packet.size(), 0);
      if (length > 0) {  // else the packet was dropped: the filter returned 0
        results[i] |= (static_cast<std::uint32_t>(length) - length_carrier.finish.k) << length_carrier.bits * part;
      }
    }
  }
  return results;
}

}  // namespace callgate::kernel
