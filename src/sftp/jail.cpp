#include "sftp/jail.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <optional>
#include <unordered_set>

#include <fmt/format.h>

namespace pv::sftp {
namespace {

constexpr std::size_t kMaxName = 255;
constexpr std::size_t kMaxDepth = 16;
constexpr std::string_view kWhere = "files go into a device's folder: /campaign/device/file.tsv";

bool is_clean(std::string_view name) {
  return !name.empty() && name.size() <= kMaxName && model::is_valid_utf8(name) &&
         std::none_of(name.begin(), name.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f || c == '\\' || c == '/'; });
}

bool is_shown(std::string_view name) { return is_clean(name) && name.front() != '.'; }

bool is_servers_folder(std::string_view name) { return name == "parsed" || name == "error"; }

using Parts = std::vector<std::string>;

Result<Parts> parts_of(std::string_view path) {
  Parts parts;
  for (std::size_t begin = 0; begin <= path.size();) {
    const std::size_t end = std::min(path.find('/', begin), path.size());
    const std::string_view part = path.substr(begin, end - begin);
    begin = end + 1;
    if (part.empty() || part == ".") continue;
    if (part == "..") {
      if (!parts.empty()) parts.pop_back();
      continue;
    }
    if (!is_clean(part)) return fail(Errc::denied, "a name is at most 255 bytes of UTF-8 without control characters and backslashes");
    if (parts.size() >= kMaxDepth) return fail(Errc::denied, "the path is too deep");
    parts.emplace_back(part);
  }
  return parts;
}

std::string joined(std::string_view root, const Parts& parts) {
  std::string path(root);
  for (const std::string& part : parts) path.append("/").append(part);
  return path;
}

Error missing(const Parts& parts) { return {Errc::not_found, joined("", parts) + ": there is no such file or folder"}; }

/// Parts to be read: what is hidden is not there.
Result<Parts> parts_to_read(std::string_view path) {
  PV_TRY(Parts parts, parts_of(path));
  if (!std::all_of(parts.begin(), parts.end(), [](const std::string& part) { return is_shown(part); })) return fail(missing(parts));
  return parts;
}

/// Parts to be written: names have to be shown afterwards.
Result<Parts> parts_to_write(std::string_view path) {
  PV_TRY(Parts parts, parts_of(path));
  if (!std::all_of(parts.begin(), parts.end(), [](const std::string& part) { return is_shown(part); })) {
    return fail(Errc::denied, "a name may not begin with '.'");
  }
  if (parts.size() >= 3 && is_servers_folder(parts[2])) {
    return fail(Errc::denied, fmt::format("'{}' belongs to the server: what lies in it can be read, not changed", parts[2]));
  }
  return parts;
}

/// A file's place and name, once its path says one.
struct Target {
  model::Place place;
  std::string name;
};

Result<model::Place> place_of(const model::TenantName& tenant, const Parts& parts) {
  PV_TRY(model::CampaignName campaign, model::CampaignName::parse(parts[0]));
  PV_TRY(model::DeviceName device, model::DeviceName::parse(parts[1]));
  return model::Place{tenant, std::move(campaign), std::move(device)};
}

Result<Target> target_of(const model::TenantName& tenant, std::string_view path) {
  PV_TRY(Parts parts, parts_to_write(path));
  if (parts.size() != 3) return fail(Errc::denied, std::string(kWhere));
  PV_TRY(model::Place place, place_of(tenant, parts));
  return Target{std::move(place), std::move(parts[2])};
}

std::string partial_of(const std::string& root, const Parts& parts) {
  return fmt::format("{}/{}/{}/{}{}", root, parts[0], parts[1], model::kPartialPrefix, parts[2]);
}

/// Nothing for what is neither a file nor a folder: links, pipes, devices.
std::optional<Seen> seen_of(const struct stat& status) {
  Seen seen;
  seen.modified_s = status.st_mtim.tv_sec;
  if (S_ISDIR(status.st_mode)) {
    seen.kind = Seen::Kind::folder;
  } else if (S_ISREG(status.st_mode)) {
    seen.size = static_cast<std::uint64_t>(status.st_size);
  } else {
    return std::nullopt;
  }
  return seen;
}

bool is_servers(const Parts& parts) { return parts.size() >= 3 && is_servers_folder(parts[2]); }

Result<Seen> seen_at(const Folder& data, const std::string& path) {
  PV_TRY(const struct stat status, data.status(path));
  if (const auto seen = seen_of(status)) return *seen;
  return fail(Errc::not_found, path + ": it is neither a file nor a folder");
}

}  // namespace

Result<std::string> Jail::normal_path(std::string_view path) {
  PV_TRY(const Parts parts, parts_of(path));
  return parts.empty() ? std::string("/") : joined("", parts);
}

Result<Seen> Jail::look(std::string_view path) const {
  PV_TRY(const Parts parts, parts_to_read(path));
  Result<Seen> seen = seen_at(data_, joined(tenant_.str(), parts));
  if (!seen && seen.error().kind() == Errc::not_found) {
    // A company's folder is made with its first campaign; until then it is empty.
    if (parts.empty()) return Seen{.kind = Seen::Kind::folder};
    if (parts.size() == 3) seen = seen_at(data_, partial_of(tenant_.str(), parts));
  }
  if (seen && is_servers(parts)) seen->access = Seen::Access::read_only;
  return seen;
}

Result<std::vector<Listed>> Jail::list(std::string_view path, std::size_t most) const {
  PV_TRY(const Parts parts, parts_to_read(path));
  auto entries = data_.list(joined(tenant_.str(), parts), most);
  if (!entries) {
    if (parts.empty() && entries.error().kind() == Errc::not_found) return std::vector<Listed>{};
    return fail(std::move(entries).error());
  }
  std::vector<Listed> shown, partial;
  std::unordered_set<std::string> finished;
  for (FolderEntry& entry : *entries) {
    auto seen = seen_of(entry.status);
    if (!seen) continue;
    if (parts.size() == 2 && seen->kind == Seen::Kind::file && entry.name.starts_with(model::kPartialPrefix)) {
      partial.push_back({entry.name.substr(model::kPartialPrefix.size()), *seen});
    } else if (is_shown(entry.name)) {
      if (is_servers(parts) || (parts.size() == 2 && is_servers_folder(entry.name))) seen->access = Seen::Access::read_only;
      if (parts.size() == 2) finished.insert(entry.name);
      shown.push_back({std::move(entry.name), *seen});
    }
  }
  for (Listed& one : partial) {
    if (is_shown(one.name) && !finished.contains(one.name)) shown.push_back(std::move(one));
  }
  std::sort(shown.begin(), shown.end(), [](const Listed& a, const Listed& b) { return a.name < b.name; });
  return shown;
}

Result<FileDescriptor> Jail::open_to_read(std::string_view path) const {
  PV_TRY(const Parts parts, parts_to_read(path));
  // Without O_NONBLOCK a pipe that lies there would hold the session up.
  auto file = data_.file(joined(tenant_.str(), parts), O_RDONLY | O_NONBLOCK | O_NOCTTY);
  if (!file && file.error().kind() == Errc::not_found && parts.size() == 3) file = data_.file(partial_of(tenant_.str(), parts), O_RDONLY | O_NONBLOCK | O_NOCTTY);
  if (!file) return file;
  struct stat status {};
  if (fstat(file->get(), &status) != 0 || !S_ISREG(status.st_mode)) return fail(Errc::denied, "it is not a file");
  return file;
}

Result<std::unique_ptr<model::IncomingFile>> Jail::open_to_write(std::string_view path, WriteWish wish) const {
  PV_TRY(const Target target, target_of(tenant_, path));
  const Parts parts{target.place.campaign.str(), target.place.device.str(), target.name};
  const auto finished = data_.status(joined(tenant_.str(), parts));
  if (!finished && finished.error().kind() != Errc::not_found) return fail(finished.error());
  if (finished && !S_ISREG(finished->st_mode)) return fail(Errc::denied, "something that is not a file has this name");
  const auto partial = seen_at(data_, partial_of(tenant_.str(), parts));
  if (!partial && partial.error().kind() != Errc::not_found) return fail(partial.error());
  const bool is_there = finished || partial;
  if (is_there && wish.missing == WriteWish::Missing::create_only) return fail(Errc::denied, "a file of this name is there already");
  if (!is_there && wish.missing == WriteWish::Missing::refuse) return fail(missing(parts));
  if (finished && wish.content == WriteWish::Content::keep) {
    return fail(Errc::denied, "the file is there already and whole: it cannot be changed in part, upload it whole");
  }
  const bool goes_on = partial && wish.content == WriteWish::Content::keep;
  return desk_.begin(target.place, target.name, goes_on ? model::ArrivalDesk::Start::resume : model::ArrivalDesk::Start::fresh, sender_);
}

Result<model::FileId> Jail::rename(std::string_view from, std::string_view to) const {
  PV_TRY(const Target source, target_of(tenant_, from));
  PV_TRY(const Target target, target_of(tenant_, to));
  PV_TRY(const Seen seen, look(from));
  if (seen.kind != Seen::Kind::file) return fail(Errc::denied, "folders keep their names");
  return desk_.rename(source.place, source.name, target.place, target.name, sender_);
}

Result<void> Jail::remove(std::string_view path) const {
  PV_TRY(const Target target, target_of(tenant_, path));
  PV_TRY(const Seen seen, look(path));
  if (seen.kind != Seen::Kind::file) return fail(Errc::denied, "it is a folder");
  return desk_.remove(target.place, target.name, sender_);
}

Result<void> Jail::make_folder(std::string_view path) const {
  PV_TRY(const Parts parts, parts_to_write(path));
  if (parts.empty()) return fail(Errc::conflict, "/: it is there already");
  if (parts.size() > 2) return fail(Errc::denied, fmt::format("folders are campaigns and devices, no deeper; {}", kWhere));
  if (parts.size() == 1) {
    PV_TRY(const model::CampaignName campaign, model::CampaignName::parse(parts[0]));
    return desk_.make_campaign(tenant_, campaign, sender_);
  }
  PV_TRY(const model::Place place, place_of(tenant_, parts));
  return desk_.make_device(place, sender_);
}

Result<void> Jail::remove_folder(std::string_view path) const {
  PV_TRY(const Parts parts, parts_to_write(path));
  if (parts.empty() || parts.size() > 2) return fail(Errc::denied, "only an empty campaign's or device's folder can be removed");
  auto removed = data_.remove_folder(joined(tenant_.str(), parts));
  if (!removed && removed.error().kind() == Errc::conflict) return fail(Errc::denied, "the folder is not empty");
  return removed;
}

}  // namespace pv::sftp
