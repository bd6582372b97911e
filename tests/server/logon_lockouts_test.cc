// The memory of refused log-ons at its bound.
#include "server/upstream/logon_lockouts.h"

#include <gtest/gtest.h>

namespace session_gateway {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

class LockoutsTest : public testing::Test {
 protected:
  static LogonLimits Limits() {
    LogonLimits limits;
    limits.identities = 1;
    return limits;
  }
  LogonLockouts lockouts_{Limits()};
  TimePoint now_{std::chrono::hours(1)};
};

TEST_F(LockoutsTest, ARefusalIsForgottenSomeTimeAfterItsEnd) {
  EXPECT_EQ(lockouts_.Remaining("a", now_), std::nullopt);
  lockouts_.NoteRefusal("a", now_);
  EXPECT_EQ(lockouts_.Remaining("a", now_), Duration(seconds(30)));
  EXPECT_EQ(lockouts_.Remaining("b", now_), std::nullopt);
  EXPECT_EQ(lockouts_.Remaining("a", now_ + seconds(30)), std::nullopt);
  // Within lockout_max of its end the next is twice as long; then it is as if nothing had been.
  now_ += seconds(30) + minutes(10) - seconds(1);
  lockouts_.NoteRefusal("a", now_);
  EXPECT_EQ(lockouts_.Remaining("a", now_), Duration(seconds(60)));
  now_ += seconds(60) + minutes(10);
  lockouts_.NoteRefusal("a", now_);
  EXPECT_EQ(lockouts_.Remaining("a", now_), Duration(seconds(30)));
  lockouts_.Forget("a");
  EXPECT_EQ(lockouts_.Remaining("a", now_), std::nullopt);
}

TEST_F(LockoutsTest, OthersRefusalsFlushThemselvesFirst) {
  lockouts_.NoteRefusal("a", now_);
  lockouts_.NoteRefusal("a", now_ + seconds(30));
  for (int i = 0; i < 1000; ++i) lockouts_.NoteRefusal("x" + std::to_string(i), now_ + seconds(31));
  EXPECT_EQ(lockouts_.size(), kLockoutsPerIdentity);
  EXPECT_EQ(lockouts_.Remaining("a", now_ + seconds(31)), Duration(seconds(59)));
  // What is over makes room before anything that is not.
  now_ += minutes(12);
  lockouts_.NoteRefusal("b", now_);
  EXPECT_EQ(lockouts_.size(), 1u);
  lockouts_.Clear();
  EXPECT_EQ(lockouts_.Remaining("b", now_), std::nullopt);
}

}  // namespace
}  // namespace session_gateway
