#include "server/config_report.h"

#include <algorithm>
#include <utility>

namespace session_gateway {

void ConfigReport::Fail(int line, std::string message) {
  errors_.push_back({file_name_, line, std::move(message)});
}

void ConfigReport::Complain(int line, std::string_view path, std::string_view rule) {
  Fail(line, std::string(path).append(": ").append(rule));
}

void ConfigReport::FailKey(int line, std::string_view path, std::string_view rule) {
  MarkFailed(path);
  Complain(line, path, rule);
}

int ConfigReport::Add(std::string path, int line) {
  const auto [first, is_new] = lines_.emplace(std::move(path), line);
  return is_new ? 0 : first->second;
}

bool ConfigReport::Failed(std::string_view path) const {
  return std::any_of(failed_.begin(), failed_.end(), [path](const std::string& failed) {
    return path.starts_with(failed) && (path.size() == failed.size() || path[failed.size()] == '.');
  });
}

int ConfigReport::LineOf(std::string_view path) const {
  while (true) {
    const auto found = lines_.find(path);
    if (found != lines_.end()) return found->second;
    const std::size_t dot = path.rfind('.');
    if (dot == std::string_view::npos) return 1;
    path = path.substr(0, dot);
  }
}

ConfigErrors ConfigReport::TakeErrors() {
  std::stable_sort(errors_.begin(), errors_.end(),
                   [](const ConfigError& a, const ConfigError& b) { return a.line < b.line; });
  return std::move(errors_);
}

}  // namespace session_gateway
