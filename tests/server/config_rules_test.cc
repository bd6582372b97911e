// The rules that span keys: what must be there, what has no effect, what must fit.

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "server/config.h"
#include "tests/server/config_testing.h"

namespace session_gateway {
namespace {

using std::string_literals::operator""s;

// A Symphony whose auth section is `auth`, on line 3.
BadText Auth(const std::string& auth, const std::vector<std::string>& want) {
  std::vector<std::string> lines;
  for (const std::string& error : want) lines.push_back("3: symphony.auth." + error);
  return {kSymphony + "  auth: {"s + auth + "}\n", lines};
}

// A Qlik whose auth section is `auth`, on line 3, over plain http.
BadText Qlik(const std::string& auth, const std::vector<std::string>& want) {
  std::vector<std::string> lines;
  for (const std::string& error : want) lines.push_back("3: qlik.auth." + error);
  return {"qlik:\n  endpoints: ['http://q:1']\n  auth: {" + auth + "}\n", lines};
}

// A Symphony with https whose tls section is `tls`, on line 3.
BadText Tls(const std::string& tls, const std::vector<std::string>& want) {
  std::vector<std::string> lines;
  for (const std::string& error : want) lines.push_back("3: symphony.tls." + error);
  return {"symphony:\n  endpoints: ['https://s:1', 'http://s:1']\n  tls: {" + tls + "}\n", lines};
}

TEST(ConfigRulesTest, AServiceAccountHasAUserAndOnePassword) {
  const std::string with = " with symphony.auth.mode: service_account";
  ExpectErrors({
      Auth("mode: service_account",
           {"user: is required" + with,
            "password_file: is required" + with + ", or symphony.auth.password_env instead"}),
      Auth("mode: service_account, user: u, password_file: f, password_env: E",
           {"password_env: must not be there beside symphony.auth.password_file; keep one of the two"}),
      Auth("mode: service_account, user: 'a:b', password_file: f",
           {"user: must not hold a colon, which ends the user of Basic"}),
      // Each failed by itself and is not missed as well.
      Auth("mode: service_account, user: '', password_env: 1",
           {"user: must be 1 to 256 bytes long",
            "password_env: must be the name of a variable: letters, digits and underscores, no digit at the "
            "beginning"}),
      Auth("mode: service_account, user: u, password_env: E", {}),
  });
}

TEST(ConfigRulesTest, ThreadsBelongToTheEngineThatHasThem) {
  ExpectErrors({
      {"upstream: {threads: 8}\n" + std::string(kSymphony),
       {"1: upstream.threads: has no effect without upstream.engine: httplib; remove it"}},
      {"upstream: {engine: beast, threads: 8}\n" + std::string(kSymphony),
       {"1: upstream.threads: has no effect without upstream.engine: httplib; remove it"}},
      {"upstream: {engine: asio, threads: 8}\n" + std::string(kSymphony),
       {"1: upstream.engine: must be beast or httplib"}},
      {"upstream: {engine: httplib, threads: 8}\n" + std::string(kSymphony), {}},
  });
}

TEST(ConfigRulesTest, AKeyWithoutEffectUnderTheSymphonyModeIsRefused) {
  const std::string account = ": has no effect without symphony.auth.mode: service_account; remove it";
  const std::string logs_on =
      ": has no effect without symphony.auth.mode: service_account or caller_basic; remove it";
  const std::string basic = ": has no effect without symphony.auth.mode: caller_basic; remove it";
  const std::string all =
      ", user: u, password_file: f, password_env: E, login_method: GET, login_path: a, renew_path: b, "
      "token_key: k, token_lifetime: 1h, logon_timeout: 1s, renew_min_age: 1s, lockout_min: 2s, lockout_max: "
      "1s, "
      "identities: 1";
  const std::vector<std::string> of_account = {"user" + account, "password_file" + account,
                                               "password_env" + account};
  std::vector<std::string> of_none = of_account;
  for (const char* key : {"login_method", "login_path", "renew_path", "token_key", "token_lifetime",
                          "logon_timeout", "renew_min_age", "lockout_min", "lockout_max"}) {
    of_none.push_back(key + logs_on);
  }
  of_none.push_back("identities" + basic);
  ExpectErrors(
      {Auth("mode: none" + all, of_none), Auth("mode: caller_session" + all, of_none),
       Auth("mode: caller_basic, user: u, password_file: f, password_env: E", of_account),
       Auth("mode: service_account, user: u, password_env: E, identities: 1", {"identities" + basic}),
       Auth("mode: caller_session", {}),
       // A mode that nobody can read leaves open what has an effect.
       Auth("mode: x, user: u, identities: 1",
            {"mode: must be none, service_account, caller_basic or caller_session"})});
}

TEST(ConfigRulesTest, TheLockoutGrows) {
  const std::string mode = "mode: caller_basic, ";
  ExpectErrors({
      Auth(mode + "lockout_min: 2s, lockout_max: 1s",
           {"lockout_min: must not exceed symphony.auth.lockout_max"}),
      Auth(mode + "lockout_max: 1s",
           {"lockout_min: its default must not exceed symphony.auth.lockout_max; set both"}),
      Auth(mode + "lockout_min: 11m", {"lockout_min: must not exceed symphony.auth.lockout_max"}),
      Auth(mode + "lockout_min: 2s, lockout_max: 2s", {}),
      Qlik("mode: jwt, token_env: T, lockout_min: 1s, lockout_max: 1s",
           {"lockout_min: must be from 2s to 1h"}),
      Qlik("mode: jwt, token_env: T, lockout_min: 2s, lockout_max: 1s",
           {"lockout_min: must not exceed qlik.auth.lockout_max"}),
  });
}

TEST(ConfigRulesTest, TheJwtIsOneAndNamesTheUser) {
  const std::string named = ": has no effect with qlik.auth.mode: jwt, whose token names the user; remove it";
  ExpectErrors({
      Qlik("mode: jwt", {"token_file: is required with qlik.auth.mode: jwt, or qlik.auth.token_env instead"}),
      Qlik("mode: jwt, token_file: f, token_env: E",
           {"token_env: must not be there beside qlik.auth.token_file; keep one of the two"}),
      Qlik("mode: jwt, token_env: E, user_from: config, user_directory: d, user_id: u, header_name: h",
           {"user_from" + named, "user_directory" + named, "user_id" + named,
            "header_name: has no effect without qlik.auth.mode: header; remove it"}),
      Qlik("mode: jwt, token_env: E, identities: 1",
           {"identities: has no effect without qlik.auth.user_from: client_certificate; remove it"}),
      Qlik("mode: jwt, token_env: E, security_context: AppAccess, cookie_name: c", {}),
  });
}

TEST(ConfigRulesTest, TheHeaderHasANameAndAUser) {
  ExpectErrors({
      Qlik("mode: header", {"user_id: is required with qlik.auth.mode: certificate or header",
                            "header_name: is required with qlik.auth.mode: header"}),
      Qlik("mode: header, header_name: h, user_id: \"\\u00e9\", user_directory: \"\\u00e9\"",
           {"user_directory: must be ASCII with qlik.auth.mode: header",
            "user_id: must be ASCII with qlik.auth.mode: header"}),
      Qlik("mode: header, header_name: h, user_id: u, token_file: t, token_env: T",
           {"token_file: has no effect without qlik.auth.mode: jwt; remove it",
            "token_env: has no effect without qlik.auth.mode: jwt; remove it"}),
      Qlik("mode: header, header_name: h, user_id: u", {}),
      Qlik("mode: header, header_name: h, user_id: u, user_directory: d", {}),
  });
}

TEST(ConfigRulesTest, TheCertificateNeedsNoLogOn) {
  const std::string proxy = ": has no effect without qlik.auth.mode: jwt or header; remove it";
  ExpectErrors({
      Qlik("user_directory: d, user_id: u, cookie_name: c, logon_timeout: 1s, renew_min_age: 1s, "
           "lockout_min: 2s, "
           "lockout_max: 1s, identities: 1",
           {"cookie_name" + proxy, "logon_timeout" + proxy, "renew_min_age" + proxy, "lockout_min" + proxy,
            "lockout_max" + proxy, "identities" + proxy}),
      Qlik("user_directory: d, user_id: \"\\u00e9\"", {}),
  });
}

TEST(ConfigRulesTest, AUserOfTheCallersCertificateNeedsMutualTls) {
  const std::string missing =
      "user_from: client_certificate needs listen.tls.client_ca_file, without which callers show no "
      "certificate";
  const std::string from = "user_from: client_certificate, user_directory: d";
  ExpectErrors({
      Qlik(from, {missing}),
      Qlik(from + ", user_id: u",
           {"user_id: has no effect with qlik.auth.user_from: client_certificate; remove it", missing}),
      {"listen: {tls: {cert_file: c, key_file: k}}\n" + Qlik(from, {}).text, {"4: qlik.auth." + missing}},
      {"listen: {tls: {cert_file: c, key_file: k, client_ca_file: a}}\n" + Qlik(from, {}).text, {}},
      {"listen: {tls: {cert_file: c, key_file: k, client_ca_file: ''}}\n" + Qlik(from, {}).text,
       {"1: listen.tls.client_ca_file: must be 1 to 4096 bytes long"}},
  });
}

TEST(ConfigRulesTest, ARepositoryOverHttpsNeedsAClientCertificate) {
  const auto text = [](const std::string& tls) {
    return "qlik:\n  endpoints: ['https://q:1']\n  auth: {user_directory: d, user_id: u}\n" + tls;
  };
  const std::string rule =
      ": is required with qlik.auth.mode: certificate and an https endpoint, beside qlik.tls.key_file, or "
      "qlik.tls.pfx_file instead";
  ExpectErrors({
      {text(""), {"1: qlik.tls.cert_file" + rule}},
      {text("  tls: {ca_file: a}\n"), {"4: qlik.tls.cert_file" + rule}},
      {text("  tls: {cert_file: a, key_file: b}\n"), {}},
      {text("  tls: {pfx_file: a}\n"), {}},
      {text("  tls: {key_file: a}\n"), {"4: qlik.tls.cert_file: is required with qlik.tls.key_file"}},
      {"qlik: {endpoints: ['https://q:1'], auth: {mode: jwt, token_env: T}}\n", {}},
  });
}

TEST(ConfigRulesTest, CertificateAndKeyBelongTogether) {
  ExpectErrors({
      Tls("cert_file: c", {"key_file: is required with symphony.tls.cert_file"}),
      Tls("key_file: k", {"cert_file: is required with symphony.tls.key_file"}),
      Tls("cert_file: c, key_file: k, password_file: p", {}),
      Tls("pfx_file: p, cert_file: c, key_file: k",
          {"pfx_file: must not be there beside symphony.tls.cert_file; it holds both the certificate and its "
           "key"}),
      Tls("pfx_file: p, key_file: k", {"cert_file: is required with symphony.tls.key_file",
                                       "pfx_file: must not be there beside symphony.tls.key_file; it holds "
                                       "both the certificate and its key"}),
      Tls("pfx_file: p, password_file: f, password_env: E",
          {"password_env: must not be there beside symphony.tls.password_file; keep one of the two"}),
      Tls("password_file: f",
          {"password_file: has no effect without symphony.tls.key_file or symphony.tls.pfx_file; remove it"}),
      Tls("password_env: E",
          {"password_env: has no effect without symphony.tls.key_file or symphony.tls.pfx_file; remove it"}),
      Tls("key_file: '', cert_file: c", {"key_file: must be 1 to 4096 bytes long"}),
      Tls("ca_file: a, server_name: 10.1.2.3, version_min: '1.3'", {}),
  });
}

TEST(ConfigRulesTest, TlsKeysNeedAnHttpsEndpoint) {
  const std::string none = ": has no effect without an https endpoint; remove it";
  std::vector<std::string> symphony;
  std::vector<std::string> qlik;
  for (const char* key : {"ca_file", "server_name", "cert_file", "key_file", "pfx_file", "password_file",
                          "password_env", "version_min"}) {
    symphony.push_back("3: symphony.tls."s + key + none);
    qlik.push_back("4: qlik.tls."s + key + none);
  }
  const std::string tls =
      "  tls: {ca_file: a, server_name: h, cert_file: c, key_file: k, pfx_file: p, password_file: f, "
      "password_env: E, version_min: '1.2'}\n";
  ExpectErrors({{kSymphony + tls, symphony},
                {Qlik("user_directory: d, user_id: u", {}).text + tls, qlik},
                // An endpoint that cannot be read may have been meant to be https.
                {"symphony:\n  endpoints: [x]\n  tls: {ca_file: a}\n",
                 {"2: symphony.endpoints[0]: must have the form scheme://host:port[/prefix]"}},
                {"symphony:\n  tls: {ca_file: a}\n", {"1: symphony.endpoints: is required"}}});
}

TEST(ConfigRulesTest, TheListenersTlsIsWhole) {
  const auto listen = [](const std::string& text, const std::vector<std::string>& want) {
    std::vector<std::string> lines;
    for (const std::string& error : want) lines.push_back("1: listen." + error);
    return BadText{"listen: {" + text + "}\n" + kSymphony, lines};
  };
  const std::string open = "address: '0.0.0.0:1', ";
  ExpectErrors({
      listen(open + "tls: {cert_file: c, key_file: k}", {}),
      listen(open + "tls: {cert_file: c}", {"tls.key_file: is required with listen.tls.cert_file"}),
      listen(open + "tls: {key_file: k}", {"tls.cert_file: is required with listen.tls"}),
      listen("tls: {client_ca_file: a}", {"tls.cert_file: is required with listen.tls"}),
      listen(open + "tls: x", {"tls: must be a section with keys below it, not a single value"}),
      listen(open + "tls: {}", {"address: "s + kListenerRule}),
      listen("plaintext: mesh, tls: {cert_file: c, key_file: k}",
             {"plaintext: has no effect with listen.tls; remove it"}),
      listen("plaintext: loopback, tls: {cert_file: c, key_file: k}",
             {"plaintext: has no effect with listen.tls; remove it"}),
  });
}

TEST(ConfigRulesTest, CredentialsOverPlainHttpAreWarnedOf) {
  const std::string end = " over plain http, where everyone on the way can read it; use https endpoints";
  const auto symphony = [](const std::string& endpoints, const std::string& auth) {
    return ConfigWarnings(Parsed("symphony: {endpoints: [" + endpoints + "], auth: {" + auth + "}}"));
  };
  const auto qlik = [](const std::string& endpoints, const std::string& auth) {
    return ConfigWarnings(Parsed("qlik: {endpoints: [" + endpoints + "], auth: {" + auth + "}}"));
  };
  using Warnings = std::vector<std::string>;
  const std::string account = "mode: service_account, user: u, password_env: E";
  const std::string mixed = "'https://s:1', 'http://s:1'";
  EXPECT_EQ(symphony(mixed, account),
            Warnings{"symphony.auth.mode: service_account sends the password" + end});
  EXPECT_EQ(symphony(mixed, "mode: caller_basic"),
            Warnings{"symphony.auth.mode: caller_basic sends the callers' passwords" + end});
  EXPECT_EQ(symphony(mixed, "mode: caller_session"),
            Warnings{"symphony.auth.mode: caller_session sends the callers' session cookies" + end});
  EXPECT_EQ(symphony(mixed, "mode: none"), Warnings{});
  EXPECT_EQ(symphony("'https://s:1', 'http://127.0.0.1:1'", account), Warnings{});
  EXPECT_EQ(qlik("'http://q:1'", "mode: jwt, token_env: T"),
            Warnings{"qlik.auth.mode: jwt sends the token" + end});
  EXPECT_EQ(qlik("'http://q:1'", "mode: header, header_name: h, user_id: u"),
            Warnings{"qlik.auth.mode: header sends the session cookie" + end});
  EXPECT_EQ(qlik("'https://q:1'", "mode: jwt, token_env: T"), Warnings{});
  EXPECT_EQ(qlik("'http://q:1'", "user_directory: d, user_id: u"), Warnings{});
}

TEST(ConfigRulesTest, AnUpstreamThatMayTakeAllCallsIsWarnedOf) {
  const auto warned = [](const std::string& limits, const std::string& upstreams) {
    return !ConfigWarnings(Parsed("limits: {" + limits + "}\n" + upstreams)).empty();
  };
  const std::string one = "symphony: {endpoints: ['http://s:1']}\n";
  const std::string both =
      one + "qlik: {endpoints: ['https://q:1'], auth: {user_directory: d, user_id: u}, tls: {pfx_file: p}}\n";
  EXPECT_FALSE(warned("", both));
  EXPECT_TRUE(warned("calls: 4500", both));
  EXPECT_FALSE(warned("calls: 4609", both));
  EXPECT_FALSE(warned("calls: 4500", one));
}

}  // namespace
}  // namespace session_gateway
