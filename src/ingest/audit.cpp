#include "ingest/audit.h"

#include <algorithm>
#include <optional>
#include <set>
#include <unordered_set>
#include <utility>

#include <fmt/chrono.h>
#include <fmt/format.h>

#include "base/folder.h"
#include "ingest/layout.h"
#include "model/arrival.h"

namespace pv::ingest {
namespace {

constexpr std::size_t kPage = 1000;  // entries of the ledger at a time
constexpr std::size_t kNoLimit = ~std::size_t{0};

std::string joined_path(std::string_view folder, std::string_view name) { return folder.empty() ? std::string(name) : fmt::format("{}/{}", folder, name); }

std::string_view folder_of(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? std::string_view{} : path.substr(0, slash);
}

std::string_view name_of(std::string_view path) { return path.substr(path.rfind('/') + 1); }

/// Names that uploads have until they are whole: of the desk, of SFTPGo, of clients.
bool is_partial_name(std::string_view name) noexcept {
  return name.starts_with(model::kPartialPrefix) || name.starts_with(".sftpgo-upload.") || model::is_transfer_name(name);
}

/// "x~2.tsv" had the name "x.tsv"; anything else has its own.
std::string first_name(std::string_view name) {
  const std::size_t dot = name.rfind('.');
  const std::size_t mark = name.substr(0, dot).rfind('~');
  if (dot == std::string_view::npos || mark == std::string_view::npos || mark + 1 == dot) return std::string(name);
  const std::string_view number = name.substr(mark + 1, dot - mark - 1);
  if (!std::all_of(number.begin(), number.end(), [](char c) { return c >= '0' && c <= '9'; })) return std::string(name);
  return fmt::format("{}{}", name.substr(0, mark), name.substr(dot));
}

/// Where the ledger says that a file lies; "" when it lies nowhere: its sender took it back.
const std::string& place_of(const LedgerEntry& entry) { return entry.filed || !entry.moved_to.empty() ? entry.moved_to : entry.path; }

class Audit {
 public:
  Audit(Ledger& ledger, const AuditOptions& options, const Folder& root) : ledger_(&ledger), options_(&options), root_(&root) {}

  Result<std::vector<AuditFinding>> run() {
    PV_TRY(const std::set<std::string> tenants, all_tenants());
    // A tenant at a time: the names of its filed files are all that is kept in memory.
    for (const std::string& tenant : tenants) {
      if (is_full()) break;
      filed_on_disk_.clear();
      is_store_away_ = false;
      // The disk first: what is filed meanwhile is then on record when the ledger is asked, not the other way round.
      if (tenant.empty()) {
        PV_TRY_VOID(look_at_top());
      } else {
        PV_TRY_VOID(look_into(tenant));
      }
      PV_TRY_VOID(look_at_entries(tenant));
      PV_TRY_VOID(tell_unknown());
    }
    std::sort(findings_.begin(), findings_.end(),
              [](const AuditFinding& a, const AuditFinding& b) { return std::pair(std::string_view(a.path), a.kind) < std::pair(std::string_view(b.path), b.kind); });
    return std::move(findings_);
  }

 private:
  [[nodiscard]] bool is_full() const noexcept { return findings_.size() >= options_->most; }

  void tell(Discrepancy kind, std::string_view path, std::string message) {
    if (!is_full()) findings_.push_back({kind, std::string(path), std::move(message)});
  }

  /// Once a folder, however many files are in it.
  void tell_cannot_look(std::string_view folder, const Error& error) {
    if (not_looked_into_.insert(std::string(folder)).second) {
      tell(Discrepancy::cannot_look, folder, fmt::format("{}; nothing is said of what lies in it: give this program the right to list it", error.message()));
    }
  }

  std::vector<FolderEntry> listed(std::string_view folder) {
    auto entries = root_->list(folder, kNoLimit);
    if (entries) return std::move(*entries);
    if (entries.error().kind() != Errc::not_found) tell_cannot_look(folder, entries.error());
    return {};
  }

  /// "": what lies directly in the data folder. Others: folders there, and whoever else the ledger knows.
  Result<std::set<std::string>> all_tenants() {
    std::set<std::string> tenants = {""};
    for (const FolderEntry& entry : listed("")) {
      const bool is_passed_over = entry.name.starts_with('.') || entry.name == kParsedFolder || entry.name == kErrorFolder;
      if (S_ISDIR(entry.status.st_mode) && !is_passed_over) tenants.insert(entry.name);
    }
    PV_TRY(const std::vector<StateCount> counts, ledger_->counts());
    for (const StateCount& count : counts) tenants.insert(count.tenant);
    return tenants;
  }

  Result<void> look_at_top() {
    for (const FolderEntry& entry : listed("")) {
      if (!S_ISDIR(entry.status.st_mode)) {
        PV_TRY_VOID(look_at_waiting(entry.name, entry));
      } else if (entry.name == kParsedFolder || entry.name == kErrorFolder) {
        note_filed(entry.name);
      }
    }
    return {};
  }

  Result<void> look_into(const std::string& folder) {
    for (const FolderEntry& entry : listed(folder)) {
      if (is_full()) return {};
      const std::string path = joined_path(folder, entry.name);
      if (!S_ISDIR(entry.status.st_mode)) {
        PV_TRY_VOID(look_at_waiting(path, entry));
      } else if (entry.name == kParsedFolder || entry.name == kErrorFolder) {
        note_filed(path);
      } else if (!entry.name.starts_with('.')) {
        PV_TRY_VOID(look_into(path));
      }
    }
    return {};
  }

  void note_filed(const std::string& folder) {
    for (const FolderEntry& entry : listed(folder)) {
      if (!S_ISDIR(entry.status.st_mode) && model::is_logger_file_name(entry.name)) filed_on_disk_.insert(joined_path(folder, entry.name));
    }
  }

  Result<void> look_at_waiting(const std::string& path, const FolderEntry& file) {
    if (is_partial_name(file.name)) {
      if (!stands_at(path)) return {};  // whole since it was listed
      tell(Discrepancy::partial_file, path,
           fmt::format("it is part of a file, last written {:%Y-%m-%dT%H:%M:%SZ}; when nobody sends it any more, have it sent again, or remove it",
                       fmt::gmtime(file.status.st_mtim.tv_sec)));
      return {};
    }
    if (!model::is_logger_file_name(file.name)) return {};
    PV_TRY(const auto entry, ledger_->entry_at(path));
    // Rejected and without another place: it was left where it lies.
    const bool is_left_there = entry && entry->filed && entry->state == FileState::rejected && entry->moved_to.empty();
    if ((entry && (!entry->filed || is_left_there)) || !stands_at(path)) return {};
    tell(Discrepancy::not_on_record, path, "it waits to be taken: 'powerview serve' finds it at its next look through the folders, or run 'powerview ingest'");
    return {};
  }

  Result<void> look_at_entries(const std::string& tenant) {
    EntryFilter filter;
    filter.tenant = tenant;
    filter.limit = kPage;
    while (!is_full()) {
      PV_TRY(const std::vector<LedgerEntry> entries, ledger_->list(filter));
      if (entries.empty()) break;
      filter.before_id = entries.back().id;
      for (const LedgerEntry& entry : entries) {
        PV_TRY_VOID(look_for(entry));
        ask_store(entry);
      }
    }
    return {};
  }

  Result<void> look_for(const LedgerEntry& entry) {
    if (place_of(entry).empty() || filed_on_disk_.erase(place_of(entry)) != 0 || stands_at(place_of(entry))) return {};
    // Moved since the ledger was read, perhaps: `serve` may be at work.
    PV_TRY(const LedgerEntry now, ledger_->entry(entry.id));
    if (place_of(now).empty() || stands_at(place_of(now))) return {};
    if (!now.filed) {
      tell(Discrepancy::waiting_file_missing, place_of(now),
           fmt::format("the ledger says it is here and {} (file {}), and it is gone; have it sent again, or reject it with 'powerview files reject {}'",
                       to_string(now.state), now.id.value, now.id.value));
      return {};
    }
    // Put back where it was handed in, to be taken again: the newer entry speaks of it.
    PV_TRY(const auto newest, ledger_->entry_at(now.path));
    if (newest && newest->id > now.id && !now.digest.empty() && newest->digest == now.digest) return {};
    tell(Discrepancy::filed_file_missing, now.moved_to,
         fmt::format("the ledger says that {} was filed here (file {}, {}), and it is not; bring it back from a backup if you need the file itself", now.path,
                     now.id.value, to_string(now.state)));
    return {};
  }

  /// Also when that cannot be found out: then its folder is told instead.
  bool stands_at(const std::string& path) {
    const auto status = root_->status(path);
    if (status || status.error().kind() == Errc::not_found) return status.has_value();
    tell_cannot_look(folder_of(path), status.error());
    return true;
  }

  void ask_store(const LedgerEntry& entry) {
    if (!options_->is_stored || is_store_away_ || entry.state != FileState::committed || entry.digest.empty() || entry.campaign.empty()) return;
    const auto is_stored = options_->is_stored(entry.tenant, entry.campaign, entry.digest);
    if (!is_stored) {
      is_store_away_ = true;  // one word is enough: it would be the same for each of its files
      tell(Discrepancy::cannot_look, entry.tenant, fmt::format("its store cannot be asked for its files: {}", is_stored.error().message()));
    } else if (!*is_stored) {
      tell(Discrepancy::not_in_store, place_of(entry).empty() ? entry.path : place_of(entry),
           fmt::format("file {} is committed, and the store of {} does not know its bytes; move the file back to its device folder to have it taken again",
                       entry.id.value, entry.tenant));
    }
  }

  /// What is left of the filed files that no entry speaks of.
  Result<void> tell_unknown() {
    if (is_full()) return {};  // not all entries were seen
    for (const std::string& path : filed_on_disk_) {
      const std::string device = std::string(folder_of(folder_of(path)));
      bool is_known = false;
      for (const std::string& name : {std::string(name_of(path)), first_name(name_of(path))}) {
        PV_TRY(const auto entry, ledger_->entry_at(joined_path(device, name)));
        // Filed since the ledger was read, or just being moved.
        const bool is_moving = entry && !entry->filed && (entry->state == FileState::committed || entry->state == FileState::rejected);
        is_known = is_known || (entry && entry->moved_to == path) || is_moving;
      }
      if (is_known || !stands_at(path)) continue;
      tell(Discrepancy::unknown_filed_file, path,
           "the ledger knows nothing of it: it was filed before there was a ledger, or put there by hand; move it to its device folder if it shall be taken");
    }
    return {};
  }

  Ledger* ledger_;
  const AuditOptions* options_;
  const Folder* root_;
  std::vector<AuditFinding> findings_;
  std::unordered_set<std::string> filed_on_disk_;  // of one tenant; those that entries speak of are taken out
  std::set<std::string, std::less<>> not_looked_into_;
  bool is_store_away_ = false;
};

}  // namespace

std::string_view to_string(Discrepancy kind) noexcept {
  switch (kind) {
    case Discrepancy::unknown_filed_file: return "unknown_filed_file";
    case Discrepancy::filed_file_missing: return "filed_file_missing";
    case Discrepancy::waiting_file_missing: return "waiting_file_missing";
    case Discrepancy::not_in_store: return "not_in_store";
    case Discrepancy::not_on_record: return "not_on_record";
    case Discrepancy::partial_file: return "partial_file";
    case Discrepancy::cannot_look: return "cannot_look";
  }
  return "unknown";
}

Result<std::vector<AuditFinding>> audit(Ledger& ledger, const AuditOptions& options) {
  const auto root = Folder::open(options.data_folder);
  if (!root) {
    // A folder that is not mounted, perhaps. That every single file is missing is not what a person must read then.
    return std::vector<AuditFinding>{{Discrepancy::cannot_look, "", fmt::format("{}; nothing is said of any file", root.error().message())}};
  }
  return Audit(ledger, options, *root).run();
}

}  // namespace pv::ingest
