// Each request of a call fails in each way: what the caller is told, and that no call ever makes a second
// session. The upstream counts a session as made whenever a create reached it, however it then fails.
#include <gmock/gmock.h>

#include <atomic>
#include <utility>

#include "tests/server/logon_fixture.h"

namespace session_gateway {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

enum class Way {
  kNone,
  kCut,
  kCutBody,
  kReset,
  k500,
  k503,
  k401,
  k404,
  k302,
  kHang,
  kHtml,
  kGarbage,
  kNoCookie
};

constexpr Way kWays[] = {Way::kCut, Way::kCutBody, Way::kReset, Way::k500,  Way::k503,     Way::k401,
                         Way::k404, Way::k302,     Way::kHang,  Way::kHtml, Way::kGarbage, Way::kNoCookie};

std::string Answer(const std::string& status, const std::string& headers, const std::string& body) {
  return "HTTP/1.1 " + status + "\r\n" + headers + "Content-Length: " + std::to_string(body.size()) +
         "\r\n\r\n" + body;
}

// Symphony on raw sockets: a log-on's cookies are good until the next; the request with a given number fails.
class FailingSymphony {
 public:
  FailingSymphony() : server_([this](RawConnection& connection) { Serve(connection); }) {}

  std::string endpoint() const { return "http://127.0.0.1:" + std::to_string(server_.port()); }

  void FailAt(int number, Way way) {
    const std::lock_guard lock(mutex_);
    fail_at_ = requests_ + number;
    way_ = way;
    hanging_ = false;
  }
  // With 503, whichever request it is.
  void FailNextLogon() {
    const std::lock_guard lock(mutex_);
    fail_logon_ = true;
  }
  // What was given is good no more.
  void Expire() {
    const std::lock_guard lock(mutex_);
    good_token_.clear();
  }
  int sessions() const { return sessions_; }
  bool hanging() const { return hanging_; }

 private:
  // False: the connection ends.
  bool Fail(RawConnection& connection, Way way, const std::string& good) {
    switch (way) {
      case Way::kNone:
        return connection.Send(good);
      case Way::kCut:
        connection.Send("HTTP/1.1 200 O");
        return false;
      case Way::kCutBody:
        connection.Send(good.substr(0, good.size() - 3));
        return false;
      case Way::kReset:
        connection.ResetAtEnd();
        return false;
      case Way::k500:
        return connection.Send(Answer("500 Error", "", "broken"));
      case Way::k503:
        return connection.Send(Answer("503 Busy", "", "busy"));
      case Way::k401:
        return connection.Send(Answer("401 No", "", "no"));
      case Way::k404:
        return connection.Send(Answer("404 Not here", "", "nothing"));
      case Way::k302:
        return connection.Send(Answer("302 There", "Location: /logon\r\n", ""));
      case Way::kHang:
        hanging_ = true;
        connection.WaitForEnd();
        return false;
      case Way::kHtml:
        return connection.Send(Answer("200 OK", "Content-Type: text/html\r\n", "<html>Log on</html>"));
      case Way::kGarbage:
        connection.Send("nonsense\r\n\r\n");
        return false;
      case Way::kNoCookie:
        return connection.Send(Answer("200 OK", "", "{\"csrftoken\":\"t\"}"));
    }
    return false;
  }

  static bool Creates(Way way) { return way != Way::k401 && way != Way::k302 && way != Way::k404; }

  void Serve(RawConnection& connection) {
    for (std::string request = connection.ReadRequest(); !request.empty();
         request = connection.ReadRequest()) {
      std::string good;
      Way way = Way::kNone;
      {
        const std::lock_guard lock(mutex_);
        if (++requests_ == fail_at_) way = way_;
        const bool is_create = request.starts_with("POST");
        if (!is_create && std::exchange(fail_logon_, false)) way = Way::k503;
        good = is_create ? Create(request, way) : LogOn();
      }
      if (!Fail(connection, way, good)) return;
    }
  }

  std::string LogOn() {
    good_token_ = "token" + std::to_string(requests_);
    return Answer("200 OK", "Set-Cookie: platform.rest.token=" + good_token_ + "\r\n",
                  "{\"csrftoken\":\"t\"}");
  }

  std::string Create(const std::string& request, Way way) {
    const bool is_good = !good_token_.empty() &&
                         request.find("platform.rest.token=" + good_token_ + "\r\n") != std::string::npos;
    if (!is_good) return Answer("401 No", "", "log on");
    if (Creates(way)) ++sessions_;
    return Answer("200 OK", "", "{\"sessionId\":" + std::to_string(sessions_) + "}");
  }

  std::mutex mutex_;  // guards what stands between the locks above
  int requests_ = 0;
  int fail_at_ = 0;
  Way way_ = Way::kNone;
  bool fail_logon_ = false;
  std::string good_token_;
  std::atomic<int> sessions_ = 0;
  std::atomic<bool> hanging_ = false;
  RawServer server_;
};

// What a log-on's failure is to the call that waits for it.
std::string OfLogon(Way way, bool after_refusal) {
  const std::string end = after_refusal ? " refused logon" : " not_sent logon";
  switch (way) {
    case Way::kCut:
    case Way::kCutBody:
    case Way::kReset:
    case Way::k500:
    case Way::k503:
    case Way::kHang:
      return (after_refusal ? "INTERNAL" : "UNAVAILABLE") + std::string(" UPSTREAM_UNREACHABLE") + end;
    case Way::k401:
      return "INTERNAL LOGON_REFUSED" + end;
    case Way::k404:
    case Way::k302:
    case Way::kHtml:
    case Way::kGarbage:
    case Way::kNoCookie:
      return "INTERNAL UPSTREAM_CONTRACT" + end;
    case Way::kNone:
      break;
  }
  return "OK done";
}

// The same of the create itself, with a log-on that is too young to be replaced.
std::string OfCreate(Way way) {
  switch (way) {
    case Way::kCut:
      return "UNKNOWN OUTCOME_UNKNOWN unknown receive";
    case Way::kReset:
      return "UNKNOWN OUTCOME_UNKNOWN unknown wait";
    case Way::kCutBody:
      return "INTERNAL ANSWER_UNREADABLE done receive";
    case Way::k500:
      return "INTERNAL UPSTREAM_FAILED unknown receive";
    case Way::k503:
      return "UNKNOWN UPSTREAM_FAILED unknown receive";
    case Way::k401:
    case Way::k302:
      return "INTERNAL LOGON_REFUSED refused receive";
    case Way::k404:
      return "NOT_FOUND UPSTREAM_REFUSED refused receive";
    case Way::kHang:
      return "DEADLINE_EXCEEDED DEADLINE unknown wait";
    case Way::kHtml:
    case Way::kGarbage:
      return "INTERNAL UPSTREAM_CONTRACT unknown receive";
    case Way::kNoCookie:  // to a create that is an answer without an id
      return "INTERNAL ANSWER_UNREADABLE done parse";
    case Way::kNone:
      break;
  }
  return "OK done";
}

class LogonFaultsTest : public LogonTest {
 protected:
  void Prepare(seconds renew_min_age) {
    CloseStack();
    clock_.ahead = Duration::zero();  // timers run by the real one
    SymphonyAuthConfig config = ServiceAccount();
    config.limits.timeout = milliseconds(100);
    config.limits.renew_min_age = renew_min_age;
    MakeStack(MakeSymphonyAuthentication(config, Parts()), {symphony_.endpoint()});
  }

  // One call; a create that hangs meets its deadline.
  std::string Play(Way way, bool create_fails) {
    const auto call = StartCall();
    if (way == Way::kHang && create_fails) {
      EXPECT_TRUE(RunUntil([&] { return symphony_.hanging(); }));
      RunReady();
      call->context.Stop(StopReason::kDeadline);
    }
    return Told(Finish(*call));
  }

  FailingSymphony symphony_;
};

TEST_F(LogonFaultsTest, OfAFirstCall) {
  for (const Way way : kWays) {
    for (const int number : {1, 2}) {
      SCOPED_TRACE(testing::Message() << "way " << static_cast<int>(way) << ", request " << number);
      Prepare(seconds(5));
      const int before = symphony_.sessions();
      symphony_.FailAt(number, way);
      EXPECT_EQ(Play(way, number == 2), number == 1 ? OfLogon(way, false) : OfCreate(way));
      EXPECT_LE(symphony_.sessions() - before, number == 1 ? 0 : 1);
      // Whatever it was, it is over with the lockout.
      clock_.ahead += seconds(31);
      const int then = symphony_.sessions();
      EXPECT_EQ(Told(Create()), "OK done");
      EXPECT_EQ(symphony_.sessions(), then + 1);
    }
  }
}

TEST_F(LogonFaultsTest, ASecondAttemptThatIsLostHasNoStatus) {
  Prepare(seconds(0));
  EXPECT_EQ(Told(Create()), "OK done");
  symphony_.Expire();
  symphony_.FailAt(3, Way::kCut);
  const SendResult result = Create();
  EXPECT_TRUE(std::get<SendFailure>(result).refused_before);
  EXPECT_TRUE(std::get<SendFailure>(result).sent);
  EXPECT_EQ(std::get<SendFailure>(result).http_status, 0);
}

TEST_F(LogonFaultsTest, WhoLeavesDuringTheLogonIsToldSo) {
  for (const StopReason reason : {StopReason::kDeadline, StopReason::kCancelled}) {
    for (const bool is_refused : {false, true}) {
      Prepare(seconds(0));
      if (is_refused) {
        EXPECT_EQ(Told(Create()), "OK done");
        symphony_.Expire();
      }
      symphony_.FailAt(is_refused ? 2 : 1, Way::kHang);
      const auto call = StartCall();
      EXPECT_TRUE(RunUntil([&] { return symphony_.hanging(); }));
      call->context.Stop(reason);
      const SendResult result = Finish(*call);
      const auto& failure = std::get<SendFailure>(result);
      EXPECT_EQ(failure.detail, reason == StopReason::kDeadline ? "the deadline came during the log-on"
                                                                : "the caller left during the log-on");
      EXPECT_EQ(failure.http_status, is_refused ? 401 : 0);
    }
  }
}

TEST_F(LogonFaultsTest, AfterARefusalItsStatusIsTold) {
  for (const Way way : {Way::k401, Way::k302}) {
    Prepare(seconds(0));
    EXPECT_EQ(Told(Create()), "OK done");
    symphony_.FailAt(1, way);
    symphony_.FailNextLogon();
    const SendResult result = Create();
    EXPECT_EQ(std::get<SendFailure>(result).http_status, way == Way::k401 ? 401 : 302);
    EXPECT_TRUE(std::get<SendFailure>(result).refused_before);
  }
}

TEST_F(LogonFaultsTest, OfACallWhoseLogonIsOver) {
  for (const Way way : kWays) {
    for (const int number : {1, 2, 3}) {
      SCOPED_TRACE(testing::Message() << "way " << static_cast<int>(way) << ", request " << number);
      Prepare(seconds(0));
      EXPECT_EQ(Told(Create()), "OK done");
      // The first create is refused, unless it is the one that fails.
      if (number > 1) symphony_.Expire();
      const int before = symphony_.sessions();
      symphony_.FailAt(number, way);
      std::string expected = number == 2 ? OfLogon(way, true) : OfCreate(way);
      // An old log-on that is refused is replaced, and the call succeeds.
      if (number == 1 && (way == Way::k401 || way == Way::k302)) expected = "OK done";
      EXPECT_EQ(Play(way, number != 2), expected);
      EXPECT_LE(symphony_.sessions() - before, number == 2 ? 0 : 1);
      clock_.ahead += seconds(31);
      const int then = symphony_.sessions();
      EXPECT_EQ(Told(Create()), "OK done");
      EXPECT_EQ(symphony_.sessions(), then + 1);
    }
  }
}

}  // namespace
}  // namespace session_gateway
