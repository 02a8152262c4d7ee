#include "ingest/arriving.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <vector>

#include <fmt/format.h>

#include "base/digest.h"
#include "model/names.h"
#include "tsv/reader.h"

namespace pv::ingest {
namespace {

constexpr std::size_t kLongestName = 200;
/// Headers are far shorter; only a file without one is looked at as a whole.
constexpr std::uint64_t kHead = 512U << 10;

Result<std::vector<char>> read_head(const FileDescriptor& file, const std::string& path, std::uint64_t size) {
  std::vector<char> bytes(size);
  std::size_t at = 0;
  while (at < bytes.size()) {
    const ssize_t got = pread(file.get(), bytes.data() + at, bytes.size() - at, static_cast<off_t>(at));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail(pv::system_error("cannot read it", path, errno));
    if (got == 0) break;
    at += static_cast<std::size_t>(got);
  }
  bytes.resize(at);
  return bytes;
}

}  // namespace

std::string path_of(const model::Place& place, std::string_view name) {
  return fmt::format("{}/{}/{}/{}", place.tenant.str(), place.campaign.str(), place.device.str(), name);
}

std::string partial_name(std::string_view name) { return std::string(model::kPartialPrefix) + std::string(name); }

std::string_view without_transfer_ending(std::string_view name) noexcept {
  return model::is_transfer_name(name) ? name.substr(0, name.rfind('.')) : name;
}

std::string aside_name(std::string_view name, int number) {
  const std::string_view own = without_transfer_ending(name);
  const std::size_t dot = own.rfind('.');
  const std::string_view stem = own.substr(0, dot);
  return fmt::format("{}~{}{}", stem, number, name.substr(stem.size()));
}

Result<void> check_file_name(std::string_view name) {
  const auto refuse = [&](std::string_view why) { return fail(Errc::denied, fmt::format("{}: {}", name.substr(0, kLongestName), why)); };
  if (name.empty() || name.size() > kLongestName) return fail(Errc::denied, fmt::format("a file's name has 1 to {} bytes", kLongestName));
  const bool is_plain = std::none_of(name.begin(), name.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f || c == '/' || c == '\\'; });
  if (!is_plain || !model::is_valid_utf8(name)) return fail(Errc::denied, "a file's name is UTF-8 without control characters, '/' and '\\'");
  if (name.front() == '.') return refuse("a name that begins with '.' is no logger file's");
  if (!model::is_logger_file_name(name) && !model::is_transfer_name(name)) {
    return refuse("only logger files are taken: their names end in .tsv (or .tsv.part, .tsv.filepart, .tsv.partial, .tsv.tmp, .tsv.upload on their way)");
  }
  return {};
}

Result<FileVerdict> judge_file(const FileDescriptor& file, const std::string& path, const JudgeRules& rules) {
  struct stat status {};
  if (fstat(file.get(), &status) != 0) return fail(pv::system_error("cannot look at it", path, errno));
  if (!S_ISREG(status.st_mode)) return fail(Errc::denied, fmt::format("{}: it is not a regular file", path));
  const auto size = static_cast<std::uint64_t>(status.st_size);
  FileVerdict verdict;
  verdict.identity = {status.st_dev, status.st_ino, status.st_size, status.st_mtim.tv_sec, status.st_mtim.tv_nsec};
  if (size > rules.max_file_bytes) {
    verdict.reason = "too_large";
    verdict.message = fmt::format("it has {} bytes, more than the limit of {} (setting ingest.max_file_bytes)", size, rules.max_file_bytes);
    return verdict;
  }
  tsv::ReadOptions options;
  options.extra_formats = rules.extra_formats;
  for (const std::uint64_t part : {std::min(size, kHead), size}) {
    PV_TRY(const std::vector<char> bytes, read_head(file, path, part));
    const auto content = tsv::read_or_reject(bytes, options);
    if (content) return verdict;
    if (part < size) continue;
    verdict.reason = tsv::to_string(content.error().reason);
    verdict.message = content.error().message;
    verdict.line = content.error().line;
    verdict.digest = to_hex(sha256(std::as_bytes(std::span(bytes))));
    break;
  }
  return verdict;
}

}  // namespace pv::ingest
