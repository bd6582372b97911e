// What a request_id is kept under: callers that never meet, and contents that are told apart.
#include "server/ledger/request_key.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "absl/strings/escaping.h"
#include "translator/guid.h"

namespace session_gateway {
namespace {

using std::string_literals::operator""s;
using testing::HasSubstr;
using testing::Not;

constexpr char kId[] = "046b6c7f-0b8a-43b9-b35d-6489e6daee91";

CallerIdentities Identities(const char* key) { return CallerIdentities(KeyedHash(Secret(key))); }

Caller Named(std::string name) {
  Caller caller;
  caller.identity = std::move(name);
  return caller;
}

TEST(RequestKey, TheIdIsComparedInLowerCaseAndTheCallerIsNot) {
  EXPECT_EQ(RequestKey("M", "caller", "046B6C7F-0B8A-43B9-B35D-6489E6DAEE91"),
            RequestKey("M", "caller", kId));
  const std::set<std::string> keys = {RequestKey("M", "caller", kId), RequestKey("M", "Caller", kId),
                                      RequestKey("N", "caller", kId),
                                      RequestKey("M", "caller", "146b6c7f-0b8a-43b9-b35d-6489e6daee91")};
  EXPECT_EQ(keys.size(), 4u);
}

TEST(RequestKey, TheCallerIsTheVerifiedName) {
  EXPECT_EQ(Identities("k").Of(Named(""), Secret()), "anonymous");
  EXPECT_EQ(Identities("k").Of(Named("spiffe://mesh/a"), Secret()), "spiffe://mesh/a");
}

// A certificate is issued by others: its name must not make its owner somebody else.
TEST(RequestKey, NoNameReadsLikeAnotherKindOfCaller) {
  const CallerIdentities identities = Identities("k");
  const std::string hashed = identities.Of(Named(""), Secret("eve:secret-1"));
  std::set<std::string> all = {identities.Of(Named(""), Secret()), hashed};
  for (const std::string& name : {"anonymous"s, hashed, "certificate:anonymous"s, "certificate:" + hashed,
                                  "credential:"s, "certificate:"s, "Anonymous"s, "anonymous "s}) {
    EXPECT_TRUE(all.insert(identities.Of(Named(name), Secret())).second) << name;
  }
}

TEST(RequestKey, ACredentialOfTheCallersTellsItApartAndIsNotShown) {
  const std::string one = Identities("k").Of(Named("a"), Secret("eve:secret-1"));
  EXPECT_EQ(one, Identities("k").Of(Named("b"), Secret("eve:secret-1")));
  EXPECT_NE(one, Identities("k").Of(Named("a"), Secret("eve:secret-2")));
  EXPECT_THAT(one, Not(HasSubstr("secret-1")));
  // Who does not know the key cannot try passwords; replicas with one key agree.
  EXPECT_NE(one, Identities("another").Of(Named("a"), Secret("eve:secret-1")));
}

HttpRequest Request() {
  HttpRequest request;
  request.method = "POST";
  request.path = "/a";
  request.query = {{"b", "c d"}};
  request.body = "{}";
  return request;
}

TEST(ContentHash, IsThatOfMethodTargetAndBody) {
  const ContentHash content = ContentOf(Request());
  EXPECT_EQ(absl::BytesToHexString(
                absl::string_view(reinterpret_cast<const char*>(content.data()), content.size())),
            "9e17aba1f798e5377ac86f6030cad311493eebc0cb83aa1df9a17a0f4adc29df");
  HttpRequest other = Request();
  other.body = "{ }";
  EXPECT_NE(ContentOf(other), content);
  other = Request();
  other.query[0].value = "e";
  EXPECT_NE(ContentOf(other), content);
  other = Request();
  other.method = "PUT";
  EXPECT_NE(ContentOf(other), content);
}

TEST(ContentHash, LeavesCredentialsOut) {
  HttpRequest with_token = Request();
  with_token.query.push_back({"csrftoken", "T", Secrecy::kSecret});
  with_token.headers.push_back({"cookie", "c=d", Secrecy::kSecret});
  EXPECT_EQ(ContentOf(with_token), ContentOf(Request()));
}

TEST(DerivedRowId, IsAUuidOfVersion5) {
  EXPECT_EQ(DerivedRowId("anonymous", kId), "93335f22-a3fe-5282-965a-d02eb45775d7");
  EXPECT_EQ(DerivedRowId("anonymous", "046B6C7F-0B8A-43B9-B35D-6489E6DAEE91"),
            "93335f22-a3fe-5282-965a-d02eb45775d7");
  EXPECT_EQ(DerivedRowId("spiffe://mesh/a", kId), "5c2e0fd1-2327-5e0c-8425-0dec9ef256d1");
  EXPECT_TRUE(IsGuid(DerivedRowId("a", "b")));
}

}  // namespace
}  // namespace session_gateway
