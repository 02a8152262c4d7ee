#include "grafana/turn.h"

#include <fcntl.h>
#include <sys/file.h>

#include <cerrno>
#include <thread>

#include <fmt/format.h>

#include "base/private_file.h"

namespace pv::grafana {
namespace {

constexpr std::chrono::milliseconds kBetweenLooks{25};

}  // namespace

Result<Turn> Turn::take(const std::filesystem::path& state_dir, std::chrono::milliseconds patience) {
  PV_TRY_VOID(make_private_folder(state_dir, GroupMay::pass));
  const std::filesystem::path path = state_dir / "grafana.lock";
  FileDescriptor file(open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!file.is_open()) return fail(system_error("cannot open the lock", path, errno));
  const auto end = std::chrono::steady_clock::now() + patience;
  while (flock(file.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK && errno != EINTR) return fail(system_error("cannot take the lock", path, errno));
    if (std::chrono::steady_clock::now() >= end) {
      return fail(Errc::conflict, fmt::format("{}: another 'powerview grafana' or 'powerview serve' is changing Grafana; try again", path.string()));
    }
    std::this_thread::sleep_for(kBetweenLooks);
  }
  return Turn(std::move(file));
}

}  // namespace pv::grafana
