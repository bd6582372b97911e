#include "server/config_keys.h"

#include <algorithm>
#include <array>

namespace session_gateway {
namespace {

constexpr std::int64_t kSecond = 1000;
constexpr std::int64_t kMinute = 60 * kSecond;
constexpr std::int64_t kHour = 60 * kMinute;
constexpr std::int64_t kKiB = 1024;
constexpr std::int64_t kMiB = 1024 * kKiB;
constexpr std::int64_t kTextBytesMax = 256;
constexpr std::int64_t kEndpointsMax = 64;

constexpr std::array<std::string_view, 2> kPlaintextChoices = {"loopback", "mesh"};
constexpr std::array<std::string_view, 1> kSymphonyModes = {"none"};
constexpr std::array<std::string_view, 1> kQlikModes = {"certificate"};

constexpr char kNoTls[] = "this version has no TLS to an upstream";
constexpr char kNoServiceAccount[] = "this version has no service_account";

ConfigSlot Nowhere(Config&) { return std::monostate(); }

constexpr ConfigKey kKeys[] = {
    {.path = "listen.address",
     .kind = KeyKind::kAddress,
     .slot = [](Config& c) -> ConfigSlot { return &c.listen.address; },
     .doc =
         "Where gRPC clients connect. Port 0 takes a free one; an IPv6 address stands in brackets and quotes",
     .example = "\"[::1]:50051\"",
     .min = 0,
     .max = 65535},
    {.path = "listen.plaintext",
     .kind = KeyKind::kChoice,
     .slot = [](Config& c) -> ConfigSlot { return &c.listen.plaintext; },
     .doc = "What protects the plaintext listener: `loopback` allows loopback addresses only, `mesh` any "
            "address, for "
            "a sidecar in front encrypts and authenticates",
     .example = "mesh",
     .choices = kPlaintextChoices},
    {.path = "call_timeout",
     .kind = KeyKind::kDuration,
     .slot = [](Config& c) -> ConfigSlot { return &c.timeouts.call; },
     .doc = "Time of a call whose client sets no deadline; not above `call_timeout_max`",
     .example = "45s",
     .min = 1,
     .max = 5 * kMinute},
    {.path = "call_timeout_max",
     .kind = KeyKind::kDuration,
     .slot = [](Config& c) -> ConfigSlot { return &c.timeouts.call_max; },
     .doc = "The most time that any call has; a longer deadline of a client is cut to it",
     .example = "2m",
     .min = 1,
     .max = 5 * kMinute},
    {.path = "drain_timeout",
     .kind = KeyKind::kDuration,
     .slot = [](Config& c) -> ConfigSlot { return &c.timeouts.drain; },
     .doc = "Time that running calls have to end after SIGTERM",
     .example = "1m",
     .min = 1,
     .max = kHour},
    {.path = "limits.calls",
     .kind = KeyKind::kCount,
     .slot = [](Config& c) -> ConfigSlot { return &c.limits.calls; },
     .doc = "Calls in flight at once; one more is answered RESOURCE_EXHAUSTED",
     .example = "2000",
     .min = 1,
     .max = 1'000'000},
    {.path = "limits.request_size",
     .kind = KeyKind::kSize,
     .slot = [](Config& c) -> ConfigSlot { return &c.limits.request_bytes; },
     .doc = "One gRPC request message",
     .example = "1MiB",
     .min = kKiB,
     .max = 256 * kMiB},
    {.path = "limits.answer_header_size",
     .kind = KeyKind::kSize,
     .slot = [](Config& c) -> ConfigSlot { return &c.engine.answer_header_bytes; },
     .doc = "One header block of an upstream's answer, with its status line",
     .example = "32KiB",
     .min = kKiB,
     .max = kMiB},
    {.path = "limits.answer_body_size",
     .kind = KeyKind::kSize,
     .slot = [](Config& c) -> ConfigSlot { return &c.engine.answer_body_bytes; },
     .doc = "The body of an upstream's answer; a larger one is unreadable",
     .example = "1048576",
     .min = kKiB,
     .max = 256 * kMiB},
    {.path = "limits.informational_answers",
     .kind = KeyKind::kCount,
     .slot = [](Config& c) -> ConfigSlot { return &c.engine.informational_answers; },
     .doc = "1xx answers that may come before the final one",
     .example = "2",
     .min = 0,
     .max = 100},
    {.path = "pool.connections",
     .kind = KeyKind::kCount,
     .slot = [](Config& c) -> ConfigSlot { return &c.engine.connections; },
     .doc = "Connections open at once, per endpoint",
     .example = "256",
     .min = 1,
     .max = 65535},
    {.path = "pool.idle_connections",
     .kind = KeyKind::kCount,
     .slot = [](Config& c) -> ConfigSlot { return &c.engine.idle_connections; },
     .doc = "Connections kept for reuse, per endpoint; 0 keeps none",
     .example = "64",
     .min = 0,
     .max = 65535},
    {.path = "pool.idle_max",
     .kind = KeyKind::kDuration,
     .slot = [](Config& c) -> ConfigSlot { return &c.engine.idle_max; },
     .doc = "How long an idle connection is kept; set it below the upstream's own time",
     .example = "4.5s",
     .min = 1,
     .max = kHour},
    {.path = "pool.age_max",
     .kind = KeyKind::kDuration,
     .slot = [](Config& c) -> ConfigSlot { return &c.engine.age_max; },
     .doc = "The age at which a connection is replaced",
     .example = "90s",
     .min = 1,
     .max = 24 * kHour},
    {.path = "symphony.endpoints",
     .kind = KeyKind::kEndpoints,
     .slot = [](Config& c) -> ConfigSlot { return &c.symphony->endpoints; },
     .doc = "The REST servers of one Symphony site; the gateway appends `/platform/...`",
     .example = "[\"http://symphony.example:8050\"]",
     .min = 1,
     .max = kEndpointsMax,
     .required = true},
    {.path = "symphony.auth.mode",
     .kind = KeyKind::kChoice,
     .slot = Nowhere,
     .doc = "How the gateway logs on: `none` does not, and hands a caller's `csrf_token` on",
     .example = "none",
     .choices = kSymphonyModes,
     .unavailable_choice = "service_account"},
    {.path = "symphony.auth.user", .kind = KeyKind::kUnavailable, .slot = Nowhere, .doc = kNoServiceAccount},
    {.path = "symphony.auth.password_file",
     .kind = KeyKind::kUnavailable,
     .slot = Nowhere,
     .doc = kNoServiceAccount},
    {.path = "symphony.tls.ca_file", .kind = KeyKind::kUnavailable, .slot = Nowhere, .doc = kNoTls},
    {.path = "symphony.tls.server_name", .kind = KeyKind::kUnavailable, .slot = Nowhere, .doc = kNoTls},
    {.path = "qlik.endpoints",
     .kind = KeyKind::kEndpoints,
     .slot = [](Config& c) -> ConfigSlot { return &c.qlik->endpoints; },
     .doc = "The repository services of one Qlik Sense site; the gateway appends `/qrs/...`",
     .example = "[\"http://127.0.0.1:4242/central\"]",
     .min = 1,
     .max = kEndpointsMax,
     .required = true},
    {.path = "qlik.auth.mode",
     .kind = KeyKind::kChoice,
     .slot = Nowhere,
     .doc =
         "Who the gateway is to the repository: `certificate` sends `X-Qlik-User` with the two names below",
     .example = "certificate",
     .choices = kQlikModes},
    {.path = "qlik.auth.user_directory",
     .kind = KeyKind::kText,
     .slot = [](Config& c) -> ConfigSlot { return &c.qlik->auth.user_directory; },
     .doc = "UserDirectory of `X-Qlik-User`",
     .example = "INTERNAL",
     .min = 1,
     .max = kTextBytesMax,
     .required = true},
    {.path = "qlik.auth.user_id",
     .kind = KeyKind::kText,
     .slot = [](Config& c) -> ConfigSlot { return &c.qlik->auth.user_id; },
     .doc = "UserId of `X-Qlik-User`",
     .example = "sa_api",
     .min = 1,
     .max = kTextBytesMax,
     .required = true},
    {.path = "qlik.tls.ca_file", .kind = KeyKind::kUnavailable, .slot = Nowhere, .doc = kNoTls},
    {.path = "qlik.tls.cert_file", .kind = KeyKind::kUnavailable, .slot = Nowhere, .doc = kNoTls},
    {.path = "qlik.tls.key_file", .kind = KeyKind::kUnavailable, .slot = Nowhere, .doc = kNoTls},
    {.path = "qlik.tls.server_name", .kind = KeyKind::kUnavailable, .slot = Nowhere, .doc = kNoTls},
};

}  // namespace

std::span<const ConfigKey> ConfigKeys() { return kKeys; }

const ConfigKey* FindConfigKey(std::string_view path) {
  for (const ConfigKey& key : kKeys) {
    if (key.path == path) return &key;
  }
  return nullptr;
}

bool IsConfigSection(std::string_view path) {
  return std::any_of(std::begin(kKeys), std::end(kKeys), [path](const ConfigKey& key) {
    return key.path.size() > path.size() && key.path.starts_with(path) && key.path[path.size()] == '.';
  });
}

}  // namespace session_gateway
