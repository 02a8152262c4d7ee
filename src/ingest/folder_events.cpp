#include "ingest/folder_events.h"

#include <limits.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <thread>

#include <fmt/format.h>

namespace pv::ingest {
namespace {

constexpr std::uint32_t kWanted = IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_CREATE | IN_ONLYDIR | IN_EXCL_UNLINK;

std::string cause_of(int number) {
  switch (number) {
    case ENOSPC: return "the limit of watched folders is reached (raise fs.inotify.max_user_watches)";
    case EMFILE: return "the limit of watching programs is reached (raise fs.inotify.max_user_instances)";
    default: return std::strerror(number);
  }
}

}  // namespace

FolderEvents::FolderEvents() : events_(inotify_init1(IN_NONBLOCK | IN_CLOEXEC)) {
  if (!events_.is_open()) why_not_ = errno;
  alarm_ = FileDescriptor(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
}

Result<void> FolderEvents::watch(const Folder& folder, std::string_view label) {
  int number = why_not_;
  if (number == 0) {
    // By its descriptor: the path may lead elsewhere by now.
    const std::string path = fmt::format("/proc/self/fd/{}", folder.descriptor());
    const int watch = inotify_add_watch(events_.get(), path.c_str(), kWanted);
    if (watch >= 0) {
      labels_.insert_or_assign(watch, std::string(label));
      return {};
    }
    number = errno;
  }
  return fail(Errc::io, fmt::format("{}: cannot watch it: {}; files are found when the folders are looked through", folder.path().string(), cause_of(number)));
}

void FolderEvents::forget(std::string_view label) {
  for (auto at = labels_.begin(); at != labels_.end();) {
    const std::string_view other = at->second;
    const bool is_below = other == label || (other.size() > label.size() && other.starts_with(label) && other[label.size()] == '/');
    if (is_below) {
      inotify_rm_watch(events_.get(), at->first);
      at = labels_.erase(at);
    } else {
      ++at;
    }
  }
}

void FolderEvents::read_events(std::vector<FolderEvent>& events) {
  // Read at most so much at a time: a flood must not keep its reader from the rest of its work.
  constexpr std::size_t kMostEvents = 8192;
  alignas(inotify_event) std::array<char, 64 * 1024> buffer;
  while (events.size() < kMostEvents) {
    const ssize_t got = read(events_.get(), buffer.data(), buffer.size());
    if (got <= 0) return;
    for (std::size_t at = 0; at < static_cast<std::size_t>(got);) {
      inotify_event event{};
      std::memcpy(&event, buffer.data() + at, sizeof event);
      const char* const name = buffer.data() + at + sizeof event;
      at += sizeof event + event.len;
      if ((event.mask & IN_Q_OVERFLOW) != 0) {
        events.push_back({FolderEvent::Kind::overflow, "", ""});
        continue;
      }
      if ((event.mask & IN_IGNORED) != 0) {
        labels_.erase(event.wd);
        continue;
      }
      const auto label = labels_.find(event.wd);
      if (label == labels_.end() || event.len == 0) continue;
      FolderEvent seen{FolderEvent::Kind::file, label->second, std::string(name, strnlen(name, event.len))};
      if ((event.mask & IN_ISDIR) != 0) {
        if ((event.mask & IN_MOVED_FROM) != 0) {
          forget(seen.label.empty() ? seen.name : seen.label + "/" + seen.name);
          continue;
        }
        seen.kind = FolderEvent::Kind::folder;
      } else if ((event.mask & (IN_CLOSE_WRITE | IN_MOVED_TO)) == 0) {
        continue;
      }
      events.push_back(std::move(seen));
    }
  }
}

std::vector<FolderEvent> FolderEvents::wait(std::chrono::milliseconds most) {
  std::array<pollfd, 2> sources = {pollfd{alarm_.get(), POLLIN, 0}, pollfd{events_.get(), POLLIN, 0}};
  const auto timeout = std::clamp<std::int64_t>(most.count(), 0, 60'000);
  if (!alarm_.is_open() && !events_.is_open()) {
    // Nothing can wake it: short waits instead.
    std::this_thread::sleep_for(std::chrono::milliseconds(std::min<std::int64_t>(timeout, 100)));
    return {};
  }
  std::vector<FolderEvent> events;
  if (poll(sources.data(), sources.size(), static_cast<int>(alarm_.is_open() ? timeout : std::min<std::int64_t>(timeout, 100))) <= 0) return events;
  std::uint64_t calls = 0;
  if ((sources[0].revents & POLLIN) != 0) static_cast<void>(!read(alarm_.get(), &calls, sizeof calls));
  if ((sources[1].revents & POLLIN) != 0) read_events(events);
  return events;
}

void FolderEvents::interrupt() noexcept {
  const std::uint64_t one = 1;
  static_cast<void>(!write(alarm_.get(), &one, sizeof one));
}

}  // namespace pv::ingest
