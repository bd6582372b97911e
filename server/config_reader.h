// The text of a configuration file as a Config, with a report on it.
//
// Thread rule: a function on values. Never here: files, the environment, an exception that escapes.
#pragma once

#include <string_view>

#include "server/config.h"
#include "server/config_report.h"

namespace session_gateway {

// `config` is right only if the report is empty.
struct ConfigReading {
  Config config;
  ConfigReport report;
};

ConfigReading ReadConfigText(std::string_view yaml_text, std::string_view file_name);

}  // namespace session_gateway
