#include "server/client/connection_advice.h"

namespace session_gateway {
namespace {

// In which connections a row holds.
enum class Side { kAny, kPlaintext, kTls, kTlsWithCertificate };

struct AdviceRow {
  std::string_view words;
  Side side;
  std::string_view advice;
};

constexpr AdviceRow kRows[] = {
    {"Connection refused", Side::kAny,
     "Nobody listens there: is the gateway running, and is the port right?"},
    {"DNS resolution failed", Side::kAny, "The name of the host could not be resolved."},
    // The library's words for TLS files that it could not take.
    {"empty address list", Side::kTls,
     "The TLS files could not be used: is each one whole, and is the key that of the certificate?"},
    {"wrong version number", Side::kTls, "It does not speak TLS there: leave the TLS flags away."},
    {"certificate verify failed", Side::kTls,
     "Its certificate is out of date or not signed by an authority that you trust: give that one with "
     "--ca-file."},
    {"is not in peer certificate", Side::kTls,
     "Its certificate is for another name: give that one with --server-name if you trust it."},
    {"Socket closed", Side::kPlaintext, "It may want TLS: try --tls or --ca-file."},
    {"Connection reset", Side::kPlaintext, "It may want TLS: try --tls or --ca-file."},
    {"Socket closed", Side::kTlsWithCertificate,
     "It may refuse your certificate: ask which authority it trusts."},
    {"Connection reset", Side::kTlsWithCertificate,
     "It may refuse your certificate: ask which authority it trusts."},
    {"Socket closed", Side::kTls, "It may ask for a certificate of yours: --cert-file and --key-file."},
    {"Connection reset", Side::kTls, "It may ask for a certificate of yours: --cert-file and --key-file."},
};

bool Holds(Side side, const TlsFlags& tls) {
  switch (side) {
    case Side::kAny:
      return true;
    case Side::kPlaintext:
      return !tls.enabled;
    case Side::kTls:
      return tls.enabled;
    case Side::kTlsWithCertificate:
      return tls.enabled && !tls.cert_file.empty();
  }
  return false;
}

}  // namespace

std::string ConnectionAdvice(std::string_view message, const TlsFlags& tls) {
  for (const AdviceRow& row : kRows) {
    if (Holds(row.side, tls) && message.find(row.words) != message.npos) return std::string(row.advice);
  }
  return {};
}

}  // namespace session_gateway
