// Keys, sections and texts that are refused.

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "server/config.h"
#include "tests/server/config_testing.h"

namespace session_gateway {
namespace {

using std::string_literals::operator""s;

constexpr char kByCertificate[] = ": is required with qlik.auth.mode: certificate";
constexpr char kByName[] = ": is required with qlik.auth.mode: certificate or header";

TEST(ConfigErrorsTest, AnUnknownKeyNamesTheNearestValidOne) {
  const std::string top =
      "listen, threads, call_timeout, call_timeout_max, drain_timeout, creates, limits, upstream, pool, "
      "retry, "
      "ejection, "
      "credentials, "
      "symphony, qlik";
  ExpectErrors({
      Top("lisen: 1", "lisen: unknown key; did you mean listen?"),
      Top("call-timeout: 1s", "call-timeout: unknown key; did you mean call_timeout?"),
      Top("callTimeoutMax: 1s", "callTimeoutMax: unknown key; did you mean call_timeout_max?"),
      Top("idle_max: 1s", "idle_max: unknown key; did you mean pool.idle_max?"),
      Top("Listen: 1", "Listen: unknown key; did you mean listen?"),
      Top("tracing: 1", "tracing: unknown key; valid here: " + top),
      Top("'': 1", "\"\": unknown key; valid here: " + top),
      Top("<<: {call_timeout: 1s}", "<<: unknown key; valid here: " + top),
      Top("\"a\\nb\\u00e9\": 1", "a?b??: unknown key; valid here: " + top),
      Top(std::string(100, 'k') + ": 1", std::string(64, 'k') + "...: unknown key; valid here: " + top),
      Top("pool.idle_max: 1s",
          "pool.idle_max: unknown key; write it nested: each part between the dots is a section of its own"),
      In("listen", "adress: 1", "adress: unknown key; did you mean listen.address?"),
      In("pool", "conections: 1", "conections: unknown key; did you mean pool.connections?"),
      In("pool", "idle_conections: 1", "idle_conections: unknown key; did you mean pool.idle_connections?"),
      In("pool", "calls: 1", "calls: unknown key; did you mean limits.calls?"),
      In("listen", "tls: {frobnication: b}",
         "tls.frobnication: unknown key; valid here: cert_file, key_file, client_ca_file"),
      In("listen", "cert_file: a", "cert_file: unknown key; did you mean listen.tls.cert_file?"),
      Top("pfx_file: a", "pfx_file: unknown key; did you mean symphony.tls.pfx_file?"),
      {kSymphony + "  endpoint: 1\n  auth: {password: hunter2, modus: none}\n"s,
       {"3: symphony.endpoint: unknown key; did you mean symphony.endpoints?",
        "4: symphony.auth.password: unknown key; did you mean symphony.auth.password_file?",
        "4: symphony.auth.modus: unknown key; did you mean symphony.auth.mode?"}},
      {"qlik: {ca_file: a}\n"s + kSymphony,
       {"1: qlik.ca_file: unknown key; did you mean qlik.tls.ca_file?", "1: qlik.endpoints: is required",
        "1: qlik.auth.user_directory"s + kByCertificate, "1: qlik.auth.user_id"s + kByName}},
  });
}

TEST(ConfigErrorsTest, AKeyMayBeThereOnce) {
  ExpectErrors({
      {"call_timeout: 1s\ncall_timeout: 2s\n"s + kSymphony,
       {"2: call_timeout: is here twice; the first is on line 1"}},
      {kSymphony + "pool:\n  idle_max: 1s\n\n  'idle_max': 1s\n"s,
       {"6: pool.idle_max: is here twice; the first is on line 4"}},
      {kSymphony + "symphony: {}\n"s, {"3: symphony: is here twice; the first is on line 1"}},
      {"listen: {address: '0.0.0.0:1'}\nlisten: {plaintext: mesh}\n"s + kSymphony,
       {"1: listen.address: "s + kListenerRule, "2: listen: is here twice; the first is on line 1"}},
  });
}

TEST(ConfigErrorsTest, EveryNodeIsOfItsKind) {
  const std::string list_rule = "must be a list, each endpoint on a line after a hyphen, not ";
  ExpectErrors({
      Top("listen: [a]", "listen: must be a section with keys below it, not a list"),
      Top("listen: 127.0.0.1:1", "listen: must be a section with keys below it, not a single value"),
      Top("call_timeout: [1s]", "call_timeout: must be a single value, not a list"),
      Top("call_timeout: {s: 1}", "call_timeout: must be a single value, not a section"),
      Top("call_timeout:", "call_timeout: has no value; remove the key for its default"),
      Top("call_timeout: ~", "call_timeout: has no value; remove the key for its default"),
      In("listen", "address: [::1]", "address: must be a single value, not a list"),
      {"symphony: [a]\n", {"1: symphony: must be a section with keys below it, not a list"}},
      {"qlik: x\n", {"1: qlik: must be a section with keys below it, not a single value"}},
      {"symphony:\n  endpoints: http://h:1\n", {"2: symphony.endpoints: " + list_rule + "a single value"}},
      {"symphony:\n  endpoints: {a: b}\n", {"2: symphony.endpoints: " + list_rule + "a section"}},
      {"symphony:\n  endpoints:\n", {"2: symphony.endpoints: has no value"}},
      {"symphony:\n  endpoints: []\n", {"2: symphony.endpoints: must have 1 to 64 elements"}},
      {"symphony:\n  endpoints:\n    - a: b\n    - []\n    - ~\n",
       {"3: symphony.endpoints[0]: must be a text of the form scheme://host:port[/prefix]",
        "4: symphony.endpoints[1]: must be a text of the form scheme://host:port[/prefix]",
        "5: symphony.endpoints[2]: must be a text of the form scheme://host:port[/prefix]"}},
  });
}

TEST(ConfigErrorsTest, EndpointsAreChecked) {
  ExpectErrors({
      Symphony("h:1", "must have the form scheme://host:port[/prefix]"),
      Symphony("''", "must have the form scheme://host:port[/prefix]"),
      Symphony("ftp://h:1", "the scheme must be http or https"),
      Symphony("https://u:hunter2@h:1", "must not hold a user name or a password"),
      Symphony("http://h", "the port is missing: write host:port"),
      Symphony("http://h:0", "the port must be from 1 to 65535"),
      Symphony("http://u:hunter2@h:1", "must not hold a user name or a password"),
      Symphony("http://h:1/a/../b", "the prefix must not have a . or .. segment"),
      Symphony("\"http://h:1/\\x07\"",
               "the prefix may hold letters, digits, -._~!$&'()*+,;=:@ and whole percent-encodings only"),
      {"symphony:\n  endpoints:\n    - http://A:1\n    - x\n    - http://a:1/\n    - http://a:1/p\n",
       {"4: symphony.endpoints[1]: must have the form scheme://host:port[/prefix]",
        "5: symphony.endpoints[2]: is the same endpoint as symphony.endpoints[0]"}},
      {"symphony:\n  endpoints:\n    - x\n    - http://a:1\n    - http://a:1\n",
       {"3: symphony.endpoints[0]: must have the form scheme://host:port[/prefix]",
        "5: symphony.endpoints[2]: is the same endpoint as symphony.endpoints[1]"}},
  });
  std::string many = "symphony:\n  endpoints:\n";
  for (int i = 1; i <= 64; ++i) many += "    - http://h:" + std::to_string(i) + "\n";
  EXPECT_EQ(Parsed(many).symphony->endpoints.size(), 64u);
  ExpectErrors({{many + "    - http://h:65\n", {"2: symphony.endpoints: must have 1 to 64 elements"}}});
}

TEST(ConfigErrorsTest, AConfiguredUpstreamIsWhole) {
  const std::string one_upstream = "1: at least one of symphony and qlik must be configured";
  const std::string qlik = "qlik:\n  endpoints: ['http://q:1']\n";
  ExpectErrors({
      {"listen: {}\n", {one_upstream}},
      {"simphony: {}\n", {"1: simphony: unknown key; did you mean symphony?", one_upstream}},
      {"symphony:\n", {"1: symphony.endpoints: is required"}},
      {"\nsymphony:\n  auth: {mode: none}\n", {"2: symphony.endpoints: is required"}},
      {"qlik: {}\n",
       {"1: qlik.endpoints: is required", "1: qlik.auth.user_directory"s + kByCertificate,
        "1: qlik.auth.user_id"s + kByName}},
      {qlik + "  auth:\n    user_id: a\n", {"3: qlik.auth.user_directory"s + kByCertificate}},
      {qlik + "  auth: x\n", {"3: qlik.auth: must be a section with keys below it, not a single value"}},
      {qlik + "  auth:\n    user_id: ''\n    user_directory:\n",
       {"4: qlik.auth.user_id: must be 1 to 256 bytes long", "5: qlik.auth.user_directory: has no value"}},
      {qlik + "  auth:\n    user_id: \"a\\nb\"\n    user_directory: \"\\x7f\"\n",
       {"4: qlik.auth.user_id: must not hold control characters",
        "5: qlik.auth.user_directory: must not hold control characters"}},
      {qlik + "  auth:\n    user_id: a\n    user_directory: " + std::string(257, 'd') + "\n",
       {"5: qlik.auth.user_directory: must be 1 to 256 bytes long"}},
      {qlik + "  auth:\n    user_id: a\n    user_directory: b\n    mode: ntlm\n",
       {"6: qlik.auth.mode: must be certificate, jwt or header"}},
  });
  EXPECT_EQ(Parsed(qlik + "  auth: {user_id: \"\\u00e9 b\", user_directory: d}\n").qlik->auth.user_id,
            "\xc3\xa9 b");
}

TEST(ConfigErrorsTest, ATextThatIsNotOnePlainYamlMapIsRefused) {
  const std::string empty =
      "1: the configuration is empty; at least one of symphony and qlik must be configured";
  const std::string anchor =
      ": YAML anchors (&name) are not accepted; a text that begins with & needs quotes";
  const std::string alias = ": YAML aliases (*name) are not accepted; a text that begins with * needs quotes";
  const std::string tag = ": YAML tags (!name) are not accepted; a text that begins with ! needs quotes";
  const std::string depth(1000, '[');
  ExpectErrors({
      {"", {empty}},
      {"\n# only a comment\n", {empty}},
      {"\xef\xbb\xbf", {empty}},
      {"---\n", {empty}},
      {"a text\n", {"1: must be keys and values, not a single value"}},
      {"# a\n- b\n", {"2: must be keys and values, not a list"}},
      {kSymphony + "---\n"s + kSymphony, {"3: a second YAML document begins here; the file must hold one"}},
      {kSymphony + "---\n"s, {"3: a second YAML document begins here; the file must hold one"}},
      {"listen:\n  address: [::1]:50051\n",
       {"2: not valid YAML: end of map not found; a text that begins with [ or { needs quotes"}},
      {"listen: {\n", {"2: not valid YAML: end of map flow not found"}},
      {"a: b: c\n", {"1: not valid YAML: illegal map value"}},
      {"a: b\n]\n", {"2: not valid YAML: illegal flow end"}},
      {"a: *hunter2\n", {"1: not valid YAML: the referenced anchor is not defined"}},
      {"a: \"\\q\"\n", {"1: not valid YAML: unknown escape character"}},
      {"\na: \"\\ud800\"\n", {"2: not valid YAML: invalid unicode"}},
      {"a: " + depth, {"1: not valid YAML: nested too deep"}},
      {kSymphony + "pool: &p {}\nlimits: *p\ndrain_timeout: !!str 1s\n"s,
       {"3" + anchor, "4" + alias, "5" + tag}},
      {"symphony:\n  endpoints: [&e 'http://s:1', *e]\n  auth: !x {}\nlisten: &l\n",
       {"2" + anchor, "2" + alias, "3" + tag, "4" + anchor}},
      {"call_timeout: &t 1s\ndrain_timeout: *t\nsymphony:\n  endpoints: &u ['http://s:1']\nqlik: *u\n",
       {"1" + anchor, "2" + alias, "4" + anchor, "5" + alias}},
      {"? [a]\n: b\n? ~\n: c\n"s + kSymphony,
       {"1: a key must be a plain text", "3: a key must be a plain text"}},
      {kSymphony + "\x04 hidden\n"s, {"3: control characters are not accepted"}},
      {kSymphony + "#\0\n"s, {"3: control characters are not accepted"}},
      {kSymphony + "# \x7f\n"s, {"3: control characters are not accepted"}},
      {kSymphony + "# \xff\n"s, {"3: the text must be UTF-8"}},
      {kSymphony + "# \xc3"s, {"3: the text must be UTF-8"}},
      {kSymphony + "# \xc3\n"s, {"3: the text must be UTF-8"}},
      {kSymphony + "# \xc0\xaf\n"s, {"3: the text must be UTF-8"}},
      {kSymphony + "# \xe0\x80\xaf\n"s, {"3: the text must be UTF-8"}},
      {kSymphony + "# \xed\xa0\x80\n"s, {"3: the text must be UTF-8"}},
      {kSymphony + "# \xf4\x90\x80\x80\n"s, {"3: the text must be UTF-8"}},
      {kSymphony + "# \xf0\x80\x80\x80\n"s, {"3: the text must be UTF-8"}},
  });
  Parsed(kSymphony + "# \xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80\r\n"s);
  Parsed("\xef\xbb\xbf---\r\n"s + kSymphony + "...\n");
}

TEST(ConfigErrorsTest, AllProblemsComeAtOnceInTheOrderOfTheLines) {
  ExpectErrors(
      {{"call_timeout: 400s\n"
        "symphony:\n"
        "  endpoints: []\n"
        "drain_timeout: x\n"
        "qlik: {endpoint: 1}\n"
        "pool: &a {}\n",
        {"1: call_timeout: must be from 1ms to 5m", "3: symphony.endpoints: must have 1 to 64 elements",
         "4: drain_timeout: "s + kDurationRule, "5: qlik.endpoint: unknown key; did you mean qlik.endpoints?",
         "5: qlik.endpoints: is required", "5: qlik.auth.user_directory"s + kByCertificate,
         "5: qlik.auth.user_id"s + kByName,
         "6: YAML anchors (&name) are not accepted; a text that begins with & needs quotes"}}});
}

TEST(ConfigErrorsTest, NoErrorRepeatsAValue) {
  constexpr std::string_view kCanary = "hunter2";
  const std::string bad = "*" + std::string(kCanary);
  std::string text = "listen: {address: hunter2, plaintext: hunter2}\n";
  for (const char* key : {"call_timeout", "call_timeout_max", "drain_timeout"}) text += key + ": hunter2\n"s;
  text += "limits: {calls: hunter2, request_size: hunter2}\npool: hunter2\n";
  text +=
      "symphony: {endpoints: ['http://a:hunter2@h:1', 'hunter2', 'hunter2://h:1', 'http://hunter2 h:1']}\n";
  text +=
      "qlik: {endpoints: hunter2, auth: {mode: hunter2, user_id: \"hunter2\\n\", password: hunter2},"
      " tls: {key_file: hunter2}}\nunknown: hunter2\n";
  std::vector<std::string> errors = ErrorsOf(text);
  EXPECT_EQ(errors.size(), 18u);
  const std::vector<std::string> more = ErrorsOf(
      "listen: {plaintext: mesh, tls: {cert_file: hunter2}}\n"
      "symphony: {endpoints: ['http://h:1'], auth: {user: hunter2, password_file: hunter2,"
      " password_env: hunter2-, login_path: /hunter2, token_key: hunter2}, tls: {ca_file: hunter2,"
      " server_name: hunter2 x, cert_file: hunter2/, version_min: hunter2}}\n"
      "qlik: {endpoints: ['https://h:1'], auth: {mode: header, header_name: hunter2 x,"
      " cookie_name: hunter2=, token_file: hunter2, user_id: \"hunter2\\u00e9\"}, tls: {pfx_file: hunter2,"
      " key_file: hunter2, password_file: hunter2, password_env: hunter2}}\n");
  EXPECT_EQ(more.size(), 18u);
  errors.insert(errors.end(), more.begin(), more.end());
  for (const std::string& error : errors) EXPECT_EQ(error.find(kCanary), std::string::npos) << error;
  for (const std::string& syntax :
       {"a: " + bad, "a: [hunter2"s, "a: \"\\hunter2\""s, "%hunter2 x\n---\n%TAG hunter2"s}) {
    for (const std::string& error : ErrorsOf(syntax))
      EXPECT_EQ(error.find(kCanary), std::string::npos) << error;
  }
}

// The library does not tell where an element is that has no value, so its line is not asserted.
TEST(ConfigErrorsTest, AnEndpointWithoutAValueIsRefused) {
  const std::vector<std::string> errors = ErrorsOf("symphony:\n  endpoints:\n    -\n    - http://h:1\n");
  ASSERT_EQ(errors.size(), 1u);
  EXPECT_TRUE(
      errors[0].ends_with(": symphony.endpoints[0]: must be a text of the form scheme://host:port[/prefix]"));
}

}  // namespace
}  // namespace session_gateway
