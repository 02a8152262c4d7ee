#include "store/writer.h"

#include <algorithm>
#include <chrono>
#include <tuple>

#include <fmt/format.h>

#include "base/check.h"
#include "base/clock.h"
#include "store/catalogue.h"
#include "store/open_leaf.h"
#include "store/schema.h"

namespace pv::store {
namespace {

constexpr std::size_t kTailsWorthSettling = 8;

/// One table of one file, under ids.
struct TableRows {
  std::size_t delivery = 0;
  std::int64_t logger = 0;
  std::int64_t file = 0;
  const model::LoggerTable* table = nullptr;
  std::vector<std::int64_t> channels;

  [[nodiscard]] std::int64_t first_s() const { return table->rows.time_s.front(); }
};

}  // namespace

class Writer::State {
 public:
  std::unique_ptr<Database> database;
  std::unique_ptr<Catalogue> catalogue;
  std::unique_ptr<OpenLeaves> leaves;
  Statement set_generation, add_event;
  Statement find_conflict, add_conflict, remove_conflict;
  std::int64_t seen_version = 0;

  Result<void> prepare();
  Result<std::vector<model::DeliveryOutcome>> write(std::span<const model::Delivery> deliveries);
  Result<void> settle();
  Result<void> erase(const std::string& campaign);

 private:
  Result<Transaction> begin();
  Result<void> commit(Transaction& transaction);
  Result<std::vector<TableRows>> identify(std::span<const model::Delivery> deliveries,
                                          std::vector<model::DeliveryOutcome>& outcomes);
  Result<void> add_events(const model::Delivery& delivery, std::int64_t logger, std::int64_t file);
  Result<void> record(const std::vector<Contest>& contests);
  Result<void> merge(std::vector<TableRows> all, std::vector<model::DeliveryOutcome>& outcomes);
};

Result<void> Writer::State::prepare() {
  PV_TRY(set_generation, database->prepare("UPDATE meta SET value=value+1 WHERE key='generation'"));
  PV_TRY(add_event, database->prepare("INSERT OR IGNORE INTO event(logger, time_s, kind, file) VALUES(?,?,?,?)"));
  PV_TRY(find_conflict, database->prepare("SELECT file, provisional FROM conflict WHERE channel=? AND time_s=? AND value=?"));
  PV_TRY(add_conflict, database->prepare("INSERT OR REPLACE INTO conflict(channel, time_s, value, file, provisional) VALUES(?,?,?,?,?)"));
  PV_TRY(remove_conflict, database->prepare("DELETE FROM conflict WHERE channel=? AND time_s=? AND value=?"));
  PV_TRY(seen_version, database->data_version());
  return {};
}

Result<Transaction> Writer::State::begin() {
  auto transaction = Transaction::begin(*database, Transaction::Kind::write);
  if (!transaction) return transaction;
  // Ids remembered from before are good only while nobody else has written.
  PV_TRY(const std::int64_t version, database->data_version());
  if (version != seen_version) {
    catalogue->forget();
    seen_version = version;
  }
  return transaction;
}

Result<void> Writer::State::commit(Transaction& transaction) {
  PV_TRY_VOID(set_generation.run());
  return transaction.commit();
}

Result<std::vector<TableRows>> Writer::State::identify(std::span<const model::Delivery> deliveries,
                                                       std::vector<model::DeliveryOutcome>& outcomes) {
  const std::int64_t stored_at = unix_now_s();
  std::vector<TableRows> all;
  for (std::size_t d = 0; d < deliveries.size(); ++d) {
    const model::Delivery& delivery = deliveries[d];
    PV_CHECK(delivery.campaign != nullptr && delivery.origin != nullptr);
    PV_TRY(const std::int64_t campaign, catalogue->campaign(delivery.campaign->str()));
    PV_TRY(const Catalogue::FileEntry file, catalogue->file(campaign, *delivery.origin, stored_at));
    outcomes[d].known_file = file.known;
    outcomes[d].other_zone = file.other_zone;
    if (file.known && !file.raised) {
      for (const model::LoggerTable& table : delivery.tables) {
        for (const model::Column& column : table.rows.columns) outcomes[d].samples_same += column.size() - column.missing;
      }
      continue;
    }
    for (const model::LoggerTable& table : delivery.tables) {
      if (table.channels.empty()) continue;
      PV_CHECK(table.channels.size() == table.rows.columns.size());
      PV_TRY(const std::int64_t logger, catalogue->logger(campaign, table.channels.front().master_sn));
      PV_TRY(const std::span<const std::int64_t> channels, catalogue->layout(logger, table.channels, file.id));
      if (table.rows.time_s.empty()) continue;
      all.push_back({d, logger, file.id, &table, {channels.begin(), channels.end()}});
    }
    if (!delivery.events.empty()) {
      PV_TRY(const std::int64_t logger, catalogue->logger(campaign, delivery.logger_sn));
      PV_TRY_VOID(add_events(delivery, logger, file.id));
    }
  }
  return all;
}

Result<void> Writer::State::add_events(const model::Delivery& delivery, std::int64_t logger, std::int64_t file) {
  for (const model::Event& event : delivery.events) {
    PV_TRY_VOID(add_event.bind(1, logger)
                    .bind(2, event.time_s)
                    .bind(3, static_cast<std::int64_t>(event.kind))
                    .bind(4, file)
                    .run());
  }
  return {};
}

Result<void> Writer::State::record(const std::vector<Contest>& contests) {
  // Kept for a cell: each value that lost, with the best file that gives it; never the value that stands.
  for (const Contest& contest : contests) {
    PV_TRY_VOID(remove_conflict.bind(1, contest.channel).bind(2, contest.time_s).bind(3, contest.winner).run());
    PV_TRY(const bool found, find_conflict.bind(1, contest.channel).bind(2, contest.time_s).bind(3, contest.loser).step());
    const Origin kept = found ? Origin::of(static_cast<std::uint32_t>(find_conflict.integer(0)), find_conflict.integer(1) != 0)
                              : Origin{};
    find_conflict.reset();
    bool better = !found;
    if (found) {
      PV_TRY(better, catalogue->ranks_below(kept, contest.loser_origin));
    }
    if (!better) continue;
    PV_TRY_VOID(add_conflict.bind(1, contest.channel)
                    .bind(2, contest.time_s)
                    .bind(3, contest.loser)
                    .bind(4, static_cast<std::int64_t>(contest.loser_origin.file()))
                    .bind(5, static_cast<std::int64_t>(contest.loser_origin.provisional() ? 1 : 0))
                    .run());
  }
  return {};
}

Result<void> Writer::State::merge(std::vector<TableRows> all, std::vector<model::DeliveryOutcome>& outcomes) {
  // Any order gives the same store; by time, most files only append.
  std::sort(all.begin(), all.end(), [](const TableRows& a, const TableRows& b) {
    return std::tuple(a.logger, a.first_s(), a.file) < std::tuple(b.logger, b.first_s(), b.file);
  });
  std::vector<Contest> contests;
  for (const TableRows& rows : all) {
    MergeTally tally;
    const IncomingRows incoming{&rows.table->rows, 0, rows.table->rows.time_s.size(), rows.channels,
                                static_cast<std::uint32_t>(rows.file), rows.table->provisional_row};
    PV_TRY_VOID(leaves->add(rows.logger, incoming, tally, contests));
    model::DeliveryOutcome& outcome = outcomes[rows.delivery];
    outcome.samples_new += tally.samples_new;
    outcome.samples_same += tally.samples_same;
    outcome.samples_replaced += tally.samples_replaced;
    outcome.samples_outranked += tally.samples_outranked;
  }
  return record(contests);
}

Result<std::vector<model::DeliveryOutcome>> Writer::State::write(std::span<const model::Delivery> deliveries) {
  std::vector<model::DeliveryOutcome> outcomes(deliveries.size());
  const auto attempt = [&]() -> Result<void> {
    PV_TRY(Transaction transaction, begin());
    PV_TRY(std::vector<TableRows> all, identify(deliveries, outcomes));
    PV_TRY_VOID(merge(std::move(all), outcomes));
    PV_TRY_VOID(leaves->flush());
    return commit(transaction);
  };
  auto done = attempt();
  if (!done) {
    // Ids of rows that were rolled back must not be used again.
    leaves->drop();
    catalogue->forget();
    return fail(std::move(done).error());
  }
  return outcomes;
}

Result<void> Writer::State::settle() {
  const auto attempt = [&]() -> Result<void> {
    PV_TRY(Transaction transaction, begin());
    PV_TRY(const bool any, leaves->settle(kTailsWorthSettling));
    // A snapshot that is being opened tells by the generation that its workers would see different blocks.
    return any ? commit(transaction) : transaction.commit();
  };
  if (auto done = attempt(); !done) {
    leaves->drop();
    return done;
  }
  return database->run("PRAGMA wal_checkpoint(PASSIVE)");
}

Result<void> Writer::State::erase(const std::string& campaign) {
  PV_TRY(Transaction transaction, begin());
  PV_TRY(Statement find, database->prepare("SELECT id FROM campaign WHERE name=?"));
  PV_TRY(const bool found, find.bind(1, campaign).step());
  if (!found) return fail(Errc::not_found, fmt::format("no campaign '{}' in {}", campaign, database->path().string()));
  const std::int64_t id = find.integer(0);
  find.reset();
  catalogue->forget();
  for (const char* sql : {
           "DELETE FROM conflict WHERE channel IN (SELECT c.id FROM channel c JOIN logger l ON l.id=c.logger WHERE l.campaign=?)",
           "DELETE FROM event WHERE logger IN (SELECT id FROM logger WHERE campaign=?)",
           "DELETE FROM block WHERE logger IN (SELECT id FROM logger WHERE campaign=?)",
           "DELETE FROM layout_channel WHERE layout IN (SELECT y.id FROM layout y JOIN logger l ON l.id=y.logger WHERE l.campaign=?)",
           "DELETE FROM layout WHERE logger IN (SELECT id FROM logger WHERE campaign=?)",
           "DELETE FROM channel WHERE logger IN (SELECT id FROM logger WHERE campaign=?)",
           "DELETE FROM logger WHERE campaign=?",
           "DELETE FROM file WHERE campaign=?",
           "DELETE FROM campaign WHERE id=?",
       }) {
    PV_TRY(Statement statement, database->prepare(sql));
    PV_TRY_VOID(statement.bind(1, id).run());
  }
  PV_TRY_VOID(commit(transaction));
  return database->run("PRAGMA incremental_vacuum; PRAGMA wal_checkpoint(TRUNCATE)");
}

Writer::Writer(std::unique_ptr<State> state) : state_(std::move(state)) {}
Writer::~Writer() = default;

Result<std::unique_ptr<Writer>> Writer::open(const std::filesystem::path& path, WriterOptions options) {
  auto state = std::make_unique<State>();
  PV_TRY(state->database, open_for_writing(path));
  PV_TRY(state->catalogue, Catalogue::open(*state->database));
  PV_TRY(state->leaves, OpenLeaves::open(*state->database, *state->catalogue, options.encoders));
  PV_TRY_VOID(state->prepare());
  return std::unique_ptr<Writer>(new Writer(std::move(state)));
}

Result<std::vector<model::DeliveryOutcome>> Writer::write(std::span<const model::Delivery> deliveries) {
  return state_->write(deliveries);
}
Result<void> Writer::settle() { return state_->settle(); }
Result<void> Writer::erase_campaign(const model::CampaignName& campaign) { return state_->erase(campaign.str()); }

}  // namespace pv::store
