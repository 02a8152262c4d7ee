#include "influx/source.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <mutex>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "base/clock.h"
#include "base/shared_answer.h"
#include "influx/catalogue.h"
#include "influx/flux.h"
#include "influx/line_protocol.h"
#include "influx/snapshot.h"

namespace pv::influx {
namespace {

constexpr std::int64_t kRecent_s = 2 * kDay_s;
constexpr std::int64_t kLongest_s = 600;

std::int64_t now_s(const Access& access) {
  if (access.now_s) return access.now_s();
  return unix_now_s();
}

/// Of requests that every page waits for and that cost InfluxDB little.
Access hasty(Access access) {
  access.connect_time = std::min(access.connect_time, std::chrono::milliseconds(2'000));
  access.answer_time = std::min(access.answer_time, std::chrono::milliseconds(5'000));
  return access;
}

class Source final : public model::SampleSource {
 public:
  Source(Access access, SourceOptions options, std::string bucket)
      : access_(std::move(access)), options_(std::move(options)), bucket_(std::move(bucket)),
        // Above what an earlier run of the program has counted to: whoever remembers a number from then must not find it again.
        generation_(static_cast<std::uint64_t>(std::max<std::int64_t>(now_s(access_), 1)) * 1'000) {}

  Result<std::uint64_t> generation() override {
    const std::int64_t now = now_s(access_);
    const auto is_recent = [&](const Looked& looked) { return now - looked.at_s < options_.look_s && now >= looked.at_s; };
    PV_TRY(const Looked looked, looked_.get(Meanwhile::take_last, is_recent, [this] { return look(); }));
    return looked.generation;
  }

  Result<std::unique_ptr<model::SampleSnapshot>> snapshot(unsigned workers) override {
    PV_TRY(const std::uint64_t generation, this->generation());
    using Loaded = std::shared_ptr<const Catalogue>;
    PV_TRY(Loaded catalogue, loaded_.get(Meanwhile::wait, [generation](const Loaded& loaded) { return loaded->generation >= generation; },
                                         [this, generation]() -> Result<Loaded> {
                                           PV_TRY(const auto connection, Connection::open(access_));
                                           return load_catalogue(*connection, bucket_, ids_, *steps_, generation);
                                         }));
    std::vector<std::unique_ptr<Connection>> connections;
    for (unsigned i = 0; i < std::max(workers, 1U); ++i) {
      PV_TRY(connections.emplace_back(), Connection::open(access_));
    }
    return std::unique_ptr<model::SampleSnapshot>(std::make_unique<Snapshot>(std::move(connections), std::move(catalogue), steps_));
  }

 private:
  struct Looked {
    std::uint64_t generation = 0;
    std::int64_t at_s = 0;
  };

  /// One at a time.
  Result<Looked> look() {
    if (!connection_) {
      PV_TRY(connection_, Connection::open(hasty(access_)));
    }
    const std::int64_t now = now_s(access_);
    // Of whole days: a row that only grows older must not look like a change.
    const std::int64_t today_s = now - ((now % kDay_s) + kDay_s) % kDay_s;
    PV_TRY(const std::uint64_t recent, count({bucket_, kMeasurement, {today_s - kRecent_s, today_s + kDay_s + kRecent_s}}, {}));
    auto reports = count({options_.meta_bucket, "tsv_parser_file", kAllTime, {}, {}, {"nb_points"}}, bucket_);
    if (!reports && reports.error().kind() != Errc::not_found) return fail(std::move(reports).error());
    const std::pair seen(recent, reports ? *reports : 0);
    if (!seen_) changed_s_ = now;
    if (seen_ && (seen != *seen_ || now - changed_s_ >= kLongest_s)) {
      ++generation_;
      changed_s_ = now;
    }
    seen_ = seen;
    return Looked{generation_, now};
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
                            if (!number || *number < 0) return fail(Errc::unavailable, "a count that does not read");
                            total += static_cast<std::uint64_t>(*number);
                            return {};
                          }));
    return total;
  }

  const Access access_;
  const SourceOptions options_;
  const std::string bucket_;
  SharedAnswer<Looked> looked_;
  SharedAnswer<std::shared_ptr<const Catalogue>> loaded_{{.wait = kLongWait}};
  Ids ids_;
  std::shared_ptr<Steps> steps_ = std::make_shared<Steps>();
  std::unique_ptr<Connection> connection_;  // of look(), as all below
  std::uint64_t generation_;
  std::optional<std::pair<std::uint64_t, std::uint64_t>> seen_;
  std::int64_t changed_s_ = 0;
};

class Directory final : public model::SourceDirectory {
 public:
  Directory(Access access, SourceOptions options) : access_(std::move(access)), options_(std::move(options)) {}

  Result<std::vector<model::TenantName>> tenants() override {
    PV_TRY(Listed listed, listed_.get(Meanwhile::take_last, is_recent, [this] { return list(); }));
    return std::move(listed.tenants);
  }

  Result<std::shared_ptr<model::SampleSource>> open(const model::TenantName& tenant) override {
    {
      const std::lock_guard lock(mutex_);
      if (const auto found = sources_.find(tenant); found != sources_.end()) return found->second;
    }
    // One that is not in the last list may have come since.
    const auto knows_it = [&tenant](const Listed& listed) { return is_recent(listed) && listed.has(tenant); };
    PV_TRY(const Listed listed, listed_.get(Meanwhile::wait, knows_it, [this] { return list(); }));
    if (!listed.has(tenant)) return fail(Errc::not_found, fmt::format("tenant {} does not exist", tenant.str()));
    const std::lock_guard lock(mutex_);
    std::shared_ptr<model::SampleSource>& source = sources_[tenant];
    if (!source) source = std::make_shared<Source>(access_, options_, bucket_of(tenant));
    return source;
  }

 private:
  using Clock = std::chrono::steady_clock;
  struct Listed {
    std::vector<model::TenantName> tenants;  // sorted
    Clock::time_point at;
    [[nodiscard]] bool has(const model::TenantName& tenant) const { return std::binary_search(tenants.begin(), tenants.end(), tenant); }
  };
  static bool is_recent(const Listed& listed) { return Clock::now() - listed.at < std::chrono::seconds(1); }

  Result<Listed> list() {
    Listed listed{{}, Clock::now()};
    PV_TRY(const auto connection, Connection::open(hasty(access_)));
    PV_TRY(const std::vector<Bucket> buckets, list_buckets(*connection));
    for (const Bucket& bucket : buckets) {
      if (bucket.name == options_.meta_bucket) continue;
      if (auto tenant = tenant_of(bucket.name)) listed.tenants.push_back(std::move(*tenant));
    }
    std::sort(listed.tenants.begin(), listed.tenants.end());
    return listed;
  }

  const Access access_;
  const SourceOptions options_;
  std::mutex mutex_;
  SharedAnswer<Listed> listed_;
  std::map<model::TenantName, std::shared_ptr<model::SampleSource>> sources_;
};

}  // namespace

std::unique_ptr<model::SourceDirectory> open_directory(Access access, SourceOptions options) {
  return std::make_unique<Directory>(std::move(access), std::move(options));
}

}  // namespace pv::influx
