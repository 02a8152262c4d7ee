#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <map>
#include <memory>
#include <optional>

#include <fmt/format.h>

#include "app/command.h"
#include "app/deploy.h"
#include "tenancy/random_secret.h"

namespace pv::app {
namespace deploy_command {
namespace {

constexpr std::string_view kStackEnvironment = "opt/powerview-stack/.env";
constexpr unsigned long kFirstPortForAll = 1024;
constexpr std::array<std::string_view, 5> kDrawn = {"POWERVIEW_HOOK_SECRET", "INFLUXDB_ADMIN_TOKEN", "INFLUXDB_ADMIN_PASSWORD", "GRAFANA_PASSWORD",
                                                    "SFTPGO_DEFAULT_ADMIN_PASSWORD"};

struct Options {
  std::string domain;
  std::filesystem::path out = "powerview-deploy";
  std::string data_folder = "/var/lib/powerview/data";
  std::string state_dir = "/var/lib/powerview/state";
  std::string zone = "UTC";
  std::string port = "8380", sftp_port = "2022", sftpgo_port = "2222";
  std::string program;  // empty: this one
  std::optional<std::filesystem::path> passwords_of;
};

/// Who the container of SFTPGo runs as.
struct Owner {
  unsigned long uid = 0, gid = 0;
  bool is_there = false;
};

Owner owner_of_powerview() {
  const passwd* const user = getpwnam("powerview");
  return user == nullptr ? Owner{getuid(), getgid(), false} : Owner{user->pw_uid, user->pw_gid, true};
}

/// InfluxDB and Grafana know the passwords that they were started with, and no others: those of this folder, else those in place on this machine.
Result<std::map<std::string, std::string>> passwords_of(const Options& options) {
  if (options.passwords_of) {
    PV_TRY(auto given, drawn_before(*options.passwords_of, kDrawn));
    if (given.empty()) return fail(Errc::invalid_input, fmt::format("--passwords-of: there are none in {}", options.passwords_of->string()));
    return given;
  }
  PV_TRY(auto rendered, drawn_before(options.out / kStackEnvironment, kDrawn));
  if (!rendered.empty()) return rendered;
  const std::filesystem::path in_place = std::filesystem::path("/") / kStackEnvironment;
  auto installed = drawn_before(in_place, kDrawn);
  if (!installed) return fail(std::move(installed).error().with("the passwords of the stack on this machine, which are kept: run this as root, or name their file with --passwords-of"));
  if (!installed->empty()) fmt::print("passwords as in {}\n", in_place.string());
  return installed;
}

Result<void> check_machine(const Options& options, const std::string& program) {
  PV_TRY_VOID(check_placeholder(Placeholder::path, "DATA_FOLDER", options.data_folder));
  PV_TRY_VOID(check_placeholder(Placeholder::path, "STATE_DIR", options.state_dir));
  PV_TRY_VOID(check_service_folder("DATA_FOLDER", options.data_folder));
  PV_TRY_VOID(check_service_folder("STATE_DIR", options.state_dir));
  const std::pair<std::string_view, std::string_view> ports[] = {{"PORT", options.port}, {"SFTP_PORT", options.sftp_port}, {"SFTPGO_PORT", options.sftpgo_port}};
  PV_TRY_VOID(check_ports(ports));
  if (!check_service_folder("PROGRAM", program)) {
    fmt::print(stderr, "powerview: the service does not see {}; install the program elsewhere and give --program, or use the package's unit\n", program);
  }
  return {};
}

bool is_privileged(const std::string& port) { return std::strtoul(port.c_str(), nullptr, 10) < kFirstPortForAll; }

Result<DeployValues> values_of(const Options& options, const Owner& owner) {
  std::string program = options.program;
  if (program.empty()) {
    std::error_code code;
    program = std::filesystem::read_symlink("/proc/self/exe", code).string();
    if (code) return fail(Errc::io, "cannot tell where this program lies; give --program");
  }
  PV_TRY_VOID(check_machine(options, program));
  const bool asks_for_low_port = is_privileged(options.port) || is_privileged(options.sftp_port);
  DeployValues values = {
      {"DOMAIN", {Placeholder::domain, options.domain}},
      {"PROGRAM", {Placeholder::path, program}},
      {"DATA_FOLDER", {Placeholder::path, options.data_folder}},
      {"STATE_DIR", {Placeholder::path, options.state_dir}},
      {"REPORT_FOLDER", {Placeholder::path, (std::filesystem::path(options.data_folder).parent_path() / "logs").string()}},
      {"CAPABILITIES", {Placeholder::capability, asks_for_low_port ? "CAP_NET_BIND_SERVICE" : ""}},
      {"ZONE", {Placeholder::zone, options.zone}},
      {"PORT", {Placeholder::port, options.port}},
      {"SFTP_PORT", {Placeholder::port, options.sftp_port}},
      {"SFTPGO_PORT", {Placeholder::port, options.sftpgo_port}},
      {"UID", {Placeholder::number, std::to_string(owner.uid)}},
      {"GID", {Placeholder::number, std::to_string(owner.gid)}},
  };
  PV_TRY(const auto drawn, passwords_of(options));
  tenancy::prepare_sodium();
  for (const std::string_view name : kDrawn) {
    const auto before = drawn.find(std::string(name));
    values.emplace(name, DeployValue{Placeholder::secret, before == drawn.end() ? tenancy::random_secret() : before->second});
  }
  return values;
}

Result<void> render(const Options& options) {
  const Owner owner = owner_of_powerview();
  PV_TRY(const DeployValues values, values_of(options, owner));
  PV_TRY(const std::vector<DeployFile> files, fill_templates(deploy_templates(), values));
  // A secret is at no time readable for others.
  umask(077);
  PV_TRY(const Rendered rendered, write_rendered(options.out, files));
  for (const std::string& path : rendered.written) fmt::print("{}\n", (options.out / path).string());
  if (!rendered.unchanged.empty()) fmt::print("{} files are as they were\n", rendered.unchanged.size());
  if (!owner.is_there) {
    fmt::print(stderr, "powerview: there is no user 'powerview' on this machine yet; {} has your own number. Install the package first, or set it there.\n",
               (options.out / kStackEnvironment).string());
  }
  fmt::print("Each file goes to the place that its path below {} says; docs/guide tells the steps. Nothing was installed.\n", options.out.string());
  return {};
}

}  // namespace
}  // namespace deploy_command

void add_deploy(const Command& app, Chosen& chosen) {
  using namespace deploy_command;
  auto options = std::make_shared<Options>();
  Command command = app.add_subcommand("deploy", "Settings of the machine: service, proxy, InfluxDB, Grafana, SFTPGo, firewall");
  command.require_subcommand();
  Command sub = command.add_subcommand("render", "Write them for a domain into a folder, with random passwords; installs nothing");
  sub.add_option("--domain", options->domain, "Domain of the pages; grafana.DOMAIN and influxdb.DOMAIN are made as well").required().type_name("DOMAIN");
  sub.add_option("--out", options->out, "Folder to write into (default: powerview-deploy)").type_name("DIR");
  sub.add_option("--data-folder", options->data_folder, "Where logger files lie and come in").type_name("DIR").capture_default_str();
  sub.add_option("--state-dir", options->state_dir, "Where the program keeps its stores").type_name("DIR").capture_default_str();
  sub.add_option("--zone", options->zone, "Time zone of files that do not say their own").type_name("ZONE").capture_default_str();
  sub.add_option("--port", options->port, "Port of the pages, behind the proxy").type_name("PORT").capture_default_str();
  sub.add_option("--sftp-port", options->sftp_port, "Port of PowerView's SFTP server").type_name("PORT").capture_default_str();
  sub.add_option("--sftpgo-port", options->sftpgo_port, "Port of SFTPGo").type_name("PORT").capture_default_str();
  sub.add_option("--passwords-of", options->passwords_of, "Keep the passwords in this .env (default: that of an earlier rendering in --out, else /opt/powerview-stack/.env)").type_name("FILE");
  sub.add_option("--program", options->program, "Where powerview is installed (default: this program)").type_name("FILE");
  sub.callback([options, &chosen] {
    chosen = [options] {
      const Result<void> done = render(*options);
      return done ? ExitCode::done : report(done.error());
    };
  });
}

}  // namespace pv::app
