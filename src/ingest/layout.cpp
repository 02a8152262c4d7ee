#include "ingest/layout.h"

#include <algorithm>

#include <fmt/format.h>

namespace pv::ingest {
namespace fs = std::filesystem;
namespace {

// <company>/<campaign>/<device>/<file>
constexpr std::size_t kDepth = 4;

bool is_logger_file_name(const std::string& name) {
  if (name.size() < 5 || name.front() == '.') return false;
  std::string ending = name.substr(name.size() - 4);
  std::transform(ending.begin(), ending.end(), ending.begin(), [](unsigned char c) { return static_cast<char>(c | 0x20); });
  return ending == ".tsv";
}

bool is_passed_over(const std::string& name) { return name.front() == '.' || name == kParsedFolder || name == kErrorFolder; }

void collect(const fs::path& data_folder, const fs::path& folder, Found& found) {
  std::error_code code;
  fs::directory_iterator entries(folder, code);
  if (code) {
    found.unreadable.push_back(fmt::format("{}: cannot list it ({})", folder.string(), code.message()));
    return;
  }
  for (const fs::directory_entry& entry : entries) {
    const std::string name = entry.path().filename().string();
    if (is_passed_over(name)) continue;
    const fs::file_status status = entry.symlink_status(code);
    if (code) continue;  // it went away since it was listed
    if (fs::is_directory(status)) {
      collect(data_folder, entry.path(), found);
    } else if (is_logger_file_name(name)) {
      found.files.push_back(classify(data_folder, entry.path()));
    } else if (fs::is_symlink(status) && fs::is_directory(entry.path(), code)) {
      found.unreadable.push_back(fmt::format("{}: it is a symbolic link to a folder and is not followed", entry.path().string()));
    }
  }
}

}  // namespace

std::string_view to_string(Misplaced why) noexcept {
  switch (why) {
    case Misplaced::path_too_short: return "path_too_short";
    case Misplaced::path_too_deep: return "path_too_deep";
    case Misplaced::bad_name: return "bad_name";
    case Misplaced::symlink: return "symlink";
    case Misplaced::not_a_file: return "not_a_file";
    case Misplaced::hidden: return "hidden";
    case Misplaced::already_filed: return "already_filed";
    case Misplaced::outside_data_folder: return "outside_data_folder";
  }
  return "misplaced";
}

bool stays_there(Misplaced why) noexcept {
  switch (why) {
    case Misplaced::path_too_short:
    case Misplaced::path_too_deep:
    case Misplaced::bad_name:
    case Misplaced::symlink: return false;
    case Misplaced::not_a_file:  // a folder or a device: moving it would take more away than one file
    case Misplaced::hidden:
    case Misplaced::already_filed:
    case Misplaced::outside_data_folder: return true;
  }
  return true;
}

FoundFile classify(const fs::path& data_folder, const fs::path& file) {
  FoundFile found;
  found.path = file;
  const auto misplaced = [&](Misplaced why, std::string problem) {
    found.why = why;
    found.problem = std::move(problem);
    return found;
  };
  const fs::path relative = file.lexically_normal().lexically_relative(data_folder.lexically_normal());
  std::vector<std::string> parts;
  for (const fs::path& part : relative) parts.push_back(part.string());
  if (parts.empty() || parts.front() == ".." || parts.front() == ".") {
    return misplaced(Misplaced::outside_data_folder, fmt::format("the file does not lie below the data folder {}", data_folder.string()));
  }
  if (std::any_of(parts.begin(), parts.end() - 1, [](const std::string& part) { return part == kParsedFolder || part == kErrorFolder; })) {
    return misplaced(Misplaced::already_filed, "what lies in parsed/ or error/ has been dealt with; move it back to its device folder first");
  }
  std::error_code code;
  // A link on the way would lead out of the tree, or into another company's part of it.
  fs::path folder = data_folder;
  for (std::size_t i = 0; i + 1 < parts.size(); ++i) {
    folder /= parts[i];
    if (fs::is_symlink(fs::symlink_status(folder, code))) {
      return misplaced(Misplaced::outside_data_folder, fmt::format("{} is a symbolic link and is not followed", folder.string()));
    }
  }
  if (parts.back().starts_with('.')) return misplaced(Misplaced::hidden, "a name that begins with '.' is no logger file's");
  const fs::file_status status = fs::symlink_status(file, code);
  if (fs::is_symlink(status)) {
    return misplaced(Misplaced::symlink, "it is a symbolic link; put the file itself there");
  }
  if (fs::exists(status) && !fs::is_regular_file(status)) return misplaced(Misplaced::not_a_file, "it is not a regular file");
  if (parts.size() != kDepth) {
    return misplaced(parts.size() < kDepth ? Misplaced::path_too_short : Misplaced::path_too_deep,
                     "a logger file lies at <data>/<company>/<campaign>/<device>/<file>.tsv");
  }
  auto tenant = model::TenantName::parse(parts[0]);
  auto campaign = model::CampaignName::parse(parts[1]);
  auto device = model::DeviceName::parse(parts[2]);
  for (const auto* error : {tenant ? nullptr : &tenant.error(), campaign ? nullptr : &campaign.error(), device ? nullptr : &device.error()}) {
    if (error != nullptr) return misplaced(Misplaced::bad_name, error->message());
  }
  found.place = Place{std::move(*tenant), std::move(*campaign), std::move(*device)};
  found.size = fs::file_size(file, code);
  if (code) found.size = 0;
  return found;
}

Result<Found> find_files(const fs::path& data_folder) {
  std::error_code code;
  const fs::file_status status = fs::status(data_folder, code);
  if (!fs::exists(status)) {
    return fail(Errc::not_found, fmt::format("{}: the data folder does not exist; make it, or give another with --data-folder", data_folder.string()));
  }
  if (!fs::is_directory(status)) return fail(Errc::invalid_input, fmt::format("{}: the data folder is no folder", data_folder.string()));
  fs::directory_iterator probe(data_folder, code);
  if (code) return fail(Errc::denied, fmt::format("{}: cannot list the data folder ({})", data_folder.string(), code.message()));
  Found found;
  collect(data_folder, data_folder, found);
  std::sort(found.files.begin(), found.files.end(), [](const FoundFile& a, const FoundFile& b) { return a.path < b.path; });
  return found;
}

}  // namespace pv::ingest
