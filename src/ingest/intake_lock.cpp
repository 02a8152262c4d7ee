#include "ingest/intake_lock.h"

#include <fcntl.h>
#include <sys/file.h>

#include <cerrno>

#include <fmt/format.h>

#include "base/private_file.h"

namespace pv::ingest {

Result<IntakeLock> IntakeLock::take(const std::filesystem::path& state_dir) {
  PV_TRY_VOID(make_private_folder(state_dir, GroupMay::pass));
  const std::filesystem::path path = state_dir / "intake.lock";
  FileDescriptor file(open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!file.is_open()) return fail(system_error("cannot open the lock", path, errno));
  if (flock(file.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno == EWOULDBLOCK) {
      return fail(Errc::conflict, fmt::format("{}: another 'powerview serve' or 'powerview ingest' takes the files of this installation", path.string()));
    }
    return fail(system_error("cannot take the lock", path, errno));
  }
  return IntakeLock(std::move(file));
}

}  // namespace pv::ingest
