#include "program/number_list.h"

#include <charconv>
#include <set>
#include <sstream>

namespace yurt::program {
namespace {

constexpr int largest = 1 << 20;

bool parse_number(std::string_view text, int& out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc() && end == text.data() + text.size() && out >= 0 && out <= largest;
}

}  // namespace

Result<std::vector<int>> parse_number_list(const std::string& field, const std::string& text) {
  std::set<int> out;
  std::istringstream parts(text);
  for (std::string part; std::getline(parts, part, ',');) {
    const std::size_t dash = part.find('-');
    int first = 0, last = 0;
    const bool good = parse_number(part.substr(0, dash), first) &&
                      (dash == std::string::npos ? (last = first, true)
                                                 : parse_number(part.substr(dash + 1), last)) &&
                      first <= last;
    if (!good) {
      return Error{ErrorCode::invalid_argument, field + ": \"" + text +
                                                    "\" is not a list of numbers and ranges such "
                                                    "as \"0-3,8\""};
    }
    for (int i = first; i <= last; ++i) out.insert(i);
  }
  return std::vector<int>(out.begin(), out.end());
}

}  // namespace yurt::program
