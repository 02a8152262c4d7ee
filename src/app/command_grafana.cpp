#include <algorithm>
#include <cstdio>
#include <memory>
#include <optional>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "app/access.h"
#include "app/command.h"
#include "app/provisioning.h"
#include "base/file.h"
#include "grafana/provisioner.h"

namespace pv::app {
namespace grafana_command {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::uint64_t kMostPasswordBytes = 1024;

enum class Output : std::uint8_t { text, json };
enum class Whose : std::uint8_t { companies, operators };

struct Options {
  CommonOptions common;
  std::optional<std::string> company;
  std::string login, email, role = "viewer";
  std::optional<std::string> password_file;
  grafana::Removal::User user = grafana::Removal::User::keep;
  Consent consent = Consent::ask;
  Whose whose = Whose::companies;
  Output output = Output::text;
};

Result<Secret> password_in(const std::filesystem::path& file) {
  PV_TRY(std::string text, read_text_file(file, kMostPasswordBytes));
  text.resize(std::min(text.find_first_of("\r\n"), text.size()));
  return Secret(std::move(text));
}

/// Login, e-mail and password of the company's own user, where they were given.
Result<void> choose_user(const Options& options, grafana::Desired& desired) {
  if (options.login.empty() && options.email.empty() && !options.password_file) return {};
  if (!options.company || !desired.user) return fail(Errc::invalid_input, "--login, --email and --password-file are for one company's user: name the company, and leave grafana.make_user on");
  if (!options.login.empty()) desired.user->login = options.login;
  desired.user->email = options.email;
  if (options.password_file) {
    PV_TRY(desired.user->password, password_in(*options.password_file));
  }
  return {};
}

struct Work {
  Settings settings;
  std::unique_ptr<grafana::Provisioner> provisioner;
};

Result<Work> open_work(const Options& options) {
  Work work;
  PV_TRY(work.settings, settings_for(options.common));
  if (work.settings.grafana_url.empty()) return fail(Errc::invalid_input, "set grafana.url (or GRAFANA_URL), and grafana.username with grafana.password");
  PV_TRY(work.provisioner, grafana::Provisioner::open(grafana_access(work.settings), work.settings.state_dir));
  return work;
}

Result<std::vector<model::TenantName>> chosen_companies(const Options& options, const Settings& settings) {
  if (options.whose == Whose::operators) return std::vector{operators()};
  if (!options.company) return companies_for_grafana(settings);
  PV_TRY(auto name, model::TenantName::parse(*options.company));
  return std::vector{std::move(name)};
}

Json json_of(const grafana::Plan& plan) {
  Json actions = Json::array();
  for (const grafana::Action& action : plan.actions) actions.push_back({{"action", grafana::to_string(action.kind)}, {"what", action.what}});
  return {{"actions", std::move(actions)}, {"notes", plan.notes}};
}

void print_text(const std::string& company, const grafana::Plan& plan) {
  print(fmt::format("{}:{}\n", shown(company), plan.is_empty() ? " as it should be" : ""));
  for (const grafana::Action& action : plan.actions) print(fmt::format("  {:<7} {}\n", grafana::to_string(action.kind), shown(action.what)));
  for (const std::string& note : plan.notes) print(fmt::format("  note    {}\n", shown(note)));
}

/// One company after the other, each at once: what is told may be a password, and a later company may take long. One that fails does not keep
/// the others waiting.
class Telling {
 public:
  explicit Telling(Output output) : output_(output) {}

  void tell(const std::string& company, const grafana::Plan& plan) {
    if (output_ == Output::text) return print_text(company, plan);
    print_members(company, json_of(plan));
    print("}");
    open_.reset();
  }
  /// To standard output, once: the password is kept nowhere. What else there is to tell of the company comes after it. Errors: io.
  Result<void> tell_password(const std::string& company, const grafana::NewUser& user) {
    bool is_out = true;
    if (output_ == Output::text) {
      is_out = print(fmt::format("{}: user '{}' has the password {} - it is not shown again\n", shown(company), shown(user.login), user.password.reveal()));
    } else {
      is_out = print_members(company, {{"user", {{"login", user.login}, {"password", user.password.reveal()}}}});
    }
    return is_out && std::fflush(stdout) == 0 ? Result<void>() : fail(Errc::io, "the password of the user cannot be told: standard output is closed");
  }
  void tell_failure(const std::string& company, Error error) {
    if (output_ == Output::json) {
      print_members(company, {{"error", error.message()}});
      print("}");
      open_.reset();
    }
    failure_ = std::max(failure_, report(std::move(error).with(company)));
  }
  ExitCode finish() {
    if (output_ == Output::json) print(is_first_ ? "[]\n" : "\n]\n");
    return failure_;
  }

 private:
  /// Of the company's object, which is begun when it is not.
  bool print_members(const std::string& company, const Json& members) {
    std::string text;
    if (open_ != company) {
      text = std::string(is_first_ ? "[\n" : ",\n") + "{\"company\":" + Json(company).dump(-1, ' ', false, Json::error_handler_t::replace);
      is_first_ = false;
      open_ = company;
    }
    const std::string object = members.dump(-1, ' ', false, Json::error_handler_t::replace);
    return print(text + "," + object.substr(1, object.size() - 2));
  }

  Output output_;
  bool is_first_ = true;
  std::optional<std::string> open_;  // whose object has been begun
  ExitCode failure_ = ExitCode::done;
};

enum class Deed : std::uint8_t { plan, apply };

Result<ExitCode> bring_about(const Options& options, Deed deed) {
  PV_TRY(const Work work, open_work(options));
  PV_TRY(const auto companies, chosen_companies(options, work.settings));
  Telling telling(options.output);
  for (const model::TenantName& company : companies) {
    const Preparation preparation = deed == Deed::apply ? Preparation::make : Preparation::none;
    auto desired = options.whose == Whose::operators ? desired_of_operators(work.settings, preparation) : desired_of(work.settings, company, preparation);
    if (desired) {
      if (auto chosen = choose_user(options, *desired); !chosen) desired = fail(std::move(chosen).error());
    }
    if (!desired) {
      telling.tell_failure(company.str(), desired.error());
      continue;
    }
    if (deed == Deed::plan) {
      auto plan = work.provisioner->plan(*desired);
      if (plan && desired->datasource.token.empty()) plan->notes.push_back("the company's token in InfluxDB is missing or revoked: apply makes a new one");
      if (plan) telling.tell(company.str(), *plan);
      else telling.tell_failure(company.str(), plan.error());
    } else {
      auto done = work.provisioner->apply(*desired, {.hand_on = [&](const grafana::NewUser& user) { return telling.tell_password(company.str(), user); }});
      if (done) telling.tell(company.str(), done->done);
      else telling.tell_failure(company.str(), done.error());
      if (!done) continue;
      auto settled = drop_old_tokens(work.settings, *desired);
      if (settled) settled = take_up_again(work.settings, company);
      if (!settled) telling.tell_failure(company.str(), settled.error());
    }
  }
  return telling.finish();
}

Result<ExitCode> remove(const Options& options) {
  PV_TRY(const Work work, open_work(options));
  PV_TRY(const model::TenantName company, model::TenantName::parse(*options.company));
  PV_TRY(auto uids, dashboard_uids_of(work.settings, company));
  const grafana::Removal removal{.company = company, .isolation = work.settings.grafana_isolation, .dashboard_uids = std::move(uids), .user = options.user};
  PV_TRY(const grafana::Plan plan, work.provisioner->plan_removal(removal));
  if (!plan.is_empty() && options.consent == Consent::ask) print_text(company.str(), plan);
  if (!plan.is_empty()) PV_TRY_VOID(ask("This is taken away from Grafana; samples stay.", options.consent));
  // Before it is done: a 'serve' that waits for its turn would make it all again.
  PV_TRY_VOID(leave_alone(work.settings, company));
  PV_TRY(const grafana::Plan done, work.provisioner->remove(removal));
  Telling telling(options.output);
  telling.tell(company.str(), done);
  return telling.finish();
}

Result<ExitCode> add_user(const Options& options) {
  PV_TRY(const Work work, open_work(options));
  PV_TRY(const model::TenantName company, model::TenantName::parse(*options.company));
  grafana::UserAddition addition{.company = company, .isolation = work.settings.grafana_isolation, .user = {.login = options.login, .email = options.email}};
  PV_TRY(addition.user.role, grafana::parse_role(options.role));
  if (options.password_file) {
    PV_TRY(addition.user.password, password_in(*options.password_file));
  }
  Telling telling(options.output);
  auto done = work.provisioner->add_user(addition, {.hand_on = [&](const grafana::NewUser& user) { return telling.tell_password(company.str(), user); }});
  if (done) telling.tell(company.str(), done->done);
  else telling.tell_failure(company.str(), done.error());
  return telling.finish();
}

Command add_deed(const Command& command, const char* name, const char* help, const std::shared_ptr<Options>& options, Chosen& chosen, Result<ExitCode> (*deed)(const Options&)) {
  Command sub = command.add_subcommand(name, help);
  add_common_options(sub, options->common);
  sub.add_flag_callback("--json", [options] { options->output = Output::json; }, "Machine-readable");
  sub.callback([&chosen, options, deed] {
    chosen = [options, deed] {
      const Result<ExitCode> done = deed(*options);
      return done ? *done : report(done.error());
    };
  });
  return sub;
}

}  // namespace
}  // namespace grafana_command

void add_grafana(const Command& app, Chosen& chosen) {
  using namespace grafana_command;
  auto options = std::make_shared<Options>();
  Command command = app.add_subcommand("grafana", "Teams, folders, datasources, dashboards and users in Grafana");
  command.require_subcommand();
  Command sub = add_deed(command, "plan", "Show what 'apply' would do; changes nothing in Grafana", options, chosen, [](const Options& given) { return bring_about(given, Deed::plan); });
  sub.add_option("company", options->company, "One company (default: all)");
  sub.add_flag_callback("--operators", [options] { options->whose = Whose::operators; }, "Your own dashboard over the meta bucket instead of a company's");
  sub = add_deed(command, "apply", "Make Grafana what it should be", options, chosen, [](const Options& given) { return bring_about(given, Deed::apply); });
  sub.add_option("company", options->company, "One company (default: all)");
  sub.add_flag_callback("--operators", [options] { options->whose = Whose::operators; }, "Your own dashboard over the meta bucket instead of a company's");
  sub.add_option("--login", options->login, "Login of the company's user (default: admin_<company>)");
  sub.add_option("--email", options->email, "E-mail address of that user");
  sub.add_option("--password-file", options->password_file, "Its first line is that user's password (default: a random one, shown once)").type_name("FILE");
  sub = add_deed(command, "remove", "Take a company's things away from Grafana; its samples stay", options, chosen, remove);
  sub.add_option("company", options->company, "Company").required();
  sub.add_flag_callback("--user", [options] { options->user = grafana::Removal::User::remove; }, "Its users too");
  sub.add_flag_callback("--yes", [options] { options->consent = Consent::given; }, "Do it without asking");
  sub = add_deed(command, "add-user", "Add a user to a company in Grafana", options, chosen, add_user);
  sub.add_option("company", options->company, "Company").required();
  sub.add_option("--login", options->login, "Login").required();
  sub.add_option("--email", options->email, "E-mail address");
  sub.add_option("--role", options->role, "viewer (default), editor or admin of the organization");
  sub.add_option("--password-file", options->password_file, "Its first line is the password (default: a random one, shown once)").type_name("FILE");
}

}  // namespace pv::app
