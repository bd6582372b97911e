#include "server/flags.h"

#include <CLI/CLI.hpp>
#include <iostream>

namespace session_gateway {

std::variant<Flags, int> ParseFlags(int argc, char** argv) {
  Flags flags;
  CLI::App app("gRPC gateway to the session APIs of IBM Spectrum Symphony and Qlik Sense", "session-gateway");
  auto* source = app.add_option_group("source");
  source->add_option("--config", flags.config_file, "Run as this YAML file says (docs/configuration.md)")
      ->type_name("FILE");
  source->add_flag("--sandbox", flags.sandbox, "Run on built-in stand-ins for both upstreams; needs no file");
  source->require_option(1);
  app.add_flag("--check-config", flags.check_config, "Check the configuration, print it in full, and end");
  app.add_option("--listen", flags.listen, "Listen here instead of listen.address; port 0 takes a free one")
      ->type_name("HOST:PORT");
  app.set_version_flag("--version", std::string("session-gateway ") + SESSION_GATEWAY_VERSION);
  app.footer("Exit code: 0 ended as asked, 1 failed to run, 2 bad flags or configuration.");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error, std::cout, std::cerr) == 0 ? kExitOk : kExitUsage;
  }
  return flags;
}

}  // namespace session_gateway
