#include "server/config.h"

#include <utility>

#include "server/config_reader.h"
#include "server/config_rules.h"

namespace session_gateway {

std::string ConfigError::ToString() const {
  if (line == 0) return file + ": " + message;
  return file + ":" + std::to_string(line) + ": " + message;
}

std::variant<Config, ConfigErrors> ParseConfig(std::string_view yaml_text, std::string_view file_name) {
  ConfigReading reading = ReadConfigText(yaml_text, file_name);
  if (!reading.report.empty()) return reading.report.TakeErrors();
  return std::move(reading.config);
}

std::optional<std::string> OverrideListenAddress(std::string_view text, Config& config) {
  auto parsed = ParseHostPort(text, PortZero::kAllowed);
  if (auto* problem = std::get_if<std::string>(&parsed)) return std::move(*problem);
  auto& address = std::get<HostPort>(parsed);
  if (!ListenerIsSafe(address, config.listen)) return std::string(kOpenListenerRule);
  config.listen.address = std::move(address);
  return std::nullopt;
}

}  // namespace session_gateway
