// What of an upstream's text reaches a caller: little, valid, and no secret.
#include "tests/translator/codec_fixture.h"
#include "translator/error_text.h"
#include "translator/text_bounds.h"
#include "translator/upstream_status.h"

namespace session_gateway::testing {
namespace {

std::string Shown(const std::string& body, std::vector<std::string> secrets = {}) {
  HttpReply reply;
  reply.status = 400;
  reply.body = body;
  reply.secrets = std::move(secrets);
  return ErrorText(reply);
}

TEST(ErrorText, ComesFromTheKnownMembersOrThePlainText) {
  const std::pair<const char*, const char*> rows[] = {
      {R"({"errorMessage":"a","message":"b"})", "a"},
      {R"({"message":"b"})", "b"},
      {R"({"errorMessage":"","message":"b"})", "b"},
      {R"({"errorMessage":5,"message":"b"})", "b"},
      {R"({"error":"b"})", ""},
      {R"("text")", "text"},
      {"Authorization has been denied for this request.", "Authorization has been denied for this request."},
      {"cookies are off, no cookie came", "cookies are off, no cookie came"},
      {"[1]", ""},
      {"12", ""},
      {"plain text\n", "plain text"},
      {"{broken", "{broken"},
      {"", ""},
      {"<html><body>secret page</body></html>", ""},
      {"  \n<!DOCTYPE html>", ""},
      {"\xEF\xBB\xBF<html>", ""},
  };
  for (const auto& [body, text] : rows) EXPECT_EQ(Shown(body), text) << body;
  EXPECT_EQ(Shown(std::string(100'000, '[')).size(), 256u);
}

TEST(ErrorText, IsBoundedAndValid) {
  std::vector<std::string> bodies = {"a\xed\xa0\x80z", "\xc0\xaf"};
  bodies.emplace_back(100'000, 'x');
  bodies.emplace_back(1000, '\xff');
  bodies.emplace_back(1000, '\x01');
  bodies.emplace_back(3, '\0');
  for (std::size_t lead = 250; lead < 257; ++lead) {
    bodies.emplace_back(lead, 'x');
    bodies.back() += "\xc3\xa9\xf0\x9f\x98\x80\xe2\x80\xa8";
  }
  for (const std::string& body : bodies) {
    const std::string text = Shown(body);
    EXPECT_LE(text.size(), 256u);
    EXPECT_TRUE(IsUtf8(text));
    EXPECT_FALSE(HasControlCharacter(text));
  }
  std::string long_text(255, 'x');
  long_text += "\xc3\xa9";
  EXPECT_EQ(Shown(long_text), long_text.substr(0, 255));
  EXPECT_EQ(Shown("a\xff\x01z"), "a? z");
}

TEST(ErrorText, HoldsNoSecretOfTheRequest) {
  const std::string secret = "CANARY/se+cret";
  for (const char* body :
       {"a CANARY/se+cret b", "CANARY%2Fse%2Bcret", "CANARY%2fse%2bcret", "xCANARY/se+cretCANARY/se+crety",
        R"({"message":"token CANARY\/se+cret"})", R"({"message":"\u0043ANARY/se+cret"})"}) {
    const std::string text = Shown(body, {secret});
    EXPECT_EQ(text.find("CANARY"), std::string::npos) << text;
    EXPECT_NE(text.find("***"), std::string::npos) << text;
  }
  EXPECT_EQ(Shown("abc", {"", "abc"}), "abc");  // too short to be a secret
}

TEST(ErrorText, ASecretInsideAnotherHidesBoth) {
  for (const auto& secrets : {std::vector<std::string>{"CANA", "CANARY"}, {"CANARY", "CANA"}})
    EXPECT_EQ(Shown("x CANARY y", secrets), "x *** y");
  // A quoted cookie's value is often told without its quotes.
  EXPECT_EQ(Shown("x CANARY \"CANARY\" y", {"\"CANARY\""}), "x *** \"***\" y");
}

TEST(ErrorText, ASecretThatTheLookedAtPartCutsIsHidden) {
  std::string secret = "CANARY";
  secret.append(1500, 'k');
  for (std::size_t lead = 0; lead < 1600; lead += 7) {
    std::string body = ".";
    body.append(lead, ' ');
    for (int i = 0; i < 4; ++i) body += secret;
    EXPECT_EQ(Shown(body, {secret}).find("CANARY"), std::string::npos) << lead;
    HttpReply reply;
    reply.body = std::string(64 * 1024 - 3000 + lead, '\n') + secret + secret;
    reply.secrets = {secret};
    EXPECT_EQ(ErrorText(reply).find("CANARY"), std::string::npos) << lead;
  }
}

TEST(ErrorText, HoldsNothingThatANameAnnounces) {
  for (const char* body : {
           "url?csrftoken=CANARY&x=1",
           "CsrfToken: CANARY",
           "\"csrftoken\" : \"CANARY\"",
           "xrfkey=CANARY",
           "X-Qlik-Xrfkey: CANARY",
           "Authorization: Basic CANARY",
           "authorization: Bearer CANARY",
           "Authorization: PlatformToken token=CANARY",
           "Proxy-Authorization: Negotiate CANARY",
           "basic CANARY",
           "platform.rest.token=CANARY; platform.rest.certificate=CANARY",
           "Cookie: a=CANARY; b=CANARY",
           "set-cookie: a=CANARY; Path=/; x=CANARY",
           "password=CANARY",
           "password: 'CANARY'",
           "csrftoken=CANARY csrftoken=CANARY",
       }) {
    EXPECT_EQ(Shown(body).find("CANARY"), std::string::npos) << body << " -> " << Shown(body);
  }
  EXPECT_EQ(Shown("url?csrftoken=CANARY&x=1"), "url?csrftoken=***&x=1");
  EXPECT_EQ(Shown("session not found"), "session not found");
  EXPECT_EQ(Shown("a basic error"), "a basic ***");  // rather too much than too little
}

TEST(ErrorText, ReachesTheMessageOfTheError) {
  HttpReply reply;
  reply.status = 400;
  reply.body = R"({"errorMessage":"no such application CANARY"})";
  reply.secrets = {"CANARY"};
  EXPECT_EQ(ErrorFromStatus(Upstream::kSymphony, CredentialOwner::kGateway, reply).message,
            "Symphony answered 400: no such application ***");
  reply.body = "<html>";
  EXPECT_EQ(ErrorFromStatus(Upstream::kQlik, CredentialOwner::kGateway, reply).message, "Qlik answered 400");
}

TEST(TextBounds, CutsBetweenCharacters) {
  EXPECT_EQ(CutUtf8("abc", 3), "abc");
  EXPECT_EQ(CutUtf8("abc", 2), "ab");
  EXPECT_EQ(CutUtf8("a\xc3\xa9", 2), "a");
  EXPECT_EQ(CutUtf8("\xf0\x9f\x98\x80", 3), "");
  EXPECT_EQ(CutUtf8("", 0), "");
}

TEST(ErrorText, HidesASecretThatOnlyCleaningMakes) {
  const std::vector<std::string> secrets = {"pass word", "who?knows"};
  EXPECT_EQ(Shown("it is pass\tword", secrets), "it is ***");
  EXPECT_EQ(Shown("it is pass\x7fword", secrets), "it is ***");
  EXPECT_EQ(Shown("it is who\xffknows", secrets), "it is ***");
}

TEST(TextBounds, Utf8IsCheckedToTheLetter) {
  for (const char* good : {"", "a", "\x7f", "\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80", "\xed\x9f\xbf",
                           "\xee\x80\x80", "\xef\xbf\xbf", "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf"}) {
    EXPECT_TRUE(IsUtf8(good)) << good;
  }
  for (const char* bad : {"\x80", "\xbf", "\xc0\x80", "\xc1\xbf", "\xc2", "\xc2\x41", "\xe0\x9f\xbf",
                          "\xe2\x80", "\xed\xa0\x80", "\xed\xbf\xbf", "\xf0\x8f\xbf\xbf", "\xf0\x90\x80",
                          "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff"}) {
    EXPECT_FALSE(IsUtf8(bad)) << bad;
  }
}

}  // namespace
}  // namespace session_gateway::testing
