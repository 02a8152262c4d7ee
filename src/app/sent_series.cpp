#include "app/sent_series.h"

#include <nlohmann/json.hpp>

#include "base/schema.h"

namespace pv::app {
namespace {

constexpr const char* kSeriesTables = R"(
CREATE TABLE series(
  tenant TEXT NOT NULL, campaign TEXT NOT NULL, logger TEXT NOT NULL, field TEXT NOT NULL, tags TEXT NOT NULL, from_s INTEGER NOT NULL, to_s INTEGER NOT NULL,
  PRIMARY KEY(tenant, campaign, logger, field, tags)) WITHOUT ROWID;
)";
constexpr Schema kSeriesSchema = {"sent series", 0x5056'5353, 1, "PRAGMA journal_mode=WAL", kSeriesTables};  // "PVSS"

}  // namespace

Result<std::unique_ptr<SentSeries>> SentSeries::open(const std::filesystem::path& state_dir) {
  PV_TRY(auto database, open_state_file(state_dir / "sent_series.sqlite", kSeriesSchema));
  return std::unique_ptr<SentSeries>(new SentSeries(std::move(database)));
}

Result<std::multimap<std::string, SentSeries::Series>> SentSeries::of(const model::TenantName& tenant, const model::CampaignName& campaign, std::string_view logger_sn) {
  PV_TRY(Statement query, database_->prepare("SELECT field,tags,from_s,to_s FROM series WHERE tenant=? AND campaign=? AND logger=?"));
  query.bind(1, tenant.str()).bind(2, campaign.str()).bind(3, logger_sn);
  std::multimap<std::string, Series> all;
  while (true) {
    PV_TRY(const bool row, query.step());
    if (!row) return all;
    Series one{std::string(query.text(0)), {}, {query.integer(2), query.integer(3)}};
    const auto tags = nlohmann::json::parse(query.text(1), nullptr, false);
    for (const auto& [name, value] : tags.items()) {
      if (value.is_string()) one.tags.emplace(name, value.get<std::string>());
    }
    all.emplace(one.field, std::move(one));
  }
}

Result<void> SentSeries::note(const model::TenantName& tenant, const model::CampaignName& campaign, std::string_view logger_sn, const std::vector<Series>& series) {
  if (series.empty()) return {};
  PV_TRY(Transaction transaction, Transaction::begin(*database_, Transaction::Kind::write));
  PV_TRY(Statement put, database_->prepare("INSERT OR REPLACE INTO series(tenant,campaign,logger,field,tags,from_s,to_s) VALUES(?,?,?,?,?,?,?)"));
  PV_TRY(Statement drop, database_->prepare("DELETE FROM series WHERE tenant=? AND campaign=? AND logger=? AND field=? AND tags=?"));
  for (const Series& one : series) {
    Statement& statement = one.period.empty() ? drop : put;
    const std::string tags = nlohmann::json(one.tags).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    statement.bind(1, tenant.str()).bind(2, campaign.str()).bind(3, logger_sn).bind(4, one.field).bind(5, tags);
    if (!one.period.empty()) statement.bind(6, one.period.from_s).bind(7, one.period.to_s);
    PV_TRY_VOID(statement.run());
  }
  return transaction.commit();
}

Result<void> SentSeries::forget(const std::filesystem::path& state_dir, const model::TenantName& tenant) {
  std::error_code code;
  if (!std::filesystem::exists(state_dir / "sent_series.sqlite", code)) return {};
  PV_TRY(const auto sent, open(state_dir));
  PV_TRY(Statement erase, sent->database_->prepare("DELETE FROM series WHERE tenant=?"));
  return erase.bind(1, tenant.str()).run();
}

}  // namespace pv::app
