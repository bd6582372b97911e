// The rules of the configuration that span keys: what must be there, what has no effect, what must fit.
//
// Thread rule: functions on values. Never here: YAML, files, the form of a single value.
#pragma once

#include <string_view>

#include "server/config.h"
#include "server/config_report.h"

namespace session_gateway {

// A key that failed by itself is not blamed a second time, nor does it get another blamed.
void CheckRules(const Config& config, ConfigReport& report);

// Why an address may not be listened on, as a rule for listen.address.
inline constexpr std::string_view kOpenListenerRule =
    "is open to the network without TLS; configure listen.tls, or write listen.plaintext: mesh if a mesh's "
    "sidecar protects it, or listen on 127.0.0.1";
bool ListenerIsSafe(const HostPort& address, const ListenConfig& listen);

}  // namespace session_gateway
