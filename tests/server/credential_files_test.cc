// Files that change under a watcher: what its owner is handed, and what is reported.
#include "server/credential_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <sstream>
#include <utility>

#include "tests/pki/temporary_directory.h"

namespace session_gateway {
namespace {

using pki::TemporaryDirectory;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::Optional;
using Texts = std::vector<std::string>;

constexpr char kGood[] = "in force";

// A watched set and all that its owner was told. The owner refuses what holds the word "bad" and two halves
// that do not begin alike.
class Watched {
 public:
  explicit Watched(Duration interval = std::chrono::hours(1))
      : files_(loop_, clock_, interval, [this](std::string_view set, const auto& problem) {
          reports.push_back(std::string(set) + ": " + problem.value_or(kGood));
          if (on_report) on_report();
        }) {}

  std::optional<std::string> Add(Texts paths) {
    return files_.Add("listen.tls", std::move(paths),
                      [this](const std::vector<Secret>& contents) { return Accept(contents); });
  }

  CredentialFiles& files() { return files_; }
  Loop& loop() { return loop_; }
  Texts Check() {
    files_.CheckNow();
    return std::exchange(reports, {});
  }

  std::vector<Texts> accepted;
  Texts reports;
  std::function<void()> on_report;

 private:
  std::optional<std::string> Accept(const std::vector<Secret>& contents) {
    Texts texts;
    for (const Secret& content : contents) texts.push_back(content.Reveal());
    for (const std::string& text : texts) {
      if (text.find("bad") != std::string::npos) return "cannot be used";
      if (!text.empty() && text.front() != texts.front().front()) return "do not fit";
    }
    accepted.push_back(std::move(texts));
    return std::nullopt;
  }

  Loop loop_{1};
  SystemClock clock_;
  CredentialFiles files_;
};

TEST(CredentialFiles, HandsOverAtFirstAndAtEachChange) {
  const TemporaryDirectory directory;
  const std::string path = directory.Write("password", "1st");
  Watched watched;
  ASSERT_EQ(watched.Add({path, ""}), std::nullopt);
  EXPECT_THAT(watched.Check(), IsEmpty()) << "nothing has changed";
  directory.Write("password", "2nd");
  EXPECT_THAT(watched.Check(), ElementsAre("listen.tls: in force"));
  EXPECT_THAT(watched.Check(), IsEmpty());
  EXPECT_THAT(watched.accepted, ElementsAre(Texts{"1st", ""}, Texts{"2nd", ""}));
}

TEST(CredentialFiles, SeesAChangeThatLeavesSizeAndTimesAsTheyWere) {
  const TemporaryDirectory directory;
  const std::string path = directory.Write("password", "1st");
  Watched watched;
  ASSERT_EQ(watched.Add({path}), std::nullopt);
  const auto time = std::filesystem::last_write_time(path);
  directory.Write("password", "2nd");
  std::filesystem::last_write_time(path, time);
  EXPECT_THAT(watched.Check(), ElementsAre("listen.tls: in force"));
}

TEST(CredentialFiles, HalfOfAReplacementIsRefusedUntilTheOtherHalfComes) {
  const TemporaryDirectory directory;
  const std::string certificate = directory.Write("tls.crt", "1 certificate");
  const std::string key = directory.Write("tls.key", "1 key");
  Watched watched;
  ASSERT_EQ(watched.Add({certificate, key}), std::nullopt);
  directory.Write("tls.crt", "2 certificate");
  EXPECT_THAT(watched.Check(), ElementsAre("listen.tls: do not fit"));
  EXPECT_THAT(watched.Check(), IsEmpty()) << "told once";
  directory.Write("tls.key", "2 key");
  EXPECT_THAT(watched.Check(), ElementsAre("listen.tls: in force"));
  EXPECT_THAT(watched.accepted,
              ElementsAre(Texts{"1 certificate", "1 key"}, Texts{"2 certificate", "2 key"}));
}

TEST(CredentialFiles, RefusedContentsMayBeTakenBack) {
  const TemporaryDirectory directory;
  const std::string path = directory.Write("password", "1st");
  Watched watched;
  ASSERT_EQ(watched.Add({path}), std::nullopt);
  directory.Write("password", "bad");
  EXPECT_THAT(watched.Check(), ElementsAre("listen.tls: cannot be used"));
  directory.Write("password", "1st");
  EXPECT_THAT(watched.Check(), ElementsAre("listen.tls: in force"));
}

TEST(CredentialFiles, AFileThatIsAwayIsToldOnceAndSoIsItsReturn) {
  const TemporaryDirectory directory;
  const std::string path = directory.Write("password", "1st");
  Watched watched;
  ASSERT_EQ(watched.Add({path}), std::nullopt);
  std::filesystem::remove(path);
  EXPECT_THAT(watched.Check(),
              ElementsAre("listen.tls: " + path + " cannot be opened: No such file or directory"));
  EXPECT_THAT(watched.Check(), IsEmpty());
  directory.Write("password", "1st");
  EXPECT_THAT(watched.Check(), ElementsAre("listen.tls: in force"));
  EXPECT_EQ(watched.accepted.size(), 1u) << "the same contents are not handed over again";
}

TEST(CredentialFiles, WhatWasRefusedIsStillRefusedAfterItWasAway) {
  const TemporaryDirectory directory;
  const std::string path = directory.Write("password", "1st");
  Watched watched;
  ASSERT_EQ(watched.Add({path}), std::nullopt);
  directory.Write("password", "bad");
  EXPECT_THAT(watched.Check(), ElementsAre("listen.tls: cannot be used"));
  std::filesystem::remove(path);
  EXPECT_THAT(watched.Check(), ElementsAre(HasSubstr("cannot be opened")));
  directory.Write("password", "bad");
  EXPECT_THAT(watched.Check(), ElementsAre("listen.tls: cannot be used"));
}

// A mounted secret: each file is a link through `..data`, which is turned to a new directory in one step.
TEST(CredentialFiles, FollowsASymbolicLinkThatIsTurned) {
  const TemporaryDirectory directory;
  const auto& root = directory.path();
  for (const std::string number : {"1", "2"}) {
    std::filesystem::create_directory(root / number);
    directory.Write(number + "/tls.crt", number + " certificate");
    directory.Write(number + "/tls.key", number + " key");
  }
  std::filesystem::create_directory_symlink("1", root / "..data");
  std::filesystem::create_symlink("..data/tls.crt", root / "tls.crt");
  std::filesystem::create_symlink("..data/tls.key", root / "tls.key");
  Watched watched;
  ASSERT_EQ(watched.Add({root / "tls.crt", root / "tls.key"}), std::nullopt);
  std::filesystem::create_directory_symlink("2", root / "..data_tmp");
  std::filesystem::rename(root / "..data_tmp", root / "..data");
  EXPECT_THAT(watched.Check(), ElementsAre("listen.tls: in force"));
  EXPECT_THAT(watched.accepted.back(), ElementsAre("2 certificate", "2 key"));
}

TEST(CredentialFiles, TakesTheLargestFileAndRefusesALargerOne) {
  const TemporaryDirectory directory;
  const std::string path = directory.Write("password", std::string(kCredentialBytesMax, 'x'));
  Watched watched;
  ASSERT_EQ(watched.Add({path}), std::nullopt);
  directory.Write("password", std::string(kCredentialBytesMax + 1, 'x'));
  EXPECT_THAT(watched.Check(), ElementsAre("listen.tls: " + path + " is larger than 1MiB"));
}

TEST(CredentialFiles, RefusesWhatIsNoFile) {
  const TemporaryDirectory directory;
  Watched watched;
  EXPECT_THAT(watched.Add({directory.path()}), Optional(HasSubstr("is no regular file")));
  // A pipe without a writer would hold its reader up for ever.
  const std::string pipe = directory.path() / "pipe";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  EXPECT_THAT(watched.Add({pipe}), Optional(HasSubstr("is no regular file")));
  EXPECT_THAT(watched.Add({"/no/such/file"}), Optional(HasSubstr("/no/such/file cannot be opened")));
  EXPECT_THAT(watched.accepted, IsEmpty());
}

TEST(CredentialFiles, RefusesWhatItCannotOpen) {
  const TemporaryDirectory directory;
  const std::string path = directory.Write("password", "1st");
  Watched watched;
  ASSERT_EQ(watched.Add({path}), std::nullopt);
  // A link to itself, for root may read every file.
  std::filesystem::remove(path);
  std::filesystem::create_symlink(path, path);
  EXPECT_THAT(watched.Check(), ElementsAre(HasSubstr("cannot be opened: Too many levels of symbolic links")));
}

TEST(CredentialFiles, ASetThatIsRefusedAtFirstIsNotWatched) {
  const TemporaryDirectory directory;
  const std::string path = directory.Write("password", "bad");
  Watched watched;
  EXPECT_THAT(watched.Add({path}), Optional(std::string("cannot be used")));
  directory.Write("password", "good");
  EXPECT_THAT(watched.Check(), IsEmpty());
  EXPECT_THAT(watched.accepted, IsEmpty());
}

TEST(CredentialFiles, LooksByItselfUntilItIsStopped) {
  const TemporaryDirectory directory;
  const std::string path = directory.Write("password", "1st");
  Watched watched(std::chrono::milliseconds(1));
  ASSERT_EQ(watched.Add({path}), std::nullopt);
  watched.files().Start();
  int changes = 0;
  watched.on_report = [&] {
    if (++changes == 2) {
      watched.files().Stop();
    } else {
      directory.Write("password", "3rd");
    }
  };
  directory.Write("password", "2nd");
  watched.loop().run();  // ends, for nothing is left to wait for
  EXPECT_THAT(watched.accepted, ElementsAre(Texts{"1st"}, Texts{"2nd"}, Texts{"3rd"}));
  directory.Write("password", "4th");
  watched.files().CheckNow();
  EXPECT_EQ(watched.accepted.size(), 3u) << "after Stop";
}

TEST(Secret, PrintsAsStars) {
  std::ostringstream out;
  out << Secret("canary");
  EXPECT_EQ(out.str(), "***");
  EXPECT_THAT(testing::PrintToString(Secret("canary")), Not(HasSubstr("canary")));
}

TEST(Secret, IsAValue) {
  Secret first("canary");
  const Secret copy = first;
  EXPECT_EQ(copy, first);
  Secret moved = std::move(first);
  EXPECT_EQ(moved.Reveal(), "canary");
  EXPECT_TRUE(first.empty());  // NOLINT: what a move leaves is promised
  moved = Secret("another");
  EXPECT_NE(moved, copy);
}

TEST(Secret, OverwritesATextWhole) {
  std::string text = "canary that is longer than a string's own buffer";
  text.reserve(100);
  const char* const bytes = text.data();
  Secret::WipeText(text);
  EXPECT_TRUE(text.empty());
  EXPECT_EQ(std::string(bytes, 6), std::string(6, '\0'));
}

TEST(SecretFromEnvironment, IsThereWhenItSaysSomething) {
  ::setenv("SESSION_GATEWAY_TEST_SECRET", "canary", 1);
  EXPECT_THAT(SecretFromEnvironment("SESSION_GATEWAY_TEST_SECRET"), Optional(Secret("canary")));
  ::setenv("SESSION_GATEWAY_TEST_SECRET", "", 1);
  EXPECT_EQ(SecretFromEnvironment("SESSION_GATEWAY_TEST_SECRET"), std::nullopt);
  ::unsetenv("SESSION_GATEWAY_TEST_SECRET");
  EXPECT_EQ(SecretFromEnvironment("SESSION_GATEWAY_TEST_SECRET"), std::nullopt);
}

}  // namespace
}  // namespace session_gateway
