#include "api/upload.h"

#include <chrono>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "api/arrival_sinks.h"
#include "api/arrival_text.h"
#include "api/json_text.h"
#include "api/parameters.h"
#include "api/problem.h"
#include "base/file.h"

namespace pv::api {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

constexpr std::size_t kPiece = 64 * 1024;
constexpr std::chrono::milliseconds kPiecePatience = 30s;
constexpr std::chrono::milliseconds kFatePatience = 10s;
constexpr std::chrono::milliseconds kLookForStop = 250ms;  // how often a wait looks whether the server stops

Reply too_large(std::uint64_t most) { return problem(413, fmt::format("the file is larger than the {} bytes that are taken", most)); }

/// What the desk says while it writes. Denied is the quota: the size was looked at before.
Result<Reply> refused_by_desk(const Error& error) {
  if (error.kind() == Errc::denied && !names_a_place(error)) return problem(507, error.message(), "quota");
  return fail(error);
}

Reply broken_off(RequestBody::Trouble why) {
  switch (why) {
    case RequestBody::Trouble::late: return problem(408, "no byte of the file came for 30 s; send it again");
    case RequestBody::Trouble::malformed: return problem(400, "the body's chunks cannot be read");
    case RequestBody::Trouble::gone: break;
  }
  return problem(400, "the file did not come to its end; send it again");
}

/// What is known of an upload when it ends, for the log.
struct Handed {
  std::uint64_t bytes = 0;
  model::FileId id;
  std::optional<ingest::FileState> state;
};

/// A text that clients may have chosen, fit for a line of the log: at most 500 bytes, without control characters.
std::string in_quotes(std::string_view text) {
  constexpr std::size_t kMost = 500;
  JsonText json;
  json.value(text.substr(0, kMost));
  return std::move(json).take();
}

std::string detail_of(const Reply& reply) {
  const auto problem = nlohmann::json::parse(reply.body, nullptr, false);
  return problem.is_object() ? problem.value("detail", "") : "";
}

struct Wanted {
  model::Place place;
  std::string name;
};

Result<Wanted> wanted_file(Call& call) {
  PV_TRY_VOID(check_known(call.request, {}));
  PV_TRY(model::CampaignName campaign, model::CampaignName::parse(call.segments.at(1)));
  PV_TRY(model::DeviceName device, model::DeviceName::parse(call.segments.at(2)));
  const std::string& name = call.segments.at(3);
  if (!model::is_logger_file_name(name)) return fail(Errc::invalid_input, "the file's name must end in .tsv and not begin with a dot");
  return Wanted{{call.tenant(), std::move(campaign), std::move(device)}, name};
}

/// Nothing when the whole body was written.
std::optional<Result<Reply>> write_body(Call& call, model::IncomingFile& file) {
  RequestBody& body = *call.request.body;
  std::vector<char> piece(kPiece);
  std::uint64_t offset = 0;
  for (;;) {
    const auto count = body.read(piece, kPiecePatience);
    if (!count) return broken_off(count.error());
    if (*count == 0) return std::nullopt;
    if (offset + *count > call.options.max_file_bytes) return too_large(call.options.max_file_bytes);
    const auto written = file.write(offset, std::as_bytes(std::span(piece).first(*count)));
    if (!written) return refused_by_desk(written.error());
    offset += *count;
  }
}

/// The entry once its fate is known, or as it is when the time is over.
Result<ingest::LedgerEntry> fate_of(Call& call, model::FileId id) {
  if (!call.options.wait_settled) return call.options.ledger->entry(id);
  const auto deadline = steady_clock::now() + kFatePatience;
  for (;;) {
    PV_TRY(ingest::LedgerEntry entry, call.options.wait_settled(id, kLookForStop));
    if (entry.is_settled() || call.stopping || steady_clock::now() >= deadline) return entry;
  }
}

}  // namespace

UploadPlaces::Place::~Place() {
  if (from_ == nullptr) return;
  const std::lock_guard lock(from_->mutex_);
  --from_->all_;
  const auto taken = from_->taken_.find(tenant_);
  if (--taken->second == 0) from_->taken_.erase(taken);
}

std::optional<UploadPlaces::Place> UploadPlaces::take(const std::string& tenant) {
  const std::lock_guard lock(mutex_);
  const auto taken = taken_.find(tenant);
  if (all_ >= most_ || (taken != taken_.end() && taken->second >= most_of_a_tenant_)) return std::nullopt;
  ++all_;
  ++taken_[tenant];
  return Place(*this, tenant);
}

namespace {

Result<Reply> take_file(Call& call, UploadPlaces& places, Handed& handed) {
  PV_TRY(const Wanted wanted, wanted_file(call));
  if (call.options.desk == nullptr || call.options.ledger == nullptr) return fail(Errc::unavailable, "this server takes no files in");
  if (call.request.body->length().value_or(0) > call.options.max_file_bytes) return too_large(call.options.max_file_bytes);
  const auto place = places.take(call.tenant().str());
  if (!place) {
    Reply busy = problem(503, "too many files are being handed in at once; send it again in a moment");
    busy.headers.emplace_back("Retry-After", "5");
    return busy;
  }
  model::FileId id;
  {
    const model::Sender sender{model::Way::http, call.actor().name, call.address};
    auto file = call.options.desk->begin(wanted.place, wanted.name, model::ArrivalDesk::Start::fresh, sender);
    if (!file && file.error().kind() == Errc::denied && !names_a_place(file.error())) return problem(400, file.error().message(), "name");
    if (!file) return fail(file.error());
    auto refused = write_body(call, **file);
    handed.bytes = (*file)->size();
    if (refused) {
      // There is no going on with it over HTTP: it is sent again as a whole.
      (*file)->discard();
      return std::move(*refused);
    }
    const auto finished = (*file)->finish();
    if (!finished && finished.error().kind() == Errc::invalid_input && !names_a_place(finished.error())) {
      return problem(400, finished.error().message(), "not_a_logger_file");
    }
    if (!finished) return refused_by_desk(finished.error());
    id = *finished;
  }
  if (call.options.wake_intake) call.options.wake_intake();
  handed.id = id;
  PV_TRY(const ingest::LedgerEntry entry, fate_of(call, id));
  handed.state = entry.state;
  PV_TRY_VOID(call.registry.note({.time_s = 0, .who = call.actor().name, .address = call.address, .action = "file.upload",
                                  .subject = entry.path, .detail = fmt::format("{} bytes", entry.size), .tenant = entry.tenant}));
  JsonText json;
  json.begin_object();
  json.key("file");
  write_file(entry, sinks_of(call, entry), Detail::whole, json);
  json.end_object();
  return json_reply(std::move(json).take(), entry.is_settled() ? 201 : 202);
}

void log_upload(const Call& call, const Handed& handed, const Result<Reply>& reply, double seconds) {
  if (!call.options.log_upload) return;
  const int status = reply ? reply->status : status_of(reply.error().kind());
  std::string end;
  if (handed.id.value != 0) end += fmt::format(" file={}", handed.id.value);
  if (handed.state) end += fmt::format(" state={}", ingest::to_string(*handed.state));
  if (!reply || status >= 400) end += " reason=" + in_quotes(reply ? detail_of(*reply) : reply.error().message());
  const std::string path = fmt::format("{}/{}/{}/{}", call.tenant().str(), call.segments.at(1), call.segments.at(2), call.segments.at(3));
  call.options.log_upload(fmt::format("http.upload who={} tenant={} address={} path={} bytes={} seconds={:.3f} status={} fate={}{}", in_quotes(call.actor().name),
                                      in_quotes(call.tenant().str()), call.address, in_quotes(path), handed.bytes, seconds, status, status < 400 ? "taken" : "refused", end));
}

}  // namespace

Result<Reply> upload_file(Call& call, UploadPlaces& places) {
  const auto begun = steady_clock::now();
  Handed handed;
  auto reply = take_file(call, places, handed);
  log_upload(call, handed, reply, std::chrono::duration<double>(steady_clock::now() - begun).count());
  return reply;
}

}  // namespace pv::api
