// The outcome table, row by row, with the cases that prove each. A row is not lost without a failure here:
// every case is there and ends as its row says, and every case that ends in an error of an upstream stands in
// a row.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "tests/exchange/case_file.h"
#include "tests/exchange/outcome_rows.h"

namespace session_gateway {
namespace {

const std::filesystem::path kTests = std::filesystem::path(SESSION_GATEWAY_SOURCE_DIR) / "tests";

CaseFile ReadCase(const std::filesystem::path& path) {
  auto parsed = ParseCase(ReadWholeFile(path));
  auto* const file = std::get_if<CaseFile>(&parsed);
  EXPECT_NE(file, nullptr) << path << ": " << std::get<std::string>(parsed);
  return file == nullptr ? CaseFile() : std::move(*file);
}

// The value of a line `name: value`, or empty.
std::string ValueOf(const std::string& text, const std::string& name) {
  const std::string lines = "\n" + text + "\n";
  const std::size_t at = lines.find("\n" + name + ": ");
  if (at == std::string::npos) return {};
  const std::size_t begin = at + name.size() + 3;
  return lines.substr(begin, lines.find('\n', begin) - begin);
}

// As a row says it.
std::string EndOf(const CaseFile& file) {
  const CaseSection* const error = file.Find("error");
  if (error == nullptr) return file.Find("response") == nullptr ? "nothing" : "OK";
  return ValueOf(error->text, "code") + " " + ValueOf(error->text, "reason") + " " +
         ValueOf(error->text, "outcome") + " " + ValueOf(error->text, "phase");
}

std::filesystem::path PathOf(const std::string& upstream, const std::string& name) {
  return kTests / "cases" / upstream / (name + ".case");
}

TEST(OutcomeTable, EveryRowHasItsCasesAndTheyEndAsItSays) {
  for (const OutcomeRow& row : kOutcomeRows) {
    EXPECT_FALSE(row.cases.empty()) << row.from;
    for (const std::string& upstream : row.upstreams) {
      for (const std::string& name : row.cases) {
        const std::filesystem::path path = PathOf(upstream, name);
        ASSERT_TRUE(std::filesystem::exists(path)) << row.from << ": " << path;
        EXPECT_EQ(EndOf(ReadCase(path)), row.expects) << row.from << ": " << path;
      }
    }
  }
}

// Whatever stands in one upstream's column is there for the other, too, unless the row says that it is not.
TEST(OutcomeTable, EveryRowIsProvenForBothUpstreams) {
  std::map<std::string, std::set<std::string>> proven;
  for (const OutcomeRow& row : kOutcomeRows)
    proven[row.from].insert(row.upstreams.begin(), row.upstreams.end());
  for (const auto& [from, upstreams] : proven) {
    const bool is_of_qlik_alone = from == "403, of the key" || from == "409, of an id made of the request_id";
    const std::size_t wanted = is_of_qlik_alone ? 1 : 2;
    EXPECT_EQ(upstreams.size(), wanted) << from;
  }
}

TEST(OutcomeTable, EveryErrorOfAnUpstreamStandsInARow) {
  std::set<std::filesystem::path> named;
  for (const OutcomeRow& row : kOutcomeRows) {
    for (const std::string& upstream : row.upstreams) {
      for (const std::string& name : row.cases) named.insert(PathOf(upstream, name));
    }
  }
  for (const std::string& upstream : kBoth) {
    for (const auto& entry : std::filesystem::directory_iterator(kTests / "cases" / upstream)) {
      const std::string end = EndOf(ReadCase(entry.path()));
      if (end == "OK" || end.ends_with(" validate")) continue;
      EXPECT_TRUE(named.contains(entry.path())) << entry.path() << " ends with " << end;
    }
  }
}

TEST(OutcomeTable, WhatNoCaseTellsIsTestedElsewhere) {
  for (const ProvenElsewhere& row : kProvenElsewhere) {
    const std::string text = ReadWholeFile(kTests / row.file);
    EXPECT_NE(text.find(", " + row.test + ")"), std::string::npos)
        << row.from << ": no test " << row.test << " in " << row.file;
  }
}

// On a create, UNAVAILABLE means not_sent, and each outcome has its place.
TEST(OutcomeTable, KeepsItsOwnRules) {
  for (const OutcomeRow& row : kOutcomeRows) {
    if (row.expects.starts_with("UNAVAILABLE")) {
      EXPECT_THAT(row.expects, testing::HasSubstr(" not_sent ")) << row.from;
    }
    for (const char* const early : {" resolve", " connect", " queue"}) {
      if (row.expects.ends_with(early)) {
        EXPECT_THAT(row.expects, testing::HasSubstr(" not_sent ")) << row.from;
      }
    }
  }
}

}  // namespace
}  // namespace session_gateway
