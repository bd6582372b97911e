#include "server/flags.h"

#include <CLI/CLI.hpp>
#include <iostream>

#include "server/config_values.h"

namespace session_gateway {
namespace {

constexpr char kDoctorTimeout[] = "5s";

// The words and their places; `timeout` stays a text until all is parsed.
CLI::App* AddDoctor(CLI::App& app, DoctorFlags& flags, std::string& timeout) {
  CLI::App* doctor =
      app.add_subcommand("doctor", "Examine the way to each endpoint, step by step, and say what is wrong");
  doctor->fallthrough();  // so that --config may stand after it
  doctor->add_flag("--json", flags.json, "Print one JSON object (docs/doctor.md)");
  doctor->add_option("--capture", flags.capture_file, "Write what was exchanged here, secrets as ***")
      ->type_name("FILE");
  doctor->add_option("--timeout", timeout, "Time of each step, such as 5s")
      ->type_name("DURATION")
      ->capture_default_str();
  doctor->footer("Exit code: 0 all endpoints are well, 1 a step failed, 2 bad flags or configuration.");
  return doctor;
}

}  // namespace

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
  DoctorFlags doctor_flags;
  std::string timeout = kDoctorTimeout;
  const CLI::App* doctor = AddDoctor(app, doctor_flags, timeout);
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
  if (!doctor->parsed()) return flags;
  const auto duration = ParseDurationText(timeout);
  if (!duration || duration->count() <= 0) {
    std::cerr << "--timeout must be a number and its unit ms, s, m or h, such as 5s.\n";
    return kExitUsage;
  }
  doctor_flags.timeout = *duration;
  flags.doctor = doctor_flags;
  return flags;
}

}  // namespace session_gateway
