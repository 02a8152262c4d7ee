#pragma once
/// The files of deploy/templates, inside the program. Made by cmake/embed_deploy.py; linked to the program alone.

#include <span>
#include <string_view>

namespace pv::app {

struct DeployTemplate {
  std::string_view path;  // below the root of a machine: "etc/caddy/Caddyfile"
  std::string_view text;  // with placeholders like @DOMAIN@
};

[[nodiscard]] std::span<const DeployTemplate> deploy_templates() noexcept;

}  // namespace pv::app
