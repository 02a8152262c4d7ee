#pragma once
/// The operations of docs/openapi.yaml, as far as tests are made from them. Reads the document's own layout, not YAML as such.

#include <fstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace pv::api {

struct DocumentedOperation {
  std::string path, method;
  std::string role;  // x-powerview-role; "" when it is missing
};

inline std::vector<DocumentedOperation> documented_operations() {
  std::ifstream file(PV_SOURCE_DIR "/docs/openapi.yaml");
  if (!file) throw std::runtime_error("cannot read docs/openapi.yaml");
  std::vector<DocumentedOperation> operations;
  std::string path;
  const std::string role = "      x-powerview-role: ";
  for (std::string line; std::getline(file, line) && line != "components:";) {
    if (line.starts_with("  /") && line.ends_with(":")) {
      path = line.substr(2, line.size() - 3);
    } else if (!path.empty() && line.size() > 5 && line.starts_with("    ") && line[4] != ' ' && line.ends_with(":")) {
      operations.push_back({path, line.substr(4, line.size() - 5), ""});
    } else if (line.starts_with(role) && !operations.empty()) {
      operations.back().role = line.substr(role.size());
    }
  }
  return operations;
}

}  // namespace pv::api
