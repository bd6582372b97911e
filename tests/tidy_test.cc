// The rules of the source tree that a test can hold (docs/architecture.md, Invariants). Each rule is one row
// of a table.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <regex>
#include <set>

#include "tests/tidy/source_tree.h"

namespace session_gateway {
namespace {

const std::filesystem::path kRoot = SESSION_GATEWAY_SOURCE_DIR;
constexpr int kFileLinesMax = 400;
constexpr int kFunctionLinesMax = 70;

const std::vector<SourceFile>& Sources() {
  static const std::vector<SourceFile> kSources = ReadSources(kRoot, {"server", "translator", "tests"});
  return kSources;
}

std::string ReadText(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

bool IsAnyOf(const std::string& path, const std::vector<std::string>& places) {
  return std::any_of(places.begin(), places.end(), [&path](const std::string& place) {
    return place.ends_with('/') ? path.starts_with(place) : path == place;
  });
}

// What is included only in its own places: a file, or a folder with all below it.
struct Home {
  std::string include;  // how it begins
  std::vector<std::string> places;
};

const Home kHomes[] = {
    {"boost/beast", {"server/upstream/http_answer.cc"}},
    {"httplib.h", {"server/upstream/httplib_reader.cc", "tests/sandbox/http_server.cc"}},
    {"simdjson.h", {"translator/json_reader.h", "translator/json_reader.cc"}},
    {"nlohmann/", {"translator/error_text.cc", "server/doctor/capture.cc", "server/client/", "tests/"}},
    {"yaml-cpp/", {"server/yaml_reader.cc"}},
    {"spdlog/", {"server/log.cc"}},
    {"hiredis/", {"server/ledger/redis_protocol.cc"}},
    {"CLI/", {"server/flags.cc", "server/client/flags.cc", "tests/sandbox/main.cc", "tests/bench/"}},
    {"boost/", {"server/", "tests/server/", "tests/exchange/", "tests/steps/", "tests/bench/"}},
    {"grpc",
     {"server/rpc/", "server/client/", "tests/client/", "tests/server/", "tests/exchange/", "tests/gateway/",
      "tests/bench/", "tests/chaos/", "tests/mesh/", "tests/soak/"}},
    {"tests/sandbox/sandbox.h", {"server/main.cc", "tests/"}},
    {"tests/", {"server/main.cc", "tests/"}},
};

TEST(Tidy, EachEngineIsIncludedAtItsHomeOnly) {
  for (const Home& home : kHomes) {
    bool is_met = false;
    for (const SourceFile& file : Sources()) {
      for (const std::string& include : file.includes) {
        if (!include.starts_with(home.include)) continue;
        is_met = true;
        EXPECT_TRUE(IsAnyOf(file.path, home.places)) << file.path << " includes " << include;
      }
    }
    EXPECT_TRUE(is_met) << "nobody includes " << home.include << ": the rule is out of date";
  }
}

TEST(Tidy, TheSandboxIsKnownOutsideTheTestsByItsInterfaceAlone) {
  for (const SourceFile& file : Sources()) {
    if (file.IsBelow("tests/")) continue;
    for (const std::string& include : file.includes) {
      if (include.starts_with("tests/")) {
        EXPECT_EQ(include, "tests/sandbox/sandbox.h") << file.path;
      }
    }
  }
}

// Who must not include what.
struct Barrier {
  std::string folder;
  std::vector<std::string> includes;  // how they begin
};

const Barrier kBarriers[] = {
    // server → translator → proto
    {"translator/", {"server/", "tests/"}},
    // Pure: no socket, clock, thread, log, environment, file, randomness or gRPC server type.
    {"translator/",
     {"boost/",
      "grpc",
      "sys/",
      "netinet/",
      "arpa/",
      "netdb.h",
      "unistd.h",
      "poll.h",
      "thread",
      "mutex",
      "shared_mutex",
      "condition_variable",
      "atomic",
      "future",
      "stop_token",
      "ctime",
      "time.h",
      "iostream",
      "fstream",
      "cstdio",
      "stdio.h",
      "filesystem",
      "random",
      "csignal",
      "signal.h",
      "spdlog/",
      "absl/log",
      "absl/time",
      "absl/synchronization",
      "sessiongateway/v1/session_gateway.grpc.pb.h"}},
    // The sandbox judges the translator, so it shares nothing with it.
    {"tests/sandbox/", {"server/", "translator/", "sessiongateway/", "google/"}},
    // The engine does not know who calls, nor the frame who is called.
    {"server/upstream/", {"server/rpc/", "grpc"}},
    {"server/rpc/", {"server/upstream/"}},
};

TEST(Tidy, IncludesPointOneWay) {
  for (const Barrier& barrier : kBarriers) {
    for (const SourceFile& file : Sources()) {
      if (!file.IsBelow(barrier.folder)) continue;
      for (const std::string& include : file.includes) {
        for (const std::string& forbidden : barrier.includes) {
          EXPECT_FALSE(include.starts_with(forbidden)) << file.path << " includes " << include;
        }
      }
    }
  }
}

TEST(Tidy, TheContractImportsOnlyItselfAndGoogle) {
  static const std::regex kImport("import \"([^\"]+)\";");
  int files = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(kRoot / "proto")) {
    if (entry.path().extension() != ".proto") continue;
    ++files;
    const std::string text = ReadText(entry.path());
    for (std::sregex_iterator match(text.begin(), text.end(), kImport), end; match != end; ++match) {
      EXPECT_THAT((*match)[1].str(), testing::AnyOf(testing::StartsWith("sessiongateway/v1/"),
                                                    testing::StartsWith("google/protobuf/")));
    }
  }
  EXPECT_GT(files, 0);
}

// Words of the code that have a home. Tests may use them where no folder of theirs is listed as an exception.
struct Word {
  std::string pattern;
  std::vector<std::string> places;
};

const Word kWords[] = {
    {R"(\bsystem_clock\b)", {"server/clock.h", "server/client/", "tests/"}},
    {R"(_clock::now\b|\b(gettimeofday|clock_gettime|localtime|gmtime|strftime)\b|\btime\(nullptr\))",
     {"server/clock.h", "server/client/", "tests/"}},
    // Asks the system's clock unseen: `expires_at` takes the handed one's time.
    {R"(\bexpires_(after|from_now)\b)", {"tests/"}},
    // gRPC takes and names deadlines by its own clock. Both files only turn them into the time that is left,
    // and back.
    {R"(\bgpr_now\b)", {"server/rpc/call_base.cc", "server/rpc/grpc_server.cc"}},
    {R"(\b(sleep_for|sleep_until|usleep|nanosleep|sleep)\s*\()", {}},
    {R"(\b(getenv|setenv|putenv)\b|\benviron\b)",
     {"server/credential_files.cc", "server/service_manager.cc", "server/client/", "tests/"}},
    {R"(\b(rand|srand|random|getrandom|getentropy)\s*\(|\brandom_device\b|\bmt19937)",
     {"server/random.cc", "tests/"}},
    {R"(\b(ifstream|ofstream|fstream|fopen)\b)",
     {"server/config_load.cc", "server/credential_files.cc", "server/client/", "server/doctor/", "tests/"}},
    {R"(\bstd::(cout|cerr|clog)\b|\bprintf\s*\()",
     {"server/main.cc", "server/flags.cc", "server/client/", "server/doctor/", "tests/"}},
    {R"(\b(system|popen)\s*\()", {}},
    // The system's resolver cannot be broken off, and nothing may wait for it.
    {R"(\bdetach\s*\(\))", {"server/upstream/dialer.cc"}},
    {R"(\bconst_cast\b)", {}},
    {R"(\busing namespace (?!std::chrono\b|std::literals\b|std::chrono_literals\b))", {}},
};

TEST(Tidy, WordsStayAtTheirHomes) {
  for (const Word& word : kWords) {
    const std::regex pattern(word.pattern);
    for (const SourceFile& file : Sources()) {
      if (IsAnyOf(file.path, word.places)) continue;
      std::smatch match;
      EXPECT_FALSE(std::regex_search(file.code, match, pattern)) << file.path << " says " << match.str();
    }
  }
}

TEST(Tidy, FilesAndFunctionsAreShort) {
  std::size_t functions = 0;
  for (const SourceFile& file : Sources()) {
    EXPECT_LE(file.lines(), kFileLinesMax) << file.path;
    for (const FunctionSpan& function : FindFunctions(file.code)) {
      ++functions;
      EXPECT_LE(function.lines, kFunctionLinesMax) << file.path << ':' << function.first_line;
    }
  }
  EXPECT_GT(functions, 300u) << "the functions are not found any more";
}

TEST(Tidy, HeadersBeginWithTheirJob) {
  for (const SourceFile& file : Sources()) {
    if (!file.IsHeader()) continue;
    EXPECT_TRUE(file.text.starts_with("// ")) << file.path;
    const std::size_t pragma = file.text.find("\n#pragma once\n");
    ASSERT_NE(pragma, std::string::npos) << file.path;
    const std::string comment = file.text.substr(0, pragma);
    // Only comment lines stand before it: the job, the thread rule, and what is never there.
    EXPECT_TRUE(std::regex_match(comment, std::regex("(//[^\n]*\n?)+"))) << file.path;
    EXPECT_THAT(comment, testing::HasSubstr("hread rule:")) << file.path;
    EXPECT_THAT(comment, testing::HasSubstr("ever")) << file.path;
  }
}

TEST(Tidy, NothingIsGlobalAndMutable) {
  for (const SourceFile& file : Sources()) {
    for (const std::string& statement : FindMutableGlobals(file.code)) {
      ADD_FAILURE() << file.path << ": " << statement;
    }
  }
}

TEST(Tidy, EverySourceIsBuilt) {
  for (const SourceFile& file : Sources()) {
    if (file.IsHeader()) continue;
    bool is_listed = false;
    const std::filesystem::path path = file.path;
    for (auto folder = path.parent_path(); !folder.empty(); folder = folder.parent_path()) {
      const std::string list = ReadText(kRoot / folder / "CMakeLists.txt");
      const std::string name = path.lexically_relative(folder);
      const std::regex word("(^|[\\s(])" + std::regex_replace(name, std::regex(R"(\.)"), "\\.") +
                            "($|[\\s)])");
      if (std::regex_search(list, word)) is_listed = true;
    }
    EXPECT_TRUE(is_listed) << file.path << " is in no CMakeLists.txt";
  }
}

bool IsText(const std::filesystem::path& path) {
  static const std::set<std::string> kExtensions = {".h",  ".cc", ".proto", ".md",   ".txt", ".yaml",
                                                    ".py", ".go", ".sh",    ".case", ".json"};
  return kExtensions.contains(path.extension().string()) || path.filename() == "Makefile";
}

TEST(Tidy, NothingIsLeftForLater) {
  // Written in two pieces, for this file is read too.
  const std::regex later(
      "\\b(TO"
      "DO|FIX"
      "ME|X"
      "XX|HA"
      "CK)\\b");
  int files = 0;
  for (const std::string folder : {"proto", "server", "translator", "tests", "deploy", "docs"}) {
    for (const auto& entry : std::filesystem::recursive_directory_iterator(kRoot / folder)) {
      if (!entry.is_regular_file() || !IsText(entry.path())) continue;
      ++files;
      EXPECT_FALSE(std::regex_search(ReadText(entry.path()), later)) << entry.path();
    }
  }
  EXPECT_GT(files, 100);
}

// The reading that the rules above rest on.
TEST(TidySourceTree, BlanksCommentsAndLiterals) {
  EXPECT_EQ(BlankCommentsAndLiterals("a // b\nc"), "a     \nc");
  EXPECT_EQ(BlankCommentsAndLiterals("a /* b\n */ c"), "a     \n    c");
  EXPECT_EQ(BlankCommentsAndLiterals(R"(f("x\"y", 'z', '\'', 1'000);)"), "f(      ,    ,     , 1'000);");
  EXPECT_EQ(BlankCommentsAndLiterals("R\"(a\")b)\" c"), "          c");
}

TEST(TidySourceTree, FindsFunctionsWithTheirHeads) {
  const auto functions = FindFunctions(
      "namespace a {\nclass B {\n  int f(int x,\n        int y) {\n    if (x) { y(); }\n  }\n};\n"
      "const T kTable[] = {\n  {1},\n};\nvoid g() {}\n}\n");
  ASSERT_EQ(functions.size(), 2u);
  EXPECT_EQ(functions[0].first_line, 3);
  EXPECT_EQ(functions[0].lines, 4);
  EXPECT_EQ(functions[1].lines, 1);
}

TEST(TidySourceTree, FindsMutableGlobals) {
  const auto found = FindMutableGlobals(
      "#include <x>\nnamespace a {\nint counter = 0;\nconst int kFine = 1;\nstatic std::string name;\n"
      "struct S { int member = 0; };\nusing T = int;\nvoid f();\nvoid g() { static int calls; int local = 0; "
      "}\n"
      "class C;\nthread_local T* current;\n}\n");
  EXPECT_EQ(found.size(), 4u) << testing::PrintToString(found);
}

}  // namespace
}  // namespace session_gateway
