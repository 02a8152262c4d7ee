#include "grafana/dashboard.h"

#include <string_view>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "grafana/dashboard_text.h"
#include "grafana/template.h"
#include "grafana/template_files.h"
#include "model/names.h"

namespace pv::grafana {
namespace {

Result<std::string> dashboard(const DashboardRequest& request, const std::filesystem::path& own_templates, std::string_view file_name) {
  std::string name(file_name);
  std::string text(shipped_template(file_name));
  if (!own_templates.empty()) {
    const std::filesystem::path own = own_templates / file_name;
    if (auto read = read_text_file(own, kMostDashboardBytes)) {
      name = own.string();
      text = std::move(*read);
    } else if (read.error().kind() != Errc::not_found) {
      return fail(std::move(read).error().with("the dashboard template"));
    }
  }
  const Filling filling = {
      {"company", request.company},
      {"campaign", request.campaign},
      {"datasource_uid", request.datasource_uid},
      {"datasource_type", request.datasource_type},
      {"bucket", request.bucket},
      {"zone", request.zone},
      {"uid", request.uid},
      {"title", request.title},
  };
  for (const std::string* value : {&request.uid, &request.title}) {
    if (!model::is_valid_utf8(*value)) return fail(Errc::invalid_input, "the uid or the title of a dashboard is not UTF-8");
  }
  PV_TRY(const std::string filled, fill(text, filling, name));
  nlohmann::json tree = nlohmann::json::parse(filled);
  if (tree.contains("__inputs")) {
    return fail(Errc::invalid_input,
                fmt::format("template {}: __inputs: it was exported for sharing, and only Grafana's import fills such a file; export it without "
                            "\"Export for sharing externally\"",
                            name));
  }
  if (tree.contains("elements") && !tree.contains("panels")) {
    return fail(Errc::invalid_input, fmt::format("template {}: it is in Grafana's schema v2; export it as a classic dashboard", name));
  }
  // An own template is often an export, with the identity of the dashboard that it was.
  tree["id"] = nullptr;
  tree["uid"] = request.uid;
  tree["title"] = request.title;
  tree.erase("version");
  tree.erase("iteration");
  return tree.dump();
}

}  // namespace

Result<std::string> campaign_dashboard(const DashboardRequest& request, const std::filesystem::path& own_templates) {
  return dashboard(request, own_templates, "campaign.json");
}

Result<std::string> operators_dashboard(const DashboardRequest& request, const std::filesystem::path& own_templates) {
  return dashboard(request, own_templates, "operators.json");
}

}  // namespace pv::grafana
