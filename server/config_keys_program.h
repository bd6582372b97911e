// The rows of the configuration's table of keys that say how the program itself runs.
//
// Thread rule: constant data. Never here: an include from elsewhere than config_keys.cc.
#pragma once

#include "server/config_keys.h"
#include "server/config_keys_shared.h"

namespace session_gateway::config_keys {

inline constexpr std::array<std::string_view, 2> kPlaintextChoices = {"loopback", "mesh"};

inline constexpr KeyCondition kListenPlaintext = {
    .holds = [](const Config& c) { return c.listen.tls.cert_file.empty(); },
    .with = "with a listener without TLS",
    .without = "with listen.tls",
    .decided_by = {"listen.tls.cert_file"}};
inline constexpr KeyCondition kListenTlsBegun = {
    .holds =
        [](const Config& c) {
          return !c.listen.tls.key_file.empty() || !c.listen.tls.client_ca_file.empty();
        },
    .with = "with listen.tls",
    .without = "without listen.tls",
    .decided_by = {"listen.tls.key_file", "listen.tls.client_ca_file"}};
inline constexpr KeyCondition kListenCert = {
    .holds = [](const Config& c) { return !c.listen.tls.cert_file.empty(); },
    .with = "with listen.tls.cert_file",
    .without = "without listen.tls.cert_file",
    .decided_by = {"listen.tls.cert_file"}};

inline constexpr ConfigKey kProgramKeys[] = {
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
     .doc = "What protects a listener without TLS: `loopback` allows loopback addresses only, `mesh` any "
            "address, for "
            "a sidecar in front encrypts and authenticates",
     .example = "mesh",
     .choices = kPlaintextChoices,
     .effect = {&kListenPlaintext}},
    {.path = "listen.tls.cert_file",
     .kind = KeyKind::kFile,
     .slot = [](Config& c) -> ConfigSlot { return &c.listen.tls.cert_file; },
     .doc = "PEM file of the certificate that callers see, with what stands between it and its root. Turns "
            "TLS on",
     .example = "server.pem",
     .min = 1,
     .max = kFileNameBytesMax,
     .required = &kListenTlsBegun},
    {.path = "listen.tls.key_file",
     .kind = KeyKind::kFile,
     .slot = [](Config& c) -> ConfigSlot { return &c.listen.tls.key_file; },
     .doc = "PEM file of its key, without a password",
     .example = "server_key.pem",
     .min = 1,
     .max = kFileNameBytesMax,
     .required = &kListenCert},
    {.path = "listen.tls.client_ca_file",
     .kind = KeyKind::kFile,
     .slot = [](Config& c) -> ConfigSlot { return &c.listen.tls.client_ca_file; },
     .doc = "PEM file of the CAs of callers. Turns mutual TLS on: a caller without a certificate of theirs "
            "is not let in",
     .example = "callers_ca.pem",
     .min = 1,
     .max = kFileNameBytesMax},
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
    {.path = "creates.linger",
     .kind = KeyKind::kDuration,
     .slot = [](Config& c) -> ConfigSlot { return &c.creates.linger; },
     .doc =
         "How long the answer to a create that was sent is still waited for when its caller has left or run "
         "out of time, so that what became of it is logged; 0ms does not wait",
     .example = "30s",
     .min = 0,
     .max = 5 * kMinute},
};

// Behind those of creates.redis, which belong to the section above.
inline constexpr ConfigKey kLimitKeys[] = {
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
    {.path = "credentials.check_interval",
     .kind = KeyKind::kDuration,
     .slot = [](Config& c) -> ConfigSlot { return &c.credentials_check; },
     .doc = "Time between two looks at the files of certificates, keys, passwords and tokens; changed ones "
            "are taken over at once",
     .example = "1m",
     .min = 100,
     .max = kHour},
};

}  // namespace session_gateway::config_keys
