#include "influx/task.h"

#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "influx/bucket.h"
#include "influx/json_text.h"
#include "influx/told.h"

namespace pv::influx {
namespace {

using nlohmann::json;

constexpr std::size_t kPage = 500;
constexpr std::size_t kMostTaskPages = 100;

}  // namespace

Result<std::vector<Task>> old_downsampling_tasks(Connection& connection, std::string_view bucket) {
  PV_TRY(const std::string organization, connection.organization_id());
  std::vector<Task> all;
  for (const std::string_view ending : kDownsampled) {
    const std::string name = fmt::format("downsample_{}{}", bucket, ending);
    const std::string what = fmt::format("looking for task {}", name);
    std::string after;
    for (std::size_t number = 0; number < kMostTaskPages; ++number) {
      std::string target = fmt::format("/api/v2/tasks?orgID={}&name={}&limit={}", organization, percent_encoded(name), kPage);
      if (!after.empty()) target += "&after=" + after;
      PV_TRY(const HttpResponse answer, connection.send({.target = std::move(target)}, what));
      PV_TRY_VOID(connection.expect_json(answer, 200, what));
      const json body = json::parse(answer.body, nullptr, false);
      if (!body.is_object() || !body.contains("tasks") || !body["tasks"].is_array()) return fail(Errc::corrupt, what + ": the answer has no list of tasks");
      std::string last;
      for (const json& one : body["tasks"]) {
        if (!one.is_object()) continue;
        last = text_at(one, "id");
        if (text_at(one, "name") != name || !looks_like_id(last)) continue;
        all.push_back({last, name, text_at(one, "status") != "inactive", told(text_at(one, "lastRunStatus"))});
      }
      if (body["tasks"].size() < kPage || !looks_like_id(last) || last == after) break;
      after = last;
    }
  }
  return all;
}

Result<void> delete_task(Connection& connection, const Task& task) {
  const std::string what = fmt::format("deleting task {}", task.name);
  PV_TRY(const HttpResponse answer, connection.send({.method = "DELETE", .target = "/api/v2/tasks/" + percent_encoded(task.id)}, what));
  if (answer.status == 204 || answer.status == 404) return {};
  return fail(connection.error_of(answer, what));
}

}  // namespace pv::influx
