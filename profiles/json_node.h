// A JSON value and the path that leads to it: reads that fail say where.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include <nlohmann/json.hpp>

#include "bpf/quote.h"

namespace callgate::profiles {

using Json = nlohmann::json;

// Parses `text`; throws std::runtime_error for bad JSON, size or nesting beyond any profile's, and keys given twice.
Json parse_json(std::string_view text);

// Refers to a value of a document that must outlive it. Throws std::runtime_error ("path: reason").
class Node {
 public:
  explicit Node(const Json& value, std::string path = {}) : value_(&value), path_(std::move(path)) {}

  const std::string& path() const noexcept { return path_; }

  // The member `key` of an object, unless it is missing or null.
  std::optional<Node> find(const char* key) const;
  Node at(const char* key) const;  // the same, but it must be there

  std::string text() const;
  std::uint64_t number(std::uint64_t max = UINT64_MAX) const;

  std::size_t size() const noexcept { return value_->size(); }  // of an array

  // Calls visit(element) for each element of an array.
  template <class Visit>
  void each(Visit visit) const {
    require(value_->is_array(), "expected an array");
    for (std::size_t i = 0; i < value_->size(); ++i) visit(Node((*value_)[i], path_ + "[" + std::to_string(i) + "]"));
  }

  // Calls visit(key, value) for each member of an object, also for those that are null.
  template <class Visit>
  void each_member(Visit visit) const {
    require(value_->is_object(), "expected an object");
    for (const auto& [key, value] : value_->items()) visit(key, Node(value, member_path(key)));
  }

  // "path: reason", for a message.
  std::string say(const std::string& reason) const { return (path_.empty() ? "profile" : path_) + ": " + reason; }
  [[noreturn]] void fail(const std::string& reason) const { throw std::runtime_error(say(reason)); }

 private:
  void require(bool condition, const char* expected) const;
  std::string member_path(std::string_view key) const;

  const Json* value_;
  std::string path_;
};

}  // namespace callgate::profiles
