#include "tests/exchange/exact_json.h"

#include <string>
#include <utility>
#include <vector>

namespace session_gateway {
namespace {

using nlohmann::json;

class ExactReader final : public nlohmann::json_sax<json> {
 public:
  json root = json(json::value_t::discarded);

  bool null() override { return Put(nullptr); }
  bool boolean(bool value) override { return Put(value); }
  bool number_integer(number_integer_t value) override { return Put(value); }
  bool number_unsigned(number_unsigned_t value) override { return Put(value); }
  bool number_float(number_float_t, const string_t& text) override { return Put({{"number", text}}); }
  bool string(string_t& value) override { return Put(value); }
  bool binary(binary_t&) override { return false; }
  bool start_object(std::size_t) override { return Open(json::object()); }
  bool start_array(std::size_t) override { return Open(json::array()); }
  bool end_object() override { return Close(); }
  bool end_array() override { return Close(); }
  bool key(string_t& value) override {
    open_.back().key = value;
    return true;
  }
  bool parse_error(std::size_t, const std::string&, const json::exception&) override {
    root = json(json::value_t::discarded);
    return false;
  }

 private:
  struct Level {
    json value;
    std::string key = {};
  };

  bool Put(json value) {
    if (open_.empty()) {
      root = std::move(value);
    } else if (open_.back().value.is_array()) {
      open_.back().value.push_back(std::move(value));
    } else {
      open_.back().value[open_.back().key] = std::move(value);
    }
    return true;
  }

  bool Open(json empty) {
    open_.push_back({std::move(empty)});
    return true;
  }

  bool Close() {
    json value = std::move(open_.back().value);
    open_.pop_back();
    return Put(std::move(value));
  }

  std::vector<Level> open_;
};

}  // namespace

json ParseExactJson(std::string_view text) {
  ExactReader reader;
  json::sax_parse(text, &reader);
  return std::move(reader.root);
}

}  // namespace session_gateway
