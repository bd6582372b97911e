// What reading one configuration file found: where its keys stand, which have no usable value, and all that
// is wrong.
//
// Thread rule: one thread. Never here: values of the file.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "server/config.h"

namespace session_gateway {

class ConfigReport {
 public:
  explicit ConfigReport(std::string_view file_name) : file_name_(file_name) {}

  void Fail(int line, std::string message);
  void Complain(int line, std::string_view path, std::string_view rule);
  // As Complain; the key has no usable value from here on, so that the rules that span keys leave it out.
  void FailKey(int line, std::string_view path, std::string_view rule);
  void FailKey(std::string_view path, std::string_view rule) { FailKey(LineOf(path), path, rule); }
  // The same without a message, for a value that is complained of elsewhere.
  void MarkFailed(std::string_view path) { failed_.push_back(std::string(path)); }

  // A known key or section of the file. Returns the line of an earlier one of the same path, else 0.
  int Add(std::string path, int line);
  bool Has(std::string_view path) const { return lines_.contains(path); }
  // True when the key or any section around it has no usable value.
  bool Failed(std::string_view path) const;
  // The line of a key, or else that of the innermost section around it that the file has.
  int LineOf(std::string_view path) const;

  bool empty() const { return errors_.empty(); }
  ConfigErrors TakeErrors();  // by line

 private:
  std::string file_name_;
  ConfigErrors errors_;
  std::map<std::string, int, std::less<>> lines_;
  std::vector<std::string> failed_;
};

}  // namespace session_gateway
