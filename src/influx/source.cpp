#include "influx/source.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <mutex>
#include <utility>

#include <fmt/format.h>

#include "influx/catalogue.h"
#include "influx/flux.h"
#include "influx/line_protocol.h"
#include "influx/snapshot.h"

namespace pv::influx {
namespace {

constexpr std::int64_t kRecent_s = 2 * 86'400;
constexpr std::int64_t kLongest_s = 600;

std::int64_t now_s(const Access& access) {
  if (access.now_s) return access.now_s();
  return std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch()).count();
}

class Source final : public model::SampleSource {
 public:
  Source(Access access, SourceOptions options, std::string bucket)
      : access_(std::move(access)), options_(std::move(options)), bucket_(std::move(bucket)),
        // Above what an earlier run of the program has counted to: whoever remembers a number from then must not find it again.
        generation_(static_cast<std::uint64_t>(std::max<std::int64_t>(now_s(access_), 1)) * 1'000) {}

  // One thread asks the server, and the others wait for what it hears: the mutex is there for that.
  Result<std::uint64_t> generation() override {
    const std::lock_guard lock(mutex_);
    return look();
  }

  Result<std::unique_ptr<model::SampleSnapshot>> snapshot(unsigned workers) override {
    const std::lock_guard lock(mutex_);
    PV_TRY(const std::uint64_t generation, look());
    if (!catalogue_ || catalogue_->generation != generation) {
      PV_TRY(catalogue_, load_catalogue(*connection_, bucket_, ids_, steps_, generation));
    }
    std::vector<std::unique_ptr<Connection>> connections;
    for (unsigned i = 0; i < std::max(workers, 1U); ++i) {
      PV_TRY(connections.emplace_back(), Connection::open(access_));
    }
    return std::unique_ptr<model::SampleSnapshot>(std::make_unique<Snapshot>(std::move(connections), catalogue_));
  }

 private:
  Result<std::uint64_t> look() {
    const std::int64_t now = now_s(access_);
    if (looked_s_ != 0 && now - looked_s_ < options_.look_s && now >= looked_s_) return generation_;
    if (!connection_) {
      PV_TRY(connection_, Connection::open(access_));
    }
    PV_TRY(const std::uint64_t recent, count({bucket_, kMeasurement, {now - kRecent_s, now + kRecent_s}}, {}));
    auto reports = count({options_.meta_bucket, "tsv_parser_file", kAllTime, {}, {}, {"nb_points"}}, bucket_);
    if (!reports && reports.error().kind() != Errc::not_found) return fail(std::move(reports).error());
    const std::pair seen(recent, reports ? *reports : 0);
    if (looked_s_ != 0 && (seen != seen_ || now - changed_s_ >= kLongest_s)) {
      ++generation_;
      changed_s_ = now;
    }
    if (looked_s_ == 0) changed_s_ = now;
    seen_ = seen;
    looked_s_ = now;
    return generation_;
  }

  Result<std::uint64_t> count(const Selection& selection, std::string_view of_bucket) {
    std::string script = flux_from(selection);
    if (!of_bucket.empty()) script += fmt::format("\n  |> filter(fn: (r) => r.bucket == {})", flux_string(of_bucket));
    script += "\n  |> count()";
    CsvColumns column({"_value"});
    std::uint64_t total = 0;
    PV_TRY_VOID(run_query(*connection_, script, fmt::format("looking for changes of bucket {}", bucket_),
                          [&](const CsvBlock& block, std::span<const std::string_view> cells) -> Result<void> {
                            const auto number = read_number(column(block, cells, 0));
                            if (!number || *number < 0) return fail(Errc::corrupt, "a count that does not read");
                            total += static_cast<std::uint64_t>(*number);
                            return {};
                          }));
    return total;
  }

  const Access access_;
  const SourceOptions options_;
  const std::string bucket_;
  std::mutex mutex_;
  std::unique_ptr<Connection> connection_;
  std::shared_ptr<const Catalogue> catalogue_;
  Ids ids_;
  Steps steps_;
  std::uint64_t generation_;
  std::pair<std::uint64_t, std::uint64_t> seen_;
  std::int64_t looked_s_ = 0, changed_s_ = 0;
};

class Directory final : public model::SourceDirectory {
 public:
  Directory(Access access, SourceOptions options) : access_(std::move(access)), options_(std::move(options)) {}

  Result<std::vector<model::TenantName>> tenants() override {
    PV_TRY(const auto connection, Connection::open(access_));
    PV_TRY(const std::vector<Bucket> buckets, list_buckets(*connection));
    std::vector<model::TenantName> names;
    for (const Bucket& bucket : buckets) {
      if (bucket.name == options_.meta_bucket) continue;
      if (auto tenant = tenant_of(bucket.name)) names.push_back(std::move(*tenant));
    }
    std::sort(names.begin(), names.end());
    return names;
  }

  Result<std::shared_ptr<model::SampleSource>> open(const model::TenantName& tenant) override {
    const std::string bucket = bucket_of(tenant);
    {
      const std::lock_guard lock(mutex_);
      const auto found = sources_.find(bucket);
      if (found != sources_.end()) return found->second;
    }
    PV_TRY(const auto connection, Connection::open(access_));
    PV_TRY(const auto there, find_bucket(*connection, bucket));
    if (!there || bucket == options_.meta_bucket) return fail(Errc::not_found, fmt::format("tenant {} does not exist", tenant.str()));
    const std::lock_guard lock(mutex_);
    return sources_.try_emplace(bucket, std::make_shared<Source>(access_, options_, bucket)).first->second;
  }

 private:
  const Access access_;
  const SourceOptions options_;
  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<model::SampleSource>> sources_;
};

}  // namespace

std::unique_ptr<model::SourceDirectory> open_directory(Access access, SourceOptions options) {
  return std::make_unique<Directory>(std::move(access), std::move(options));
}

}  // namespace pv::influx
