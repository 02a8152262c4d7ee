#include "ingest/sink_turn.h"

#include <fcntl.h>
#include <sys/file.h>

#include <cerrno>
#include <chrono>
#include <thread>

#include <fmt/format.h>

#include "base/private_file.h"

namespace pv::ingest {
namespace {

/// Asking again and again is good enough: a turn is one call's worth of sending.
constexpr auto kAgain = std::chrono::milliseconds(10);

Result<FileDescriptor> locked(const std::filesystem::path& path, const std::function<bool()>& is_stopped) {
  FileDescriptor file(open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!file.is_open()) return fail(system_error("cannot open the lock", path, errno));
  while (flock(file.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK && errno != EINTR) return fail(system_error("cannot take the lock", path, errno));
    if (is_stopped && is_stopped()) return fail(Errc::unavailable, fmt::format("{}: stopped while another program sends", path.string()));
    std::this_thread::sleep_for(kAgain);
  }
  return file;
}

}  // namespace

Result<SinkTurn> SinkTurn::take(const std::filesystem::path& state_dir, const std::string& sink, const std::function<bool()>& is_stopped) {
  PV_TRY_VOID(make_private_folder(state_dir, GroupMay::pass));
  // Who is next holds up the others: one who sends turn after turn would otherwise never let anybody in.
  PV_TRY([[maybe_unused]] const FileDescriptor next, locked(state_dir / fmt::format(".sink-{}.next", sink), is_stopped));
  PV_TRY(FileDescriptor file, locked(state_dir / fmt::format(".sink-{}.lock", sink), is_stopped));
  return SinkTurn(std::move(file));
}

}  // namespace pv::ingest
