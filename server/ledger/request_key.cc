#include "server/ledger/request_key.h"

#include <openssl/evp.h>

#include <array>
#include <cstdint>
#include <memory>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace session_gateway {
namespace {

constexpr char kAnonymous[] = "anonymous";
constexpr char kCredential[] = "credential:";
constexpr char kCertificate[] = "certificate:";
// The namespace of derived rows, 9181baaa-d5a1-5114-a79d-b31912d10b31.
constexpr std::array<unsigned char, 16> kRowNamespace = {0x91, 0x81, 0xba, 0xaa, 0xd5, 0xa1, 0x51, 0x14,
                                                         0xa7, 0x9d, 0xb3, 0x19, 0x12, 0xd1, 0x0b, 0x31};
constexpr char kRowMethod[] = "CreateExecutionSession";

absl::string_view ToAbsl(std::string_view text) { return {text.data(), text.size()}; }

// Whether a certificate's name reads like one of the other kinds of callers.
bool IsTaken(const std::string& name) {
  return name == kAnonymous || absl::StartsWith(name, kCredential) || absl::StartsWith(name, kCertificate);
}

// Looked up once: OpenSSL 3 looks its own EVP_sha256() up anew whenever it is used, for longer than a short
// text takes.
const EVP_MD* Fetched(const char* name, const EVP_MD* or_else) {
  const EVP_MD* const fetched = EVP_MD_fetch(nullptr, name, nullptr);
  return fetched != nullptr ? fetched : or_else;
}
const EVP_MD* Sha256() {
  static const EVP_MD* const kSha256 = Fetched("SHA256", EVP_sha256());
  return kSha256;
}
const EVP_MD* Sha1() {
  static const EVP_MD* const kSha1 = Fetched("SHA1", EVP_sha1());
  return kSha1;
}

class Digest {
 public:
  explicit Digest(const EVP_MD* type) : context_(EVP_MD_CTX_new(), EVP_MD_CTX_free) {
    EVP_DigestInit_ex2(context_.get(), type, nullptr);
  }
  Digest& Add(std::string_view text) {
    EVP_DigestUpdate(context_.get(), text.data(), text.size());
    return *this;
  }
  std::array<unsigned char, EVP_MAX_MD_SIZE> Take() {
    std::array<unsigned char, EVP_MAX_MD_SIZE> result = {};
    EVP_DigestFinal_ex(context_.get(), result.data(), nullptr);
    return result;
  }

 private:
  std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context_;
};

}  // namespace

std::string CallerIdentities::Of(const Caller& caller, const Secret& credential) const {
  if (!credential.empty()) return absl::StrCat(kCredential, absl::BytesToHexString(hash_.Hash(credential)));
  if (caller.identity.empty()) return kAnonymous;
  return IsTaken(caller.identity) ? absl::StrCat(kCertificate, caller.identity) : caller.identity;
}

std::string RequestKey(std::string_view method, std::string_view identity, std::string_view request_id) {
  return absl::StrCat(ToAbsl(method), "\n", ToAbsl(identity), "\n",
                      absl::AsciiStrToLower(ToAbsl(request_id)));
}

ContentHash ContentOf(const HttpRequest& request) {
  HttpRequest target;
  target.path = request.path;
  for (const QueryParam& param : request.query) {
    if (param.secrecy == Secrecy::kPublic) target.query.push_back(param);
  }
  // Neither method nor target holds a line feed, so no two requests read alike.
  const auto digest = Digest(Sha256())
                          .Add(request.method)
                          .Add("\n")
                          .Add(RenderTarget("", target))
                          .Add("\n")
                          .Add(request.body)
                          .Take();
  ContentHash content = {};
  std::copy_n(digest.begin(), content.size(), content.begin());
  return content;
}

std::string DerivedRowId(std::string_view identity, std::string_view request_id) {
  const std::string name = RequestKey(kRowMethod, identity, request_id);
  auto digest = Digest(Sha1())
                    .Add({reinterpret_cast<const char*>(kRowNamespace.data()), kRowNamespace.size()})
                    .Add(name)
                    .Take();
  digest[6] = static_cast<unsigned char>((digest[6] & 0x0F) | 0x50);  // version 5
  digest[8] = static_cast<unsigned char>((digest[8] & 0x3F) | 0x80);  // RFC 4122's variant
  const std::string bytes =
      absl::BytesToHexString(absl::string_view(reinterpret_cast<const char*>(digest.data()), 16));
  const absl::string_view hex = bytes;
  return absl::StrCat(hex.substr(0, 8), "-", hex.substr(8, 4), "-", hex.substr(12, 4), "-", hex.substr(16, 4),
                      "-", hex.substr(20));
}

}  // namespace session_gateway
