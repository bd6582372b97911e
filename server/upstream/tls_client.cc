#include "server/upstream/tls_client.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "server/credential_files.h"
#include "server/upstream/tls_channel.h"
#include "server/upstream/tls_identity.h"
#include "server/upstream/tls_socket_bio.h"

namespace session_gateway {
namespace {

using Problem = std::optional<std::string>;

Problem Trust(const TlsMaterial& material, SSL_CTX* context) {
  if (!material.ca) {
    if (SSL_CTX_set_default_verify_paths(context) == 1) return std::nullopt;
    return "the system's certificate authorities cannot be used: " + TakeOpensslErrors().Words();
  }
  auto read = ReadCertificates("ca_file", *material.ca);
  if (auto* problem = std::get_if<std::string>(&read)) return std::move(*problem);
  X509_STORE* const store = SSL_CTX_get_cert_store(context);
  for (const auto& certificate : std::get<std::vector<Owned<X509>>>(read)) {
    if (X509_STORE_add_cert(store, certificate.get()) != 1) {
      return "ca_file: a certificate cannot be used: " + TakeOpensslErrors().Words();
    }
  }
  return std::nullopt;
}

Problem Identify(const TlsMaterial& material, TlsContext& made) {
  if (!material.certificate && !material.key && !material.pfx) return std::nullopt;
  if (!material.pfx && (!material.certificate || !material.key)) {
    return "cert_file and key_file need each other";
  }
  const Secret password =
      material.password ? Secret(std::string(WithoutLineEnd(material.password->Reveal()))) : Secret();
  auto read = material.pfx ? ReadPkcs12Identity(*material.pfx, password)
                           : ReadPemIdentity(*material.certificate, *material.key, password);
  if (auto* problem = std::get_if<std::string>(&read)) return std::move(*problem);
  const auto& identity = std::get<TlsIdentity>(read);
  SSL_CTX* const context = made.context.get();
  bool done = SSL_CTX_use_certificate(context, identity.certificate.get()) == 1 &&
              SSL_CTX_use_PrivateKey(context, identity.key.get()) == 1;
  for (const Owned<X509>& issuer : identity.chain) {
    done = done && SSL_CTX_add1_chain_cert(context, issuer.get()) == 1;
  }
  if (!done) {
    return std::string(material.pfx ? "pfx_file" : "cert_file") +
           ": the certificate cannot be used: " + TakeOpensslErrors().Words();
  }
  made.has_certificate = true;
  return std::nullopt;
}

void SetRules(TlsVersion version_min, SSL_CTX* context) {
  SSL_CTX_set_min_proto_version(context, version_min == TlsVersion::k13 ? TLS1_3_VERSION : TLS1_2_VERSION);
  SSL_CTX_set_max_proto_version(context, TLS1_3_VERSION);
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  // A read ends after each message that is no data, so that a peer which sends such for ever holds nobody up.
  SSL_CTX_clear_mode(context, SSL_MODE_AUTO_RETRY);
  SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_read_ahead(context, 1);
  // Each endpoint keeps its own sessions (tls_sessions.h).
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  X509_VERIFY_PARAM* const rules = SSL_CTX_get0_param(context);
  // Whatever stands in ca_file is trusted, an authority below a root as well.
  X509_VERIFY_PARAM_set_flags(rules, X509_V_FLAG_PARTIAL_CHAIN);
  X509_VERIFY_PARAM_set_hostflags(rules, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  TlsChannel::SetCallbacks(context);
}

// A certificate outside its dates is no replacement for one within them. Where there is none to keep it is
// taken: the peer will say what it thinks of it, and whoever is not concerned goes on.
Problem Worse(const TlsContext& made, const TlsContext* old) {
  if (!made.has_certificate || old == nullptr || !old->has_certificate) return std::nullopt;
  if (OutOfDate(SSL_CTX_get0_certificate(old->context.get()))) return std::nullopt;
  return OutOfDate(SSL_CTX_get0_certificate(made.context.get()));
}

}  // namespace

Problem TlsClient::Replace(const TlsMaterial& material) {
  ERR_clear_error();
  auto made = std::make_shared<TlsContext>();
  made->socket_bio = MakeSocketBioMethod();
  made->context.reset(SSL_CTX_new(TLS_client_method()));
  if (made->socket_bio == nullptr || made->context == nullptr) {
    return "OpenSSL cannot be used: " + TakeOpensslErrors().Words();
  }
  SetRules(version_min_, made->context.get());
  if (Problem problem = Trust(material, made->context.get())) return problem;
  if (Problem problem = Identify(material, *made)) return problem;
  if (Problem problem = Worse(*made, context().get())) return problem;
  ERR_clear_error();
  const std::lock_guard lock(mutex_);
  context_ = std::move(made);
  return std::nullopt;
}

std::optional<std::string> TlsClient::Warning() const {
  const std::shared_ptr<const TlsContext> in_force = context();
  if (in_force == nullptr || !in_force->has_certificate) return std::nullopt;
  return OutOfDate(SSL_CTX_get0_certificate(in_force->context.get()));
}

}  // namespace session_gateway
