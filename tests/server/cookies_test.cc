// Set-Cookie as upstreams write it, and the bounds.
#include "server/upstream/cookies.h"

#include <gtest/gtest.h>

namespace session_gateway {
namespace {

HttpReply With(const std::vector<std::string>& headers) {
  HttpReply reply;
  for (const std::string& value : headers) reply.headers.push_back({"set-cookie", value});
  return reply;
}

// `name=value` of each, with a minus where it is taken away.
std::vector<std::string> Read(const std::vector<std::string>& headers) {
  std::vector<std::string> read;
  for (const SetCookie& set : ReadSetCookies(With(headers))) {
    read.push_back((set.gone ? "-" : "") + set.cookie.name + "=" + set.cookie.value.Reveal());
  }
  return read;
}

using Texts = std::vector<std::string>;

TEST(Cookies, TheValueEndsAtTheFirstSemicolon) {
  EXPECT_EQ(Read({"a=b"}), Texts{"a=b"});
  EXPECT_EQ(Read({" a = b ; Path=/; HttpOnly"}), Texts{"a=b"});
  EXPECT_EQ(Read({"a=b=c,d|e;x=y"}), Texts{"a=b=c,d|e"});
  EXPECT_EQ(Read({"a=\"q==\";Secure"}), Texts{"a=\"q==\""});
}

TEST(Cookies, WhatIsNoCookieIsSkipped) {
  EXPECT_EQ(Read({"", ";", "a", "=b", " = b", "a; b=c"}), Texts{});
  EXPECT_EQ(Read({"a=x\x01y", "b\x7f=y", "c=ok"}), Texts{"c=ok"});
  HttpReply reply = With({"a=b"});
  reply.headers[0].name = "cookie";
  EXPECT_TRUE(ReadSetCookies(reply).empty());
}

TEST(Cookies, TheLastOfANameCounts) {
  EXPECT_EQ(Read({"a=1", "b=2", "a=3"}), (Texts{"a=3", "b=2"}));
  EXPECT_EQ(Read({"a=1", "a=; Max-Age=0"}), Texts{"-a="});
  EXPECT_EQ(Read({"a=; Max-Age=0", "a=1"}), Texts{"a=1"});
  EXPECT_EQ(Read({"a=1", "A=2"}), (Texts{"a=1", "A=2"}));
}

TEST(Cookies, EmptiedAndExpiredOnesAreGone) {
  EXPECT_EQ(Read({"a="}), Texts{"-a="});
  for (const std::string gone :
       {"Max-Age=0", "max-age = 00", "Path=/; MAX-AGE=-1", "Expires=Thu, 01 Jan 1970 00:00:00 GMT",
        "expires=Mon, 01-Jan-1601 00:00:00 GMT", "Max-Age=0; Expires=Wed, 01 Jan 2098 00:00:00 GMT"}) {
    EXPECT_EQ(Read({"a=b; " + gone}), Texts{"-a=b"}) << gone;
  }
  for (const std::string kept :
       {"Max-Age=3600", "Max-Age=", "Max-Age=x", "Expires=Wed, 01 Jan 2098 00:00:00 GMT",
        "Expires=", "Max-Age=9; Expires=Thu, 01 Jan 1970 00:00:00 GMT", "X-Max-Age=0"}) {
    EXPECT_EQ(Read({"a=b; " + kept}), Texts{"a=b"}) << kept;
  }
}

TEST(Cookies, AreBounded) {
  EXPECT_EQ(Read({"a=" + std::string(kCookieBytesMax, 'x')}), Texts{});
  EXPECT_EQ(Read({"a=" + std::string(kCookieBytesMax - 1, 'x')}).size(), 1u);
  Texts many;
  for (std::size_t i = 0; i < 2 * kCookiesMax; ++i) many.push_back("c" + std::to_string(i) + "=v");
  EXPECT_EQ(Read(many).size(), kCookiesMax);
  std::string header;
  for (std::size_t i = 0; i < 2 * kCookiesMax; ++i) header += "a=b;";
  EXPECT_EQ(CookieValues(header).size(), kCookiesMax);
}

TEST(Cookies, LeaveAsOneHeader) {
  EXPECT_EQ(CookieHeader({}), "");
  EXPECT_EQ(CookieHeader({{"a", Secret("\"1\"")}, {"b", Secret("2=")}}), "a=\"1\"; b=2=");
  EXPECT_EQ(CookieValues("a=1; b=\"2=\" ;c"), (Texts{"1", "\"2=\"", "c"}));
}

}  // namespace
}  // namespace session_gateway
