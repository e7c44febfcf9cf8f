// Chains in sealed memory files.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "capi/chain_handle.h"
#include "capi/convert.h"
#include "capi/saved_chain.h"

namespace callgate::capi {
namespace {

constexpr int all_seals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;

// Closes what is not given away.
class File {
 public:
  explicit File(int descriptor) noexcept : descriptor_(descriptor) {}
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  ~File() {
    const int before = errno;
    if (descriptor_ >= 0) close(descriptor_);
    errno = before;
  }
  int get() const noexcept { return descriptor_; }
  int release() noexcept { return std::exchange(descriptor_, -1); }

 private:
  int descriptor_;
};

// Where the kernel knows it (6.3), a file that cannot be made executable: systems may refuse others (vm.memfd_noexec).
int make_file() noexcept {
  constexpr unsigned no_exec_seal = 8;  // MFD_NOEXEC_SEAL
  const int file = memfd_create("callgate-chain", MFD_CLOEXEC | MFD_ALLOW_SEALING | no_exec_seal);
  return file >= 0 || errno != EINVAL ? file : memfd_create("callgate-chain", MFD_CLOEXEC | MFD_ALLOW_SEALING);
}

// 0, or the errno value; EIO if the file ended early.
template <class Transfer>
int for_all(std::size_t bytes, Transfer transfer) noexcept {
  std::size_t at = 0;
  while (at < bytes) {
    const ssize_t count = transfer(at, bytes - at);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return count < 0 ? errno : EIO;
    at += static_cast<std::size_t>(count);
  }
  return 0;
}

int read_file(int file, Bytes& bytes) noexcept {
  return for_all(bytes.size(), [&](std::size_t at, std::size_t count) {
    return pread(file, bytes.data() + at, count, static_cast<off_t>(at));
  });
}

int write_file(int file, const Bytes& bytes) noexcept {
  return for_all(bytes.size(), [&](std::size_t at, std::size_t count) {
    return pwrite(file, bytes.data() + at, count, static_cast<off_t>(at));
  });
}

// Writing beyond the limit would raise SIGXFSZ.
bool is_within_limit(std::size_t bytes) noexcept {
  rlimit limit;
  return getrlimit(RLIMIT_FSIZE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY || bytes <= limit.rlim_cur;
}

// Others could write the file until it was sealed: what it has is compared with what was meant.
int save_to_file(const Bytes& bytes, int* descriptor, Report& report) {
  if (bytes.size() > max_saved_bytes) return report.failed(CALLGATE_NOT_WRITTEN, EFBIG);
  if (!is_within_limit(bytes.size())) return report.failed(CALLGATE_FILE_SIZE_LIMIT, EFBIG);
  File file(make_file());
  if (file.get() < 0) return report.failed(CALLGATE_NOT_WRITTEN, errno);
  if (const int error = write_file(file.get(), bytes)) return report.failed(CALLGATE_NOT_WRITTEN, error);
  if (fcntl(file.get(), F_ADD_SEALS, all_seals) != 0) return report.failed(CALLGATE_NOT_WRITTEN, errno);
  Bytes sealed(bytes.size());
  if (const int error = read_file(file.get(), sealed)) return report.failed(CALLGATE_NOT_WRITTEN, error);
  struct stat status;
  const bool has_size = fstat(file.get(), &status) == 0 && static_cast<std::uint64_t>(status.st_size) == bytes.size();
  if (!has_size || sealed != bytes) return report.failed(CALLGATE_NOT_WRITTEN, EIO);
  *descriptor = file.release();
  return report.ok();
}

// What a sealed file has, which cannot change any more.
int read_sealed(int file, Bytes& bytes, Report& report) {
  const int seals = fcntl(file, F_GET_SEALS);
  if (seals < 0) return report.failed(CALLGATE_NO_MEMORY_FILE, errno);
  if ((seals & all_seals) != all_seals) return report.misuse(CALLGATE_NOT_SEALED, nullptr);
  struct stat status;
  if (fstat(file, &status) != 0) return report.failed(CALLGATE_NOT_READ, errno);
  if (status.st_size < 0 || static_cast<std::uint64_t>(status.st_size) > max_saved_bytes) {
    return report.misuse(CALLGATE_DAMAGED, nullptr);
  }
  bytes.resize(static_cast<std::size_t>(status.st_size));
  const int error = read_file(file, bytes);
  return error == 0 ? CALLGATE_OK : report.failed(CALLGATE_NOT_READ, error);
}

int load(int file, const callgate_options* given, const callgate_chain** out, Report& report) {
  Bytes bytes;
  Programs programs;
  Options options;
  if (const int code = read_sealed(file, bytes, report)) return code;
  if (const int code = read(bytes, programs, options, report)) return code;
  if (given != nullptr) options = {};
  if (const int code = to_options(given, options, report)) return code;
  const auto root = Chain::create(options);
  if (!root) return report.refused(root.error(), CALLGATE_NONE);
  auto chain = root->attach(programs);
  if (!chain) return refuse(chain.error(), *root, programs, report);
  *out = detail::ChainHandle::release(std::move(*chain));
  return report.ok();
}

}  // namespace
}  // namespace callgate::capi

using namespace callgate;
using callgate::capi::Report;

int callgate_chain_save(const callgate_chain* chain, int* descriptor, callgate_error* error) noexcept {
  if (descriptor != nullptr) *descriptor = -1;
  Report report(error);
  if (!report.is_usable()) return CALLGATE_BAD_SIZE;
  if (chain == nullptr) return report.misuse(CALLGATE_NULL_POINTER, "chain");
  if (descriptor == nullptr) return report.misuse(CALLGATE_NULL_POINTER, "descriptor");
  return capi::without_exceptions(report, [&] {
    const capi::Bytes bytes = capi::save(*detail::BorrowedChain(chain));
    return bytes.empty() ? report.misuse(CALLGATE_BAD_OBJECT, "chain") : capi::save_to_file(bytes, descriptor, report);
  });
}

int callgate_chain_load(int descriptor, const callgate_options* options, const callgate_chain** out,
                        callgate_error* error) noexcept {
  if (out != nullptr) *out = nullptr;
  Report report(error);
  if (!report.is_usable()) return CALLGATE_BAD_SIZE;
  if (out == nullptr) return report.misuse(CALLGATE_NULL_POINTER, "out");
  return capi::without_exceptions(report, [&] { return capi::load(descriptor, options, out, report); });
}
