#include "store/catalogue.h"

#include <cstring>
#include <tuple>

#include <fmt/format.h>
#include <xxhash.h>

#include "store/block.h"

namespace pv::store {
namespace {

std::span<const std::byte> bytes_of(const model::Digest& digest) { return {digest.data(), digest.size()}; }

// Ranks are only looked up where files overlap; the bound keeps a year of bulk loading from piling them up.
constexpr std::size_t kMaxRemembered = 65'536;

}  // namespace

Result<std::unique_ptr<Catalogue>> Catalogue::open(Database& database) {
  std::unique_ptr<Catalogue> c(new Catalogue(database));
  PV_TRY(c->find_campaign_, database.prepare("SELECT id FROM campaign WHERE name=?"));
  PV_TRY(c->add_campaign_, database.prepare("INSERT INTO campaign(name) VALUES(?)"));
  PV_TRY(c->find_file_, database.prepare("SELECT id, stamp, name, folder FROM file WHERE campaign=? AND digest=? AND zone=?"));
  PV_TRY(c->add_file_, database.prepare("INSERT INTO file(campaign, digest, zone, stamp, name, folder, size, stored_at_s) "
                                        "VALUES(?,?,?,?,?,?,?,?)"));
  PV_TRY(c->rename_file_, database.prepare("UPDATE file SET stamp=?, name=?, folder=? WHERE id=?"));
  PV_TRY(c->rank_, database.prepare("SELECT stamp, digest, zone FROM file WHERE id=?"));
  PV_TRY(c->other_zone_, database.prepare("SELECT zone FROM file WHERE campaign=? AND digest=? AND zone<>? ORDER BY zone LIMIT 1"));
  PV_TRY(c->find_logger_, database.prepare("SELECT id FROM logger WHERE campaign=? AND sn=?"));
  PV_TRY(c->add_logger_, database.prepare("INSERT INTO logger(campaign, sn) VALUES(?,?)"));
  PV_TRY(c->find_channel_, database.prepare("SELECT id FROM channel WHERE logger=? AND field=?"));
  PV_TRY(c->add_channel_,
         database.prepare("INSERT INTO channel(logger, field, device_sn, label, unit, type) VALUES(?,?,?,?,?,?)"));
  PV_TRY(c->count_channels_, database.prepare("SELECT count(*), (SELECT sn FROM logger WHERE id=?1) FROM channel WHERE logger=?1"));
  PV_TRY(c->find_layout_, database.prepare("SELECT id, best_file FROM layout WHERE logger=? AND signature=?"));
  PV_TRY(c->add_layout_, database.prepare("INSERT INTO layout(logger, signature, best_file) VALUES(?,?,?)"));
  PV_TRY(c->layout_channels_, database.prepare("SELECT channel FROM layout_channel WHERE layout=? ORDER BY position"));
  PV_TRY(c->add_layout_channel_,
         database.prepare("INSERT INTO layout_channel(layout, position, channel, name, subtype) VALUES(?,?,?,?,?)"));
  PV_TRY(c->set_best_file_, database.prepare("UPDATE layout SET best_file=? WHERE id=?"));
  return c;
}

void Catalogue::forget() {
  campaigns_.clear();
  loggers_.clear();
  layouts_.clear();
  ranks_.clear();
}

Result<std::int64_t> Catalogue::campaign(const std::string& name) {
  if (const auto known = campaigns_.find(name); known != campaigns_.end()) return known->second;
  PV_TRY(const bool found, find_campaign_.bind(1, name).step());
  std::int64_t id = found ? find_campaign_.integer(0) : 0;
  find_campaign_.reset();
  if (!found) {
    PV_TRY_VOID(add_campaign_.bind(1, name).run());
    id = database_->last_id();
  }
  campaigns_.emplace(name, id);
  return id;
}

Result<Catalogue::FileEntry> Catalogue::file(std::int64_t campaign, const model::FileOrigin& origin, std::int64_t now_s) {
  PV_TRY(const bool found, find_file_.bind(1, campaign).bind(2, bytes_of(origin.digest)).bind(3, origin.zone).step());
  if (!found) {
    find_file_.reset();
    PV_TRY(FileEntry added, add_file(campaign, origin, now_s));
    PV_TRY(const bool elsewhere, other_zone_.bind(1, campaign).bind(2, bytes_of(origin.digest)).bind(3, origin.zone).step());
    if (elsewhere) added.other_zone = other_zone_.text(0);
    other_zone_.reset();
    return added;
  }
  FileEntry entry{find_file_.integer(0), true, {}, origin.stamp > find_file_.integer(1)};
  const bool later = std::tuple(origin.stamp, std::string_view(origin.name), std::string_view(origin.device_folder)) >
                     std::tuple(find_file_.integer(1), find_file_.text(2), find_file_.text(3));
  find_file_.reset();
  if (later) {
    PV_TRY_VOID(rename_file_.bind(1, origin.stamp).bind(2, origin.name).bind(3, origin.device_folder).bind(4, entry.id).run());
    ranks_.erase(entry.id);
  }
  return entry;
}

Result<Catalogue::FileEntry> Catalogue::add_file(std::int64_t campaign, const model::FileOrigin& origin, std::int64_t now_s) {
  PV_TRY_VOID(add_file_.bind(1, campaign)
                  .bind(2, bytes_of(origin.digest))
                  .bind(3, origin.zone)
                  .bind(4, origin.stamp)
                  .bind(5, origin.name)
                  .bind(6, origin.device_folder)
                  .bind(7, static_cast<std::int64_t>(origin.size))
                  .bind(8, now_s)
                  .run());
  const FileEntry entry{database_->last_id()};
  if (ranks_.size() >= kMaxRemembered) ranks_.clear();
  ranks_.emplace(entry.id, FileRank{origin.stamp, origin.digest, origin.zone});
  return entry;
}

Result<std::int64_t> Catalogue::logger(std::int64_t campaign, const std::string& sn) {
  if (const auto known = loggers_.find({campaign, sn}); known != loggers_.end()) return known->second;
  PV_TRY(const bool found, find_logger_.bind(1, campaign).bind(2, sn).step());
  std::int64_t id = found ? find_logger_.integer(0) : 0;
  find_logger_.reset();
  if (!found) {
    PV_TRY_VOID(add_logger_.bind(1, campaign).bind(2, sn).run());
    id = database_->last_id();
  }
  loggers_.emplace(std::pair(campaign, sn), id);
  return id;
}

Result<std::int64_t> Catalogue::channel(std::int64_t logger, const model::Channel& channel) {
  const std::string field = model::field_name(channel, model::ChannelIdStyle::device_first);
  PV_TRY(const bool found, find_channel_.bind(1, logger).bind(2, field).step());
  std::int64_t id = found ? find_channel_.integer(0) : 0;
  find_channel_.reset();
  if (!found) {
    PV_TRY_VOID(add_channel_.bind(1, logger)
                    .bind(2, field)
                    .bind(3, channel.device_sn)
                    .bind(4, channel.label)
                    .bind(5, channel.unit)
                    .bind(6, static_cast<std::int64_t>(channel.type))
                    .run());
    id = database_->last_id();
  }
  return id;
}

Result<void> Catalogue::check_channel_count(std::int64_t logger) {
  PV_TRY(const bool counted, count_channels_.bind(1, logger).step());
  const std::int64_t count = counted ? count_channels_.integer(0) : 0;
  const std::string sn(counted ? count_channels_.text(1) : "");
  count_channels_.reset();
  if (count <= static_cast<std::int64_t>(kMaxBlockChannels)) return {};
  return fail(Errc::invalid_input, fmt::format("with this file logger {} would have {} channels, more than the limit of {}; "
                                               "check the serial numbers of its header", sn, count, kMaxBlockChannels));
}

Result<Catalogue::Layout> Catalogue::load_layout(std::int64_t logger, const Signature& signature,
                                                 std::span<const model::Channel> channels, std::int64_t file) {
  Layout layout;
  PV_TRY(const bool found, find_layout_.bind(1, logger).bind(2, std::span<const std::byte>(signature)).step());
  if (found) {
    layout.id = find_layout_.integer(0);
    layout.best_file = find_layout_.integer(1);
    find_layout_.reset();
    layout_channels_.bind(1, layout.id);
    while (true) {
      PV_TRY(const bool more, layout_channels_.step());
      if (!more) break;
      layout.channels.push_back(layout_channels_.integer(0));
    }
    layout_channels_.reset();
    return layout;
  }
  find_layout_.reset();
  PV_TRY_VOID(add_layout_.bind(1, logger).bind(2, std::span<const std::byte>(signature)).bind(3, file).run());
  layout.id = database_->last_id();
  layout.best_file = file;
  for (std::size_t position = 0; position < channels.size(); ++position) {
    PV_TRY(const std::int64_t id, channel(logger, channels[position]));
    layout.channels.push_back(id);
    PV_TRY_VOID(add_layout_channel_.bind(1, layout.id)
                    .bind(2, static_cast<std::int64_t>(position))
                    .bind(3, id)
                    .bind(4, channels[position].name)
                    .bind(5, static_cast<std::int64_t>(channels[position].subtype))
                    .run());
  }
  PV_TRY_VOID(check_channel_count(logger));
  return layout;
}

Result<std::span<const std::int64_t>> Catalogue::layout(std::int64_t logger, std::span<const model::Channel> channels,
                                                        std::int64_t file) {
  std::string spelling;
  for (const model::Channel& channel : channels) {
    for (const std::string* part : {&channel.device_sn, &channel.label, &channel.name, &channel.unit}) {
      spelling += *part;
      spelling += '\0';
    }
    spelling += static_cast<char>('0' + static_cast<int>(channel.subtype));
  }
  const XXH128_hash_t hash = XXH3_128bits(spelling.data(), spelling.size());
  Signature signature;
  std::memcpy(signature.data(), &hash.low64, 8);
  std::memcpy(signature.data() + 8, &hash.high64, 8);

  auto known = layouts_.find({logger, signature});
  if (known == layouts_.end()) {
    PV_TRY(Layout loaded, load_layout(logger, signature, channels, file));
    known = layouts_.emplace(std::pair(logger, signature), std::move(loaded)).first;
  }
  Layout& layout = known->second;
  if (layout.best_file != file) {
    PV_TRY(const bool later, ranks_below(Origin::of(static_cast<std::uint32_t>(layout.best_file), false),
                                         Origin::of(static_cast<std::uint32_t>(file), false)));
    if (later) {
      PV_TRY_VOID(set_best_file_.bind(1, file).bind(2, layout.id).run());
      layout.best_file = file;
    }
  }
  return std::span<const std::int64_t>(layout.channels);
}

Result<FileRank> Catalogue::rank(std::int64_t file) {
  if (const auto known = ranks_.find(file); known != ranks_.end()) return known->second;
  PV_TRY(const bool found, rank_.bind(1, file).step());
  if (!found) {
    rank_.reset();
    return fail(Errc::corrupt, database_->path().string() + ": a block names file " + std::to_string(file) + ", which is not listed");
  }
  FileRank rank{rank_.integer(0), {}, std::string(rank_.text(2))};
  const std::span<const std::byte> digest = rank_.blob(1);
  if (digest.size() == rank.digest.size()) std::memcpy(rank.digest.data(), digest.data(), digest.size());
  rank_.reset();
  if (ranks_.size() >= kMaxRemembered) ranks_.clear();
  return ranks_.emplace(file, std::move(rank)).first->second;
}

Result<bool> Catalogue::ranks_below(Origin a, Origin b) {
  if (a.provisional() != b.provisional()) return a.provisional();
  if (a.file() == b.file()) return false;
  PV_TRY(const FileRank first, rank(a.file()));
  PV_TRY(const FileRank second, rank(b.file()));
  return first < second;
}

}  // namespace pv::store
