// session-gateway-chaos-proxy PORT: the chaos proxy before a loopback port. It writes `port N`, then reads
// commands, a line each, and answers each with a line; the end of its input ends it.
//
//   plan PLAN          of all connections to come, as DescribePlan writes it
//   next COUNT PLAN    of so many
//   random SEED SHARE  a mixture of all faults, together SHARE of 1
//   listen open|closed|full
//   end close|reset    of what is open
//   upstream PORT
//   totals             answers `accepted N open N ended N request R/F answer R/F`: received and forwarded
//   bytes
#include <iostream>
#include <sstream>
#include <string>
#include <system_error>

#include "tests/chaos/chaos_proxy.h"

namespace session_gateway {
namespace {

std::string Totals(const ChaosTotals& totals) {
  std::ostringstream text;
  text << "accepted " << totals.accepted << " open " << totals.open << " ended " << totals.ended
       << " request " << totals.request_received << '/' << totals.request_forwarded << " answer "
       << totals.answer_received << '/' << totals.answer_forwarded;
  return text.str();
}

std::string RestOf(std::istringstream& words) {
  std::string rest;
  std::getline(words, rest);
  return rest;
}

std::string TakePlan(ChaosProxy& proxy, const std::string& text, int connections) {
  const std::variant<ChaosPlan, std::string> parsed = ParsePlan(text);
  if (const auto* problem = std::get_if<std::string>(&parsed)) return "error " + *problem;
  if (connections > 0) {
    proxy.PlanNext(std::get<ChaosPlan>(parsed), connections);
  } else {
    proxy.SetPlan(std::get<ChaosPlan>(parsed));
  }
  return "ok";
}

std::string Listen(ChaosProxy& proxy, const std::string& how) {
  if (how == "open") {
    proxy.SetListening(ChaosListening::kOpen);
  } else if (how == "closed") {
    proxy.SetListening(ChaosListening::kClosed);
  } else if (how == "full") {
    proxy.SetListening(ChaosListening::kFull);
  } else {
    return "error not understood: " + how;
  }
  return "ok";
}

std::string Obey(ChaosProxy& proxy, const std::string& line) {
  std::istringstream words(line);
  std::string command;
  words >> command;
  if (command == "plan") return TakePlan(proxy, RestOf(words), 0);
  if (command == "totals") return Totals(proxy.totals());
  int number = 0;
  if (command == "next" && words >> number && number > 0) return TakePlan(proxy, RestOf(words), number);
  if (command == "upstream" && words >> number && number > 0) {
    proxy.SetUpstream(number);
    return "ok";
  }
  std::uint64_t seed = 0;
  double share = 0;
  if (command == "random" && words >> seed >> share) {
    proxy.SetChooser(RandomPlans(seed, EvenMix(share)));
    return "ok";
  }
  std::string how;
  if (command == "listen" && words >> how) return Listen(proxy, how);
  if (command == "end" && words >> how && (how == "close" || how == "reset")) {
    proxy.EndOpen(how == "close" ? ChaosEnd::kClose : ChaosEnd::kReset);
    return "ok";
  }
  return "error not understood: " + line;
}

int Main(int argc, char** argv) {
  int upstream = 0;
  if (argc != 2 || !(std::istringstream(argv[1]) >> upstream) || upstream <= 0) {
    std::cerr << "usage: session-gateway-chaos-proxy PORT\n";
    return 2;
  }
  ChaosProxy proxy({.upstream_port = upstream});
  std::cout << "port " << proxy.port() << std::endl;
  for (std::string line; std::getline(std::cin, line);) std::cout << Obey(proxy, line) << std::endl;
  return 0;
}

}  // namespace
}  // namespace session_gateway

int main(int argc, char** argv) {
  try {
    return session_gateway::Main(argc, argv);
  } catch (const std::system_error& error) {
    std::cerr << error.what() << '\n';
    return 1;
  }
}
