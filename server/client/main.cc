// session-gateway-client: creates one session through the gateway, from flags and a JSON file in the REST
// API's own shape, and prints the answer or a readable error. The exit code says how it ended.
#include <csignal>

#include "server/client/create.h"
#include "server/client/flags.h"

int main(int argc, char** argv) {
  // A reader of the output that has gone is a failed write, not the end: the exit code still has to be right.
  std::signal(SIGPIPE, SIG_IGN);
  const auto parsed = session_gateway::ParseClientFlags(argc, argv);
  if (const int* const code = std::get_if<int>(&parsed)) return *code;
  session_gateway::SystemRandom random;
  return session_gateway::Create(std::get<session_gateway::ClientFlags>(parsed),
                                 session_gateway::SystemClock(), random);
}
