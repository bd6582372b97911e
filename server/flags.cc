#include "server/flags.h"

#include <CLI/CLI.hpp>
#include <iostream>

namespace session_gateway {

std::variant<Flags, int> ParseFlags(int argc, char** argv) {
  Flags flags;
  CLI::App app("gRPC gateway to the session APIs of IBM Spectrum Symphony and Qlik Sense", "session-gateway");
  app.add_option("--config", flags.config_file, "Run as this YAML file says (docs/configuration.md)")
      ->type_name("FILE");
  app.add_flag("--sandbox", flags.sandbox, "Run on built-in stand-ins for both upstreams; needs no file");
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
  // Not left to the library, which would say this of a flag that it does not know.
  if (flags.config_file.has_value() == flags.sandbox) {
    std::cerr << "Exactly one of --config and --sandbox is needed.\nRun with --help for more information.\n";
    return kExitUsage;
  }
  return flags;
}

}  // namespace session_gateway
