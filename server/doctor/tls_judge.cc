#include "server/doctor/tls_judge.h"

#include <openssl/x509_vfy.h>

#include <cstdio>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace session_gateway {
namespace {

constexpr std::chrono::hours kSoon(30 * 24);

std::string DateText(WallTime time) {
  const std::chrono::year_month_day date(std::chrono::floor<std::chrono::days>(time));
  std::array<char, 16> text{};
  std::snprintf(text.data(), text.size(), "%04d-%02u-%02u", static_cast<int>(date.year()) % 10000,
                static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()));
  return text.data();
}

std::string CertificateText(const CertificateFacts& facts) {
  std::string text =
      absl::StrCat(facts.subject, ", by ", facts.issuer, ", until ", DateText(facts.not_after));
  if (!facts.names.empty()) absl::StrAppend(&text, ", for ", absl::StrJoin(facts.names, " "));
  return text;
}

Finding FindingOfVerifyError(int error) {
  switch (error) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
      return Finding::kCertificateExpired;
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return Finding::kCertificateNotYetValid;
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
      return Finding::kWrongName;
    case X509_V_ERR_INVALID_PURPOSE:
      return Finding::kWrongPurpose;
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_CERT_UNTRUSTED:
    case X509_V_ERR_CERT_SIGNATURE_FAILURE:
      return Finding::kUnknownAuthority;
    case X509_V_ERR_EE_KEY_TOO_SMALL:
    case X509_V_ERR_CA_KEY_TOO_SMALL:
    case X509_V_ERR_CA_MD_TOO_WEAK:
      return Finding::kWeakCertificate;
    default:
      return Finding::kCertificateRejected;
  }
}

}  // namespace

Step JudgeTls(const TlsFacts& facts, const SendFailure* failure) {
  constexpr StepKind kKind = StepKind::kTls;
  std::string seen = absl::StrCat(facts.version, ", ", facts.cipher);
  // A certificate that does not verify, ours or theirs, has a step of its own.
  const bool about_certificates =
      failure != nullptr && (failure->kind == FailureKind::kTls || failure->kind == FailureKind::kTlsAlert ||
                             facts.certificate_requested);
  if (failure == nullptr) return {kKind, StepStatus::kOk, std::move(seen)};
  if (about_certificates) {
    return {kKind, StepStatus::kOk, facts.version.empty() ? "a TLS server" : std::move(seen)};
  }
  const bool of_versions = failure->detail.find("version") != std::string::npos ||
                           failure->detail.find("protocol") != std::string::npos;
  return {kKind, StepStatus::kFailed, failure->detail,
          failure->kind == FailureKind::kDeadline ? Finding::kNoAnswer
          : of_versions                           ? Finding::kTlsVersion
                                                  : Finding::kTlsFailed};
}

Step JudgeServerCertificate(const TlsFacts& facts, const SendFailure* failure,
                            const std::string& expected_name, WallTime now) {
  constexpr StepKind kKind = StepKind::kCertificate;
  if (facts.verify_error != 0) {
    std::string seen = facts.verify_words;
    const CertificateFacts* wrong = facts.wrong           ? &*facts.wrong
                                    : facts.chain.empty() ? nullptr
                                                          : &facts.chain.front();
    if (wrong != nullptr) absl::StrAppend(&seen, ": ", CertificateText(*wrong));
    const Finding finding = FindingOfVerifyError(facts.verify_error);
    if (finding == Finding::kWrongName) absl::StrAppend(&seen, "; expected ", expected_name);
    return {kKind, StepStatus::kFailed, std::move(seen), finding};
  }
  if (facts.chain.empty()) {
    return {kKind, StepStatus::kSkipped,
            failure == nullptr ? "none was shown" : "the handshake did not get to it"};
  }
  const CertificateFacts& leaf = facts.chain.front();
  const bool soon = leaf.not_after - now < kSoon;
  return {kKind, soon ? StepStatus::kWarning : StepStatus::kOk, CertificateText(leaf),
          soon ? Finding::kCertificateExpiresSoon : Finding::kNone};
}

Step JudgeClientCertificate(const TlsFacts& facts, const SendFailure* failure,
                            const std::optional<CertificateFacts>& own, WallTime now) {
  constexpr StepKind kKind = StepKind::kClientCertificate;
  if (failure != nullptr) {
    if (auto revised = RevisedClientCertificate(facts, *failure, own, now)) return *std::move(revised);
    return {kKind, StepStatus::kSkipped, "the handshake did not get to it"};
  }
  if (!own) {
    return {kKind, StepStatus::kOk,
            facts.certificate_requested ? "asked for; there is none to show"
                                        : "not asked for, and there is none"};
  }
  std::string seen = absl::StrCat(facts.certificate_requested ? "shown: " : "not asked for; there is ",
                                  CertificateText(*own));
  if (own->not_after <= now)
    return {kKind, StepStatus::kFailed, std::move(seen), Finding::kClientCertificateExpired};
  const bool soon = own->not_after - now < kSoon;
  return {kKind, soon ? StepStatus::kWarning : StepStatus::kOk, std::move(seen),
          soon ? Finding::kClientCertificateExpiresSoon : Finding::kNone};
}

std::optional<Step> RevisedClientCertificate(const TlsFacts& facts, const SendFailure& failure,
                                             const std::optional<CertificateFacts>& own, WallTime now) {
  constexpr StepKind kKind = StepKind::kClientCertificate;
  const bool in_handshake = failure.phase == Phase::kHandshake;
  const bool by_alert = failure.kind == FailureKind::kTlsAlert;
  // Some servers refuse without a word. Under TLS 1.2 a handshake that is through has taken the certificate.
  const bool without_a_word =
      failure.kind == (in_handshake ? FailureKind::kUnreachable : FailureKind::kLost) &&
      (in_handshake || facts.version == "TLSv1.3");
  if (!by_alert && !(without_a_word && facts.certificate_requested)) return std::nullopt;
  if (facts.certificate_requested && !facts.certificate_configured) {
    return Step{kKind, StepStatus::kFailed, failure.detail, Finding::kClientCertificateMissing};
  }
  if (own && own->not_after <= now) {
    return Step{kKind, StepStatus::kFailed, absl::StrCat(CertificateText(*own), "; ", failure.detail),
                Finding::kClientCertificateExpired};
  }
  const std::string seen = by_alert ? failure.detail : "asked for and shown, and then " + failure.detail;
  return Step{kKind, StepStatus::kFailed, seen, Finding::kClientCertificateRefused};
}

}  // namespace session_gateway
