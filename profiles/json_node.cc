#include "profiles/json_node.h"

#include <array>
#include <set>
#include <span>
#include <vector>

namespace callgate::profiles {
namespace {

constexpr int max_depth = 64;

// A profile has tens of KiB. In memory a document takes up to 35 times its size.
constexpr std::size_t max_size = std::size_t{8} << 20;

// Sees every event of the parser. Depth is bounded because copying and destroying a document may recurse; keys
// given twice are refused because readers disagree on which of them counts.
class Watch {
 public:
  void see(int depth, Json::parse_event_t event, const Json& parsed) {
    using Event = Json::parse_event_t;
    if (depth > max_depth) throw std::runtime_error("nested more than " + std::to_string(max_depth) + " levels deep");
    switch (event) {
      case Event::object_start:
      case Event::array_start: open_.emplace_back(); break;
      case Event::key: enter(parsed.get_ref<const std::string&>()); break;
      case Event::object_end:
      case Event::array_end: open_.pop_back(); [[fallthrough]];
      case Event::value:
        if (!open_.empty()) ++open_.back().done;
    }
  }

 private:
  // An object or array that is not read to its end.
  struct Level {
    std::set<std::string> keys;  // of an object, so far
    std::string key;             // the last of them; empty in an array
    std::size_t done = 0;        // elements or members read to their end
  };

  void enter(const std::string& key) {
    Level& level = open_.back();
    const bool is_new = level.keys.insert(key).second;
    if (!is_new) throw std::runtime_error(place() + "key " + bpf::in_quotes(key) + " is given twice");
    level.key = key;
  }

  // "syscalls[3].args[0]: " of the innermost object or array; empty in the outermost.
  std::string place() const {
    std::string path;
    for (const Level& level : std::span(open_).first(open_.size() - 1)) {
      if (level.keys.empty()) {
        path += "[" + std::to_string(level.done) + "]";
      } else {
        path += (path.empty() ? "" : ".") + bpf::harmless(level.key, 60);
      }
    }
    return path.empty() ? path : path + ": ";
  }

  std::vector<Level> open_;
};

// nlohmann's messages start with an identifier in brackets, which says nothing to the user, and may quote any amount
// of the document.
std::string plain_message(const Json::exception& error) {
  const std::string_view text = error.what();
  const std::size_t end = text.find("] ");
  return bpf::harmless(end == std::string_view::npos ? text : text.substr(end + 2), 240);
}

const char* type_of(const Json& value) {
  if (value.is_number_float()) return "a number that is not a whole 64-bit one";
  if (value.is_number_integer() && !value.is_number_unsigned()) return "a negative number";
  return value.type_name();
}

}  // namespace

Json parse_json(std::string_view text) {
  if (text.size() > max_size) {
    throw std::runtime_error("larger than " + std::to_string(max_size >> 20) + " MiB, which no profile is");
  }
  try {
    Watch watch;
    return Json::parse(text.begin(), text.end(), [&](int depth, Json::parse_event_t event, const Json& parsed) {
      watch.see(depth, event, parsed);
      return true;
    });
  } catch (const Json::exception& error) {
    throw std::runtime_error(plain_message(error));
  }
}

void Node::require(bool condition, const char* expected) const {
  if (!condition) fail(std::string(expected) + ", found " + type_of(*value_));
}

std::optional<Node> Node::find(const char* key) const {
  require(value_->is_object(), "expected an object");
  const auto found = value_->find(key);
  if (found == value_->end() || found->is_null()) return std::nullopt;
  return Node(*found, member_path(key));
}

Node Node::at(const char* key) const {
  if (auto member = find(key)) return *member;
  Node(*value_, member_path(key)).fail("missing");
}

std::string Node::member_path(std::string_view key) const {
  const std::string name = bpf::harmless(key, 60);
  return path_.empty() ? name : path_ + "." + name;
}

std::string Node::text() const {
  require(value_->is_string(), "expected a string");
  return value_->get<std::string>();
}

std::uint64_t Node::number(std::uint64_t max) const {
  require(value_->is_number_unsigned(), "expected an unsigned number");
  const auto value = value_->get<std::uint64_t>();
  if (value > max) fail(std::to_string(value) + " is too large, at most " + std::to_string(max));
  return value;
}

}  // namespace callgate::profiles
